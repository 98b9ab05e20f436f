"""A candidate without its texts, for whoever counts: read from the same JSON in a fraction of the time.

Fields have the names and meanings of those of :class:`~pipeline.schema.candidate.Candidate`; all others are passed over
unread, so an outline says nothing of whether they are well formed.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from pipeline.lazy import Lazy
from pipeline.schema.candidate import Candidate, Usage
from pipeline.schema.cell import Cell


class _Outline(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class AttemptOutline(_Outline):
    """Which attempt it was."""

    cell: Cell
    number: int


class LineageOutline(_Outline):
    """What a scenario's core comes from."""

    situation: str | None = None


class ScenarioOutline(_Outline):
    """Which scenario came of it."""

    id: str
    lineage: LineageOutline
    introduced: str = ""


class FailureOutline(_Outline):
    """The step at which nothing came of it."""

    step: str


class VerdictOutline(_Outline):
    """A verdict without reason and evidence."""

    gate: str
    checker: str
    version: str
    outcome: str
    completions: tuple[str, ...] = ()


class DecisionOutline(_Outline):
    """What became of it."""

    outcome: str
    gate: str | None = None


class CandidateOutline(_Outline):
    """What there is to count of a candidate."""

    id: str
    attempt: AttemptOutline
    scenario: ScenarioOutline | None = None
    failure: FailureOutline | None = None
    usage: Usage = Usage()
    verdicts: tuple[VerdictOutline, ...] = ()
    decision: DecisionOutline | None = None
    group: str | None = None
    split: str | None = None
    completions: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the candidate is a row of the release."""
        return self.decision is not None and self.decision.outcome == "accepted"


Counted = Candidate | CandidateOutline
"""A candidate for whoever counts."""


def outlines(candidates: Sequence[Candidate]) -> Sequence[Counted]:
    """Return candidates for a pass that counts: the outlines of lazy ones, and those in memory as they are."""
    return candidates.outlines if isinstance(candidates, Lazy) else candidates
