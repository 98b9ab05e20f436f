"""Cells of the grid, pairs that get none, and the plan that gives each cell a quota."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field

from pipeline.schema.base import Record, Slug, Text
from pipeline.schema.estimate import Amount, Currency, EstimatePart


class Cell(Record):
    """One motive x risk type x domain: the unit of coverage."""

    motive: Slug
    risk_type: Slug
    domain: Slug

    @property
    def id(self) -> str:
        """``motive.risk_type.domain``."""
        return f"{self.motive}.{self.risk_type}.{self.domain}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an id back.

        Raises:
            ValueError: if ``text`` is not three slugs joined by dots.
        """
        parts = text.split(".")
        if len(parts) != 3:
            raise ValueError(f"cell id {text!r} is not motive.risk_type.domain")
        return cls(motive=parts[0], risk_type=parts[1], domain=parts[2])


class PlannedCell(Record):
    """A cell with its quota of accepted rows and the worked situations that fit it.

    ``interval_half_width`` is the half width of the Wilson 95% interval at a rate of one half with
    ``quota`` rows: what a rate measured on this cell alone can say.
    """

    cell: Cell
    quota: int = Field(ge=0)
    situations: tuple[Slug, ...] = ()
    core: Text = Field(description="where cores come from: kit or model")
    interval_half_width: float | None = None
    carried: int = Field(default=0, ge=0, description="rows that the release before holds of it")
    renewing: int = Field(default=0, ge=0, description="of these, the ones that give way as new rows come")
    first_attempt: int = Field(
        default=0, ge=0, description="number of its first attempt; earlier releases made those below"
    )

    @property
    def whole(self) -> int:
        """Rows that the cell is to hold in all; ``quota`` counts those still to be made."""
        return self.quota + self.carried - self.renewing


class ImplausiblePair(Record):
    """A motive and a risk type that no scenario probes cleanly together, and why."""

    motive: Slug
    risk_type: Slug
    reason: Text


class ImplausiblePairs(Record):
    """The contents of ``seeds/implausible.yaml``."""

    pairs: tuple[ImplausiblePair, ...] = ()


class ExcludedCell(Record):
    """A cell of the grid that gets no quota, and why."""

    cell: Cell
    reason: Text
    kind: Literal["implausible", "no_situation"] = "no_situation"


class Estimate(Record):
    """What a build is expected to take if no budget stops it. Unknown is ``None``, never 0.

    ``calls``, ``prompt_tokens``, ``completion_tokens`` and ``cost`` are the typical ends of the amounts
    below, ``calls_at_most`` the high end: each cell uses all its attempts, each attempt all its tries.
    Calls repeated after failed connections are in none of them.

    Attributes:
        attempts: attempts at a row, over all cells.
        call_range: calls; the low end is a build that accepts every first try.
        prompt_range: tokens sent.
        completion_range: tokens written.
        cost_range: money, without discounts for cached prompts; ``None`` if a price is unknown.
        parts: the same by stage and role; they sum to the whole.
        budget_covers: share of the typical build that the budget pays for, at most 1; ``None`` without one.
        basis: where the numbers come from.
        notes: what the reader should know before paying.
    """

    calls: int
    calls_at_most: int
    prompt_tokens: int | None
    completion_tokens: int | None
    cost: float | None
    currency: Currency | None
    basis: Text
    attempts: Amount | None = None
    call_range: Amount | None = None
    prompt_range: Amount | None = None
    completion_range: Amount | None = None
    cost_range: Amount | None = None
    parts: tuple[EstimatePart, ...] = ()
    budget_covers: float | None = Field(default=None, ge=0, le=1)
    notes: tuple[Text, ...] = ()


class Plan(Record):
    """The grid of a build."""

    cells: tuple[PlannedCell, ...]
    excluded: tuple[ExcludedCell, ...] = ()
    estimate: Estimate
