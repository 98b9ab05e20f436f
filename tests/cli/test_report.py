"""``report``: a page outside of the release, and errors that say what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.cli import main
from pipeline.release.write import write_release
from tests.support.releases import sample_inputs


def report(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, arguments)])


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return write_release(sample_inputs(), tmp_path / "releases")[0]


def test_a_page_is_written_and_its_size_told(release: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    answer = report(release, "-o", page, "--no-map", "--json")
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout) == {"page": str(page), "bytes": page.stat().st_size}
    assert 'id="plots"' not in page.read_text(encoding="utf-8")


def test_left_out_the_name_is_that_of_the_release(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert report(release, "--no-map").exit_code == 0
    assert (tmp_path / f"{release.name}-report.html").is_file()


def test_a_release_is_never_written_into(release: Path) -> None:
    before = sorted(release.rglob("*"))
    answer = report(release, "-o", release / "page.html", "--no-map")
    assert answer.exit_code == 2
    assert "lies in the release" in answer.stderr
    assert sorted(release.rglob("*")) == before


def test_a_folder_that_is_no_release_is_told(tmp_path: Path, release: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    answer = report(empty, "-o", tmp_path / "page.html")
    assert answer.exit_code == 1
    assert str(empty) in answer.stderr
    other = report(release, "-o", tmp_path / "page.html", "--no-map", "--previous", empty)
    assert other.exit_code == 2
    assert "no release to compare with" in other.stderr
    assert not (tmp_path / "page.html").exists()
