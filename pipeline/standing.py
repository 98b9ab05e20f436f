"""Where a build stands: what is accepted and turned away, what each cell still lacks, what was spent, when it ends."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipeline.schema.candidate import Usage

StageName = Literal["generate", "validate"]
Tariff = Callable[[Usage], float | None]
"""What the calls of a stage cost; ``None`` where that is not known."""

LEAST_DECIDED = 5
"""Candidates to be decided on before anything is said of the end."""


@dataclass
class CellStanding:
    """One cell: ``quota`` rows still to be made at the start, ``most`` attempts that it may make at all."""

    cell: str
    quota: int
    most: int
    accepted: int = 0
    decided: int = 0

    @property
    def full(self) -> bool:
        """Whether it has what it was to have."""
        return self.accepted >= self.quota

    @property
    def lacking(self) -> int:
        """Rows that it lacks."""
        return max(0, self.quota - self.accepted)

    @property
    def left(self) -> int:
        """Attempts that it may still make."""
        return max(0, self.most - self.decided)

    @property
    def short(self) -> bool:
        """Whether it can no longer become full."""
        return self.lacking > self.left


@dataclass
class Standing:
    """Counts that a build keeps up while it runs; whoever shows them reads them when it likes.

    Args:
        cells: by id.
        tariffs: of the stages; where there is none, nothing is charged.
        currency: of the tariffs.
        clock: seconds since some moment, never running backwards.
    """

    cells: dict[str, CellStanding]
    tariffs: Mapping[StageName, Tariff] = field(default_factory=dict)
    currency: str | None = None
    clock: Callable[[], float] = time.monotonic
    turned_away: Counter[str] = field(default_factory=Counter)
    spent: dict[StageName, Usage] = field(default_factory=lambda: {"generate": Usage(), "validate": Usage()})

    def __post_init__(self) -> None:
        self._begun = self.clock()
        self._generated: dict[str, Usage] = {}

    def generated(self, candidate: str, usage: Usage) -> None:
        """Count what the making of a candidate took."""
        self._generated[candidate] = usage
        self.spent["generate"] += usage

    def decided(self, candidate: str, cell: str, usage: Usage, turned_away_by: str | None) -> None:
        """Count a decision: accepted if no gate turned the candidate away. ``usage`` is of all that it took."""
        made = self._generated.pop(candidate, Usage())
        self.spent["validate"] += _less(usage, made)
        standing = self.cells[cell]
        standing.decided += 1
        if turned_away_by is None:
            standing.accepted += 1
        else:
            self.turned_away[turned_away_by] += 1

    @property
    def quota(self) -> int:
        """Rows to be made."""
        return sum(cell.quota for cell in self.cells.values())

    @property
    def accepted(self) -> int:
        """Rows accepted, of a cell at most its quota."""
        return sum(min(cell.accepted, cell.quota) for cell in self.cells.values())

    @property
    def decisions(self) -> int:
        """Candidates decided on."""
        return sum(cell.decided for cell in self.cells.values())

    @property
    def full(self) -> int:
        """Cells that have what they were to have."""
        return sum(cell.full for cell in self.cells.values())

    @property
    def short(self) -> int:
        """Cells that can no longer become full."""
        return sum(cell.short for cell in self.cells.values())

    @property
    def usage(self) -> Usage:
        """Calls and tokens of the candidates so far, whether paid for now or found in the store."""
        return self.spent["generate"] + self.spent["validate"]

    @property
    def money(self) -> float | None:
        """What these cost at list prices; ``None`` where a price or a count is not known."""
        parts = [tariff(self.spent[stage]) for stage, tariff in self.tariffs.items()]
        known = [part for part in parts if part is not None]
        return sum(known) if len(known) == len(parts) else None

    @property
    def ends_in(self) -> float | None:
        """Seconds to go at the pace and the share accepted so far; ``None`` while too little is known."""
        decided, seconds = self.decisions, self.clock() - self._begun
        if decided < LEAST_DECIDED or seconds <= 0:
            return None
        share = max(sum(cell.accepted for cell in self.cells.values()) / decided, 1 / (decided + 1))
        to_do = sum(min(cell.left, cell.lacking / share) for cell in self.cells.values())
        return to_do * seconds / decided

    def counts(self) -> dict[str, object]:
        """Return the figures by one-word names, for lines that programs read; those not known are left out."""
        ends_in, money, usage = self.ends_in, self.money, self.usage
        told: dict[str, object | None] = {
            "accepted": self.accepted,
            "quota": self.quota,
            "cells": len(self.cells),
            "full": self.full,
            "short": self.short,
            "decided": self.decisions,
            "turned_away": self.turned_away.total(),
            "calls": usage.calls,
            "tokens": usage.tokens,
            "money": None if money is None or self.currency is None else f"{money:.4f}",
            "currency": None if money is None else self.currency,
            "seconds_left": None if ends_in is None else round(ends_in),
        }
        return {name: value for name, value in told.items() if value is not None}


def _less(whole: Usage, part: Usage) -> Usage:
    """Return what remains of counts; unknown where either is."""

    def rest(a: int | None, b: int | None) -> int | None:
        return None if a is None or b is None else a - b

    return Usage(
        calls=whole.calls - part.calls,
        prompt_tokens=rest(whole.prompt_tokens, part.prompt_tokens),
        completion_tokens=rest(whole.completion_tokens, part.completion_tokens),
    )
