"""The page of a release on disk: what stands beside it is found, and what is not there is said."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pipeline.framing.load import load_framings
from pipeline.pages.packing import unpacked
from pipeline.release.diff import diff_releases
from pipeline.release.page import OTHER_FRAMINGS, report_of
from pipeline.release.views import read_release
from pipeline.release.write import write_release
from pipeline.schema.manifest import Manifest
from tests.support.releases import sample_inputs, sample_specification


def head_of(page: str) -> dict[str, Any]:
    [text] = re.findall(r'id="head">(.*?)</script>', page)
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """A release, and one after it that names it and lacks two of its rows."""
    first, _ = write_release(sample_inputs(), tmp_path)
    later = sample_specification(version="2026.12.0", previous={"release": first.name})
    inputs = sample_inputs(later)
    rows = [one for one in inputs.candidates if one.accepted]
    fewer = [one for one in inputs.candidates if one not in rows[:2]]
    second, _ = write_release(sample_inputs(later, candidates=fewer), tmp_path)
    return first, second


def test_the_release_before_is_found_beside_it(two: tuple[Path, Path]) -> None:
    first, second = two
    said = head_of(report_of(second, with_map=False))["previous"]
    difference = diff_releases(read_release(first), read_release(second))
    assert said["name"] == first.name
    assert (said["kept"], said["added"], said["retired"]) == (4, 0, 2)
    assert said["shifts"] == [one.model_dump(mode="json") for one in difference.shifts]
    before = Manifest.model_validate_json((first / "manifest.json").read_bytes())
    assert said["diversity"]["spread"]["domains"]["values"] == before.diversity.spread["domains"].values


def test_a_release_before_that_is_not_there_is_said(two: tuple[Path, Path], tmp_path: Path) -> None:
    first, second = two
    moved = first.rename(tmp_path / "elsewhere")
    head = head_of(report_of(second, with_map=False))
    assert (head["previous"], head["follows"]) == (None, first.name)
    assert head_of(report_of(second, with_map=False, previous=moved))["previous"]["kept"] == 4


def test_every_plot_has_a_place_on_the_map(two: tuple[Path, Path]) -> None:
    page = report_of(two[0])
    index, plots = list(unpacked(page))[:2]
    for identity, x, y in zip(index["scenario"], plots["x"], plots["y"], strict=True):
        assert (x >= 0, y >= 0) == (identity is not None,) * 2
    assert len(plots["near"]) == len(index["id"]) * plots["neighbours"]


def test_framings_that_read_otherwise_now_are_told(tmp_path: Path) -> None:
    hashes = load_framings().hashes
    inputs = sample_inputs()
    same, _ = write_release(sample_inputs(seeds={**inputs.seeds, **hashes}), tmp_path / "same")
    assert head_of(report_of(same, with_map=False))["framings"]["note"] == ""
    changed = {**inputs.seeds, **hashes, "framings/reality": "0" * 64}
    other, _ = write_release(sample_inputs(seeds=changed), tmp_path / "other")
    assert head_of(report_of(other, with_map=False))["framings"]["note"] == OTHER_FRAMINGS
