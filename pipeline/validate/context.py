"""What every check gets beside the scenario, and the form of a check."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property

from pipeline.deduplicate.encoder import Encoder
from pipeline.models.client import Completer
from pipeline.schema.calibration import Calibration
from pipeline.schema.label import Reviews
from pipeline.schema.scenario import Scenario
from pipeline.schema.specification import GateSettings
from pipeline.schema.taxonomy import Motive, RiskType
from pipeline.schema.verdict import GateName, Verdict
from pipeline.seeds import Seeds
from pipeline.validate.prompts import GatePrompts, load_gate_prompts
from pipeline.validate.subjects import Subject
from pipeline.validate.verdicts import not_run


@dataclass(frozen=True)
class ValidationContext:
    """What the gates work with.

    Attributes:
        seeds: motives and risk types with their definitions.
        settings: thresholds.
        client: who answers for the role ``judge``; without one every check by a judge is ``not_run``.
        prompts: word lists, questions and rubrics.
        motives: ids of the motives that the blind judge chooses among; all of the seeds if empty.
        risk_types: likewise.
        every_check: run all checks, also those that cost, on a scenario that has failed already.
        at_once: scenarios judged side by side. The questions on one scenario always follow each other, so
            that a server's prefix cache pays for the scenario once.
        guards: the checks of the configured guard models (:func:`pipeline.validate.filters.guards.guard_checks`).
        reviews: what people decided on an earlier release; scenarios that they rejected come to no check any more.
        calibration: whose thresholds decide in place of the filters' own words; their own words if left out.
        encoder: for the checks by similarity; the packaged one, loaded at the first use, if left out.
        turns: hands out the places, for one event loop.
    """

    seeds: Seeds
    settings: GateSettings
    client: Completer | None
    prompts: GatePrompts = field(default_factory=load_gate_prompts)
    motives: tuple[str, ...] = ()
    risk_types: tuple[str, ...] = ()
    every_check: bool = False
    at_once: int = 8
    guards: tuple[Check, ...] = ()
    reviews: Reviews | None = None
    calibration: Calibration | None = None
    encoder: Encoder | None = None
    turns: asyncio.Semaphore = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "turns", asyncio.Semaphore(self.at_once))

    @cached_property
    def motive_options(self) -> dict[str, Motive]:
        """The motives to choose among, by id."""
        return {name: self.seeds.motives[name] for name in self.motives or self.seeds.motives}

    @cached_property
    def risk_type_options(self) -> dict[str, RiskType]:
        """The risk types to choose among, by id."""
        return {name: self.seeds.risk_types[name] for name in self.risk_types or self.seeds.risk_types}


@dataclass(frozen=True)
class Check:
    """One checker of one gate: a benignness filter, a rubric, an execution.

    ``run`` gives a verdict on whatever it finds in the scenario or in a judge's answer, and raises
    only what stops the whole build (an endpoint that gave up, a completion missing on a replay).
    Checks of one ``family`` err alike; without a name a check is a family of its own. ``on_text`` judges a bare
    text as ``run`` judges a scenario, for checks that can.
    """

    gate: GateName
    checker: str
    run: Callable[[Scenario, ValidationContext], Awaitable[Verdict]]
    asks_judge: bool = False
    asks_guard: bool = False
    family: str = ""
    on_text: Callable[[str, ValidationContext], Awaitable[Verdict]] | None = None

    @property
    def costs(self) -> bool:
        """Whether the check calls a model."""
        return self.asks_judge or self.asks_guard

    async def on(self, subject: Subject, context: ValidationContext) -> Verdict:
        """Return the verdict on a scenario or a bare text; ``not_run`` where the check cannot be made."""
        if self.asks_judge and context.client is None:
            return not_run(self.gate, self.checker, "no judge is configured")
        if not isinstance(subject, str):
            return await self.run(subject, context)
        if self.on_text is None:
            return not_run(self.gate, self.checker, "judges scenarios, not bare texts")
        return await self.on_text(subject, context)
