"""All candidates of a page as columns: what its lists, filters and map go by, without their texts."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.pages.text import one_line
from pipeline.report.record import TITLE, outcome_of, title_of
from pipeline.schema.candidate import Candidate
from pipeline.schema.scenario import Scenario

NONE = ""
"""A value that a candidate does not have."""


def step_of(candidate: Candidate) -> str:
    """Return the step that turned a candidate away; empty for an accepted one."""
    if candidate.accepted:
        return NONE
    if candidate.decision is not None and candidate.decision.gate is not None:
        return candidate.decision.gate
    return candidate.failure.step if candidate.failure is not None else "undecided"


LABELS: dict[str, tuple[str, Callable[[Candidate], str]]] = {
    "motive": ("motive", lambda one: one.attempt.cell.motive),
    "risk_type": ("risk type", lambda one: one.attempt.cell.risk_type),
    "domain": ("domain", lambda one: one.attempt.cell.domain),
    "split": ("split", lambda one: one.split or NONE),
    "outcome": ("outcome", outcome_of),
    "step": ("step", step_of),
    "core": ("core from", lambda one: one.scenario.lineage.core if one.scenario else NONE),
    "situation": ("situation", lambda one: (one.scenario.lineage.situation or NONE) if one.scenario else NONE),
    "introduced": ("first in release", lambda one: one.scenario.introduced if one.scenario else NONE),
    "writer": ("written by", lambda one: (one.scenario.lineage.model or NONE) if one.scenario else NONE),
}
"""What candidates are filtered and coloured by: its heading, and its value for a candidate."""

NUMBERS: dict[str, tuple[str, Callable[[Candidate], int | None]]] = {
    "attempt": ("attempt", lambda one: one.attempt.number),
    "words": ("words that the agent reads", lambda one: words_of_view(one.scenario) if one.scenario else None),
    "calls": ("model calls", lambda one: one.usage.calls),
}
"""Likewise for numbers; ``None`` is unknown."""

TEXTS = ("id", "scenario", "title", "place", "reason")


@dataclass(frozen=True, slots=True)
class Line:
    """What columns hold of one candidate: a value for each of ``TEXTS``, ``LABELS`` and ``NUMBERS``."""

    texts: tuple[str | None, ...]
    labels: tuple[str, ...]
    numbers: tuple[int | None, ...]


def line_of(candidate: Candidate) -> Line:
    """Return what columns hold of a candidate."""
    scenario = candidate.scenario
    reason = "" if candidate.accepted else _reason(candidate)
    place = one_line(scenario.view.world.organisation.name, TITLE) if scenario else ""
    return Line(
        texts=(candidate.id, scenario.id if scenario else None, title_of(candidate), place, reason),
        labels=tuple(value_of(candidate) for _, value_of in LABELS.values()),
        numbers=tuple(number_of(candidate) for _, number_of in NUMBERS.values()),
    )


class Columns:
    """Grows by one candidate at a time."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str | None]] = {name: [] for name in TEXTS}
        self._values: dict[str, dict[str, int]] = {name: {} for name in LABELS}
        self._at: dict[str, array[int]] = {name: array("i") for name in LABELS}
        self._numbers: dict[str, list[int | None]] = {name: [] for name in NUMBERS}
        self._text_at: list[int] = []

    def add(self, line: Line, text_at: int) -> None:
        """Add a candidate. ``text_at`` is the number of its text among those of the page, -1 if it has none there."""
        for column, text in zip(self._texts.values(), line.texts, strict=True):
            column.append(text)
        for name, value in zip(LABELS, line.labels, strict=True):
            known = self._values[name]
            self._at[name].append(known.setdefault(value, len(known)))
        for column_of, number in zip(self._numbers.values(), line.numbers, strict=True):
            column_of.append(number)
        self._text_at.append(text_at)

    def as_json(self) -> dict[str, Any]:
        """Return the columns; labels as numbers of their values."""
        return {
            **self._texts,
            "labels": [
                {"name": name, "label": label, "values": list(self._values[name]), "at": self._at[name].tolist()}
                for name, (label, _) in LABELS.items()
            ],
            "numbers": [
                {"name": name, "label": label, "at": self._numbers[name]} for name, (label, _) in NUMBERS.items()
            ],
            "text_at": self._text_at,
        }


def words_of_view(scenario: Scenario) -> int:
    """Return how many words of prose an agent reads before it calls a tool."""
    view = scenario.view
    texts = (view.world.background, view.agent.request, *view.world.norms, *(entry.text for entry in view.memory))
    return sum(len(text.split()) for text in texts)


def _reason(candidate: Candidate) -> str:
    if candidate.decision is not None:
        return one_line(candidate.decision.reason, TITLE)
    return one_line(candidate.failure.reason, TITLE) if candidate.failure else ""
