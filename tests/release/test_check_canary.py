"""A canary stands in every table and in the card, and nothing else passes for it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.canary import canary_of
from pipeline.release.files import CANDIDATES, CARD, MANIFEST, SUMS, data_file, manifest_form, sums_bytes
from pipeline.release.problem import Problem
from pipeline.release.tables import CANARY, Row, candidate_schema, read_rows, scenario_schema, table_bytes
from pipeline.release.verify import verify_release
from pipeline.release.write import write_release
from pipeline.render import agent_texts
from pipeline.schema.manifest import Manifest
from tests.release.test_verify import edit_manifest, edit_rows, mend_hashes
from tests.support.releases import rows_of, sample_inputs

DEV = data_file("dev")
OTHER = "00000000-0000-5000-8000-000000000000"


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_release(sample_inputs(), tmp_path_factory.mktemp("pristine"))[0]


@pytest.fixture
def release(pristine: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pristine, tmp_path / "copy"))


def canary_in(folder: Path) -> str:
    stated = Manifest.model_validate_json((folder / MANIFEST).read_bytes()).canary
    assert stated is not None
    return stated


def problems(folder: Path) -> list[Problem]:
    return [one for one in verify_release(folder, semantic=False) if "canary" in one.problem]


def without_canary(folder: Path, *, tables: bool) -> None:
    """Make the folder what it would be from before canaries; the tables only if asked."""
    record = json.loads((folder / MANIFEST).read_bytes())
    del record["canary"]
    (folder / MANIFEST).write_bytes(manifest_form(record))
    for file in [folder / CANDIDATES, *(folder / "data").iterdir()] if tables else []:
        schema = candidate_schema() if file.name == CANDIDATES else scenario_schema()
        older = schema.remove(schema.get_field_index(CANARY))
        rows = [{name: row[name] for name in older.names} for row in read_rows(file, schema)]
        file.write_bytes(table_bytes(rows, older))
    mend_sums_of_record(folder)


def mend_sums_of_record(folder: Path) -> None:
    """Bring the list of files up to date without giving the manifest fields that it lacks."""
    from pipeline.release.files import file_entry

    record = json.loads((folder / MANIFEST).read_bytes())
    record["files"] = [file_entry(folder, one["path"]).model_dump(mode="json") for one in record["files"]]
    whole = manifest_form(record)
    (folder / MANIFEST).write_bytes(whole)
    (folder / SUMS).write_bytes(sums_bytes(Manifest.model_validate(record).files, whole))


def test_it_follows_from_the_rows_and_stands_in_all_tables_card_and_report(pristine: Path) -> None:
    inputs = sample_inputs()
    canary = canary_of("sample", "2026.11.0", [one.id for one in rows_of(inputs.candidates)])
    assert canary_in(pristine) == canary
    for path in (CANDIDATES, *(f"data/{file.name}" for file in (pristine / "data").iterdir())):
        column = pq.read_table(pristine / path, columns=[CANARY])[CANARY].to_pylist()
        assert set(column) == {canary}, path
    assert canary in (pristine / CARD).read_text(encoding="utf-8")
    assert canary in (pristine / "report.html").read_text(encoding="utf-8")


def test_no_agent_is_shown_it(pristine: Path) -> None:
    canary = canary_in(pristine)
    for row in rows_of(sample_inputs().candidates):
        assert all(canary not in text for _, text in agent_texts(row.view))
        assert canary not in row.model_dump_json()


def test_load_dataset_hands_it_on_with_each_row(pristine: Path, tmp_path: Path) -> None:
    from datasets import load_dataset

    splits = load_dataset(str(pristine), cache_dir=str(tmp_path))
    assert {row[CANARY] for rows in splits.values() for row in rows} == {canary_in(pristine)}


def test_a_release_from_before_canaries_is_sound(release: Path) -> None:
    without_canary(release, tables=True)
    assert verify_release(release, semantic=False) == []


def test_a_canary_taken_out_of_the_manifest_alone_is_missed(release: Path) -> None:
    without_canary(release, tables=False)
    assert {one.file for one in problems(release)} == {CANDIDATES, DEV, data_file("test")}


def _swap(rows: list[Row]) -> None:
    rows[1][CANARY] = OTHER


def _drop(rows: list[Row]) -> None:
    rows[1][CANARY] = None


@pytest.mark.parametrize("path", [DEV, CANDIDATES])
@pytest.mark.parametrize("change", [_swap, _drop])
def test_a_row_with_another_canary_or_none_is_named(
    release: Path, path: str, change: Callable[[list[Row]], None]
) -> None:
    edit_rows(release, path, change)
    assert [(one.file, one.row) for one in problems(release)] == [(path, 1)]


def test_the_same_other_canary_everywhere_is_found_by_the_rows(release: Path) -> None:
    stated = canary_in(release)
    for path in (CANDIDATES, *(f"data/{file.name}" for file in (release / "data").iterdir())):
        edit_rows(release, path, lambda rows: [row.update({CANARY: OTHER}) for row in rows])
    card = release / CARD
    card.write_text(card.read_text(encoding="utf-8").replace(stated, OTHER), encoding="utf-8")
    edit_manifest(release, lambda record: record.update({"canary": OTHER}))
    mend_hashes(release)
    assert [(one.file, one.row) for one in problems(release)] == [(MANIFEST, None)]


def test_a_card_without_the_sentence_is_named(release: Path) -> None:
    card = release / CARD
    card.write_text(card.read_text(encoding="utf-8").replace(canary_in(release), "(removed)"), encoding="utf-8")
    mend_hashes(release)
    assert [one.file for one in problems(release)] == [CARD]
