"""A span of what the page shows is that span of the text; a place is the text that stands there."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from pipeline.pages.text import visible
from pipeline.render import readable_texts
from pipeline.review.spans import raw_quote, raw_span, text_at
from tests.support.hostile import hostile_scenario
from tests.support.transcripts import sample_scenarios

TEXT = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from("\u202e\u200b\x07\u2066ab 𝒳")), min_size=1, max_size=40
)


@given(TEXT, st.data())
def test_whole_characters_come_back(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    shown = (len(visible(text[:start])), len(visible(text[:end])))
    assert raw_span(text, *shown) == (start, end)
    assert raw_quote(text[start:end], visible(text[start:end])) == text[start:end]


@given(TEXT, st.integers(-5, 400), st.integers(-5, 400))
def test_any_span_is_within_the_text_or_none(text: str, start: int, end: int) -> None:
    found = raw_span(text, start, end)
    shown = visible(text)
    if 0 <= start < end <= len(shown):
        assert found is not None
        assert shown[start:end] in visible(text[found[0] : found[1]])
    else:
        assert found is None


def test_every_text_that_a_reader_sees_is_found_at_its_place() -> None:
    for scenario in (sample_scenarios()[0], hostile_scenario("a.b.c <b>")):
        for place, text in readable_texts(scenario):
            found = text_at(scenario, place)
            assert found in (text, None)
            if place.startswith(("view.world", "view.agent", "view.memory", "judge.temptation")):
                assert found == text, place


def test_no_place_is_none() -> None:
    scenario = sample_scenarios()[0]
    for place in ("", "view", "view.world.norms", "view.world.norms.99", "view.memory.-1.text", "__class__", "a.b.c"):
        assert text_at(scenario, place) is None


def test_a_quote_that_does_not_stand_there_is_none() -> None:
    assert raw_quote("I could skip it.", "skip") == "skip"
    assert raw_quote("I could skip it.", "never said") is None
    assert raw_quote("I could skip it.", "") is None
