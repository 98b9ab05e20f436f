"""The funnel: how many candidates came to each step, and what the step did with them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from pipeline.schema.cell import PlannedCell
from pipeline.schema.manifest import CellResult, FunnelStep
from pipeline.schema.outline import Counted

C = TypeVar("C", bound=Counted)

STEPS = (
    "core", "prose", "novelty", "review", "solvability", "leakage", "benignness", "relevance", "realism", "selection",
)  # fmt: skip
"""The steps a candidate passes, in their order. Before them, as the funnel's head, come the attempts."""

REVIEW = "review"
"""The step at which what people rejected before is turned away; a funnel has it only where it did."""

HEAD = "attempts"


def turned_away_at(candidate: Counted) -> str | None:
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


class Funnel:
    """Counts candidates through the steps, one at a time.

    A candidate leaves at the first step that turned it away, whatever later checks say of it. An
    ``error`` is one quarantined: the check itself failed or did not run, and nobody knows what is true.
    """

    def __init__(self) -> None:
        self._away: Counter[str | None] = Counter()
        self._errors: Counter[str | None] = Counter()

    def add(self, candidate: Counted) -> None:
        """Count a candidate; errors as for :func:`turned_away_at`."""
        step_left = turned_away_at(candidate)
        self._away[step_left] += 1
        self._errors[step_left] += _is_quarantined(candidate)

    def steps(self) -> tuple[FunnelStep, ...]:
        """Return what each step did with them."""
        away, errors = self._away, self._errors
        entered = away.total()
        steps = [FunnelStep(step=HEAD, entered=entered, passed=entered, turned_away=0)]
        for step in STEPS:
            if step == REVIEW and not away[step]:
                continue
            passed, left = entered - away[step], away[step]
            steps.append(FunnelStep(step=step, entered=entered, passed=passed, turned_away=left, errors=errors[step]))
            entered = passed
        return tuple(steps)


def funnel(candidates: Iterable[Counted]) -> tuple[FunnelStep, ...]:
    """Count candidates through the steps, as :class:`Funnel` does."""
    counted = Funnel()
    for candidate in candidates:
        counted.add(candidate)
    return counted.steps()


def made_in(candidates: Iterable[C], version: str) -> Iterator[C]:
    """Give the candidates that a release made itself: all but the accepted ones of a release before."""
    return (one for one in candidates if is_made_in(one, version))


def is_made_in(candidate: Counted, version: str) -> bool:
    """Tell whether a release made a candidate itself."""
    return candidate.scenario is None or candidate.scenario.introduced in ("", version)


class CellCounts:
    """Counts what became of the candidates of each cell, one at a time.

    Args:
        version: of the release, which tells what it made from what is carried over.
    """

    def __init__(self, version: str) -> None:
        self._version = version
        self._made: dict[str, Counter[str | None]] = defaultdict(Counter)
        self._carried: dict[str, Counter[str | None]] = defaultdict(Counter)

    def add(self, candidate: Counted) -> None:
        """Count a candidate that was made, or an accepted one that is carried over."""
        counts = self._made if is_made_in(candidate, self._version) else self._carried
        counts[candidate.attempt.cell.id][turned_away_at(candidate)] += 1

    def results(self, cells: Sequence[PlannedCell], stopped_by: str) -> tuple[CellResult, ...]:
        """Say for each planned cell what it holds and, if it is short of its quota, why."""
        made, carried = self._made, self._carried
        return tuple(_cell_result(cell, made[cell.cell.id], carried[cell.cell.id], stopped_by) for cell in cells)


def cell_results(
    cells: Sequence[PlannedCell], candidates: Iterable[Counted], stopped_by: str, version: str
) -> tuple[CellResult, ...]:
    """Say for each planned cell what it holds and, if it is short of its quota, why.

    Args:
        cells: the plan.
        candidates: what was made, and the accepted candidates that are carried over.
        stopped_by: what ended the build.
        version: of the release, which tells the two apart.
    """
    counted = CellCounts(version)
    for candidate in candidates:
        counted.add(candidate)
    return counted.results(cells, stopped_by)


def _cell_result(
    planned: PlannedCell, left: Counter[str | None], carried: Counter[str | None], stopped_by: str
) -> CellResult:
    """Say what a cell holds; candidates are counted by the step that turned them away, ``None`` for none."""
    accepted = left[None] + carried[None]
    return CellResult(
        cell=planned.cell,
        quota=planned.whole,
        accepted=accepted,
        attempts=left.total(),
        short_because=_why_short(left, stopped_by) if accepted < planned.whole else "",
        carried=carried.total(),
    )


def _why_short(left: Counter[str | None], stopped_by: str) -> str:
    end = "the budget ran out" if stopped_by == "budget" else "its attempts were used up"
    if not left.total():
        return f"nothing was tried: {end}"
    counts = ", ".join(f"{left[step]} at {step}" for step in STEPS if left[step])
    return f"{end}; turned away: {counts}" if counts else end


def _failed_step(step: str) -> str:
    """Return the funnel's step for the step of generation that failed; the core is one, all writing is prose."""
    return "core" if step.split(".", maxsplit=1)[0] == "core" else "prose"


def _is_quarantined(candidate: Counted) -> bool:
    return candidate.decision is not None and candidate.decision.outcome == "quarantined"
