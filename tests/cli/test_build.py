"""``build``: what it says of a release, and when it is interrupted. Whole builds are in tests/integration."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from pipeline.build import BuildResult
from pipeline.cli.build import answer_of
from pipeline.release.write import write_release
from tests.support.builds import impress, kit_cells, specification, write_specification
from tests.support.releases import sample_inputs
from tests.support.scripted_server import ScriptedServer


@pytest.fixture
def result(tmp_path: Path) -> BuildResult:
    release, manifest = write_release(sample_inputs(), tmp_path)
    return BuildResult(release=release, manifest=manifest, calls_made=0)


def test_answer_tells_where_the_release_is_and_which_cells_are_short(result: BuildResult) -> None:
    answer = answer_of(result)
    short = [cell for cell in result.manifest.cells if cell.accepted < cell.quota]
    assert short, "the sample release has short cells"
    assert answer.exit_code == 0
    assert answer.document["release"] == str(result.release)
    assert answer.document["accepted"] == sum(result.manifest.splits.values())
    assert [cell["cell"] for cell in answer.document["short_cells"]] == [cell.cell.model_dump() for cell in short]
    assert str(result.release / "report.html") in answer.text
    assert all(cell.cell.id in answer.text and cell.short_because in answer.text for cell in short)


def test_paths_that_the_answer_names_exist(result: BuildResult) -> None:
    named = [Path(word) for word in answer_of(result).text.split() if word.startswith(str(result.release))]
    assert len(named) == 3
    assert all(path.exists() for path in named)


def test_interrupted_build_says_how_to_go_on_and_keeps_no_release(tmp_path: Path) -> None:
    with ScriptedServer(latency=2.0) as server:
        spec = write_specification(tmp_path, specification(server.base_url, cells=kit_cells(1)))
        process = impress("build", spec, "--out", tmp_path / "out", "--no-server", "--json")
        deadline = time.monotonic() + 200
        while not server.counts().in_flight and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (130, "")
    assert "run the same command again" in errors
    assert "Traceback" not in errors
    assert not (tmp_path / "out" / "releases").exists()
