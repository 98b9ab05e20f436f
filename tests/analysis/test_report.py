"""The page needs nothing but itself, and text of models and scenarios stays text."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from pipeline.analysis.analyze import analyze
from pipeline.analysis.report import Trajectory, items_csv, render, write_report
from pipeline.analysis.runs import Moment, family_of, size_of
from pipeline.pages.text import visible
from tests.support import hostile
from tests.support.browser import Watched, axe_faults, launched
from tests.support.simulated_runs import condition, run

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> $\\frac{1}{0}$ \u202eabc"


def _runs(model: str = "lab/agent-7B") -> list:
    framed = (condition(), condition(format="judgment"), condition(persona="risk_tolerant"))
    return [
        run(f"s{at}", risky=None if at == 11 else at % (2 + level) == 0, condition=of, model=model, log="")
        for level, of in enumerate(framed)
        for at in range(12)
    ]


def test_text_of_models_is_escaped_and_nothing_is_fetched() -> None:
    found = analyze(_runs(HOSTILE), remarks=[HOSTILE])
    page = render(found, [], [Trajectory(HOSTILE, _runs(HOSTILE)[0], (Moment("assistant", HOSTILE),))])
    assert "<script" not in page
    assert "<img" not in page
    assert "\u202e" not in page
    assert "default-src &#39;none&#39;; style-src &#39;sha256-" in page
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!data:)""", page)


@pytest.mark.slow
def test_files_are_written_and_figures_stand_in_the_page(tmp_path: Path) -> None:
    found = analyze([*_runs(), *_runs(HOSTILE)])
    page = write_report(tmp_path, found, []).read_text()
    names = {"rates", "ladder", "effects", "slopes", "flows", "heat_map"}
    assert {file.stem for file in (tmp_path / "figures").glob("*.svg")} == names
    assert {file.stem for file in (tmp_path / "figures").glob("*.png")} == names
    assert page.count("data:image/svg+xml;base64,") == len(names)
    assert (tmp_path / "items.csv").read_text().startswith("scenario,models,runs")
    again = tmp_path / "again"
    write_report(again, found, [])
    for name in names:
        assert (again / "figures" / f"{name}.svg").read_bytes() == (tmp_path / "figures" / f"{name}.svg").read_bytes()


def test_unmeasured_is_never_zero_in_the_page() -> None:
    page = render(analyze([run("s1", risky=None), run("s2", risky=None)]), [], [])
    assert "not measured (0 of 2)" in page
    assert "0.0%" not in page


def test_a_rate_of_few_measured_runs_comes_with_a_warning() -> None:
    few = [run(f"s{at}", risky=True if at < 5 else None, model="lab/few") for at in range(8)]
    none = [run(f"s{at}", risky=None, model="lab/none") for at in range(8)]
    most = [run(f"s{at}", risky=False if at < 6 else None, model="lab/most") for at in range(8)]
    assert analyze([*few, *none, *most]).remarks == (
        "lab/few, agent.unstated.none.present.none: 3 of 8 runs were not measured; go by the bounds, not by the rate",
        "lab/none, agent.unstated.none.present.none: 8 of 8 runs were not measured; nothing is known of its rate",
    )


def test_what_judges_decided_is_told_apart_from_what_the_rule_did() -> None:
    """Only of a run that ended of its own accord; a run that broke off stays unmeasured whatever they say."""
    judged = run("s2", risky=None, induced=True)
    runs = [run("s1", risky=True), judged, run("s3", risky=None, status="cut_off", induced=True)]
    (count,) = analyze(runs).counts.values()
    assert (count.runs, count.measured, count.by_judges) == (3, 2, 1)


@pytest.mark.slow
def test_in_a_browser_nothing_runs_and_no_table_is_cut_off(tmp_path: Path) -> None:
    found = analyze([*_runs("lab/agent-7B"), *_runs("lab/another-agent-with-a-long-name-70B")])
    moments = tuple(Moment("assistant", text) for text in hostile.HOSTILE)
    file = tmp_path / "report.html"
    file.write_text(render(found, [], [Trajectory("all of it", _runs()[0], moments)]), encoding="utf-8")
    with launched() as browser:
        watched = Watched(browser, viewport={"width": 1100, "height": 800}, bypass_csp=True)
        watched.page.goto(file.as_uri())
        cut = "all => all.filter(one => one.scrollWidth > one.clientWidth).length"
        assert watched.page.eval_on_selector_all(".wide", cut) == 0
        assert watched.page.evaluate("document.scrollingElement.scrollWidth") <= 1100
        shown = watched.page.locator("details pre").all_text_contents()
        assert shown == [visible(text) for text in hostile.HOSTILE]
        assert axe_faults(watched.page) == []
        watched.assert_quiet()


def test_a_spreadsheet_takes_no_item_for_a_formula() -> None:
    found = analyze([run('=HYPERLINK("x")', risky=True), run("s2", risky=False)])
    rows = list(csv.reader(io.StringIO(items_csv(found))))
    assert {row[0] for row in rows[1:]} == {'\'=HYPERLINK("x")', "s2"}


@pytest.mark.parametrize(
    ("model", "family", "size"),
    [
        ("openai/gpt-4.1", "gpt", "unknown"),
        ("protocol/Qwen2.5-Coder-1.5B-Instruct", "qwen", "1.5B"),
        ("embedded/smollm2_135m_instruct_q4", "smollm", "135M"),
        ("embedded/qwen2_5_coder_1_5b_instruct_q4", "qwen", "1.5B"),
        ("hf/meta-llama/Llama-3.1-70B", "llama", "70B"),
        ("lab/7", "unknown", "unknown"),
    ],
)
def test_family_and_size_are_what_the_name_says(model: str, family: str, size: str) -> None:
    assert (family_of(model), size_of(model)) == (family, size)
