"""The index of releases: listed, checked, made anew."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.release.index import Index, check_index
from pipeline.release.write import write_release
from tests.support.encoders import WordEncoder
from tests.support.releases import sample_inputs


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder with one release."""
    write_release(sample_inputs(), tmp_path / "releases")
    return tmp_path


def checked(out: Path, *, rebuild: bool = False, notes: list[str] | None = None) -> Index:
    note = None if notes is None else notes.append
    return check_index(out / "releases", out / "index", WordEncoder(), rebuild=rebuild, note=note)


def test_what_is_missing_is_told_and_made_once(out: Path) -> None:
    notes: list[str] = []
    (one,) = checked(out).releases
    assert (one.state, one.files) == ("missing", 0)
    assert one.rows
    (made,) = checked(out, rebuild=True, notes=notes).releases
    assert (made.state, made.problems) == ("sound", ())
    assert len(notes) == 1
    times = {file: file.stat().st_mtime_ns for file in (out / "index").rglob("*.*")}
    assert checked(out, rebuild=True, notes=notes).sound
    assert {file: file.stat().st_mtime_ns for file in (out / "index").rglob("*.*")} == times
    assert len(notes) == 1


def test_a_damaged_file_is_named_and_mended(out: Path) -> None:
    checked(out, rebuild=True)
    for file in [path for path in (out / "index").rglob("*") if path.is_file()]:
        whole = file.read_bytes()
        file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        (one,) = checked(out).releases
        assert one.state == "damaged"
        assert [problem.split(": ")[0] for problem in one.problems] == [str(file)]
        assert checked(out, rebuild=True).sound
        assert file.read_bytes() == whole


def test_files_of_no_release_are_listed_and_left(out: Path) -> None:
    checked(out, rebuild=True)
    shutil.rmtree(next((out / "releases").iterdir()))
    index = checked(out, rebuild=True)
    assert index.releases == ()
    assert len(index.others) == 2
    assert all((out / "index" / name).is_file() for name in index.others)


def test_a_release_that_cannot_be_read_is_told(out: Path) -> None:
    table = next((out / "releases").glob("*/data/*.parquet"))
    table.write_bytes(b"not a table")
    index = checked(out, rebuild=True)
    assert [one.state for one in index.releases] == ["unreadable"]
    assert not index.sound


def test_the_command_says_no_where_something_is_missing(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["index", "--out", str(out), "--json"])
    assert ended.value.code == 1
    assert '"missing"' in capsys.readouterr().out
