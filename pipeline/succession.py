"""A build on top of an earlier release: what it starts from, and what becomes of the earlier rows in the end."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import UsageError, WorkError
from pipeline.lazy import Lazy, in_order, joined
from pipeline.release.carry import HELD_OUT, HeldRow, Renewal, plan_renewal, settle, with_renewal
from pipeline.release.held_out import new_salts
from pipeline.release.items import read_items, replaced_by
from pipeline.release.previous import Previous
from pipeline.release.versions import check_step, parts
from pipeline.schema.candidate import Attempt, Candidate
from pipeline.schema.cell import Cell, Plan
from pipeline.schema.history import Opening, Succession
from pipeline.schema.label import Reviews
from pipeline.schema.renewal import Carries
from pipeline.schema.specification import Specification
from pipeline.schema.verdict import Decision

SECRETS = "secrets"
"""Folder beside ``runs/`` and ``releases/`` for the keys that salts follow from. It is never published."""


NOTHING_GIVES_WAY = {"renews": 0.0, "replace": {}}
"""What a patch release, which makes no rows, changes of ``carries``."""


KITS_ARE_USED_UP = (
    "; under `generation.core: kit` a worked situation gives one row a cell, so that only cells with situations to "
    "spare are renewed: set it to kit_or_model"
)


class NothingNewError(WorkError):
    """No row came and none has to go: a release would be the one before under another name."""


@dataclass(frozen=True)
class Base:
    """What a build stands on. The empty one is that of a release that carries nothing over.

    Args:
        previous: the release before, if its rows are carried over.
        renewal: what is to become of them.
        earlier: its active and retired rows as accepted candidates; they hold their groups and situations, and
            new rows must not copy them.
    """

    previous: Previous | None = None
    renewal: Renewal = field(default_factory=Renewal)
    earlier: tuple[Candidate, ...] = ()


@dataclass(frozen=True)
class Inherited:
    """What a release says of the one before, and the salts of its own held-out rows: what a rebuild goes by."""

    previous: Previous | None
    salts: Mapping[str, str]


@dataclass(frozen=True)
class Settled:
    """The rows of a release to be: candidates by id, those carried over among them, and every row that retired."""

    candidates: Lazy[Candidate]
    retired: tuple[HeldRow, ...] = ()
    opened: tuple[Opening, ...] = ()
    succession: Succession | None = None


def with_items(specification: Specification, previous: Previous | None) -> tuple[Specification, Previous | None]:
    """Return a specification that names the rows which its ``items`` have replaced, in place of that file.

    So the release says which rows these were, and can be made again without the file.

    Raises:
        InputError: if the file is not there or is no item analysis.
    """
    if specification.items is None:
        return specification, previous
    items = read_items(Path(specification.items))
    named, alone = specification.previous, specification.model_copy(update={"items": None})
    if previous is None or named is None or named.carries is None:
        return alone, previous
    replace = replaced_by(items, previous.rows) | named.carries.replace
    carries = {"carries": named.carries.model_copy(update={"replace": replace})}
    told = dataclasses.replace(previous, reference=previous.reference.model_copy(update=carries))
    return alone.model_copy(update={"previous": named.model_copy(update=carries)}), told


def stand_on(
    specification: Specification, planned: Plan, previous: Previous | None, reviews: Reviews | None = None
) -> tuple[Base, Plan]:
    """Return what a build stands on, and the plan of what is still to be made.

    A patch release, one of the month of the release before, makes no rows. Rows that people rejected retire.

    Raises:
        UsageError: if a row would change its split or groups could be joined, or `retire` names an unknown row.
        WorkError: if the version does not come after that of the release before, or a part of that is withheld.
    """
    named = specification.previous
    if named is None or named.carries is None or previous is None:
        return Base(), planned
    _check_base(specification, previous)
    carries = _without_rejected(named.carries, previous, reviews)
    before = previous.manifest.succession
    renewal = plan_renewal(
        previous.rows,
        carries if not _is_patch(specification, previous) else carries.model_copy(update=NOTHING_GIVES_WAY),
        [cell.cell.id for cell in planned.cells],
        () if before is None else before.anchors,
    )
    plan = _numbered(with_renewal(planned, renewal), previous)
    if _is_patch(specification, previous):
        plan = plan.model_copy(update={"cells": tuple(one.model_copy(update={"quota": 0}) for one in plan.cells)})
    made = {one.scenario.id: one for one in previous.candidates if one.accepted and one.scenario is not None}
    rows = sorted((*previous.rows, *previous.retired), key=lambda row: row.id)
    earlier = (made.get(row.id) or _stand_in(row) for row in rows)
    return Base(previous, renewal, tuple(earlier)), plan


def settle_rows(base: Base, made: Sequence[Candidate], plan: Plan, specification: Specification) -> Settled:
    """Join what was made with what stays of the release before.

    Lazy candidates (:class:`pipeline.lazy.Lazy`) are given in the order of their ids, and stay lazy.

    Raises:
        NothingNewError: if there is no new row and none that has to go.
        WorkError: if rows are new and the version is one that has to keep its rows.
    """
    previous = base.previous
    ordered = in_order(made, lambda one: one.id)
    if previous is None:
        return Settled(ordered)
    fresh = Counter(one.attempt.cell.id for one in ordered.outlines if one.accepted)
    kept, gone = settle(base.renewal, plan, fresh, specification.version)
    if not fresh and not gone and not _told_otherwise(specification, previous):
        why = "" if specification.generation.core != "kit" else KITS_ARE_USED_UP
        raise NothingNewError(
            f"nothing new since {previous.reference.release}: no row was accepted and none retires{why}"
        )
    check_step(previous.manifest.version, specification.version, added=fresh.total())
    staying, release = {row.id for row in kept}, previous.manifest
    history = () if release.succession is None else release.succession.history
    anchors_before = () if release.succession is None else release.succession.anchors
    succession = Succession(
        history=(*history, previous.past),
        kept=len(kept),
        added=fresh.total(),
        retired=len(gone),
        anchors=base.renewal.anchors,
        anchors_before=anchors_before,
    )
    carried = [one for one in base.earlier if one.scenario is not None and one.scenario.id in staying]
    opened = [
        Opening(id=row.id, salt=previous.salts[row.id], version=specification.version)
        for row in gone
        if row.split == HELD_OUT and row.id in previous.salts
    ]
    every = joined(ordered, carried, lambda one: one.id)
    return Settled(every, (*previous.retired, *gone), (*release.opened, *opened), succession)


def salts_for(held: Sequence[str], base: Base, name: str, out: Path) -> dict[str, str]:
    """Return the salts of the rows that are held out: those of before for rows carried over, new ones for new rows.

    Args:
        held: ids of the rows.
        base: what the release stands on.
        name: of the benchmark.
        out: folder that holds its secret key.
    """
    known: Mapping[str, str] = {} if base.previous is None else base.previous.salts
    fresh = new_salts((identity for identity in held if identity not in known), out / SECRETS / f"{name}.key")
    return {identity: known.get(identity) or fresh[identity] for identity in held}


def _check_base(specification: Specification, previous: Previous) -> None:
    before, release = previous.manifest.specification, previous.reference.release
    if previous.manifest.withheld is not None:
        raise WorkError(f"{release}: this is the public part of a release; build on the whole one, which was kept")
    if specification.name != before.name:
        raise UsageError(f"`previous.carries` takes rows of {before.name} into {specification.name}: name both alike")
    check_step(before.version, specification.version, added=0)
    if specification.splits != before.splits:
        raise UsageError(f"`splits` differ from those of {release}, so rows would change their split; keep the shares")
    ours, theirs = specification.deduplication, before.deduplication
    if ours.encoder != theirs.encoder or ours.related < theirs.related:
        raise UsageError(
            f"`deduplication` has another encoder or a lower `related` than {release} ({theirs.encoder}, "
            f"{theirs.related:g}), so rows that stand in two splits could turn out to be near-duplicates"
        )


def _without_rejected(carries: Carries, previous: Previous, reviews: Reviews | None) -> Carries:
    """Return settings by which the rows that people rejected retire; what the specification says of a row stands."""
    if reviews is None:
        return carries
    held = {row.id for row in previous.rows}
    rejected = {name: f"review: {reason}" for name, reason in reviews.reasons.items() if name in held}
    return carries.model_copy(update={"retire": rejected | carries.retire})


def _told_otherwise(specification: Specification, previous: Previous) -> bool:
    """Tell whether a release says something else of the same rows: another title or licence."""
    before = previous.manifest.specification
    return (specification.title, specification.licence) != (before.title, before.licence)


def _is_patch(specification: Specification, previous: Previous) -> bool:
    return parts(specification.version)[:2] == parts(previous.manifest.version)[:2]


def _numbered(plan: Plan, previous: Previous) -> Plan:
    """Return the plan with attempts numbered on from those that were made before, so that their seeds are new."""
    first: Counter[str] = Counter()
    for planned in previous.manifest.plan.cells:
        first[planned.cell.id] = planned.first_attempt
    for one in previous.candidates:
        first[one.attempt.cell.id] = max(first[one.attempt.cell.id], one.attempt.number + 1)
    for row in previous.retired:
        first[row.cell] = max(first[row.cell], row.scenario.lineage.attempt + 1)
    cells = (one.model_copy(update={"first_attempt": first[one.cell.id]}) for one in plan.cells)
    return plan.model_copy(update={"cells": tuple(cells)})


def _stand_in(row: HeldRow) -> Candidate:
    """Return a retired row as an accepted candidate, which its release holds in full."""
    lineage = row.scenario.lineage
    attempt = Attempt(
        cell=Cell.parse(row.cell),
        number=lineage.attempt,
        seed=lineage.seed,
        situation=lineage.situation if lineage.core == "kit" else None,
    )
    decision = Decision(outcome="accepted", rule="an earlier release", reason="was a row of an earlier release")
    fields = {"decision": decision, "group": row.group, "split": row.split}
    return Candidate.of(attempt, scenario=row.scenario).model_copy(update=fields)
