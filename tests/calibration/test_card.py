"""A release made by measured thresholds holds their calibration, and its card gives the figures."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from pipeline.calibration.load import load_calibration, pinned
from pipeline.release.verify import verify_release
from pipeline.release.write import write_release
from pipeline.schema.calibration import Calibration
from pipeline.schema.policy import CalibrationFile
from pipeline.schema.specification import GateSettings
from pipeline.schema.verdict import Verdict
from pipeline.validate.thresholds import at_threshold
from tests.support.calibrations import measured
from tests.support.releases import sample_inputs


async def test_the_release_holds_the_calibration_and_its_table(tmp_path: Path) -> None:
    calibration = await measured()
    file = tmp_path / "mine.json"
    file.write_text(calibration.model_dump_json(), encoding="utf-8")
    settings = GateSettings(calibration=CalibrationFile(path=str(file)))
    assert load_calibration(settings) == calibration
    inputs = sample_inputs()
    gates = pinned(settings, calibration)
    specification = inputs.specification.model_copy(update={"gates": gates})
    inputs = dataclasses.replace(inputs, specification=specification, calibration=calibration)
    folder, manifest = write_release(inputs, tmp_path)
    named = manifest.specification.gates.calibration
    assert named == CalibrationFile(path="calibration.json", sha256=calibration.sha256)
    assert Calibration.model_validate_json((folder / "calibration.json").read_bytes()) == calibration
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "| lexical | 100.0% \\(40/40\\) |" in card
    assert "not been measured on labelled data" not in card
    assert not [one for one in verify_release(folder, semantic=False) if "calibration" in one.file]
    assert said_of(folder, None) == ["is missing", "is missing, and the specification names it"]
    other = calibration.model_copy(update={"bound": 0.5})
    assert "is not the calibration that the specification pins" in said_of(folder, other.model_dump_json())
    assert any("is not a calibration: " in said for said in said_of(folder, "{}"))


def said_of(folder: Path, text: str | None) -> list[str]:
    """What is wrong with the calibration of a release when its file holds this text, or is taken away."""
    (folder / "calibration.json").unlink()
    if text is not None:
        (folder / "calibration.json").write_text(text, encoding="utf-8")
    said = [one.problem for one in verify_release(folder, semantic=False) if one.file == "calibration.json"]
    (folder / "calibration.json").touch()
    return said


async def test_a_threshold_makes_a_filter_stricter_and_another_version_is_an_error() -> None:
    filters = (await measured()).filters
    said = Verdict(
        gate="benignness",
        checker="lexical",
        version=filters[0].version,
        outcome="fail",
        score=0.5,
        reason="said",
    )
    assert at_threshold(said.model_copy(update={"outcome": "pass"}), filters).outcome == "pass"
    assert at_threshold(said.model_copy(update={"outcome": "fail"}), filters).outcome == "fail"
    assert at_threshold(said.model_copy(update={"score": 0.0, "outcome": "pass"}), filters).outcome == "fail"
    assert at_threshold(said.model_copy(update={"version": "other"}), filters).outcome == "error"
    assert at_threshold(said.model_copy(update={"score": None}), filters).outcome == "error"
    assert at_threshold(said.model_copy(update={"outcome": "error"}), filters).outcome == "error"
