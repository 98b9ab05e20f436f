"""``prompts/generate/wording.yaml``: voices to draw from, and wordings that prose must not have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property, lru_cache
from pathlib import Path

from pydantic import Field

from pipeline.schema.base import Record, Slug, Text
from pipeline.yaml_input import load_yaml_record

_BEGINNING = re.compile(r"\b\w{3}")
_ODD = (("\u0130", "i"), ("\u0131", "i"), ("\u0345", " "))


class Claim(Record):
    """Words that state something which only the facts can give: an approval, praise, a deadline.

    ``note`` says what, to the writer. The words may stand in prose in just the form in which the facts
    have them, so that "needs approval" does not become "approved". With ``tied``, the word before them
    has to be the facts' own too, so that "are approved" does not become "has been approved".
    """

    note: Text
    tied: bool = False
    phrases: tuple[Text, ...] = Field(min_length=1)


class Wording(Record):
    """Words that people tune.

    ``tellings`` and ``voices``: how a background is told and how a sender writes; one of each is
    drawn by seed. ``banned``: phrases that give generated prose away. ``claims``: phrases that need
    the facts behind them, by kind. Phrases are matched as :func:`phrase_pattern` says.
    """

    tellings: tuple[Text, ...] = Field(min_length=2)
    voices: tuple[Text, ...] = Field(min_length=2)
    banned: tuple[Text, ...] = ()
    claims: dict[Slug, Claim] = Field(default_factory=dict)

    def claims_in(self, text: str) -> Iterator[tuple[Claim, re.Match[str]]]:
        """Yield what a text claims, one kind after the other."""
        for number, match in phrase_matches(self._claimed, text):
            yield self._claim_of[number], match

    @cached_property
    def _claimed(self) -> tuple[str, ...]:
        return tuple(phrase for claim in self.claims.values() for phrase in claim.phrases)

    @cached_property
    def _claim_of(self) -> tuple[Claim, ...]:
        return tuple(claim for claim in self.claims.values() for _ in claim.phrases)


@lru_cache(maxsize=4096)
def phrase_pattern(phrase: str) -> re.Pattern[str]:
    """Return the pattern of a phrase: whole words, any case and white space; a final ``*`` matches any ending."""
    body = r"\s+".join(re.escape(word) for word in phrase.removesuffix("*").split())
    ending = r"\w*" if phrase.endswith("*") else ""
    return re.compile(rf"(?<!\w){body}{ending}(?!\w)", re.IGNORECASE)


def phrase_matches(phrases: tuple[str, ...], text: str) -> Iterator[tuple[int, re.Match[str]]]:
    """Yield the matches of phrases in a text, each after the number of its phrase (from 0).

    A pattern is tried only where its phrase's longest word may stand.
    """
    folded, beginnings = _read(text)
    by_beginning = _by_beginning(phrases)
    begun = sorted(one for beginning in by_beginning.keys() & beginnings for one in by_beginning[beginning])
    for number, longest in begun:
        if longest in folded:
            for match in phrase_pattern(phrases[number]).finditer(text):
                yield number, match


@lru_cache(maxsize=256)
def _by_beginning(phrases: tuple[str, ...]) -> dict[str, list[tuple[int, str]]]:
    """Return numbers and longest words of phrases by how the words begin; under nothing, those to be tried always."""
    found: dict[str, list[tuple[int, str]]] = {}
    for number, phrase in enumerate(phrases):
        longest = _longest_word(phrase)
        begins = _BEGINNING.match(longest)
        found.setdefault(begins[0] if begins else "", []).append((number, longest))
    return found


def _longest_word(phrase: str) -> str:
    """Return what stands in every text, folded, that a phrase matches; nothing for one with letters beyond ASCII."""
    return max(phrase.removesuffix("*").split(), key=len, default="").casefold() if phrase.isascii() else ""


@lru_cache(maxsize=256)
def _read(text: str) -> tuple[str, frozenset[str]]:
    """Return a text, folded, and how its words begin, nothing among it."""
    folded = _folded(text)
    return folded, frozenset({"", *_BEGINNING.findall(folded)})


def _folded(text: str) -> str:
    """Return a text with each letter that ``re.IGNORECASE`` takes for an ASCII letter as that letter.

    No sign becomes a letter: the one that would is left out.
    """
    for odd, plain in _ODD:
        text = text.replace(odd, plain)
    return text.casefold()


def load_wording(path: Path) -> Wording:
    """Read the file.

    Raises:
        InputError: for any mistake in it.
    """
    return load_yaml_record(path, Wording)
