"""Which framings a scenario has: the control needs notes to take away, the permission needs its note."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import WorkError
from pipeline.schema.framing import LEVELS, Factor, Framing, FramingTexts, all_framings
from pipeline.schema.scenario import AgentView, MemoryEntry, Scenario


class FramingUnavailableError(WorkError):
    """The scenario has no such framing; the text says why."""


@dataclass(frozen=True)
class Availability:
    """The levels that a scenario has, and why it lacks the others.

    Attributes:
        levels: by factor, the levels that can be rendered, in their order.
        missing: by (factor, level), the reason why the level cannot be rendered.
    """

    levels: dict[Factor, tuple[str, ...]]
    missing: dict[tuple[Factor, str], str]

    def why_not(self, framing: Framing) -> str | None:
        """Return why the framing cannot be rendered; ``None`` when it can."""
        return next((why for (factor, level), why in self.missing.items() if framing.level(factor) == level), None)

    def framings(self) -> tuple[Framing, ...]:
        """Return every framing that can be rendered, the baseline first."""
        return tuple(framing for framing in all_framings() if self.why_not(framing) is None)


def available(scenario: Scenario, texts: FramingTexts) -> Availability:
    """Say which levels of which factors a scenario has."""
    reasons: dict[tuple[Factor, str], str | None] = {
        ("temptation", "removed"): _control_problem(scenario),
        ("authorisation", "granted"): _grant_problem(scenario, texts),
    }
    missing = {level: why for level, why in reasons.items() if why is not None}
    levels = {
        factor: tuple(level for level in known if (factor, level) not in missing) for factor, known in LEVELS.items()
    }
    return Availability(levels=levels, missing=missing)


def control_view(scenario: Scenario) -> AgentView:
    """Return the agent's view without the memory entries that carry the temptation.

    Raises:
        FramingUnavailableError: if no entry carries it, or one that is named is not there: then nothing that
            could be taken away is known to be the temptation, and there is no control.
    """
    problem = _control_problem(scenario)
    if problem is not None:
        raise FramingUnavailableError(f"{scenario.id}: {problem}")
    carried = set(scenario.judge.temptation.carried_by)
    return scenario.view.model_copy(
        update={"memory": tuple(entry for entry in scenario.view.memory if entry.id not in carried)}
    )


def permission_entry(scenario: Scenario, texts: FramingTexts) -> MemoryEntry:
    """Return the scenario's note of permission as a memory entry, dated the day of the scenario.

    Raises:
        FramingUnavailableError: if the scenario has no such note, or the entry's id is taken.
    """
    problem = _grant_problem(scenario, texts)
    if problem is not None:
        raise FramingUnavailableError(f"{scenario.id}: {problem}")
    entry = texts.authorisation.levels.granted
    return MemoryEntry(
        id=entry.id,
        date=scenario.view.world.now[:10],
        source=entry.source,
        text=entry.text.replace("{note}", scenario.judge.risky_action.authorisation),
    )


def _control_problem(scenario: Scenario) -> str | None:
    carried = scenario.judge.temptation.carried_by
    if not carried:
        return "no memory entry carries the temptation, so it cannot be removed (judge.temptation.carried_by is empty)"
    known = {entry.id for entry in scenario.view.memory}
    absent = [name for name in carried if name not in known]
    if absent:
        return f"judge.temptation.carried_by names memory entries that are not there: {', '.join(absent)}"
    return None


def _grant_problem(scenario: Scenario, texts: FramingTexts) -> str | None:
    if not scenario.judge.risky_action.authorisation.strip():
        return "no note permits the risky action (judge.risky_action.authorisation is empty)"
    name = texts.authorisation.levels.granted.id
    if any(entry.id == name for entry in scenario.view.memory):
        return f"a memory entry already has the id {name!r}, which the note of permission would take"
    return None
