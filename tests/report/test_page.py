"""The report shows the manifest's numbers, needs nothing but itself, and shows text as text."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest

from pipeline.pages.policy import content_security_policy, render_report
from pipeline.pages.text import visible
from pipeline.release.inputs import ReleaseInputs
from pipeline.release.write import draft_manifest
from pipeline.schema.base import normalise_text
from pipeline.schema.manifest import FileEntry, Manifest
from tests.support.hostile import HOSTILE, hostile_inputs
from tests.support.releases import sample_inputs

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def all(self, tag: str | None = None, **attributes: str) -> list[Element]:
        """Every element under this one of a tag, with these attributes (``data_step`` for ``data-step``)."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        found = []
        for child in self.children:
            if isinstance(child, Element):
                if tag in (None, child.tag) and wanted.items() <= child.attributes.items():
                    found.append(child)
                found += child.all(tag, **attributes)
        return found

    def one(self, tag: str | None = None, **attributes: str) -> Element:
        [element] = self.all(tag, **attributes)
        return element


class Page(HTMLParser):
    """Builds the tree and refuses a page whose tags do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.root = Element("root", {})
        self.open = [self.root]
        self.comments = 0
        self.feed(html)
        self.close()
        assert self.open == [self.root], "elements left open"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments += 1


def manifest_of(inputs: ReleaseInputs) -> Manifest:
    return draft_manifest(inputs, sorted(inputs.candidates, key=lambda one: one.id), inputs.specification)


def page_of(inputs: ReleaseInputs) -> Element:
    return Page(render_report(manifest_of(inputs), inputs.candidates)).root


@pytest.fixture(scope="module")
def inputs() -> ReleaseInputs:
    return sample_inputs()


@pytest.fixture(scope="module")
def page(inputs: ReleaseInputs) -> Element:
    return page_of(inputs)


def numbers(row: Element) -> list[int]:
    return [int(cell.text) for cell in row.all("td") if cell.attributes.get("class", "").startswith("number")]


def test_totals_are_the_manifests(page: Element, inputs: ReleaseInputs) -> None:
    manifest = manifest_of(inputs)
    assert int(page.one(id="total-rows").text) == sum(manifest.splits.values()) == 6
    assert int(page.one(id="total-made").text) == len(inputs.candidates) == 14
    assert int(page.one(id="total-calls").text) == sum(use.usage.calls for use in manifest.models)
    assert int(page.one(id="total-full").text) == sum(cell.accepted >= cell.quota for cell in manifest.cells)
    assert [int(tile.text) for tile in page.all("dd", class_="split-rows")] == [
        manifest.splits[split] for split in sorted(manifest.splits)
    ]


def test_the_funnel_and_its_bars_are_the_manifests(page: Element, inputs: ReleaseInputs) -> None:
    for step in manifest_of(inputs).funnel:
        row = page.one("tr", data_step=step.step)
        assert numbers(row) == [step.entered, step.passed, step.turned_away, step.errors]
        widths = {rect.attributes["class"]: float(rect.attributes["width"]) for rect in row.all("rect")}
        assert widths["passed"] == pytest.approx(1000 * step.passed / 14, abs=0.01)
        assert widths["away"] == pytest.approx(1000 * step.turned_away / 14, abs=0.01)


def test_the_heat_map_sums_the_cells(page: Element, inputs: ReleaseInputs) -> None:
    accepted: Counter[str] = Counter()
    quota: Counter[str] = Counter()
    for cell in manifest_of(inputs).cells:
        key = f"{cell.cell.motive}.{cell.cell.risk_type}"
        accepted[key] += cell.accepted
        quota[key] += cell.quota
    shown = {td.attributes["data-cell"]: td.text for td in page.all("td") if "data-cell" in td.attributes}
    assert shown == {key: f"{accepted[key]} of {quota[key]}" for key in quota}
    full = page.one("td", data_cell="curiosity.privacy_violation")
    assert full.attributes["class"] == "level-4"
    assert page.one("td", data_cell="loyalty.corrupt_practice").attributes["class"] == "level-0"


def test_diversity_is_the_manifests(page: Element, inputs: ReleaseInputs) -> None:
    diversity = manifest_of(inputs).diversity
    assert diversity.plots is not None
    vendi = page.one("tr", data_figure="Vendi score of plots")
    assert [cell.text for cell in vendi.all("td")][:2] == [
        f"{diversity.plots.vendi:g} of 6 ({diversity.plots.vendi_share:.0%})",
        "higher",
    ]
    for facet, spread in diversity.spread.items():
        values, effective, most_common, share = (cell.text for cell in page.one("tr", data_facet=facet).all("td"))
        assert (int(values), float(effective)) == (spread.values, round(spread.effective, 1))
        assert (most_common, share) == (spread.most_common, f"{100 * spread.most_common_share:.0f}%")


def test_each_check_is_counted(page: Element, inputs: ReleaseInputs) -> None:
    outcomes = Counter(
        (verdict.gate, verdict.outcome) for candidate in inputs.candidates for verdict in candidate.verdicts
    )
    for gate in ("novelty", "leakage", "realism"):
        seen = sum(count for (name, _), count in outcomes.items() if name == gate)
        counts = [outcomes[gate, outcome] for outcome in ("pass", "fail", "error", "not_run")]
        assert numbers(page.one("tr", data_check=f"{gate}.{gate}_check")) == [seen, *counts]


def test_each_candidate_is_there_once(page: Element, inputs: ReleaseInputs) -> None:
    accepted = {one.scenario.id for one in inputs.candidates if one.accepted and one.scenario}
    rejected = {one.id for one in inputs.candidates if not one.accepted}
    assert {element.attributes["id"] for element in page.all("details", class_="scenario")} == accepted
    assert {element.attributes["id"] for element in page.all("details", class_="away")} == rejected


def test_judge_text_stands_in_the_judge_panel_alone(page: Element, inputs: ReleaseInputs) -> None:
    for candidate in inputs.candidates:
        if not candidate.accepted or candidate.scenario is None:
            continue
        reader = page.one("details", id=candidate.scenario.id)
        judge = candidate.scenario.judge
        for secret in (judge.temptation.reason, judge.risky_action.summary, judge.risky_action.observation):
            assert secret in reader.one("div", class_="panel judge").text
            assert secret not in reader.one("div", class_="panel agent").text
        paths = reader.one("div", class_="paths").all("section")
        calls = [len(path.all("code", class_="call")) for path in paths]
        assert calls == [len(judge.benign_action.calls), len(judge.risky_action.calls)]
        assert not reader.all("details", class_="result failed")


def test_reasons_of_what_was_turned_away_are_shown(page: Element, inputs: ReleaseInputs) -> None:
    for candidate in inputs.candidates:
        if not candidate.accepted:
            assert candidate.decision is not None
            assert candidate.decision.reason in page.one("details", id=candidate.id).text


def test_links_lead_somewhere_and_ids_are_unique(page: Element) -> None:
    ids = Counter(element.attributes["id"] for element in page.all() if "id" in element.attributes)
    assert [name for name, times in ids.items() if times > 1] == []
    links = [element.attributes["href"] for element in page.all("a")]
    assert len(links) > 6
    assert all(link.startswith("#") and link[1:] in ids for link in links)


def assert_closed(root: Element) -> None:
    """Nothing on the page runs, loads or leads elsewhere."""
    forbidden = {"script", "iframe", "object", "embed", "link", "img", "form", "base", "audio", "video"}
    assert not [element.tag for element in root.all() if element.tag in forbidden]
    for element in root.all():
        for name, value in element.attributes.items():
            assert not name.startswith("on")
            assert name not in {"style", "src", "srcset", "action", "background", "xlink:href"}
            assert name != "href" or value.startswith("#")
    style = root.one("style").text
    assert not re.search(r"url\(|@import|expression", style)
    policy = root.one("meta", http_equiv="Content-Security-Policy").attributes["content"]
    assert policy == content_security_policy(style)
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_the_page_needs_nothing_but_itself(page: Element) -> None:
    assert_closed(page)


@pytest.mark.parametrize("payload", HOSTILE)
def test_hostile_text_shows_as_text(payload: str) -> None:
    parsed = Page(render_report(manifest_of(hostile_inputs(payload)), hostile_inputs(payload).candidates))
    root = parsed.root
    assert_closed(root)
    assert parsed.comments == 0
    harmless = page_of(hostile_inputs("plain words"))
    assert Counter(element.tag for element in root.all()) == Counter(element.tag for element in harmless.all())
    shown = visible(normalise_text(payload))
    assert root.one("h1").text == shown
    for title in root.all("title"):
        assert title.text.startswith(shown)
    [message] = [quote for quote in root.all("blockquote") if shown in quote.text]
    assert message.one("p").text == shown


def test_the_page_does_not_depend_on_order_or_files(inputs: ReleaseInputs) -> None:
    manifest = manifest_of(inputs)
    listed = manifest.model_copy(update={"files": (FileEntry(path="a", bytes=1, sha256="0" * 64),)})
    first = render_report(manifest, inputs.candidates)
    assert render_report(listed, list(reversed(inputs.candidates))) == first


def test_unknown_tokens_are_not_zero(page: Element) -> None:
    cells = [cell.text for cell in page.one("section", id="made-with").all("td")]
    assert "unknown" in cells
    assert "0" not in cells


def test_a_page_shows_no_more_than_a_browser_opens_and_says_so(
    inputs: ReleaseInputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.report.page.SHOWN", 1)
    text = render_report(manifest_of(inputs), inputs.candidates)
    accepted = sorted(one.scenario.id for one in inputs.candidates if one.accepted and one.scenario)
    assert sum(f'id="{scenario}"' in text for scenario in accepted) == 1
    assert f"Of {len(accepted)} rows the first 1 by id are shown" in text
    assert text.count('<details class="away"') == 1
