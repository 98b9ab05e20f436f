"""The attempts of a build's next round: which cells, which worked situations, which seeds."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from itertools import chain

from pipeline.schema.base import canonical_json
from pipeline.schema.candidate import Attempt
from pipeline.schema.cell import Plan, PlannedCell
from pipeline.schema.specification import Specification

SEED_BITS = 48
"""Seeds stay below 2**53, the largest integer that every JSON reader keeps exact."""


def attempts_for(
    plan: Plan,
    accepted: Mapping[str, int],
    made: Mapping[str, int],
    specification: Specification,
    *,
    already: Mapping[str, Sequence[str]] | None = None,
    used: Mapping[str, Collection[str]] | None = None,
    refining: Mapping[str, Sequence[Attempt]] | None = None,
) -> list[Attempt]:
    """Return the attempts of the next round: as many per cell as it is short of, within the attempts allowed.

    Two rows of one worked situation under one motive are copies of each other, so a round takes each
    situation of a cell once at most. What a cell is short of beyond its situations gets a core from
    the model (``kit_or_model``) or no attempt (``kit``). Refinements of rejected candidates come first:
    they stand on a core that is proven and pay for a part of the prose only.

    Args:
        plan: cells and quotas.
        accepted: accepted rows by cell id.
        made: attempts so far by cell id; their numbers begin with the plan's ``first_attempt``.
        specification: seed, attempts per cell, source of the cores.
        already: plots that each cell holds, for the generator to differ from, by cell id.
        used: situations of which a cell holds an accepted row, by cell id; the next attempts take others.
        refining: attempts that refine rejected candidates, by cell id, still to be numbered.

    Returns:
        Attempts by cell id, then number: the same list for the same arguments, on every machine.
    """
    attempts = (
        _attempts_of(
            cell,
            specification,
            first=made.get(cell.cell.id, 0),
            held=accepted.get(cell.cell.id, 0),
            used=(used or {}).get(cell.cell.id, ()),
            already=tuple((already or {}).get(cell.cell.id, ())),
            refining=(refining or {}).get(cell.cell.id, ()),
        )
        for cell in plan.cells
    )
    return sorted(chain.from_iterable(attempts), key=lambda attempt: (attempt.cell.id, attempt.number))


def seed_of(*parts: str | int) -> int:
    """Return a seed below 2**48 from the SHA-256 of the parts' canonical JSON."""
    digest = hashlib.sha256(canonical_json(list(parts))).digest()
    return int.from_bytes(digest[: SEED_BITS // 8], "big")


def _attempts_of(
    planned: PlannedCell,
    specification: Specification,
    *,
    first: int,
    held: int,
    used: Collection[str],
    already: tuple[str, ...],
    refining: Sequence[Attempt],
) -> list[Attempt]:
    cell_id = planned.cell.id
    wanted = min(max(0, planned.quota - held), max(0, specification.attempts_per_cell - first))
    again = _one_a_situation(refining, used)[:wanted]
    taken = {attempt.situation for attempt in again if attempt.situation is not None}
    free = [situation for situation in planned.situations if situation not in used and situation not in taken]
    room = max(0, len(planned.situations) - held - len(taken))
    from_kit = min(len(free), room) if planned.core == "kit" else 0
    first += planned.first_attempt
    end = first + wanted
    first += len(again)
    if specification.generation.core == "kit":
        end = min(end, first + from_kit)
    start = seed_of(specification.seed, cell_id)
    repeated = [attempt.model_copy(update={"number": first - len(again) + n}) for n, attempt in enumerate(again)]
    return repeated + [
        Attempt(
            cell=planned.cell,
            number=number,
            seed=seed_of(specification.seed, cell_id, number),
            situation=free[(start + number) % len(free)] if number - first < from_kit else None,
            already=already,
        )
        for number in range(first, end)
    ]


def _one_a_situation(attempts: Sequence[Attempt], used: Collection[str]) -> list[Attempt]:
    """Return the attempts at situations that are not used, the first at each; those at cores of the model all."""
    taken, kept = set(used), list[Attempt]()
    for attempt in attempts:
        if attempt.situation is None or attempt.situation not in taken:
            kept.append(attempt)
        if attempt.situation is not None:
            taken.add(attempt.situation)
    return kept
