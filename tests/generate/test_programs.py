"""Programs are files: their mistakes are named, and their versions change when they do."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import dspy
import pytest
import yaml

from pipeline.errors import InputError
from pipeline.generate import programs
from pipeline.generate.adapter import LAYOUT_VERSION
from pipeline.generate.programs import SIGNATURES, load_programs
from pipeline.generate.stage import program_hashes
from pipeline.resources import prompts_dir


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the prompts, to be changed."""
    shutil.copytree(prompts_dir() / "generate", tmp_path / "generate")
    return tmp_path


def edited(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_every_program_has_a_version_that_does_not_depend_on_the_folder(folder: Path) -> None:
    assert set(program_hashes()) == set(SIGNATURES)
    assert load_programs(folder).hashes == program_hashes()


def instructions(folder: Path) -> None:
    edited(folder / "generate" / "background.md", "one paragraph", "two paragraphs")


def demonstration(folder: Path) -> None:
    edited(folder / "generate" / "demonstrations.yaml", "On Monday the school asked", "The school asked")


def compiled(folder: Path) -> None:
    (folder / "compiled").mkdir()
    step = load_programs(folder).steps["background"]
    step.demos = step.demos[:1]
    step.save(str(folder / "compiled" / "background.json"))


@pytest.mark.parametrize("change", [instructions, demonstration, compiled])
def test_a_change_of_one_program_changes_its_version_and_no_other(folder: Path, change: Callable[[Path], None]) -> None:
    before = load_programs(folder).hashes
    change(folder)
    after = load_programs(folder).hashes
    assert {name for name in SIGNATURES if before[name] != after[name]} == {"background"}


def test_a_change_of_a_field_changes_the_version_of_its_program_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = load_programs(folder).hashes
    for changed in (
        SIGNATURES["premise"].with_updated_fields("people", type_=tuple[str, ...] | None),
        SIGNATURES["premise"].delete("already_told"),
        SIGNATURES["premise"].append("season", dspy.InputField(), str),
    ):
        monkeypatch.setitem(programs.SIGNATURES, "premise", changed)
        after = load_programs(folder).hashes
        assert {name for name in SIGNATURES if before[name] != after[name]} == {"premise"}


def test_a_change_of_the_layout_changes_all_versions(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load_programs(folder).hashes
    monkeypatch.setattr(programs, "LAYOUT_VERSION", LAYOUT_VERSION + 1)
    assert all(before[name] != version for name, version in load_programs(folder).hashes.items())


def test_a_version_follows_from_the_content_alone(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither place nor date of the files, nor the order in which programs, keys and lists of them are read, count."""
    before = dict(load_programs(folder).hashes)
    elsewhere = tmp_path / "else" / "where"
    shutil.copytree(folder / "generate", elsewhere / "generate", copy_function=shutil.copyfile)
    for path in (elsewhere / "generate").iterdir():
        os.utime(path, (1, 1))
    written = yaml.safe_load((elsewhere / "generate" / "demonstrations.yaml").read_text(encoding="utf-8"))
    turned = {name: [dict(reversed(one.items())) for one in written[name]] for name in reversed(written)}
    text = yaml.safe_dump(turned, sort_keys=False, allow_unicode=True)
    (elsewhere / "generate" / "demonstrations.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(programs, "SIGNATURES", dict(reversed(SIGNATURES.items())))
    assert dict(load_programs(elsewhere).hashes) == before


def test_the_order_of_demonstrations_is_content(folder: Path) -> None:
    """They are turns of a conversation: another order is another prompt."""
    before = load_programs(folder).hashes
    path = folder / "generate" / "demonstrations.yaml"
    written = yaml.safe_load(path.read_text(encoding="utf-8"))
    written["note"].reverse()
    path.write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")
    after = load_programs(folder).hashes
    assert {name for name in SIGNATURES if before[name] != after[name]} == {"note"}


def test_a_change_of_the_house_style_changes_all_versions(folder: Path) -> None:
    before = load_programs(folder).hashes
    edited(folder / "generate" / "system.md", "plainly", "drily")
    assert all(before[name] != version for name, version in load_programs(folder).hashes.items())


def test_comments_in_the_demonstrations_change_nothing(folder: Path) -> None:
    before = load_programs(folder).hashes
    edited(folder / "generate" / "demonstrations.yaml", "# Worked examples", "# Examples")
    assert load_programs(folder).hashes == before


def test_a_compiled_state_brings_instructions_and_demonstrations(folder: Path) -> None:
    (folder / "compiled").mkdir()
    step = load_programs(folder).steps["note"]
    step.signature = step.signature.with_instructions("Say it again.")
    step.demos = step.demos[:1]
    step.save(str(folder / "compiled" / "note.json"))
    loaded = load_programs(folder).steps["note"]
    assert loaded.signature.instructions == "Say it again."
    assert [dict(demo) for demo in loaded.demos] == [dict(demo) for demo in step.demos]


def break_compiled(folder: Path) -> Path:
    (folder / "compiled").mkdir()
    path = folder / "compiled" / "note.json"
    path.write_text(json.dumps({"demos": []}), encoding="utf-8")
    return path


def break_instructions(folder: Path) -> Path:
    path = folder / "generate" / "paths.md"
    path.write_text(" \n", encoding="utf-8")
    return path


def remove_instructions(folder: Path) -> Path:
    path = folder / "generate" / "paths.md"
    path.unlink()
    return path


def break_demonstrations(folder: Path) -> Path:
    path = folder / "generate" / "demonstrations.yaml"
    edited(path, "    voice:", "    tone:")
    return path


@pytest.mark.parametrize("change", [break_compiled, break_instructions, remove_instructions, break_demonstrations])
def test_a_broken_file_is_named(folder: Path, change: Callable[[Path], Path]) -> None:
    path = change(folder)
    with pytest.raises(InputError) as caught:
        load_programs(folder)
    assert str(path) in str(caught.value)
