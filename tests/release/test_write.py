"""A release is a folder complete in itself, there whole or not at all, and equal wherever it is written."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pipeline.errors import WorkError
from pipeline.release.tables import candidate_from_row, scenario_from_row
from pipeline.release.write import write_release
from pipeline.schema.specification import Specification
from pipeline.yaml_input import load_yaml_record
from tests.support.releases import export_nothing_much, sample_inputs, sample_specification, scenario


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_folder_holds_everything_and_the_manifest_its_hashes(tmp_path: Path) -> None:
    folder, manifest = write_release(sample_inputs(), tmp_path)
    assert folder == tmp_path / "sample-2026.11.0"
    files = contents(folder)
    assert set(files) == {
        "CITATION.cff",
        "LICENSE",
        "README.md",
        "SHA256SUMS",
        "candidates.parquet",
        "completions/completions-00000.jsonl",
        "croissant.json",
        "data/dev-00000-of-00001.parquet",
        "data/test-00000-of-00001.parquet",
        "eval.yaml",
        "inspect/dev-00000-of-00001.parquet",
        "inspect/test-00000-of-00001.parquet",
        "manifest.json",
        "report.html",
        "specification.yaml",
    }
    hashes = {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}
    lines = [line.split("  ") for line in files["SHA256SUMS"].decode().splitlines()]
    sums = {path: digest for digest, path in lines}
    assert sums == {path: digest for path, digest in hashes.items() if path != "SHA256SUMS"}
    listed = {entry.path: entry.sha256 for entry in manifest.files}
    assert listed == {path: digest for path, digest in sums.items() if path != "manifest.json"}
    assert manifest.splits == {"dev": 3, "test": 3}


def test_load_dataset_gives_the_splits_and_the_candidates(tmp_path: Path) -> None:
    from datasets import load_dataset

    inputs = sample_inputs()
    folder, manifest = write_release(inputs, tmp_path / "releases")
    splits = load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert {name: len(rows) for name, rows in splits.items()} == manifest.splits
    loaded = {row["id"]: scenario_from_row(row) for rows in splits.values() for row in rows}
    accepted = {one.scenario.id: one.scenario for one in inputs.candidates if one.accepted and one.scenario}
    introduced = {identity: made.model_copy(update={"introduced": "2026.11.0"}) for identity, made in accepted.items()}
    assert loaded == introduced
    everything = load_dataset(str(folder), "candidates", cache_dir=str(tmp_path / "cache"))["candidates"]
    assert {candidate_from_row(row).id for row in everything} == {one.id for one in inputs.candidates}


def test_two_writes_give_equal_bytes(tmp_path: Path) -> None:
    first, _ = write_release(sample_inputs(), tmp_path / "one")
    inputs = sample_inputs(candidates=list(reversed(sample_inputs().candidates)))
    second, _ = write_release(inputs, tmp_path / "two" / "deeper")
    assert contents(first) == contents(second)


def test_a_crash_in_the_middle_leaves_no_release(tmp_path: Path) -> None:
    def crash(folder: Path) -> None:
        export_nothing_much(folder)
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_release(sample_inputs(export_completions=crash), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_writing_the_same_release_again_returns_it_untouched(tmp_path: Path) -> None:
    folder, manifest = write_release(sample_inputs(), tmp_path)
    times = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert write_release(sample_inputs(), tmp_path) == (folder, manifest)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == times
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("path", ["README.md", "manifest.json", "SHA256SUMS", "extra.txt"])
def test_a_different_release_of_that_version_is_refused_and_kept(tmp_path: Path, path: str) -> None:
    folder, _ = write_release(sample_inputs(), tmp_path)
    with (folder / path).open("ab") as file:
        file.write(b"!")
    before = contents(folder)
    with pytest.raises(WorkError, match=r"2026\.11\.1") as refused:
        write_release(sample_inputs(), tmp_path)
    assert path in str(refused.value)
    assert contents(folder) == before


def test_other_content_under_a_taken_version_is_refused(tmp_path: Path) -> None:
    write_release(sample_inputs(), tmp_path)
    with pytest.raises(WorkError, match="raise `version`"):
        write_release(sample_inputs(created="2026-11-24"), tmp_path)


def test_without_an_accepted_row_there_is_no_release(tmp_path: Path) -> None:
    rejected = [one for one in sample_inputs().candidates if not one.accepted]
    with pytest.raises(WorkError, match="no candidate was accepted"):
        write_release(sample_inputs(candidates=rejected), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_accepted_row_without_a_split_is_refused(tmp_path: Path) -> None:
    first, *rest = sample_inputs().candidates
    with pytest.raises(ValueError, match="lacks its scenario, group or split"):
        write_release(sample_inputs(candidates=[first.model_copy(update={"split": None}), *rest]), tmp_path)


def test_one_scenario_twice_is_refused(tmp_path: Path) -> None:
    first, second, *rest = sample_inputs().candidates
    with pytest.raises(ValueError, match="two accepted candidates hold"):
        write_release(
            sample_inputs(candidates=[first, second.model_copy(update={"scenario": first.scenario}), *rest]), tmp_path
        )


def test_a_row_keeps_the_release_that_introduced_it(tmp_path: Path) -> None:
    first, *rest = sample_inputs().candidates
    assert first.scenario is not None
    older = first.model_copy(update={"scenario": first.scenario.model_copy(update={"introduced": "2026.05.0"})})
    folder, _ = write_release(sample_inputs(candidates=[older, *rest]), tmp_path)
    from pipeline.release.tables import read_rows, scenario_schema

    rows = [row for path in (folder / "data").iterdir() for row in read_rows(path, scenario_schema())]
    assert sorted({row["introduced"] for row in rows}) == ["2026.05.0", "2026.11.0"]


def test_paths_of_the_machine_stay_out(tmp_path: Path) -> None:
    role = {"endpoint": {"kind": "embedded", "weights": "qwen_coder", "path": "/home/somebody/w.gguf"}, "model": "m"}
    specification = sample_specification(models={"generator": role, "judge": role})
    folder, _ = write_release(sample_inputs(specification), tmp_path)
    assert not [path for path, data in contents(folder).items() if b"somebody" in data]


def test_the_specification_file_reads_back(tmp_path: Path) -> None:
    specification = sample_specification(title="yes: no # 'quoted' \"twice\" 2026.11\n- ünïcode")
    folder, _ = write_release(sample_inputs(specification), tmp_path)
    assert load_yaml_record(folder / "specification.yaml", Specification) == specification


def test_scenarios_of_the_sample_are_sound() -> None:
    from pipeline.simulate import prove
    from tests.support.releases import claims, pharmacy

    for kind in (pharmacy, claims):
        made = scenario(kind, "efficiency", "privacy_violation")
        judge = made.judge
        assert prove(made.tools, made.simulation.state, judge.benign_action, judge.risky_action) == ()
