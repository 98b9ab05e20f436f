"""Expressions as RE2 is to read them; that they match wherever Python's do stands in test_may_match.py."""

from __future__ import annotations

import pytest

from pipeline.validate.widened import widened


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"(?<![\w)])\bno(?!t(?:hing|e)\)|[)]) one", "no one"),
        (r"(?:a(?=b[)])c)+", "(?:ac)+"),
        (r"\u2010\x41\U0001f300\.", r"\x{2010}\x{41}\x{0001f300}\."),
        ("[]a[b-]x{,3}", r"[]a\[b\-]x{0,3}"),
        (r"[^\]\n]\]", r"[^\]\n]\]"),
        (r"[\u0100-]", r"[\x{0100}\-i]"),
        ("[A-Za-z0-9+/_-]{16,}", r"[A-Za-z0-9+/_\-]{16,}"),
        ("[-A-Z]-", "[-A-Z]-"),
        ("[^\u0131]\u0131", "[^\u0131]i"),
        (r"[\b.]\B", r"[\x{08}.]"),
    ],
)
def test_what_is_left_out_and_what_is_told_otherwise(pattern: str, expected: str) -> None:
    assert widened(pattern) == expected


@pytest.mark.parametrize("kind", [r"\w", r"\D", r"\s"])
def test_a_class_that_excludes_a_kind_of_characters_has_no_wider_one(kind: str) -> None:
    with pytest.raises(ValueError, match="in a class that excludes it"):
        widened(f"a[^{kind}]")
