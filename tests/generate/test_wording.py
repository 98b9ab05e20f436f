"""Phrases are found wherever their patterns match, though few patterns are tried."""

from __future__ import annotations

import sys

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.generate.programs import load_programs
from pipeline.generate.wording import Claim, Wording, _folded, phrase_matches, phrase_pattern

WORDING = load_programs().wording
PHRASES = (
    *WORDING.banned,
    *(phrase for claim in WORDING.claims.values() for phrase in claim.phrases),
    *("is", "is it", "kiss*", "a-b c", "\u00e9t\u00e9", "it's", "-is-"),
)
PIECES = (
    *(
        "approved",
        "Approval",
        "s",
        "sign",
        "off",
        "-",
        " ",
        "\n",
        "in today",
        "'s",
        "\u2019s",
        "as an AI",
        "is",
        "\u0131\u017f",
    ),
    *(
        "\u212a\u0130ss",
        "kissing",
        "a-b",
        "c",
        "\u00c9t\u00e9",
        "\u0345",
        "\u01f0",
        "\u00df",
        "it",
        "'",
        "DELVE",
        "_",
        "5",
    ),
)


@settings(max_examples=500, deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=8), between=st.sampled_from(["", " "]))
def test_no_match_is_missed(pieces: list[str], between: str) -> None:
    text = between.join(pieces)
    found = [(number, match.span()) for number, match in phrase_matches(PHRASES, text)]
    assert found == [
        (number, match.span())
        for number, phrase in enumerate(PHRASES)
        for match in phrase_pattern(phrase).finditer(text)
    ]


def test_no_sign_becomes_a_letter() -> None:
    signs = [char for char in map(chr, range(sys.maxunicode + 1)) if not (char.isalnum() or char == "_")]
    assert not [char for char in signs if any(one.isalnum() or one == "_" for one in _folded(char))]


def test_claims_come_with_their_kind_in_order() -> None:
    first, second = Claim(note="one", phrases=("go", "went")), Claim(note="other", phrases=("come", "go"))
    wording = Wording(tellings=("a", "b"), voices=("a", "b"), claims={"first": first, "second": second})
    found = [(claim.note, match[0]) for claim, match in wording.claims_in("Come and go, then went.")]
    assert found == [("one", "go"), ("one", "went"), ("other", "Come"), ("other", "go")]
