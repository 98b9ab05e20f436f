"""What a release took: calls, tokens and money, by stage, role and cell, and for each accepted row."""

from __future__ import annotations

from pydantic import Field

from pipeline.schema.base import Record, Text
from pipeline.schema.candidate import Usage
from pipeline.schema.estimate import Currency, StageName


class Spending(Record):
    """What calls took. ``money`` is in the currency of the :class:`Costs`, ``None`` where it is not known."""

    usage: Usage
    money: float | None = Field(ge=0)


class PerRow(Record):
    """What an accepted row took on the average, with all that was turned away for it. Unknown is ``None``."""

    calls: float = Field(ge=0)
    tokens: float | None = Field(ge=0)
    money: float | None = Field(ge=0)


class RoleSpending(Spending):
    """What a role took in a stage. ``price`` says where its price comes from, or what is missing."""

    stage: StageName
    role: Text
    model: Text
    price: Text


class CellSpending(Spending):
    """What a cell took, accepted or not. ``per_row`` is ``None`` for a cell without an accepted row."""

    cell: Text
    accepted: int = Field(ge=0)
    per_row: PerRow | None


NOTHING = Spending(usage=Usage(), money=0.0)
"""What no call takes."""


class Costs(Record):
    """What the completions of a release took, each once: one that several candidates used counts for the first.

    Attributes:
        currency: of all money; ``None`` where nothing is charged, or there is no one currency and so no sum.
        total: everything.
        per_row: ``total`` for each accepted row.
        stages: by stage and role.
        cells: by cell, in the order of their ids.
    """

    currency: Currency | None
    total: Spending
    per_row: PerRow | None
    stages: tuple[RoleSpending, ...]
    cells: tuple[CellSpending, ...]
