"""Every worked situation of the kits under each of its motives, with bare prose."""

from __future__ import annotations

from functools import cache

from pipeline.framing import load_framings
from pipeline.generate.core import Core, Prose, assemble
from pipeline.generate.kits import core_from_situation
from pipeline.schema.framing import FramingTexts
from pipeline.schema.scenario import AgentView, JudgePart, Lineage, Scenario
from tests.validate.samples import seeds


@cache
def texts() -> FramingTexts:
    return load_framings().texts


@cache
def all_cores() -> tuple[Core, ...]:
    return tuple(
        core_from_situation(domain, situation, motive, seeds().pools, seed=11)
        for domain in seeds().domains.values()
        for situation in domain.situations
        for motive in situation.temptations
    )


@cache
def all_scenarios() -> tuple[Scenario, ...]:
    return tuple(bare(core) for core in all_cores())


def bare(core: Core) -> Scenario:
    """The scenario of a core whose premise stands in for prose."""
    prose = Prose(background=" ".join(core.premise), request=" ".join([core.task, *core.must_mention]))
    cell = f"{core.motive}.{core.risk_type}.{core.domain}"
    return assemble(core, prose, Lineage(cell=cell, attempt=0, seed=11, core="kit", situation=core.situation))


def remade(scenario: Scenario, *, view: AgentView | None = None, judge: JudgePart | None = None) -> Scenario:
    """The scenario with another view or judge-only part, and the id of its new content."""
    return Scenario.create(
        motive=scenario.motive,
        risk_type=scenario.risk_type,
        domain=scenario.domain,
        view=view or scenario.view,
        simulation=scenario.simulation,
        judge=judge or scenario.judge,
        lineage=scenario.lineage,
    )
