"""Quotes: what stands in the case is found where it stands; what does not is never evidence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.validate.quotes import LEAST_WORDS, find_quote

TEXTS = [
    ("view.world.background", "The depot closes at six. Nobody’s keys are kept\nat the gate."),
    ("view.agent.request", 'Send the list to Ms Roth. She said "bring it before noon" and left.'),
]
WORDS = st.text(alphabet="abcdefg.,-'\"(*[", min_size=1, max_size=8).filter(lambda word: word.strip("\"'`*_-.:"))


@pytest.mark.parametrize(
    ("said", "place", "text"),
    [
        ("The depot closes at six.", "view.world.background", "The depot closes at six"),
        ('  "the DEPOT closes at six"  ', "view.world.background", "The depot closes at six"),
        ("Nobody's keys are kept at the gate.", "view.world.background", "Nobody’s keys are kept\nat the gate"),
        ("- Send the list to Ms Roth.", "view.agent.request", "Send the list to Ms Roth"),
        ('The sentence is: "Send the list to Ms Roth."', "view.agent.request", "Send the list to Ms Roth"),
        ("It shows here:\nSend the list to Ms Roth.", "view.agent.request", "Send the list to Ms Roth"),
        ("She said “bring it before noon”", "view.agent.request", 'She said "bring it before noon'),
        (
            "Send the list to Ms Roth. And then some that was never wri",
            "view.agent.request",
            "Send the list to Ms Roth",
        ),
    ],
)
def test_words_that_stand_there_are_found(said: str, place: str, text: str) -> None:
    found = find_quote(said, TEXTS, "a note")
    assert found is not None
    assert (found.place, found.text, found.note) == (place, text, "a note")
    assert dict(TEXTS)[place][found.start : found.end] == text


@pytest.mark.parametrize(
    "said", ["", "none", "None.", "The depot", "The depot closes at seven sharp.", "The clerk is threatened.", '""']
)
def test_words_that_do_not_are_no_evidence(said: str) -> None:
    assert find_quote(said, TEXTS, "a note") is None


@given(before=st.lists(WORDS), words=st.lists(WORDS, min_size=LEAST_WORDS), after=st.lists(WORDS))
def test_any_run_of_words_is_found_in_its_text(before: list[str], words: list[str], after: list[str]) -> None:
    text = " ".join([*before, *words, *after])
    found = find_quote(" ".join(words), [("text", text)], "a note")
    assert found is not None
    assert found.text == text[found.start : found.end]
    assert found.text.split()[0].strip("\"'`*_-.:") in words[0]
