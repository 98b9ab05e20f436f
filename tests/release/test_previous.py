"""The previous release is read where it lies, verified, and pinned by its hash."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from pipeline.errors import WorkError
from pipeline.release.files import MANIFEST, data_file
from pipeline.release.inputs import as_released
from pipeline.release.previous import load_previous
from pipeline.release.write import write_release
from pipeline.schema.specification import Specification
from tests.support.releases import rows_of, sample_inputs, sample_specification

NAME = "sample-2026.10.0"


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("releases")
    write_release(sample_inputs(sample_specification(version="2026.10.0")), folder)
    return folder


def naming(**previous: str) -> Specification:
    return sample_specification(previous={"release": NAME, **previous})


def test_none_is_named_so_none_is_read(tmp_path: Path) -> None:
    assert load_previous(sample_specification(), tmp_path) is None


def test_its_rows_are_read_and_its_manifest_is_hashed(releases: Path) -> None:
    previous = load_previous(naming(), releases)
    assert previous is not None
    expected = {row.id for row in rows_of(sample_inputs().candidates)}
    assert {row.id for row in previous.scenarios} == expected
    digest = hashlib.sha256((releases / NAME / MANIFEST).read_bytes()).hexdigest()
    assert previous.reference.model_dump() == {
        "release": NAME,
        "path": None,
        "manifest_sha256": digest,
        "carries": None,
    }
    assert load_previous(naming(manifest_sha256=digest), releases) == previous


def test_a_path_says_where_it_lies_and_stays_out_of_the_release(releases: Path, tmp_path: Path) -> None:
    specification = naming(path=str(releases / NAME))
    previous = load_previous(specification, tmp_path)
    assert previous is not None
    pinned = as_released(specification.model_copy(update={"previous": previous.reference})).previous
    beside = load_previous(naming(), releases)
    assert beside is not None
    assert pinned == beside.reference


def test_one_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WorkError, match=f"{NAME} is not there"):
        load_previous(naming(), tmp_path)


def test_one_that_was_changed_is_an_error(releases: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(releases / NAME, tmp_path / NAME))
    rows = copy / data_file("dev")
    rows.write_bytes(rows.read_bytes()[:-1] + b"x")
    with pytest.raises(WorkError, match="not sound: data/dev"):
        load_previous(naming(), tmp_path)


def test_another_than_the_pinned_one_is_an_error(releases: Path) -> None:
    with pytest.raises(WorkError, match=f"`previous.manifest_sha256` asks for {'0' * 64}"):
        load_previous(naming(manifest_sha256="0" * 64), releases)


def test_another_under_its_name_is_an_error(releases: Path, tmp_path: Path) -> None:
    shutil.copytree(releases / NAME, tmp_path / "sample-2026.09.0")
    specification = sample_specification(previous={"release": "sample-2026.09.0"})
    with pytest.raises(WorkError, match=f"this is {NAME}, not the previous release sample-2026.09.0"):
        load_previous(specification, tmp_path)
