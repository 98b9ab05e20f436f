"""A candidate: everything that was made for one attempt at one cell, kept whatever became of it."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from pipeline.schema.base import OptionalText, Record, Sha256, Slug, Text, content_id
from pipeline.schema.cell import Cell
from pipeline.schema.scenario import Scenario
from pipeline.schema.verdict import Decision, Finding, Verdict


def total(one: int | None, other: int | None) -> int | None:
    """Return the sum of two counts; ``None`` where one is not known."""
    return None if one is None or other is None else one + other


class Usage(Record):
    """What calls took. Token counts are ``None`` where the endpoint did not say."""

    calls: int = 0
    prompt_tokens: int | None = 0
    completion_tokens: int | None = 0

    @property
    def tokens(self) -> int | None:
        """Of prompts and replies together; ``None`` where a part is unknown."""
        if self.prompt_tokens is None or self.completion_tokens is None:
            return None
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            calls=self.calls + other.calls,
            prompt_tokens=total(self.prompt_tokens, other.prompt_tokens),
            completion_tokens=total(self.completion_tokens, other.completion_tokens),
        )


class Refinement(Record):
    """What an attempt starts from that writes anew the pieces of prose that gates turned away.

    ``texts`` holds the prose of the refined candidate by place (``view.world.background``,
    ``view.agent.request``, ``view.memory.ID``); ``faults`` says what was found, each at one of these
    places. Texts without a fault are carried over as they stand.
    """

    number: int = Field(ge=0, description="number of the attempt that is refined")
    core: int = Field(ge=0, description="number of the attempt that made the core; differs when refinements follow")
    depth: int = Field(ge=1, description="how many refinements of one candidate this makes")
    texts: dict[Text, Text]
    faults: tuple[Finding, ...] = Field(min_length=1)
    completions: tuple[Sha256, ...] = Field(default=(), description="keys of the completions that wrote the candidate")

    @model_validator(mode="after")
    def _faults_lie_in_texts(self) -> Self:
        strangers = sorted({fault.place for fault in self.faults} - set(self.texts))
        if strangers:
            known = ", ".join(self.texts)
            raise ValueError(f"faults at places without a text: {', '.join(strangers)}; there are {known}")
        return self


class Attempt(Record):
    """One try at a cell. ``number`` counts from 0 within the cell over the whole life of a build.

    An attempt that ``refines`` another has its seed, situation and plots, so that it stands on the same core.
    """

    cell: Cell
    number: int = Field(ge=0)
    seed: int = Field(ge=0, description="from the specification's seed, the cell and the number")
    situation: Slug | None = Field(default=None, description="the worked situation, if the core comes from a kit")
    already: tuple[OptionalText, ...] = Field(default=(), description="plots that the cell already holds")
    refines: Refinement | None = None

    @property
    def of_core(self) -> Attempt:
        """The attempt that made the core this one stands on: itself, unless it refines another."""
        if self.refines is None:
            return self
        return self.model_copy(update={"number": self.refines.core, "refines": None})

    @property
    def id(self) -> str:
        """``ca-`` and 20 hex digits, from the cell and the number."""
        return content_id("ca", [self.cell.id, self.number])


class Failure(Record):
    """Why no scenario came of an attempt: the step, and what was found at each try."""

    step: Text
    reason: Text
    findings: tuple[Finding, ...] = ()


class Candidate(Record):
    """One attempt with its outcome. Exactly one of ``scenario`` and ``failure`` is set."""

    id: str = Field(pattern=r"^ca-[0-9a-f]{20}$")
    attempt: Attempt
    scenario: Scenario | None = None
    failure: Failure | None = None
    usage: Usage = Usage()
    verdicts: tuple[Verdict, ...] = ()
    decision: Decision | None = None
    group: Text | None = Field(default=None, description="near-duplicates share one; the split follows from it")
    split: Slug | None = None
    completions: tuple[Sha256, ...] = Field(default=(), description="keys of all completions paid for this candidate")

    @classmethod
    def of(cls, attempt: Attempt, *, scenario: Scenario | None = None, failure: Failure | None = None) -> Self:
        """Make a fresh candidate for an attempt."""
        if (scenario is None) == (failure is None):
            raise ValueError("a candidate has either a scenario or a failure")
        return cls(id=attempt.id, attempt=attempt, scenario=scenario, failure=failure)

    @property
    def accepted(self) -> bool:
        """Whether the candidate is a row of the release."""
        return self.decision is not None and self.decision.outcome == "accepted"
