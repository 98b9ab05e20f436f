"""``prompts/generate/wording.yaml``: voices to draw from, and wordings that prose must not have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from pydantic import Field

from pipeline.schema.base import Record, Slug, Text
from pipeline.yaml_input import load_yaml_record


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


@lru_cache(maxsize=4096)
def phrase_pattern(phrase: str) -> re.Pattern[str]:
    """Return the pattern of a phrase: whole words, any case and white space; a final ``*`` matches any ending."""
    body = r"\s+".join(re.escape(word) for word in phrase.removesuffix("*").split())
    ending = r"\w*" if phrase.endswith("*") else ""
    return re.compile(rf"(?<!\w){body}{ending}(?!\w)", re.IGNORECASE)


def phrase_matches(phrases: Sequence[str], text: str) -> Iterator[re.Match[str]]:
    """Yield the matches of phrases in a text; a pattern is tried only where its phrase's longest word stands."""
    folded = _folded(text)
    for phrase, longest in _with_longest_words(tuple(phrases)):
        if longest in folded:
            yield from phrase_pattern(phrase).finditer(text)


@lru_cache(maxsize=256)
def _with_longest_words(phrases: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((phrase, _longest_word(phrase)) for phrase in phrases)


def _longest_word(phrase: str) -> str:
    """Return what stands in every text, folded, that a phrase matches; nothing for one with letters beyond ASCII."""
    return max(phrase.removesuffix("*").split(), key=len, default="").casefold() if phrase.isascii() else ""


@lru_cache(maxsize=256)
def _folded(text: str) -> str:
    """Return a text with each letter that ``re.IGNORECASE`` takes for an ASCII letter as that letter."""
    return text.translate({ord("İ"): "i", ord("ı"): "i"}).casefold()


def load_wording(path: Path) -> Wording:
    """Read the file.

    Raises:
        InputError: for any mistake in it.
    """
    return load_yaml_record(path, Wording)
