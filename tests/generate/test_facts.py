"""Reading numbers and names out of prose, however they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.generate.facts import (
    CLOCK,
    ISO_DATE,
    NEGATION,
    NUMBER,
    WORD,
    Facts,
    names_in,
    negations,
    numbers_in,
    share_told,
)

PLAIN = {
    NUMBER: re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"),
    CLOCK: re.compile(r"(?<!\d)(\d{1,2}):(\d{2})(?!\d)"),
    ISO_DATE: re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)"),
    NEGATION: re.compile(
        r"\b(?:not|no|never|none|nobody|nothing|without|neither|nor|cannot)\b|n['’]t\b", re.IGNORECASE
    ),
}
"""What the patterns say, written plainly."""


def values(text: str) -> list[str]:
    return [value for _, value in numbers_in(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2,400 cases", ["2400"]),
        ("at 09:05", ["9", "5"]),
        ("INV-2024-0311", ["2024", "311"]),
        ("4.50 euro", ["4.5"]),
        ("twelve claims", ["12"]),
        ("the 14th of March", ["14"]),
        ("one of two", []),
    ],
)
def test_numbers_have_one_form(text: str, expected: list[str]) -> None:
    assert values(text) == expected


@given(st.integers(min_value=0, max_value=10**9))
def test_grouping_and_leading_zeros_do_not_change_a_number(number: int) -> None:
    assert values(f"{number:,}") == values(str(number)) == values(f"00{number}") == [str(number)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We asked Petra Sundholm today.", ["Petra", "Sundholm"]),
        ("Petra asked. Monday is fine.", []),
        ("Please move it.\nMikael", ["Mikael"]),
        ("The VAT return of Lindqvist's desk", ["Lindqvist's"]),
        ('He said: "Fine by me."', []),
    ],
)
def test_names_are_capitalised_words_inside_sentences(text: str, expected: list[str]) -> None:
    assert [match[0] for match in names_in(text)] == expected


def test_facts_know_what_follows_from_a_date_and_a_time() -> None:
    facts = Facts.of(["2026-03-13T15:20"])
    assert facts.know("Friday")
    assert facts.know("March")
    assert not facts.know("Thursday")
    assert {"13", "2026", "15", "20", "3"} <= facts.numbers


def test_facts_know_possessives_and_plurals_of_their_words() -> None:
    facts = Facts.of(["Brannock Mutual settles a claim"])
    assert facts.know("Mutual's")
    assert facts.know("Claims")
    assert not facts.know("Brann")


def test_share_told_counts_content_not_grammar() -> None:
    assert share_told("The lorry leaves at noon", "Around noon, they say, that lorry leaves") == 1
    assert share_told("The lorry leaves at noon", "A boat came by") == 0
    assert share_told("It is so", "anything") == 1


def test_negations_in_all_spellings() -> None:
    assert negations("It isn't here, nobody came, and it was never asked without cause") == 4
    assert negations("A notable knot") == 0


@settings(max_examples=500)
@given(
    text=st.text(st.sampled_from("0123456789,.:-\u0665 x"), max_size=24)
    | st.lists(st.sampled_from(["No", "t", "not", "one", "body", "n\u2019t", "nor", "ever", " ", "e", "s"])).map(
        "".join
    )
)
def test_patterns_find_what_they_say(text: str) -> None:
    for pattern, plain in PLAIN.items():
        assert [(m.span(), m.groups()) for m in pattern.finditer(text)] == [
            (m.span(), m.groups()) for m in plain.finditer(text)
        ]


def plain_names(text: str) -> Iterator[re.Match[str]]:
    """Yield names as they are defined, word by word."""
    for line in re.finditer(r"[^\n]+", text):
        words = list(WORD.finditer(text, line.start(), line.end()))
        for word in words:
            if not word[0][0].isupper() or (len(word[0]) > 1 and word[0].isupper()):
                continue
            before = text[line.start() : word.start()].rstrip(" \"'“”‘’(")
            if (before and before[-1] not in ".!?:;") or len(words) == 1:
                yield word


@settings(max_examples=1000)
@given(st.text(st.sampled_from("aBcÉñ'’ .\n5_(\u01c5\u4e2d"), max_size=16))
def test_names_are_found_as_word_by_word(text: str) -> None:
    assert [match.span() for match in names_in(text)] == [match.span() for match in plain_names(text)]


@given(st.text(st.sampled_from("aBÉß'’ \n5²"), max_size=12))
def test_facts_have_words_and_their_parts(text: str) -> None:
    words = {word.casefold() for word in WORD.findall(text)}
    parts = {part for word in words for part in re.split(r"['’]", word)}
    assert words | parts <= Facts.of([text]).words <= words | parts | Facts.of([]).words
