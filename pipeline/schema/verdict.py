"""What a gate says of a scenario, and what the policy makes of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipeline.schema.base import Json, OptionalText, Record, Sha256, Slug, Text

GateName = Literal["solvability", "leakage", "benignness", "relevance", "realism", "novelty"]
Outcome = Literal["pass", "fail", "error", "not_run"]


class Finding(Record):
    """Evidence: the span of a text that shows something.

    ``place`` is a dotted path into the scenario's JSON (``view.agent.request``), ``start`` and
    ``end`` are character offsets in the text there; both ``None`` where the finding is not a span.
    """

    place: Text
    text: OptionalText
    note: Text
    start: int | None = Field(default=None, ge=0)
    end: int | None = Field(default=None, ge=0)


class Verdict(Record):
    """One checker's answer for one gate.

    ``score`` runs from 0 to 1 with 1 for the best, ``None`` where the checker has none. Only
    ``pass`` is a pass: ``error`` (refusal, unparseable, time-out) and ``not_run`` are not.
    """

    gate: GateName
    checker: Text = Field(description="name of the check inside the gate: benignness has several")
    version: Text
    outcome: Outcome
    score: float | None = Field(default=None, ge=0, le=1)
    reason: Text
    evidence: tuple[Finding, ...] = ()
    answers: dict[Slug, Json] = Field(default_factory=dict, description="what a judge answered, by question")
    completions: tuple[Sha256, ...] = ()


class Decision(Record):
    """What became of a candidate, by which rule. ``gate`` names the first gate or step that turned it away.

    ``review``: people rejected the scenario in an earlier release, and the specification names their reviews.
    """

    outcome: Literal["accepted", "rejected", "quarantined", "surplus"]
    rule: Text
    gate: GateName | Literal["core", "prose", "review", "selection"] | None = None
    reason: Text
