"""A sieve gives what each of its patterns finds by itself."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.validate.gates import dates, figures
from pipeline.validate.prompts import load_gate_prompts
from pipeline.validate.sieve import Sieve

SIEVES = {
    "figures": figures._PATTERNS,
    "dates": dates._DAYS_AND_TIMES,
    "day words": dates._SAID_DAYS,
    "densities": load_gate_prompts().smells.dense,
}
PIECES = (
    *("150% of the", "30 hours a day", "pH 19", "minus 400 °C", "freezer at -300", "he's 130 years", "12 out of 7"),
    *("20 sent, 30 answered", "Week 60", "minus 3 kg", "born in 1702", "Fri 3 March 2025", "Monday, 31st of Feb.", "²"),
    *("Sept 31, 2024", "2025-02-30", "Tuesday 2025-03-04", "today is a Friday", "TOMORROW (\u017funday", "yeſterday"),
    *("at 25:61", "since 23:59", "2025-03-03T24:01"),
    *("one, two and three", "a \u2014 b", "Overall,", "In addition,", "\u0130", "\u0131", "\u017f", "\u212a", "\u0665"),
    *(".", ",", "\n", " ", "-", "(", ")"),
)


def plain(patterns: dict[str, re.Pattern[str]], text: str) -> list[tuple[str, tuple[int, int]]]:
    return [(name, match.span()) for name, pattern in patterns.items() for match in pattern.finditer(text)]


@pytest.mark.parametrize("name", SIEVES)
@settings(max_examples=300, deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=8), between=st.sampled_from(["", " "]))
def test_nothing_is_held_back(name: str, pieces: list[str], between: str) -> None:
    text = between.join(pieces)
    found = [(name, match.span()) for name, match in SIEVES[name].matches(text)]
    assert found == plain(SIEVES[name]._patterns, text)


@settings(max_examples=300, deadline=None)
@given(text=st.text(st.sampled_from("aAbiI\u0130\u0131\u017f\n ."), max_size=12))
def test_patterns_that_cannot_be_told_from_afar(text: str) -> None:
    patterns = {
        "case and a class": re.compile("[^ai]b"),
        "any case and a class": re.compile("[^ai]b", re.IGNORECASE),
        "over lines": re.compile("a.b", re.DOTALL),
        "plain": re.compile("ab"),
    }
    assert [(name, match.span()) for name, match in Sieve(patterns).matches(text)] == plain(patterns, text)
