"""The report in a real Chromium: its numbers are those of the files, and mouse and keys lead everywhere."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.framing.load import load_framings
from pipeline.framing.rendered import render
from pipeline.pages.text import visible
from pipeline.release.check_rows import read_candidates
from pipeline.release.page import report_of
from pipeline.release.write import write_release
from pipeline.report.spending import cell_rows, cost_rows
from pipeline.schema.framing import BASELINE
from tests.release.test_costs import TAKEN, costs
from tests.support.browser import Watched, axe_faults, eventually
from tests.support.calibrations import measured
from tests.support.hostile import HOSTILE, hostile_release
from tests.support.releases import sample_inputs

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

VIEWS = ("overview", "coverage", "scenarios", "away", "gates", "diversity", "map", "neighbours", "cost")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with ThreadPoolExecutor() as aside:  # this thread may have the browser's loop
        calibration = aside.submit(asyncio.run, measured()).result()
    inputs = sample_inputs(costs=costs({**TAKEN, "c": (None, 3)}), calibration=calibration)
    folder, _ = write_release(inputs, tmp_path_factory.mktemp("releases"))
    return folder


@pytest.fixture(scope="module")
def file(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    page = tmp_path_factory.mktemp("page") / "report.html"
    page.write_text(report_of(release), encoding="utf-8")
    return page


def number(text: str) -> int:
    return int(text.replace("\u202f", ""))


def numbers(row: Any) -> list[int]:
    return [number(text) for text in row.locator("td.number").all_inner_texts()]


def manifest_of(release: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    return found


def test_numbers_are_those_of_manifest_and_tables(watched: Watched, release: Path, file: Path) -> None:
    page, manifest = watched.open(file), manifest_of(release)
    candidates = pq.read_table(release / "candidates.parquet").to_pylist()
    rows = [row for path in sorted((release / "data").iterdir()) for row in pq.read_table(path).to_pylist()]

    assert number(page.inner_text("#total-rows")) == len(rows) == sum(manifest["splits"].values())
    assert number(page.inner_text("#total-made")) == len(candidates)
    assert number(page.inner_text("#total-full")) == sum(one["accepted"] >= one["quota"] for one in manifest["cells"])
    assert number(page.inner_text("#total-calls")) == sum(one["usage"]["calls"] for one in manifest["models"])
    for step in manifest["funnel"]:
        shown = numbers(page.locator(f'tr[data-step="{step["step"]}"]'))
        assert shown == [step["entered"], step["passed"], step["turned_away"], step["errors"]]
    assert "unknown" in page.inner_text("#made-with")

    watched.go("#/coverage")
    page.wait_for_selector("td[data-cell]")
    wanted: Counter[str] = Counter()
    held = Counter(f"{row['motive']}.{row['risk_type']}" for row in rows)
    for cell in manifest["cells"]:
        wanted[f"{cell['cell']['motive']}.{cell['cell']['risk_type']}"] += cell["quota"]
    shown_cells = {one.get_attribute("data-cell"): one.inner_text() for one in page.locator("td[data-cell]").all()}
    assert shown_cells == {key: f"{held[key]} of {quota}" for key, quota in wanted.items()}

    watched.go("#/gates")
    page.wait_for_selector("tr[data-check]")
    outcomes: Counter[tuple[str, str]] = Counter()
    for one in candidates:
        outcomes.update((said["gate"], said["outcome"]) for said in json.loads(one["judge_verdicts"]))
    for gate in ("novelty", "leakage", "realism"):
        counts = [outcomes[gate, outcome] for outcome in ("pass", "fail", "error", "not_run")]
        assert numbers(page.locator(f'tr[data-check="{gate}.{gate}_check"]')) == [sum(counts), *counts]
    watched.assert_quiet()


def test_error_rates_are_those_of_the_calibration(watched: Watched, release: Path, file: Path) -> None:
    page = watched.open(file, "#/gates")
    calibration = json.loads((release / "calibration.json").read_text(encoding="utf-8"))
    for one in calibration["filters"]:
        shown = page.inner_text(f'tr[data-filter-name="{one["checker"]}"]')
        found, wrongly = one["errors"]["true_positive"], one["errors"]["false_positive"]
        assert f"{found['n'] - found['count']} of {found['n']}" in shown
        assert f"{100 * (1 - found['rate']):.1f}%" in shown
        assert f"{wrongly['count']} of {wrongly['n']}" in shown
        assert f"{100 * wrongly['low']:.1f}% to {100 * wrongly['high']:.1f}%" in shown


def test_diversity_and_cost_are_the_manifests(watched: Watched, release: Path, file: Path) -> None:
    page, diversity = watched.open(file, "#/diversity"), manifest_of(release)["diversity"]
    vendi = page.inner_text('tr[data-figure="Vendi score of plots"] td:nth-of-type(1)')
    assert vendi == f"{diversity['plots']['vendi']:g} of 6 ({diversity['plots']['vendi_share']:.0%})"
    for facet, spread in diversity["spread"].items():
        cells = page.locator(f'tr[data-facet="{facet}"] td').all_inner_texts()
        assert cells[:2] == [str(spread["values"]), f"{spread['effective']:.1f}"]
        assert cells[2:] == [spread["most_common"], f"{100 * spread['most_common_share']:.0f}%"]
    assert "no release before" in page.inner_text("#no-previous")

    watched.go("#/cost")
    page.wait_for_selector('h2:has-text("By cell")')
    found = costs({**TAKEN, "c": (None, 3)})
    shown = page.locator("main").text_content()
    assert all(cell in shown for row in (*cost_rows(found), *cell_rows(found)) for cell in row)
    assert "unknown" in shown


def test_filters_and_search_leave_what_they_say(watched: Watched, release: Path, file: Path) -> None:
    page = watched.open(file, "#/scenarios")
    rows = [row for path in sorted((release / "data").iterdir()) for row in pq.read_table(path).to_pylist()]
    count = page.locator(".browse .found-count")
    eventually(count).to_have_text("6 in all")
    page.select_option('[data-filter="motive"]', "efficiency")
    eventually(count).to_have_text(f"{sum(row['motive'] == 'efficiency' for row in rows)} of 6")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    eventually(page.locator('[data-filter="motive"]')).to_have_value("efficiency")
    page.wait_for_selector("html[data-searchable]")
    page.fill('[data-view="scenarios"] input[type="search"]', "Ilse Marten")
    told = [row for row in rows if row["motive"] == "efficiency" and "Ilse Marten" in row["sender"] + row["request"]]
    assert told
    eventually(count).to_have_text(f"{len(told)} of 6")
    page.click("text=Clear filters")
    eventually(count).to_have_text("6 in all")
    page.fill('[data-view="scenarios"] input[type="search"]', "no such words anywhere")
    eventually(page.locator(".pane")).to_have_text("Nothing is like that. Clear a filter or a word.")
    watched.assert_quiet()


def test_a_link_leads_to_a_scenario_and_its_sides_stand_apart(watched: Watched, release: Path, file: Path) -> None:
    candidates, _ = read_candidates(release)
    page = watched.open(file)
    for candidate in candidates or ():
        made = candidate.scenario
        if not candidate.accepted or made is None:
            continue
        watched.go(f"#/scenarios?row={made.id}")
        page.wait_for_selector(f'article[data-row="{candidate.id}"]')
        agent, judge = page.inner_text(".panel.agent"), page.inner_text(".panel.judge")
        for secret in (made.judge.temptation.reason, made.judge.risky_action.summary):
            assert secret in judge
            assert secret not in agent
        assert made.view.agent.request in agent
        calls = [len(made.judge.benign_action.calls), len(made.judge.risky_action.calls)]
        assert [page.locator(f".path.{kind} ol > li").count() for kind in ("benign", "risky")] == calls
        assert page.locator(".result.failed").count() == 0
    watched.assert_quiet()


def test_evidence_is_marked_where_it_stands(watched: Watched, release: Path, file: Path) -> None:
    candidates, _ = read_candidates(release)
    page = watched.open(file)
    told = next(one for one in candidates or () if one.scenario and any(said.evidence for said in one.verdicts))
    finding = next(found for said in told.verdicts for found in said.evidence)
    watched.go(f"#/away?row={told.id}")
    page.wait_for_selector(f'article[data-row="{told.id}"]')
    assert told.scenario is not None
    mark = page.locator('[data-place="view.agent.request"] mark')
    stands = finding.text in told.scenario.view.agent.request
    assert mark.count() == int(stands)
    assert finding.note in page.inner_text(".panel.verdict")
    assert told.decision is not None
    assert told.decision.reason in page.inner_text("article header")
    page.click(f'[data-shows="{finding.place}"]')
    eventually(page.locator(".found")).to_have_count(1)


def test_framings_are_those_that_are_rendered(watched: Watched, release: Path, file: Path) -> None:
    candidates, _ = read_candidates(release)
    made = next(one.scenario for one in candidates or () if one.accepted and one.scenario)
    texts = load_framings().texts
    page = watched.open(file, f"#/scenarios?row={made.id}")
    for levels in ({}, {"format": "choice"}, {"format": "judgment", "reality": "testing"}, {"reality": "production"}):
        for factor in ("format", "reality"):
            page.select_option(f'select[data-factor="{factor}"]', levels.get(factor, BASELINE.level(factor)))  # type: ignore[arg-type]
        for message in render(made, BASELINE.at(**levels), texts).messages:
            assert page.locator(f'[data-message="{message["role"]}"]').text_content() == visible(message["content"])


def test_keys_go_everywhere(watched: Watched, file: Path) -> None:
    page = watched.open(file)
    page.keyboard.press("3")
    page.wait_for_selector("article.reader")
    order = page.locator(".rows a").evaluate_all("all => all.map(one => one.getAttribute('href').split('row=')[1])")
    for key, at in (("j", 1), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        page.wait_for_function("id => location.hash.endsWith(id)", arg=order[at])
        assert page.locator('.rows a[aria-current="true"]').get_attribute("href").endswith(order[at])
    page.keyboard.press("/")
    page.keyboard.type("vaccine")
    page.wait_for_url("**q=vaccine*")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    eventually(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    eventually(page.locator("#help")).to_be_hidden()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.keyboard.press("d")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    page.keyboard.press("7")
    page.focus("canvas[role=img]")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**row=*")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.wait_for_selector("article.reader")
    page.go_back()
    page.wait_for_selector("canvas[role=img]")
    watched.assert_quiet()


def test_map_and_neighbours_lead_to_texts(watched: Watched, release: Path, file: Path) -> None:
    page = watched.open(file, "#/neighbours")
    page.wait_for_selector(".two p[data-side=a]")
    assert page.locator(".two del").count() > 0
    assert page.locator(".two ins").count() > 0
    cosines = [float(text) for text in page.locator(".cosine").all_inner_texts()]
    assert cosines == sorted(cosines, reverse=True)
    words = page.locator('.two p[data-side="b"]').first.text_content()
    candidates, _ = read_candidates(release)
    assert words in {one.scenario.view.agent.task for one in candidates or () if one.scenario}
    watched.go("#/map?colour=domain&only=insurance")
    page.wait_for_selector('.legend button[aria-pressed="true"]')
    assert page.locator(".legend button").count() == len(
        {row.scenario.domain for row in candidates or () if row.scenario}
    )
    watched.assert_quiet()


def test_heat_map_cell_shows_what_stands_in_it(watched: Watched, file: Path) -> None:
    page = watched.open(file, "#/coverage")
    page.click('td[data-cell="curiosity.privacy_violation"] a')
    page.wait_for_selector(".cell-detail .links a")
    eventually(page.locator(".cell-detail .links a")).to_have_count(2)
    page.locator(".cell-detail .links a").first.click()
    page.wait_for_selector("article.reader")
    page.go_back()
    page.wait_for_selector(".cell-detail .links a")


def test_the_page_of_the_release_itself_opens_and_says_how_to_have_a_map(watched: Watched, release: Path) -> None:
    page = watched.open(release / "report.html", "#/map")
    assert "impress report" in page.inner_text("#no-map")
    watched.assert_quiet()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(browser: Any, file: Path, scheme: str) -> None:
    watched = Watched(browser, bypass_csp=True, color_scheme=scheme)
    page = watched.open(file)
    faults = []
    for view in VIEWS:
        watched.go(f"#/{view}")
        page.wait_for_selector(f'body[data-view="{view}"]')
        page.wait_for_timeout(50)
        faults += [f"{view}: {one}" for one in axe_faults(page)]
    assert faults == []
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert any("button-name" in one for one in axe_faults(page)), "axe looks at nothing"
    watched.context.close()


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_runs_off_the_screen(browser: Any, file: Path, width: int) -> None:
    watched = Watched(browser, viewport={"width": width, "height": 800})
    page = watched.open(file)
    for view in VIEWS:
        watched.go(f"#/{view}")
        page.wait_for_selector(f'body[data-view="{view}"]')
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width, view
    watched.context.close()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder, _ = write_release(hostile_release(), tmp_path_factory.mktemp("hostile"))
    page = folder.parent / "report.html"
    page.write_text(report_of(folder), encoding="utf-8")
    return folder, page


def test_hostile_text_shows_as_text_everywhere(browser: Any, hostile: tuple[Path, Path]) -> None:
    release, file = hostile
    watched = Watched(browser, viewport={"width": 900, "height": 800})
    page = watched.open(file)
    page.wait_for_selector("html[data-searchable]")
    assert len(HOSTILE) >= 40
    assert page.inner_text("h1") == HOSTILE[0]
    candidates, _ = read_candidates(release)
    for candidate in candidates or ():
        watched.go(f"#/{'scenarios' if candidate.accepted else 'away'}?row={candidate.id}")
        page.wait_for_selector(f'article[data-row="{candidate.id}"]')
        if candidate.scenario is None:
            assert candidate.failure is not None
            assert visible(candidate.failure.reason) in page.locator(".panel.failure").text_content()
            continue
        view, judge = candidate.scenario.view, candidate.scenario.judge
        shown = {
            '[data-place="view.agent.request"]': view.agent.request,
            '[data-place="view.world.background"]': view.world.background,
            '[data-place="view.world.organisation.name"]': view.world.organisation.name,
            '[data-place="view.tools.0.description"]': view.tools[0].description,
            '[data-place="judge.temptation.reason"]': judge.temptation.reason,
            '[data-place="judge.risky_action.summary"]': judge.risky_action.summary,
        }
        for place, text in shown.items():
            assert page.locator(place).first.text_content() == visible(text), place
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 900
    for view in VIEWS:
        watched.go(f"#/{view}")
        page.wait_for_selector(f'body[data-view="{view}"]')
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 900
    foreign = "script[src], iframe, object, embed, link, img, base, form[action], main script, main style"
    assert page.locator(foreign).count() == 0
    links = page.evaluate("[...document.querySelectorAll('a')].map(one => one.getAttribute('href'))")
    assert all(link.startswith("#") for link in links)
    watched.assert_quiet()
    watched.context.close()
