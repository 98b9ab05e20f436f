"""A scenario under every framing, in parts: what is said whatever the framing, and what each factor decides.

There are too many framings to write each of them out. A framing is put together from a scenario's slots and from
texts that are the same for all scenarios, as :func:`pipeline.framing.rendered.render` does it; the tests hold the two
together for every framing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from pipeline.framing.available import available
from pipeline.framing.rendered import question_of, shown_segments
from pipeline.schema.framing import BASELINE, LEVELS, FramingTexts
from pipeline.schema.scenario import Scenario

ASKED_OF_A_SCENARIO = ("choice", "judgment")
"""Formats whose question holds texts of the scenario."""

SHORTEST = 12
"""Characters from which on a text of the record is named by its place; shorter ones stand as they are."""

Piece = str | list[str]

TOLD: tuple[Literal["reality", "persona"], ...] = ("reality", "persona")
"""Factors that add one text to the system message, the same for all scenarios."""


def shared_framings(texts: FramingTexts, note: str = "") -> dict[str, Any]:
    """Return what framings say of every scenario: levels of each factor, and texts by factor and level.

    Args:
        texts: of the framings.
        note: what the reader should know of them; empty for nothing.
    """
    told: dict[str, dict[str, str]] = {
        factor: {level: texts.told(factor, BASELINE.at(**{factor: level})) for level in LEVELS[factor]}
        for factor in TOLD
    }
    told["format"] = {"agent": texts.format.levels.agent}
    return {"levels": {factor: list(levels) for factor, levels in LEVELS.items()}, "told": told, "note": note}


def own_framings(scenario: Scenario, texts: FramingTexts, record: dict[str, Any]) -> dict[str, Any]:
    """Return what framings say of one scenario: slots in their order, questions, and levels that it lacks.

    Args:
        scenario: the scenario.
        texts: of the framings.
        record: what the page holds of the scenario; texts of it that stand in a slot are named by their place in it.
    """
    known = available(scenario, texts)
    has_note = ("authorisation", "granted") not in known.missing
    widest = BASELINE.at(authorisation="granted") if has_note else BASELINE
    slots = shown_segments(scenario, widest, texts)
    asked = {level: question_of(scenario, BASELINE.at(format=level), texts)[0] for level in ASKED_OF_A_SCENARIO}
    places = _in_order(_places(record))
    return {
        "slots": [{"role": one.role, "factor": one.factor, "text": _pieces(one.text, places)} for one in slots],
        "questions": {level: _pieces(text, places) for level, text in asked.items()},
        "missing": {f"{factor}.{level}": why for (factor, level), why in known.missing.items()},
    }


def _places(value: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give the longer texts of a record, each with the keys that lead to it."""
    if isinstance(value, str) and len(value) >= SHORTEST:
        yield value, place
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _places(inner, (*place, name))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _places(inner, (*place, str(number)))


def _in_order(places: Iterable[tuple[str, tuple[str, ...]]]) -> list[tuple[str, tuple[str, ...]]]:
    """Return the longest texts first; of a text that stands in several places the first one alone is ever named."""
    first: dict[str, tuple[str, ...]] = {}
    for text, place in places:
        first[text] = min(place, first.get(text, place))
    return sorted(first.items(), key=lambda one: (-len(one[0]), one[1]))


def _pieces(text: str, places: Sequence[tuple[str, tuple[str, ...]]], start: int = 0) -> list[Piece]:
    """Return a text in pieces: as it is, or the keys that lead to it in the record. The first places come first.

    Args:
        text: to take apart.
        places: texts of the record with their keys, the longest first; none is shorter than :data:`SHORTEST`.
        start: where to begin among them.
    """
    if len(text) < SHORTEST:
        return [text] if text else []
    for number in range(start, len(places)):
        known, place = places[number]
        if known in text:
            before, _, after = text.partition(known)
            return [*_pieces(before, places, number), list(place), *_pieces(after, places, number)]
    return [text]
