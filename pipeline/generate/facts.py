"""What a core lets prose say: its words and its numbers, however they are written."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from pipeline.generate.slots import MONTHS, WEEKDAYS

NUMBER = re.compile(r"\d(?:\d{0,2}(?:,\d{3})+|\d*)(?:\.\d+)?")
CLOCK = re.compile(r"(\d(?<!\d\d)\d?):(\d{2})(?!\d)")
ISO_DATE = re.compile(r"(\d(?<!\d\d)\d{3})-(\d{2})-(\d{2})(?!\d)")
"""As the others, with a digit first and what may not be before it second: ``re`` skips ahead to a digit."""
LINE = re.compile(r"[^\n]+")
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
CAPITALISED = re.compile(r"[^\W\d_a-z](?<![^\W\d_]{2})[^\W\d_]*(?:['’][^\W\d_]+)?")
"""Words that do not begin with a letter from a to z."""
LATE_CAPITAL = re.compile(r"['’][^\W\d_a-z]")
"""Where a word might begin, and might not, for :data:`CAPITALISED`."""
POSSESSIVE = re.compile(r"['’]s?$")
APOSTROPHE = re.compile(r"['’]")
NEGATION = re.compile(r"\b(?:n(?:o(?:t|ne|body|thing|r)?|ever|either)|without|cannot)\b|n['’]t\b", re.IGNORECASE)

NUMBER_WORDS = {
    "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18,
    "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90, "hundred": 100, "thousand": 1000, "million": 1_000_000,
}  # fmt: skip
"""Number words that state a quantity. "One" and "two" are left out: they are mostly grammar."""

NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(NUMBER_WORDS)})\b", re.IGNORECASE)
_FIRST_LETTERS = "".join(sorted({word[0] for word in NUMBER_WORDS}))
_LOWER_NUMBER_WORD = re.compile(rf"\b(?=[{_FIRST_LETTERS}])(?:{'|'.join(NUMBER_WORDS)})\b")
"""The same for text in lower case, in a sixth of the time."""

_UNEVEN = frozenset("\u0130\u0131\u017f\u212a")
"""Letters whose lower case is longer, or that ``re.IGNORECASE`` takes for an ASCII letter."""

FORMS_OF_ADDRESS = frozenset({
    "i", "i'm", "i've", "i'd", "i'll", "hi", "hello", "dear", "thanks", "thank", "regards", "best", "kind", "team",
    "all", "everyone", "good", "morning", "afternoon", "evening", "assistant", "agent", "am", "pm", "ok", "please",
})  # fmt: skip
"""Capitalised words of letters that name nobody."""


@dataclass(frozen=True)
class Facts:
    """Everything that prose may draw on: the facts, one a line."""

    text: str

    @classmethod
    def of(cls, texts: Iterable[str]) -> Facts:
        """Collect the facts of some texts."""
        return _facts_in("\n".join(texts))

    @cached_property
    def words(self) -> frozenset[str]:
        """Their words in casefolded form, with the calendar words that their dates imply."""
        words = {word.casefold() for word in words_in(self.text)}
        parts = {part for word in words if not word.isalpha() for part in APOSTROPHE.split(word)}
        return frozenset(words | parts | FORMS_OF_ADDRESS | set(_calendar_words(self.text)))

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Their numbers in normal form (no grouping, no leading zeros)."""
        return frozenset({value for _, value in numbers_in(self.text)} | set(_half_day_hours(self.text)))

    def know(self, word: str) -> bool:
        """Whether the facts have a word, in the singular, the plural or as a possessive."""
        folded = word.casefold()
        base = POSSESSIVE.sub("", folded)
        return not self.words.isdisjoint((folded, base, base.removesuffix("s"), f"{base}s"))


@lru_cache(maxsize=1024)
def _facts_in(text: str) -> Facts:
    return Facts(text)


@lru_cache(maxsize=256)
def words_in(text: str) -> tuple[str, ...]:
    """Return the words of a text, as they stand there."""
    return tuple(WORD.findall(text))


@lru_cache(maxsize=1024)
def numbers_in(text: str) -> tuple[tuple[re.Match[str], str], ...]:
    """Return each number of a text with its value in normal form: ``2,400`` and ``2400``, ``09`` and ``nine``."""
    figures = [(match, _normal(match[0])) for match in NUMBER.finditer(text)]
    words = [(match, str(NUMBER_WORDS[match[0].casefold()])) for match in _number_words(text)]
    return (*figures, *words)


def _number_words(text: str) -> Iterator[re.Match[str]]:
    """Yield the number words; a text with letters that have no one lower case is looked through the slow way."""
    if not text.isascii() and not _UNEVEN.isdisjoint(text):
        yield from NUMBER_WORD.finditer(text)
        return
    for found in _LOWER_NUMBER_WORD.finditer(text.lower()):
        match = NUMBER_WORD.match(text, found.start())
        if match is not None:
            yield match


def names_in(text: str) -> Iterator[re.Match[str]]:
    """Yield capitalised words inside sentences: names of people and places, days, months.

    The first word of a sentence is taken for a name only when a line holds nothing else, as the
    signature of a message does. Words in capitals throughout (``VAT``) are abbreviations, no names.
    """
    capitalised = WORD if LATE_CAPITAL.search(text) else CAPITALISED
    for line in LINE.finditer(text):
        for word in capitalised.finditer(text, line.start(), line.end()):
            said = word[0]
            if not said[0].isupper() or (len(said) > 1 and said.isupper()):
                continue
            before = text[line.start() : word.start()].rstrip(" \"'“”‘’(")
            opens = not before or before[-1] in ".!?:;"
            if not opens or _is_alone(word, line):
                yield word


def _is_alone(word: re.Match[str], line: re.Match[str]) -> bool:
    """Whether a line holds no other word."""
    first = WORD.search(line.string, line.start(), word.end())
    after = WORD.search(line.string, word.end(), line.end())
    return after is None and first is not None and first.start() == word.start()


def share_told(fact: str, text: str) -> float:
    """Return the share of a fact's content that stands in a text, from 0 to 1 (1 for a fact without content)."""
    wanted = content_stems(fact)
    return len(wanted & content_stems(text)) / len(wanted) if wanted else 1.0


@lru_cache(maxsize=4096)
def content_stems(text: str) -> frozenset[str]:
    """Return the first five letters of each word of four letters or more, and the numbers, as a bag of content."""
    stems = {word.casefold()[:5] for word in words_in(text) if len(word) >= 4}
    return frozenset(stems | {value for _, value in numbers_in(text)})


def negations(text: str) -> int:
    """Return how many negations a text has."""
    return len(NEGATION.findall(text))


def _normal(number: str) -> str:
    whole, point, part = number.replace(",", "").partition(".")
    part = part.rstrip("0")
    return (whole.lstrip("0") or "0") + (point + part if part else "")


def _calendar_words(text: str) -> Iterator[str]:
    """Yield month and weekday, in casefolded form, of every ISO date."""
    for match in ISO_DATE.finditer(text):
        try:
            date = datetime.date(int(match[1]), int(match[2]), int(match[3]))
        except ValueError:
            continue
        yield MONTHS[date.month - 1].casefold()
        yield WEEKDAYS[date.weekday()].casefold()


def _half_day_hours(text: str) -> Iterator[str]:
    """Yield the hour on a twelve-hour clock of each time of day."""
    for match in CLOCK.finditer(text):
        yield str((int(match[1]) - 1) % 12 + 1)
