"""What the page is made of: its data, its policy, its limits. What a reader sees of it is in test_browser.py."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from pipeline.framing.load import load_framings
from pipeline.pages.assets import script, style
from pipeline.pages.packing import records_of, unpacked
from pipeline.pages.policy import content_security_policy
from pipeline.release.inputs import ReleaseInputs
from pipeline.release.write import draft_release
from pipeline.report.page import SCRIPT, STYLES, Extras, render_report
from pipeline.schema.manifest import FileEntry, Manifest
from tests.support.hostile import HOSTILE, hostile_release
from tests.support.releases import sample_inputs


def manifest_of(inputs: ReleaseInputs) -> Manifest:
    return draft_release(inputs).manifest


def page_of(inputs: ReleaseInputs, **extras: Any) -> str:
    return render_report(manifest_of(inputs), inputs.candidates, Extras(**extras))


def head_of(page: str) -> dict[str, Any]:
    [text] = re.findall(r'<script type="application/json" id="head">(.*?)</script>', page)
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.fixture(scope="module")
def inputs() -> ReleaseInputs:
    return sample_inputs()


@pytest.fixture(scope="module")
def page(inputs: ReleaseInputs) -> str:
    return page_of(inputs, framings=load_framings().texts)


def test_every_candidate_is_listed_once_with_its_text(page: str, inputs: ReleaseInputs) -> None:
    index, *packs = unpacked(page)
    by_id = {one.id: one for one in inputs.candidates}
    assert index["id"] == sorted(by_id)
    texts = [record for pack in packs for record in records_of(pack)]
    for row, identity in enumerate(index["id"]):
        record, candidate = texts[index["text_at"][row]], by_id[identity]
        assert record["id"] == identity
        if candidate.scenario is not None:
            assert index["scenario"][row] == record["scenario"] == candidate.scenario.id
            assert record["view"]["agent"]["request"] == candidate.scenario.view.agent.request
            assert [one["ok"] for one in record["risky"]] == [True] * len(candidate.scenario.judge.risky_action.calls)


def test_columns_hold_the_labels(page: str, inputs: ReleaseInputs) -> None:
    index = next(unpacked(page))
    labels = {one["name"]: one for one in index["labels"]}
    numbers = {one["name"]: one["at"] for one in index["numbers"]}
    by_id = {one.id: one for one in inputs.candidates}
    for row, identity in enumerate(index["id"]):
        candidate = by_id[identity]
        told = {name: one["values"][one["at"][row]] for name, one in labels.items()}
        assert (told["motive"], told["domain"]) == (candidate.attempt.cell.motive, candidate.attempt.cell.domain)
        assert (told["split"] or None) == candidate.split
        assert candidate.decision is not None
        assert told["outcome"] == candidate.decision.outcome
        assert told["step"] == ("" if candidate.accepted else candidate.decision.gate)
        assert (numbers["words"][row] is None) == (candidate.scenario is None)


def test_the_page_needs_nothing_but_itself(page: str) -> None:
    policy = content_security_policy(style(*STYLES), script=script(SCRIPT))
    assert f'content="{policy.replace(chr(39), "&#39;")}"' in page
    assert "unsafe" not in policy
    shell = re.sub(r"<(script|style)\b[^>]*>.*?</\1>", "", page, flags=re.DOTALL)
    assert not re.search(r"\bon\w+\s*=|<(?:link|img|iframe|object|embed|form|base)\b|\bsrc\s*=", shell)
    assert re.findall(r'href="([^"]*)"', shell) == ["#main"]


def test_no_text_of_a_row_stands_in_the_page_as_it_is() -> None:
    page = page_of(hostile_release())
    assert page.count("<script") == page_of(sample_inputs()).count("<script") + 1  # 86 texts, two packs; 14, one
    shell = re.sub(r"<style\b.*?</style>|<script type=\"module\">.*?</script>", "", page, flags=re.DOTALL)
    for payload in HOSTILE:
        if "<" in payload:
            assert payload not in shell, payload
    assert "\u202e" not in page


def test_equal_releases_have_equal_pages_whatever_the_order_and_the_files(inputs: ReleaseInputs) -> None:
    manifest = manifest_of(inputs)
    listed = manifest.model_copy(update={"files": (FileEntry(path="a", bytes=1, sha256="0" * 64),)})
    first = render_report(manifest, inputs.candidates)
    assert render_report(listed, list(reversed(inputs.candidates))) == first


def test_a_page_holds_no_more_than_a_browser_opens_and_says_so(
    inputs: ReleaseInputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.report.page.LISTED", 4)
    monkeypatch.setattr("pipeline.report.page.ROWS_WITH_TEXT", 2)
    monkeypatch.setattr("pipeline.report.page.AWAY_WITH_TEXT", 1)
    monkeypatch.setattr("pipeline.report.page.PER_PACK", 2)
    page = page_of(inputs)
    index, *packs = unpacked(page)
    assert head_of(page)["listed"] == {
        "rows": 6, "rows_listed": 4, "rows_with_text": 2, "away": 8, "away_listed": 4, "away_with_text": 1,
    }  # fmt: skip
    assert len(index["id"]) == 8
    texts = [record["id"] for pack in packs for record in records_of(pack)]
    assert {texts[at]: at for at in range(3)} == {
        index["id"][row]: at for row, at in enumerate(index["text_at"]) if at >= 0
    }
    assert len(packs) == 2


def test_unknown_tokens_are_not_zero(page: str) -> None:
    [use] = head_of(page)["models"]
    assert use["usage"]["prompt_tokens"] is None


def test_a_page_without_vectors_has_no_map(page: str) -> None:
    assert 'id="plots"' not in page
