"""Figures that cannot be, and figures and numbers of records that nobody counted."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Mapping

from pydantic import JsonValue
from typing_extensions import TypeIs

from pipeline.schema.tool import State
from pipeline.validate.gates.sighting import Sighting, at_match
from pipeline.validate.sieve import Sieve

_BOUNDS: tuple[tuple[re.Pattern[str], float, float, str], ...] = (
    (re.compile(r"(^|_)age(_years)?$"), 0, 120, "years of age"),
    (re.compile(r"(^|_)ph(_value)?$"), 0, 14, "the scale of pH"),
    (re.compile(r"(^|_)latitude$"), -90, 90, "degrees of latitude"),
    (re.compile(r"(^|_)longitude$"), -180, 180, "degrees of longitude"),
    (re.compile(r"(^|_)(humidity|fill_level|occupancy)(_percent|_pct)?$"), 0, 100, "per cent"),
    (re.compile(r"(^|_)hours_(per|a)_day$"), 0, 24, "hours of a day"),
)
"""By the end of a field's name, what its values lie between."""

_OF_ALL = re.compile(
    r"(?<![\d.,])(?P<figure>\d{3,5})(?:\.\d+)? ?(?:%|per ?cent) of (?:the|all|our|its|their|those|these)\b",
    re.IGNORECASE,
)
_PER = re.compile(
    r"(?<![\d.,])(?P<figure>\d{1,4}) (?P<unit>hours|days|months) (?:a|per|each|every|of the|in a) "
    r"(?P<whole>day|week|month|year)\b",
    re.IGNORECASE,
)
_MOST = {"hours day": 24, "hours week": 168, "days week": 7, "days month": 31, "days year": 366, "months year": 12}
_PH = re.compile(r"\bpH (?:of |is |at )?(?P<figure>\d{1,3})(?![\d/])")
_COLD = re.compile(r"(?:-|\u2212|minus )(?P<figure>\d{3,4})(?:\.\d+)? ?(?:°C|degrees C(?:elsius)?\b)")
_OUT_OF = re.compile(
    r"(?<![\d.,:/-])(?P<part>\d{1,6}) (?:out of|of the|of our) (?:the )?(?P<whole>\d{1,6})\b"
    r"(?![.,:/-]\d)(?! ?(?:mg|g|kg|ml|l|mm|cm|m|kv|v|w|kw|a|%|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))",
    re.IGNORECASE,
)
_COLD_STORE = re.compile(
    r"\b(?:freezer|fridge|cold store|cold room|tank)\b[^.!?\n]{0,40}? (?:-|\u2212|minus )"
    r"(?P<figure>\d{3,4})(?![\d.,:-])",
    re.IGNORECASE,
)
_OLD = re.compile(r"\b(?:I am|I'm|he is|she is|he's|she's|aged|age) (?P<figure>\d{3})(?: years| and|[,.;)]|$)")
_ANSWERED = re.compile(
    r"\b(?P<whole>\d{1,6}) (?:sent|invited|asked|mailed|issued|handed out), (?P<part>\d{1,6}) "
    r"(?:answered|replied|returned|opened|accepted)\b"
)
_ODD_WEEK = re.compile(r"\b[Ww]eek (?:5[4-9]|[6-9]\d)\b(?! of)")
_BELOW_NOTHING = re.compile(
    r"\bminus \d[\d,.]* ?(?:kg|kilos|tonnes|litres|metres|people|persons|pupils|patients|sent|answered)\b"
)
_BORN = re.compile(r"\bborn (?:in )?1[0-7]\d\d\b")
_LIVED = 119
_ZERO_C = 273
_AT_MOST = {
    "of all": (100, "more than all"),
    "pH": (14, "the scale of pH ends at 14"),
    "cold": (_ZERO_C, "colder than cold can be"),
    "cold store": (_ZERO_C, "colder than cold can be"),
    "old": (_LIVED, "older than anyone"),
}
_ODD = {
    "odd week": "a year has 53 weeks at most",
    "below nothing": "an amount below nothing",
    "born": "born centuries ago",
}
_PATTERNS = Sieve(
    {
        "of all": _OF_ALL,
        "pH": _PH,
        "cold": _COLD,
        "cold store": _COLD_STORE,
        "old": _OLD,
        "per": _PER,
        "odd week": _ODD_WEEK,
        "below nothing": _BELOW_NOTHING,
        "born": _BORN,
        "out of": _OUT_OF,
        "answered": _ANSWERED,
    }
)
_LEAST_FIGURES = 6
_ROUND_SHARE = 0.9
_TIMES = 1000
_LEAST_KEYS = 3
_FIRST_NUMBERS = (1, 100, 101, 1000, 1001, 10001)
_KEY = re.compile(r"(?P<prefix>.*?)(?P<number>\d{3,})")


def figures_in(place: str, text: str) -> Iterator[Sighting]:
    """Yield figures in a text that cannot be: more than all, more hours than a day has, beyond a scale."""
    for name, match in _PATTERNS.matches(text):
        if name in _ODD:
            yield at_match("odd_figure", place, match, _ODD[name])
        elif (said := _impossible(name, match)) is not None:
            yield at_match("impossible_figure", place, match, said)


def _impossible(name: str, match: re.Match[str]) -> str | None:
    """Return why a figure that a pattern found cannot be; ``None`` if it can."""
    if name in _AT_MOST:
        most, said = _AT_MOST[name]
        return said if int(match["figure"]) > most else None
    if name == "per":
        longest = _MOST.get(f"{match['unit']} {match['whole']}".lower())
        return f"a {match['whole']} has {longest}" if longest is not None and int(match["figure"]) > longest else None
    return "the part is larger than the whole" if int(match["part"]) > int(match["whole"]) else None


def figures_of_records(state: State) -> Iterator[Sighting]:
    """Yield fields of records with figures that cannot be, or out of all scale, or round all over.

    Args:
        state: collections of records.
    """
    figures = list(_figures(state))
    for place, name, value in figures:
        for pattern, least, most, what in _BOUNDS:
            if pattern.search(name) and not least <= value <= most:
                said = f"`{name}` is {value:g}; {what} go from {least:g} to {most:g}"
                yield Sighting("impossible_figure", place, "", said=said)
    yield from _out_of_scale(state)
    counted = [value for _, _, value in figures if abs(value) >= 100 and not 1900 <= value <= 2100]
    is_round = [value % 100 == 0 for value in counted]
    if len(counted) >= _LEAST_FIGURES and sum(is_round) >= _ROUND_SHARE * len(counted):
        said = f"{sum(is_round)} of {len(counted)} figures from 100 on end in 00"
        yield Sighting("round_figures", "simulation.state", "", said=said)


def counted_ids(state: State) -> Iterator[Sighting]:
    """Yield collections whose records are numbered 001, 002, 003 (or from 100, 101, 1000, 1001) without a gap.

    Numbers of one and two digits are left alone: lines, volumes and rooms are counted like that everywhere.
    """
    for collection, records in state.items():
        matches = [_KEY.fullmatch(key) for key in records]
        if len(records) < _LEAST_KEYS or None in matches:
            continue
        known = [match for match in matches if match is not None]
        numbers = sorted(int(match["number"]) for match in known)
        follow = numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        if follow and numbers[0] in _FIRST_NUMBERS and len({match["prefix"] for match in known}) == 1:
            said = ", ".join(list(records)[:_LEAST_KEYS])
            yield Sighting("counted_ids", f"simulation.state.{collection}", "", said=said)


def _out_of_scale(state: State) -> Iterator[Sighting]:
    for collection, records in state.items():
        by_field: dict[str, list[tuple[str, float]]] = {}
        for key, record in records.items():
            for name, value in record.items():
                if _is_figure(value) and value > 0:
                    by_field.setdefault(name, []).append((f"simulation.state.{collection}.{key}.{name}", value))
        for name, values in by_field.items():
            usual = statistics.median(value for _, value in values)
            if len(values) < _LEAST_KEYS:
                continue
            for place, value in values:
                if value >= _TIMES * usual or value * _TIMES <= usual:
                    said = f"`{name}` is {value:g}, where {usual:g} is usual"
                    yield Sighting("out_of_scale", place, "", said=said)


def _figures(state: State) -> Iterator[tuple[str, str, float]]:
    """Yield place, field name and value of every figure in the records."""
    for collection, records in state.items():
        for key, record in records.items():
            yield from _figures_in(f"simulation.state.{collection}.{key}", record)


def _figures_in(place: str, record: Mapping[str, JsonValue]) -> Iterator[tuple[str, str, float]]:
    for name, value in record.items():
        if _is_figure(value):
            yield f"{place}.{name}", name, value
        elif isinstance(value, dict):
            yield from _figures_in(f"{place}.{name}", value)


def _is_figure(value: JsonValue) -> TypeIs[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
