"""Selection: within a cell's quota the best rows stay, the rest are surplus."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.deduplicate.quality import mean_score
from pipeline.schema.candidate import Candidate
from pipeline.schema.cell import Plan
from pipeline.schema.verdict import Decision


def select(candidates: Sequence[Candidate], plan: Plan) -> list[Candidate]:
    """Keep the best accepted candidates of each cell within its quota.

    Args:
        candidates: all candidates, whatever became of them.
        plan: quotas by cell. An accepted candidate of a cell without a quota is surplus.

    Returns:
        The same candidates in the same order. Accepted ones beyond their quota carry the decision
        ``surplus``; best first is by the mean score of the passed verdicts, then by id.
        Selecting twice is selecting once.
    """
    ranked = ((one.id, one.attempt.cell.id, mean_score(one)) for one in candidates if one.accepted)
    beyond = surplus(ranked, plan)
    return [
        candidate.model_copy(update={"decision": beyond[candidate.id]}) if candidate.id in beyond else candidate
        for candidate in candidates
    ]


def surplus(accepted: Iterable[tuple[str, str, float | None]], plan: Plan) -> dict[str, Decision]:
    """Return the decisions on those accepted candidates that are beyond the quota of their cell, by id.

    Args:
        accepted: id, cell and mean score of each.
        plan: quotas by cell.
    """
    quotas = {cell.cell.id: cell.quota for cell in plan.cells}
    ranks: dict[str, int] = {}
    beyond: dict[str, Decision] = {}
    for identity, cell, _ in sorted(accepted, key=lambda one: (-(one[2] or 0.0), one[0])):
        ranks[cell] = ranks.get(cell, 0) + 1
        quota = quotas.get(cell, 0)
        if ranks[cell] > quota:
            reason = f"rank {ranks[cell]} in its cell, whose quota is {quota}"
            beyond[identity] = Decision(outcome="surplus", rule="quota", gate="selection", reason=reason)
    return beyond
