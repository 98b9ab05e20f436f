"""Releases whose rows must not be copied: what is checked of them, and when their rows are read."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from pipeline.errors import WorkError
from pipeline.pins import rows_of
from pipeline.release import against as module
from pipeline.release.against import load_against
from pipeline.release.check_rows import read_splits
from pipeline.release.files import MANIFEST, data_file
from pipeline.release.write import write_release
from pipeline.schema.specification import Specification
from tests.support.encoders import WordEncoder
from tests.support.releases import sample_inputs, sample_specification

NAME = "sample-2026.10.0"


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    write_release(sample_inputs(sample_specification(version="2026.10.0")), tmp_path / "releases")
    return tmp_path / "releases"


def naming(release: str = NAME, **named: str) -> Specification:
    return sample_specification(deduplication={"against": [{"release": release, **named}]})


def test_it_is_pinned_and_its_rows_are_known_by_their_ids(releases: Path) -> None:
    (found,) = load_against(naming(), releases)
    assert found.reference.manifest_sha256 == hashlib.sha256((releases / NAME / MANIFEST).read_bytes()).hexdigest()
    placed, _, _ = read_splits(releases / NAME)
    assert list(found.ids) == [row.scenario.id for row in placed]


def test_its_rows_are_read_once_and_never_while_the_index_holds_them(
    releases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = rows_of(load_against(naming(), releases), WordEncoder(), tmp_path / "index")
    monkeypatch.setattr(module, "read_splits", lambda folder: pytest.fail("rows are read again"))
    again = rows_of(load_against(naming(), releases), WordEncoder(), tmp_path / "index")
    assert first is not None
    assert again is not None
    assert (again.releases, again.held.plots) == (first.releases, first.held.plots)
    assert len(again) == len(first) > 0


@pytest.mark.parametrize("indexed", [True, False])
def test_a_changed_table_is_an_error_whether_its_rows_are_in_the_index_or_not(
    releases: Path, tmp_path: Path, indexed: bool
) -> None:
    if indexed:
        rows_of(load_against(naming(), releases), WordEncoder(), tmp_path / "index")
    table = releases / NAME / data_file("dev")
    table.write_bytes(table.read_bytes()[:-1] + b"x")
    with pytest.raises(WorkError, match=r"not sound: data/dev.*SHA-256"):
        load_against(naming(), releases)
    table.unlink()
    with pytest.raises(WorkError, match=r"not sound: data/dev.*missing"):
        load_against(naming(), releases)


def test_another_release_and_another_manifest_are_errors(releases: Path) -> None:
    with pytest.raises(WorkError, match=r"2026\.01\.0 is not there"):
        load_against(naming("sample-2026.01.0"), releases)
    with pytest.raises(WorkError, match=f"asks for {'0' * 64}"):
        load_against(naming(manifest_sha256="0" * 64), releases)
    shutil.copytree(releases / NAME, releases / "sample-2026.09.0")
    with pytest.raises(WorkError, match=f"this is {NAME}"):
        load_against(naming("sample-2026.09.0"), releases)
