"""The funnel: how many candidates came to each step, and what the step did with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pipeline.schema.candidate import Candidate
from pipeline.schema.cell import PlannedCell
from pipeline.schema.manifest import CellResult, FunnelStep

STEPS = (
    "core", "prose", "novelty", "solvability", "leakage", "benignness", "relevance", "realism", "selection",
)  # fmt: skip
"""The steps a candidate passes, in their order. Before them, as the funnel's head, come the attempts."""

HEAD = "attempts"


def turned_away_at(candidate: Candidate) -> str | None:
    """Return the step that turned a candidate away, ``None`` for an accepted one.

    Raises:
        ValueError: if it has neither decision nor failure, or names a step that is none of the funnel's.
    """
    if candidate.accepted:
        return None
    step: str | None = candidate.decision.gate if candidate.decision else None
    if step is None and candidate.failure is not None:
        step = _failed_step(candidate.failure.step)
    if step not in STEPS:
        raise ValueError(f"candidate {candidate.id} left at step {step!r}, which is none of {', '.join(STEPS)}")
    return step


def funnel(candidates: Sequence[Candidate]) -> tuple[FunnelStep, ...]:
    """Count candidates through the steps.

    A candidate leaves at the first step that turned it away, whatever later checks say of it. An
    ``error`` is one quarantined: the check itself failed or did not run, and nobody knows what is true.
    """
    left = [(candidate, turned_away_at(candidate)) for candidate in candidates]
    away = Counter(step for _, step in left)
    errors = Counter(step for candidate, step in left if _is_quarantined(candidate))
    entered = len(candidates)
    steps = [FunnelStep(step=HEAD, entered=entered, passed=entered, turned_away=0)]
    for step in STEPS:
        passed = entered - away[step]
        steps.append(FunnelStep(step=step, entered=entered, passed=passed, turned_away=away[step], errors=errors[step]))
        entered = passed
    return tuple(steps)


def made_in(candidates: Sequence[Candidate], version: str) -> list[Candidate]:
    """Return the candidates that a release made itself: all but the accepted ones of a release before."""
    return [one for one in candidates if one.scenario is None or one.scenario.introduced in ("", version)]


def cell_results(
    cells: Sequence[PlannedCell], candidates: Sequence[Candidate], stopped_by: str, version: str
) -> tuple[CellResult, ...]:
    """Say for each planned cell what it holds and, if it is short of its quota, why.

    Args:
        cells: the plan.
        candidates: what was made, and the accepted candidates that are carried over.
        stopped_by: what ended the build.
        version: of the release, which tells the two apart.
    """
    by_cell: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        by_cell.setdefault(candidate.attempt.cell.id, []).append(candidate)
    return tuple(_cell_result(cell, by_cell.get(cell.cell.id, []), stopped_by, version) for cell in cells)


def _cell_result(planned: PlannedCell, candidates: Sequence[Candidate], stopped_by: str, version: str) -> CellResult:
    made = made_in(candidates, version)
    accepted = sum(candidate.accepted for candidate in candidates)
    return CellResult(
        cell=planned.cell,
        quota=planned.whole,
        accepted=accepted,
        attempts=len(made),
        short_because=_why_short(made, stopped_by) if accepted < planned.whole else "",
        carried=len(candidates) - len(made),
    )


def _why_short(candidates: Sequence[Candidate], stopped_by: str) -> str:
    end = "the budget ran out" if stopped_by == "budget" else "its attempts were used up"
    if not candidates:
        return f"nothing was tried: {end}"
    away = Counter(step for step in map(turned_away_at, candidates) if step)
    counts = ", ".join(f"{away[step]} at {step}" for step in STEPS if away[step])
    return f"{end}; turned away: {counts}" if counts else end


def _failed_step(step: str) -> str:
    """Return the funnel's step for the step of generation that failed; the core is one, all writing is prose."""
    return "core" if step.split(".", maxsplit=1)[0] == "core" else "prose"


def _is_quarantined(candidate: Candidate) -> bool:
    return candidate.decision is not None and candidate.decision.outcome == "quarantined"
