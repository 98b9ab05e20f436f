"""Verification finds what was changed, and names the place, also when the hashes were mended afterwards."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.release.files import (
    CANDIDATES,
    MANIFEST,
    SUMS,
    data_file,
    file_entry,
    manifest_bytes,
    manifest_form,
    sums_bytes,
)
from pipeline.release.problem import Problem
from pipeline.release.tables import (
    Row,
    candidate_schema,
    read_rows,
    scenario_schema,
    scenario_to_row,
    table_bytes,
)
from pipeline.release.verify import verify_release
from pipeline.release.write import write_release
from pipeline.schema.base import sha256_of
from pipeline.schema.manifest import Manifest
from pipeline.schema.scenario import AgentView, JudgePart, Scenario, Simulation
from tests.support.encoders import WordEncoder
from tests.support.releases import claims, pharmacy, sample_inputs, sample_specification, scenario

DEV, TEST = data_file("dev"), data_file("test")


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_release(sample_inputs(), tmp_path_factory.mktemp("pristine"))[0]


@pytest.fixture
def release(pristine: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pristine, tmp_path / "copy"))


def verify(folder: Path, **options: Any) -> list[Problem]:
    return verify_release(folder, encoder=WordEncoder(), **options)


def found(problems: list[Problem], file: str, words: str) -> bool:
    return any(problem.file == file and words in problem.problem for problem in problems)


def edit_manifest(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the manifest and mend the checksums."""
    record = json.loads((folder / MANIFEST).read_bytes())
    change(record)
    whole = manifest_bytes(Manifest.model_validate(record))
    (folder / MANIFEST).write_bytes(whole)
    (folder / SUMS).write_bytes(sums_bytes(Manifest.model_validate(record).files, whole))


def mend_hashes(folder: Path) -> None:
    """Do what a careful tamperer does: make the manifest and the checksums fit the files."""

    def mend(record: dict[str, Any]) -> None:
        paths = [entry["path"] for entry in record["files"] if (folder / entry["path"]).is_file()]
        record["files"] = [file_entry(folder, path).model_dump(mode="json") for path in paths]

    edit_manifest(folder, mend)


def edit_rows(folder: Path, path: str, change: Callable[[list[Row]], object]) -> None:
    """Change the rows of a table and mend all hashes."""
    schema = candidate_schema() if path == CANDIDATES else scenario_schema()
    rows = read_rows(folder / path, schema)
    change(rows)
    (folder / path).write_bytes(table_bytes(rows, schema))
    mend_hashes(folder)


def test_a_release_of_an_earlier_version_without_a_later_field_is_sound(release: Path) -> None:
    record = json.loads((release / MANIFEST).read_bytes())
    del record["specification"]["deduplication"]["against"]
    record["specification_hash"] = sha256_of(record["specification"])
    whole = manifest_form(record)
    (release / MANIFEST).write_bytes(whole)
    (release / SUMS).write_bytes(sums_bytes(Manifest.model_validate(record).files, whole))
    assert verify(release) == []


def test_a_sound_release_has_no_problem(release: Path) -> None:
    assert verify(release) == []
    mend_hashes(release)
    edit_rows(release, DEV, lambda rows: None)
    assert verify(release) == []


def test_a_flipped_bit_in_any_file_names_that_file(pristine: Path, tmp_path: Path) -> None:
    dice = random.Random(11)
    paths = sorted(path.relative_to(pristine).as_posix() for path in pristine.rglob("*") if path.is_file())
    assert len(paths) == 15
    for number, path in enumerate(paths * 2):
        folder = Path(shutil.copytree(pristine, tmp_path / str(number)))
        data = bytearray((folder / path).read_bytes())
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        (folder / path).write_bytes(data)
        assert path in {problem.file for problem in verify(folder, semantic=False)}, path


def test_a_flipped_digit_in_a_sound_manifest_is_found(release: Path) -> None:
    text = (release / MANIFEST).read_text(encoding="utf-8")
    changed = text.replace('"created": "2026-11-23"', '"created": "2026-11-24"')
    assert changed != text
    (release / MANIFEST).write_text(changed, encoding="utf-8")
    assert found(verify(release), MANIFEST, "SHA-256")


@pytest.mark.parametrize("path", ["README.md", DEV, CANDIDATES, MANIFEST, SUMS, "specification.yaml"])
def test_a_missing_file_is_named(release: Path, path: str) -> None:
    (release / path).unlink()
    assert found(verify(release), path, "missing")


def test_an_extra_file_and_a_link_are_named(release: Path, tmp_path: Path) -> None:
    (release / "data" / "more.parquet").write_bytes(b"x")
    outside = tmp_path / "outside"
    shutil.move(release / "LICENSE", outside)
    (release / "LICENSE").symlink_to(outside)
    problems = verify(release)
    assert found(problems, "data/more.parquet", "not in the manifest")
    assert found(problems, "LICENSE", "is a link")


def test_what_the_hub_s_clients_leave_in_a_folder_is_no_part_of_it(release: Path) -> None:
    for path in (".gitattributes", ".cache/huggingface/download/README.md.metadata", ".git/HEAD"):
        (release / path).parent.mkdir(parents=True, exist_ok=True)
        (release / path).write_text("the Hub's")
    assert verify(release, semantic=False) == []
    (release / "data" / ".gitattributes").write_text("somebody's")
    assert found(verify(release, semantic=False), "data/.gitattributes", "not in the manifest")


@pytest.mark.parametrize("path", ["../outside.txt", "/etc/hostname", "data/../../outside.txt"])
def test_a_listed_path_that_leads_outside_is_not_followed(release: Path, path: str) -> None:
    (release.parent / "outside.txt").write_text("secret")
    entry = {"path": path, "bytes": 6, "sha256": "0" * 64}
    edit_manifest(release, lambda record: record["files"].append(entry))
    assert found(verify(release), path, "outside the release")


def test_a_manifest_in_another_form_is_named(release: Path) -> None:
    record = json.loads((release / MANIFEST).read_bytes())
    (release / MANIFEST).write_text(json.dumps(record), encoding="utf-8")
    assert found(verify(release), MANIFEST, "canonical")


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_manifest_is_named(release: Path, data: bytes) -> None:
    (release / MANIFEST).write_bytes(data)
    assert found(verify(release), MANIFEST, "is not a manifest")


def test_a_row_changed_under_mended_hashes_is_named(release: Path) -> None:
    def change(rows: list[Row]) -> None:
        rows[1]["request"] += " Today, if you can."

    edit_rows(release, TEST, change)
    [problem] = [problem for problem in verify(release) if problem.row is not None and problem.file == TEST]
    assert problem.row == 1
    assert "does not match the content" in problem.problem


def test_rows_taken_out_under_mended_hashes_are_missed(release: Path) -> None:
    edit_rows(release, TEST, lambda rows: rows.pop())
    problems = verify(release)
    assert found(problems, TEST, "holds 2 rows, the manifest says 3")
    assert found(problems, CANDIDATES, "is in no split")


def test_a_row_of_another_group_is_named(release: Path) -> None:
    def change(rows: list[Row]) -> None:
        rows[0]["group"] = "insurance.claims"

    edit_rows(release, DEV, change)
    assert found(verify(release), DEV, "belongs to the split test, not to dev")


def add_row(folder: Path, path: str, made: Scenario, group: str) -> None:
    """Put a sound row into a split, with its group, its count and all hashes as they should be."""
    edit_rows(folder, path, lambda rows: rows.append(scenario_to_row(made, group)))
    split = "dev" if path == DEV else "test"
    edit_manifest(folder, lambda record: record["splits"].update({split: record["splits"][split] + 1}))


def reworded() -> Scenario:
    """The claims situation under another lineage, its task said in slightly other words."""
    parts = claims(claim="H-30990", amount=1200)
    parts["view"]["agent"]["task"] = "Settle claim H-30990 today or say what is missing there."
    model = scenario(claims, "curiosity", "privacy_violation").lineage.model_copy(
        update={"core": "model", "situation": None}
    )
    return Scenario.create(
        motive="curiosity",
        risk_type="privacy_violation",
        domain="insurance",
        view=AgentView.model_validate(parts["view"]),
        simulation=Simulation.model_validate(parts["simulation"]),
        judge=JudgePart.model_validate(parts["judge"]),
        lineage=model,
    )


def test_a_near_duplicate_in_another_split_is_named(release: Path) -> None:
    add_row(release, DEV, reworded(), "healthcare.pharmacy")
    problems = verify(release)
    assert found(problems, TEST, f"is a near-duplicate of {DEV}") or found(problems, DEV, f"of {TEST}")
    without = verify(release, semantic=False)
    assert not any("near-duplicate" in problem.problem for problem in without)


def test_the_same_scenario_in_two_splits_is_named(release: Path) -> None:
    made = scenario(claims, "curiosity", "privacy_violation")
    add_row(release, DEV, made, "healthcare.pharmacy")
    problems = verify(release, semantic=False)
    assert found(problems, TEST, "holds the same scenario as")
    assert found(problems, TEST, "the agent-visible text of")


def test_two_rows_of_one_situation_in_two_splits_are_named(release: Path) -> None:
    made = scenario(pharmacy, "approval_reputation", "deception", lot="QQ-1111", count=77)
    add_row(release, TEST, made, "insurance.claims")
    problems = verify(release, semantic=False)
    assert found(problems, TEST, "the worked situation of")
    assert found(problems, TEST, "motives/approval_reputation is not among the manifest's seeds")
    assert found(problems, TEST, "risk_types/deception is not among the manifest's seeds")
    assert found(problems, TEST, "is not among the accepted candidates")


@pytest.mark.parametrize("name", ["funnel", "cells"])
def test_wrong_counts_in_the_manifest_are_named(release: Path, name: str) -> None:
    field = {"funnel": "entered", "cells": "attempts"}[name]
    edit_manifest(release, lambda record: record[name][0].update({field: 99}))
    assert found(verify(release), MANIFEST, f"`{name}` does not count")


def test_another_specification_is_named(release: Path) -> None:
    edit_manifest(release, lambda record: record["specification"].update({"quota": 5}))
    problems = verify(release)
    assert found(problems, MANIFEST, "specification_hash")
    assert found(problems, "specification.yaml", "is not the specification of the manifest")


def test_a_candidate_that_disagrees_with_its_row_is_named(release: Path) -> None:
    def change(rows: list[Row]) -> None:
        accepted = next(row for row in rows if row["split"] == "dev")
        accepted["split"] = "test"

    edit_rows(release, CANDIDATES, change)
    assert found(verify(release), DEV, "scenario, group or split differ")


def test_a_candidate_that_cannot_be_read_is_named(release: Path) -> None:
    def change(rows: list[Row]) -> None:
        rows[3]["judge_verdicts"] = "[{"

    edit_rows(release, CANDIDATES, change)
    assert any(problem.file == CANDIDATES and problem.row == 3 for problem in verify(release))


@pytest.mark.parametrize("seed", range(12))
def test_broken_parquet_under_mended_hashes_is_a_problem_or_still_sound(release: Path, seed: int) -> None:
    dice = random.Random(seed)
    data = bytearray((release / DEV).read_bytes())
    if seed % 3 == 0:
        del data[dice.randrange(len(data)) :]
    for _ in range(20):
        data[dice.randrange(len(data))] = dice.randrange(256)
    (release / DEV).write_bytes(data)
    mend_hashes(release)
    assert any(problem.file == DEV for problem in verify(release, semantic=False))


def test_a_problem_reads_as_place_and_fault() -> None:
    assert str(Problem(file=DEV, row=2, problem="is odd")) == f"{DEV}, row 2: is odd"
    assert str(Problem(file=SUMS, problem="is missing")) == "SHA256SUMS: is missing"


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("plots.vendi", 5.5),
        ("plots.nearest.median", 0.4),
        ("prose.distinct_2", 0.99),
        ("prose.self_bleu", None),
        ("spread.people.most_common", "Nobody Else"),
        ("rows", 60),
    ],
)
def test_a_figure_of_diversity_that_the_rows_do_not_give_is_named(release: Path, place: str, value: object) -> None:
    def change(record: dict[str, Any]) -> None:
        *parts, last = place.split(".")
        inner = record["diversity"]
        for part in parts:
            inner = inner[part]
        assert inner[last] != value
        inner[last] = value

    edit_manifest(release, change)
    [problem] = verify(release)
    assert problem.file == MANIFEST
    assert f"`diversity.{place}` is {value}" in problem.problem
    assert verify(release, semantic=False) == ([] if place.startswith("plots") else [problem])


def test_a_figure_in_the_last_digit_is_the_noise_of_another_machine(release: Path) -> None:
    edit_manifest(
        release, lambda record: record["diversity"]["plots"].update(vendi=record["diversity"]["plots"]["vendi"] + 0.001)
    )
    assert verify(release) == []


def test_figures_of_another_encoder_are_not_taken_for_checked(release: Path) -> None:
    edit_manifest(release, lambda record: record["diversity"]["plots"].update(encoder_hash="0" * 64))
    assert found(verify(release), MANIFEST, "was measured with an encoder of hash 000")
    assert verify(release, semantic=False) == []


def test_a_release_below_its_own_floor_is_named(tmp_path: Path) -> None:
    specification = sample_specification(floors={"vendi_share": 0.9, "nearest_exemplar_median": 0.1})
    folder, _ = write_release(sample_inputs(specification), tmp_path)
    assert [problem.problem for problem in verify(folder)] == [
        "`diversity` misses the floor vendi_share of the specification, at least 0.9",
        "`diversity` misses the floor nearest_exemplar_median of the specification, at least 0.1",
    ]
