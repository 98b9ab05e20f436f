"""From what a reader marks on the page to the place in the record.

The page writes out characters that cannot be seen (``⟨U+202E⟩``), so offsets on it are not those of the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import JsonValue

from pipeline.pages.text import visible
from pipeline.schema.scenario import Scenario


def text_at(scenario: Scenario, place: str) -> str | None:
    """Return the text at a dotted place of a scenario's JSON; ``None`` if there is none.

    Keys of records may hold dots themselves: the longest key that fits is taken.
    """
    record: JsonValue = scenario.model_dump(mode="json")
    return _text(record, place.split("."))


def raw_span(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Return the offsets in a text of a span of its visible form; ``None`` if it is no span of it, or empty.

    A span that begins or ends inside a written-out character takes in the whole character.
    """
    at, first, last = 0, None, None
    for number, char in enumerate(text):
        width = len(visible(char))
        if first is None and start < at + width:
            first = number
        at += width
        if last is None and end <= at:
            last = number + 1
            break
    if first is None or last is None or not 0 <= start < end or last <= first:
        return None
    return first, last


def raw_quote(text: str, quote: str) -> str | None:
    """Return the words of a text that a quote of its visible form stands for; ``None`` if they are not in it."""
    start = visible(text).find(quote)
    span = raw_span(text, start, start + len(quote)) if quote and start >= 0 else None
    return None if span is None else text[span[0] : span[1]]


def _text(value: Any, parts: Sequence[str]) -> str | None:
    if not parts:
        return value if isinstance(value, str) else None
    if isinstance(value, list):
        inside = parts[0].isdecimal() and int(parts[0]) < len(value)
        return _text(value[int(parts[0])], parts[1:]) if inside else None
    if isinstance(value, dict):
        for taken in range(len(parts), 0, -1):
            key = ".".join(parts[:taken])
            if key in value and (found := _text(value[key], parts[taken:])) is not None:
                return found
    return None
