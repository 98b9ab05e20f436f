"""Brings text to the form in which word lists are matched, and keeps the way back to the original spans.

A reader takes ``\u0430nswer`` with a Cyrillic first letter, full-width letters and letters with an invisible
character between them for the same words. So do language models, and word lists have to as well.
Compatibility forms are those of Unicode (NFKD, UAX #15), look-alikes those of its confusables (UTS #39) as
``confusable_homoglyphs`` carries them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_TAGS = range(0xE0020, 0xE007F)
"""Tag characters: ASCII that does not show."""
_BEYOND = re.compile(r"[^\x00-\x7f]")
_NAMED_LETTER = re.compile(r"\b(SMALL|CAPITAL|SYMBOL)(?: CAPITAL)? LETTER ([A-Z])$|LETTER SMALL CAPITAL ([A-Z])$")
_PUNCTUATION = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2010": "-", "\u2011": "-"})


@dataclass(frozen=True)
class Folded:
    """A folded text. ``origin[i]`` is the offset in the original of the character that gave ``text[i]``."""

    text: str
    origin: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the original that a span of the folded text (not empty) came from."""
        return self.origin[start], self.origin[end - 1] + 1


def fold(text: str) -> Folded:
    """Return ``text`` without marks and characters that do not show, in plain letters where any look or count alike."""
    if text.isascii():
        return Folded(text, range(len(text)))
    if all(len(_folded_char(char)) == 1 for char in _BEYOND.findall(text)):
        return Folded(_BEYOND.sub(lambda found: _folded_char(found[0]), text), range(len(text)))
    pieces = [(part, offset) for offset, char in enumerate(text) for part in _folded_char(char)]
    return Folded("".join(part for part, _ in pieces), tuple(offset for _, offset in pieces))


@lru_cache(maxsize=8192)
def _folded_char(char: str) -> str:
    if char.isascii():
        return char
    if ord(char) in _TAGS:
        return chr(ord(char) - 0xE0000)
    decomposed = unicodedata.normalize("NFKD", char)
    return "".join(_plain(part) for part in decomposed)


def _plain(char: str) -> str:
    """Return the ASCII letter that a character is read as; nothing for marks and format characters."""
    if char.isascii():
        return char
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return ""
    if char in "\u2018\u2019\u201c\u201d\u2010\u2011":
        return char.translate(_PUNCTUATION)
    named = _NAMED_LETTER.search(unicodedata.name(char, ""))
    if named and ("LATIN" in unicodedata.name(char) or "SYMBOL" in unicodedata.name(char)):
        return (named[2] or named[3]).lower()
    return look_alike(char) or char


@lru_cache(maxsize=8192)
def look_alike(char: str) -> str:
    """Return the ASCII letter that a letter of another script looks like; empty where there is none."""
    from confusable_homoglyphs import confusables

    if char.isascii() or not char.isalpha():
        return ""
    found = confusables.is_confusable(char, greedy=False, preferred_aliases=[])
    letters: list[str] = [twin["c"] for entry in found or [] for twin in entry["homoglyphs"]]
    plain = sorted(letter for letter in letters if len(letter) == 1 and letter.isascii() and letter.isalpha())
    wanted = [letter for letter in plain if letter.isupper() == char.isupper()]
    return (wanted or plain or [""])[0]
