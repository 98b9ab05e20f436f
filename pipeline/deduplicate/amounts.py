"""The amounts of a text: numbers with their units, and which is less than which. Dates and codes are not amounts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import combinations

CODE, DATE = "code", "date"
DIGIT = re.compile(r"\d")
"""What every code, amount and unit has."""
REACH = 40
"""Characters before an amount in which the word before it is looked for."""
WORD = r"[^\W\d_][\w'\u2019-]*"

_MONTHS = (
    "January|February|March|April|May|June|July|August|September|October|November|December"
    "|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec"
)
_DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
DATES = re.compile(
    r"(?=[\dA-Z])(?:"  # what every date begins with, which is seen faster than that none of its forms is there
    rf"\d{{4}}-\d{{2}}-\d{{2}}(?:T\d{{2}}:\d{{2}}(?::\d{{2}})?)?|\b\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? (?:{_MONTHS})\b(?:,? \d{{4}}\b)?"
    rf"|\b(?:{_MONTHS})\.? \d{{1,2}}(?:st|nd|rd|th)?\b(?:,? \d{{4}}\b)?|\b(?:{_DAYS})s?\b"
    r"|\b\d{1,2}:\d{2}(?:\s?[ap]\.?m\b)?|\b\d{1,2}\s?[ap]m\b)"
)
CODES = re.compile(r"\b(?=[\w/#-]*\d)(?=[\w/#-]*[A-Za-z])(?!\d+(?:st|nd|rd|th)\b)[A-Za-z0-9][\w/#-]*\b|#\d+\b")
NUMBERS = re.compile(
    r"(?=[-+$€£¥EUGC\d])"  # what every number begins with
    r"(?:(?<![\w.])[-+]?(?:[$€£¥]\s?|(?:EUR|USD|GBP|CHF)\s)?\d+(?:[.,' ]?\d{3})*(?:[.,]\d+)?\s?%?|\d+)"
)
ATTACHED_UNIT = re.compile(r"\b(\d+(?:[.,]\d+)?)(mg|g|kg|ml|l|km|m|cm|mm|h|min|s|kW|kWh|MW|GB|MB|k|x)\b")
_UNIT = re.compile(r"\s*([^\W\d_]+)")
_WORD_BEFORE = re.compile(rf"({WORD})\W*$")


def amounts_of(text: str) -> tuple[str, ...]:
    """Return the numbers of a text, each with the word that follows it; dates and codes are not amounts."""
    return tuple(f"{number} {unit}" if unit else number for _, unit, number in _amounts(text))


def _placed(text: str) -> Iterator[tuple[str, str, float]]:
    """Yield of each amount the word before it, its unit and its value; a comma before three digits parts thousands."""
    for before, unit, number in _amounts(text):
        plain = re.sub(r"(?<=\d)[,' ](?=\d{3}(?!\d))", "", number).replace(",", ".")
        value = re.search(r"-?\d+(?:\.\d+)?", plain)
        if value is not None:
            yield before.casefold(), unit.casefold(), float(value.group())


def _amounts(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield of each amount the word before it, the word after it and the number as it stands."""
    if not DIGIT.search(text):
        return
    text = CODES.sub(CODE, ATTACHED_UNIT.sub(r"\1 \2", DATES.sub(DATE, text)))
    for match in NUMBERS.finditer(text):
        unit = _UNIT.match(text, match.end())
        before = _WORD_BEFORE.search(text, max(0, match.start() - REACH), match.start())
        yield before.group(1) if before else "", unit.group(1) if unit else "", match.group().strip()


def orders_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Return which amount is less than which, for amounts of one unit: ``gives mg < of mg``.

    Amounts are known by their unit and the word before them; two alike in both that differ in value say nothing,
    since they cannot be told apart in another telling.
    """
    values: dict[tuple[str, str], set[float]] = {}
    for before, unit, value in (placed for text in texts for placed in _placed(text)):
        values.setdefault((unit, before), set()).add(value)
    plain = sorted((key, next(iter(held))) for key, held in values.items() if len(held) == 1)
    found = []
    for (one, less), (other, more) in combinations(plain, 2):
        if one[0] == other[0] and less != more:
            low, high = sorted([(less, one), (more, other)])
            found.append(f"{low[1][1]} {low[1][0]} < {high[1][1]} {high[1][0]}")
    return tuple(found)
