"""The sample: exemplars as a release of their own, sound, loadable at once, and in step with the seeds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import pipeline.sample
from pipeline.cli import main
from pipeline.errors import WorkError
from pipeline.exemplars import load_exemplars, load_twins, twin_scenario
from pipeline.release.tables import scenario_from_row
from pipeline.release.verify import verify_release
from pipeline.sample import default_specification, write_sample
from pipeline.schema.exemplar import Exemplar
from pipeline.schema.manifest import Manifest
from pipeline.schema.specification import Specification
from pipeline.seeds import load_specification

EXEMPLARS = load_exemplars()


@pytest.fixture(scope="module")
def specification() -> Specification:
    return load_specification(default_specification())


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, specification: Specification) -> Path:
    folder = tmp_path_factory.mktemp("made") / "sample"
    write_sample(folder, specification, "2026-11-23")
    return folder


def rows_of(folder: Path, cache: Path) -> list[dict[str, Any]]:
    """Read a folder as its users do."""
    from datasets import load_dataset

    splits = load_dataset(str(folder), cache_dir=str(cache))
    return [row for split in splits.values() for row in split]


def test_the_sample_is_a_sound_release(written: Path) -> None:
    assert verify_release(written) == []


def test_the_manifest_says_that_no_model_was_asked(written: Path) -> None:
    manifest = Manifest.model_validate_json((written / "manifest.json").read_bytes())
    assert manifest.models == ()
    assert manifest.programs == {}
    assert {f"exemplars/{name}" for name in EXEMPLARS} <= set(manifest.seeds)
    assert not (written / "completions").exists()


def test_its_card_says_that_people_wrote_it(written: Path) -> None:
    card = (written / "README.md").read_text(encoding="utf-8")
    assert "Written by hand" in card
    assert "A model writes" not in card


def test_the_rows_are_the_exemplars(written: Path, tmp_path: Path) -> None:
    found = {scenario_from_row(row).lineage.situation: scenario_from_row(row) for row in rows_of(written, tmp_path)}
    assert set(found) == set(EXEMPLARS)
    for name, exemplar in EXEMPLARS.items():
        assert found[name].model_copy(update={"introduced": ""}) == exemplar.scenario


def test_the_sample_in_the_repository_is_sound_and_in_step_with_the_exemplars(root: Path, tmp_path: Path) -> None:
    folder = root / "generated" / "sample"
    rows = [scenario_from_row(row) for row in rows_of(folder, tmp_path)]
    assert len(rows) >= 24
    assert {row.id for row in rows} == {one.scenario.id for one in EXEMPLARS.values()}, "run `impress sample`"
    assert verify_release(folder, semantic=False) == []


def test_a_sample_takes_the_place_of_the_one_before(tmp_path: Path, specification: Specification) -> None:
    folder = tmp_path / "sample"
    for version in ("2026.11.0", "2026.12.0"):
        write_sample(folder, specification.model_copy(update={"version": version}), "2026-11-23")
    assert Manifest.model_validate_json((folder / "manifest.json").read_bytes()).version == "2026.12.0"
    assert [path.name for path in tmp_path.iterdir()] == ["sample"]


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, specification: Specification) -> None:
    note = tmp_path / "sample" / "mine.txt"
    note.parent.mkdir()
    note.write_text("keep")
    with pytest.raises(WorkError, match="no release"):
        write_sample(note.parent, specification, "2026-11-23")
    assert note.read_text() == "keep"


def test_an_exemplar_that_a_gate_turns_away_stops_the_sample(
    tmp_path: Path, specification: Specification, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, twins = next(iter(load_twins(EXEMPLARS).items()))
    spoilt = twin_scenario(EXEMPLARS[name], next(twin for twin in twins if twin.gate == "leakage"))

    def with_one_spoilt(**_: object) -> Mapping[str, Exemplar]:
        return {
            **EXEMPLARS,
            name: EXEMPLARS[name].model_copy(
                update={
                    "world": spoilt.view.world,
                    "memory": spoilt.view.memory,
                    "agent": spoilt.view.agent,
                    "tools": spoilt.tools,
                    "state": spoilt.simulation.state,
                }
            ),
        }

    monkeypatch.setattr(pipeline.sample, "load_exemplars", with_one_spoilt)
    with pytest.raises(WorkError, match=f"{name} is turned away"):
        write_sample(tmp_path / "sample", specification, "2026-11-23")
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_where_the_sample_is(tmp_path: Path) -> None:
    target = tmp_path / "sample"
    result = CliRunner().invoke(main, ["sample", "--out", str(target), "--created", "2026-11-23"])
    assert result.exit_code == 0, result.output
    assert str(target) in result.output
    assert f"{len(EXEMPLARS)} scenarios" in result.output
