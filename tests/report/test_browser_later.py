"""The report of a release that follows another, in a real Chromium: what it is beside that one, and its copies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.deduplicate.stage import deduplicate
from pipeline.pages.text import visible
from pipeline.release.check_rows import read_candidates
from pipeline.release.diff import diff_releases
from pipeline.release.page import report_of
from pipeline.release.views import read_release
from pipeline.release.write import write_release
from pipeline.report.columns import step_of
from pipeline.schema.candidate import Candidate
from tests.report.test_novelty import curve
from tests.support.browser import Watched, eventually
from tests.support.encoders import WordEncoder
from tests.support.releases import sample_inputs, sample_specification

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def manifest_of(release: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, _ = write_release(sample_inputs(), tmp_path_factory.mktemp("releases"))
    return folder


@pytest.fixture(scope="module")
def later(release: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A release that follows the other and lacks two of its rows, with a curve and a copy that was found; its page."""
    settings = {"threshold": 0.9, "related": 0.7, "curve": curve().model_dump(mode="json")}
    named = sample_specification(version="2026.12.0", previous={"release": release.name}, deduplication=settings)
    made = sample_inputs(named).candidates
    fresh = [Candidate.of(one.attempt, scenario=one.scenario) for one in made if one.scenario]
    judged = [verdict for one in deduplicate(fresh, [], named.deduplication, WordEncoder()) for verdict in one.verdicts]
    found = next(one for one in judged if one.outcome == "fail")
    gone = [one.id for one in made if one.accepted][:2]
    kept = [
        one.model_copy(update={"verdicts": (found,)}) if step_of(one) == "novelty" else one
        for one in made
        if one.id not in gone
    ]
    folder, _ = write_release(sample_inputs(named, candidates=kept), release.parent)
    page = tmp_path_factory.mktemp("later") / "report.html"
    page.write_text(report_of(folder), encoding="utf-8")
    return folder, page


def test_the_release_before_stands_beside_this_one(watched: Watched, release: Path, later: tuple[Path, Path]) -> None:
    folder, page_file = later
    page = watched.open(page_file, "#/diversity")
    now, before = manifest_of(folder)["diversity"], manifest_of(release)["diversity"]
    difference = diff_releases(read_release(release), read_release(folder))
    for facet, spread in now["spread"].items():
        cells = page.locator(f'tr[data-facet="{facet}"] td').all_inner_texts()
        assert cells[1:3] == [f"{spread['effective']:.1f}", f"{before['spread'][facet]['effective']:.1f}"]
    vendi = page.locator('tr[data-figure="Vendi score of plots"] td').all_inner_texts()
    rows = [sum(manifest_of(one)["splits"].values()) for one in (folder, release)]
    for shown, of, count in zip(vendi[:2], (now, before), rows, strict=True):
        assert shown == f"{of['plots']['vendi']:g} of {count} ({of['plots']['vendi_share']:.0%})"
    told = page.inner_text("#previous p")
    assert told.startswith(f"{release.name}: {difference.kept} rows stay, {len(difference.added)} came, 2 retired")
    shifts = {one.of: one for one in difference.shifts}
    assert shifts
    for name, shift in shifts.items():
        shown = page.locator(f'tr[data-shift="{name}"] td').all_inner_texts()
        for figure, value in zip(shown[1:], (shift.distance, shift.statistic, shift.p), strict=True):
            assert figure == "unknown" if value is None else float(figure) == pytest.approx(value, rel=6e-3)
    watched.assert_quiet()


def test_copies_are_shown_with_the_curve_and_both_plots(watched: Watched, later: tuple[Path, Path]) -> None:
    folder, page_file = later
    candidates, _ = read_candidates(folder)
    said = [(one, verdict) for one in candidates or () for verdict in one.verdicts if "layer" in verdict.answers]
    page = watched.open(page_file, "#/gates")
    drawn = page.locator("svg.curve")
    eventually(drawn).to_be_visible()
    assert "0.9 is in use" in (drawn.get_attribute("aria-label") or "")
    points = curve().points
    for name in ("precision", "recall"):
        assert len((drawn.locator(f".line.{name}").get_attribute("points") or "").split()) == len(points)
    assert f"{sum(one.scenario is not None for one in candidates or ())} scenarios" in page.inner_text("#copies .lead")
    copy, verdict = next((one, verdict) for one, verdict in said if verdict.outcome == "fail")
    watched.go(f"#/away?row={copy.id}")
    page.wait_for_selector(f'article[data-row="{copy.id}"]')
    assert page.locator(".plots p").all_text_contents() == [visible(one.text) for one in verdict.evidence[:2]]
    watched.assert_quiet()
