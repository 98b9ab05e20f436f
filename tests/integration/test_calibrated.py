"""A whole build by measured thresholds: the release holds them, is sound, and replays from its own folder."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from pipeline.build import BuildResult, run_build
from pipeline.errors import InputError, WorkError
from pipeline.progress import SilentProgress
from pipeline.release.verify import verify_release
from pipeline.schema.calibration import Calibration
from pipeline.seeds import load_specification
from tests.support.builds import folder_hashes, kit_cells, specification, write_specification
from tests.support.calibrations import measured
from tests.support.scripted_replies import respond
from tests.support.scripted_server import ScriptedServer


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return asyncio.run(measured())


def calibrated(base_url: str, path: str) -> dict[str, Any]:
    return specification(base_url, cells=kit_cells(2), gates={"calibration": {"path": path}})


def build(spec: Path, out: Path, replay: Path | None = None) -> BuildResult:
    return asyncio.run(run_build(load_specification(spec), out=out, replay=replay, progress=SilentProgress()))


def test_a_calibrated_release_is_sound_and_replays_from_its_folder(tmp_path: Path, calibration: Calibration) -> None:
    (tmp_path / "mine.json").write_text(calibration.model_dump_json(), encoding="utf-8")
    with ScriptedServer(respond) as server:
        spec = write_specification(tmp_path, calibrated(server.base_url, "mine.json"))
        first = build(spec, tmp_path / "out")
        calls = server.counts().calls
        assert build(spec, tmp_path / "out").calls_made == 0
        assert server.counts().calls == calls
    named = first.manifest.specification.gates.calibration
    assert named is not None
    assert (named.path, named.sha256) == ("calibration.json", calibration.sha256)
    assert str(tmp_path) not in (first.release / "manifest.json").read_text(encoding="utf-8")
    assert verify_release(first.release) == []
    again = build(first.release / "specification.yaml", tmp_path / "again", replay=first.release / "completions")
    assert folder_hashes(again.release) == folder_hashes(first.release)


def test_thresholds_that_nothing_reaches_keep_every_row_out(tmp_path: Path, calibration: Calibration) -> None:
    """A pass has to have a score above the threshold, and no score lies above 1."""
    strict = calibration.model_dump(mode="json")
    for one in strict["filters"]:
        one["threshold"]["above"] = 1.0
    (tmp_path / "mine.json").write_text(Calibration.model_validate(strict).model_dump_json(), encoding="utf-8")
    with ScriptedServer(respond) as server:
        spec = write_specification(tmp_path, calibrated(server.base_url, "mine.json"))
        with pytest.raises(WorkError, match="benignness"):
            build(spec, tmp_path / "out")


def test_a_calibration_that_is_not_there_ends_a_build_before_any_call(tmp_path: Path) -> None:
    with ScriptedServer(respond) as server:
        spec = write_specification(tmp_path, calibrated(server.base_url, "nowhere.json"))
        with pytest.raises(InputError, match="is not there"):
            build(spec, tmp_path / "out")
        assert server.counts().calls == 0
