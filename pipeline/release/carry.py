"""Which rows of the release before stay, which give way, and which are anchors.

A row never changes: it is carried over as it stands, with its group and its split, or it retires with a reason.
Everything here follows from the rows and the settings; there is no chance in it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.errors import UsageError
from pipeline.release.versions import parts
from pipeline.schema.cell import Plan, PlannedCell
from pipeline.schema.renewal import Carries
from pipeline.schema.scenario import Retirement, Scenario

RENEWED = "renewed: newer rows of its cell take its place"
OPENED = "opened: held out until now, renewed by newer rows of its cell"
OUT_OF_GRID = "its cell is no longer in the grid"
HELD_OUT = "held_out"


@dataclass(frozen=True)
class HeldRow:
    """A row with its group and the split that follows from it."""

    scenario: Scenario
    group: str
    split: str

    @property
    def id(self) -> str:
        """The scenario's id."""
        return self.scenario.id

    @property
    def cell(self) -> str:
        """Id of the row's cell."""
        return f"{self.scenario.motive}.{self.scenario.risk_type}.{self.scenario.domain}"


@dataclass(frozen=True)
class Renewal:
    """What is to become of the rows of the release before.

    Args:
        rows: all that were active in it.
        leaving: ids that go whatever comes, with the reason.
        renewing: ids that give way to new rows, in the order in which they do.
        anchors: ids that are promised to stay.
        reasons: of those among ``renewing`` that give way for another reason than their age.
    """

    rows: tuple[HeldRow, ...] = ()
    leaving: Mapping[str, str] | None = None
    renewing: tuple[str, ...] = ()
    anchors: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def staying(self) -> list[HeldRow]:
        """The rows that do not leave; some of them may give way."""
        return [row for row in self.rows if row.id not in (self.leaving or {})]


def plan_renewal(
    rows: Iterable[HeldRow], carries: Carries, cells: Iterable[str], anchors_before: Iterable[str]
) -> Renewal:
    """Decide what is to become of the rows of the release before.

    Anchors are dealt out over the motives, those of before first, so that they stay the same from release to
    release; of the others the oldest give way first. Before these, and beyond their share, go the rows of
    ``carries.replace``, and none of them is an anchor.

    Args:
        rows: its active rows.
        carries: the shares, and the rows that go by name.
        cells: ids of the cells that the new release plans.
        anchors_before: ids of its anchors.

    Raises:
        UsageError: if ``carries`` names a row that is not there, or has one replaced that is held out.
    """
    held = sorted(rows, key=lambda row: row.id)
    _check_named(carries, held)
    planned = set(cells)
    leaving = {row.id: OUT_OF_GRID for row in held if row.cell not in planned} | carries.retire
    staying = [row for row in held if row.id not in leaving]
    before, anchors, renewing = set(anchors_before), list[str](), list[HeldRow]()
    for split in sorted({row.split for row in staying}):
        mine = [row for row in staying if row.split == split]
        replaced = [row for row in mine if row.id in carries.replace]
        renewed = max(_share(carries.renews, len(mine)), len(replaced))
        lasting = [row for row in mine if row.id not in carries.replace]
        kept = _dealt(lasting, before)[: min(_share(carries.anchors, len(mine)), len(mine) - renewed)]
        anchors += [row.id for row in kept]
        free = [row for row in lasting if row.id not in set(anchors)]
        renewing += [*replaced, *sorted(free, key=_age)[: renewed - len(replaced)]]
    order = sorted(renewing, key=lambda row: (row.id not in carries.replace, _age(row)))
    return Renewal(tuple(held), leaving, tuple(row.id for row in order), tuple(sorted(anchors)), carries.replace)


def _check_named(carries: Carries, held: Sequence[HeldRow]) -> None:
    splits = {row.id: row.split for row in held}
    for field_name, named in (("retire", carries.retire), ("replace", carries.replace)):
        strangers = sorted(set(named) - set(splits))
        if strangers:
            raise UsageError(
                f"`previous.carries.{field_name}` names {strangers[0]}, which is no active row of that release"
            )
    hidden = sorted(name for name in carries.replace if splits[name] == HELD_OUT)
    if hidden:
        raise UsageError(
            f"`previous.carries.replace` names {hidden[0]}, which is held out; if no new row came, the released "
            "specification would tell of it: use `retire`, which opens it"
        )


def with_renewal(plan: Plan, renewal: Renewal) -> Plan:
    """Return the plan with the quotas that are still to be made on top of what is carried over."""
    held = Counter(row.cell for row in renewal.staying)
    giving_way = set(renewal.renewing)
    renewing = Counter(row.cell for row in renewal.staying if row.id in giving_way)

    def reduced(cell: PlannedCell) -> PlannedCell:
        carried, away = held[cell.cell.id], renewing[cell.cell.id]
        quota = max(0, cell.quota - carried) + away
        return cell.model_copy(update={"quota": quota, "carried": carried, "renewing": away})

    return plan.model_copy(update={"cells": tuple(map(reduced, plan.cells))})


def settle(renewal: Renewal, plan: Plan, made: Mapping[str, int], version: str) -> tuple[list[HeldRow], list[HeldRow]]:
    """Decide, once the new rows are there, which rows stay and which retire.

    Args:
        renewal: what was to become of them.
        plan: with the quotas of :func:`with_renewal`.
        made: new rows by cell id.
        version: of the new release.

    Returns:
        The rows that stay, as they were, and those that retire, marked with version and reason. In each
        cell no more rows give way than new ones came beyond what it was short of.
    """
    replaced = {cell.cell.id: max(0, made.get(cell.cell.id, 0) - (cell.quota - cell.renewing)) for cell in plan.cells}
    reasons = dict(renewal.leaving or {})
    by_id = {row.id: row for row in renewal.rows}
    for identity in renewal.renewing:
        row = by_id[identity]
        if replaced.get(row.cell, 0) > 0:
            replaced[row.cell] -= 1
            reasons[identity] = OPENED if row.split == HELD_OUT else RENEWED
            if identity in renewal.reasons:
                reasons[identity] = f"{RENEWED}; {renewal.reasons[identity]}"
    kept = [row for row in renewal.rows if row.id not in reasons]
    return kept, [_retired(row, version, reasons[row.id]) for row in renewal.rows if row.id in reasons]


def _retired(row: HeldRow, version: str, reason: str) -> HeldRow:
    retirement = Retirement(version=version, reason=reason)
    return HeldRow(row.scenario.model_copy(update={"retired": retirement}), row.group, row.split)


def _share(share: float, count: int) -> int:
    return int(share * count + 0.5)


def _age(row: HeldRow) -> tuple[tuple[int, int, int], str]:
    return parts(row.scenario.introduced), _rank(row.id)


def _dealt(rows: Sequence[HeldRow], first: set[str]) -> list[HeldRow]:
    """Return rows in an order that takes every motive in turn; within a motive ``first`` ones lead, then by hash."""
    by_motive: dict[str, list[HeldRow]] = {}
    for row in sorted(rows, key=lambda row: (row.id not in first, _rank(row.id))):
        by_motive.setdefault(row.scenario.motive, []).append(row)
    turns = [(turn, motive, row) for motive, mine in by_motive.items() for turn, row in enumerate(mine)]
    return [row for _, _, row in sorted(turns, key=lambda one: (one[0], one[1]))]


def _rank(identity: str) -> str:
    return hashlib.sha256(f"carry {identity}".encode()).hexdigest()
