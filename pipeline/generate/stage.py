"""The generate stage: attempts in, candidates out, each with a scenario or the reason why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.concurrency import settle_all
from pipeline.generate.core import Core, assemble, core_findings
from pipeline.generate.kits import core_from_situation
from pipeline.generate.model_core import make_core
from pipeline.generate.programs import CORE_PROGRAMS, PROSE_PROGRAMS, REFINE_PROGRAMS, Programs, load_programs
from pipeline.generate.prose import write_prose
from pipeline.generate.writer import Writer
from pipeline.models.client import Collected, Completer, collect_usage
from pipeline.schema.candidate import Attempt, Candidate, Failure
from pipeline.schema.scenario import Lineage, Scenario
from pipeline.schema.specification import Specification
from pipeline.schema.verdict import Finding
from pipeline.seeds import Seeds


@dataclass(frozen=True)
class GenerationContext:
    """What all attempts of a build share. ``programs`` are the project's own unless given."""

    seeds: Seeds
    specification: Specification
    client: Completer
    programs: Programs = field(default_factory=load_programs)


async def generate(attempts: Sequence[Attempt], context: GenerationContext) -> list[Candidate]:
    """Make one candidate for each attempt, side by side within the client's limits.

    Returns:
        Candidates in the order of the attempts, with usage and the keys of all completions asked for.

    Raises:
        EndpointUnavailable, EndpointError, MissingCompletion: from the client; what a reply holds
            never raises.
    """
    in_flight = context.specification.models.generator.limits.in_flight
    return await settle_all((_candidate(attempt, context) for attempt in attempts), at_once=in_flight)


def program_hashes(programs: Programs | None = None) -> dict[str, str]:
    """Return the version of every program (64 hex digits), by name; the project's own programs by default."""
    return dict((load_programs() if programs is None else programs).hashes)


async def _candidate(attempt: Attempt, context: GenerationContext) -> Candidate:
    """Make one candidate. A refinement's core is in the store; its calls were counted with the attempt it refines."""
    remade = await _core(attempt, context) if attempt.refines else None
    with collect_usage() as collected:
        made = await _make(attempt, context, collected, remade or await _core(attempt, context))
    if isinstance(made, Failure):
        candidate = Candidate.of(attempt, failure=made)
    else:
        candidate = Candidate.of(attempt, scenario=made)
    return candidate.model_copy(update={"usage": collected.usage, "completions": _keys(collected)})


async def _make(
    attempt: Attempt, context: GenerationContext, collected: Collected, core: Core | Failure
) -> Scenario | Failure:
    """Return the scenario of an attempt on its core, or why there is none; ``collected`` gathers the completions."""
    if isinstance(core, Failure):
        return core
    tries = context.specification.generation.prose_tries
    written = await write_prose(core, _writer(attempt, context), tries)
    if written.prose is None:
        return _failure("prose", tries, written.findings)
    return assemble(core, written.prose, _lineage(core, attempt, context, _keys(collected)))


def _writer(attempt: Attempt, context: GenerationContext) -> Writer:
    return Writer(context.programs, context.client, attempt, avoid=frozenset(context.seeds.pools.avoid))


def _keys(collected: Collected) -> tuple[str, ...]:
    """Return the keys in an order that does not depend on which reply came first."""
    return tuple(sorted(collected.keys))


async def _core(attempt: Attempt, context: GenerationContext) -> Core | Failure:
    """Return a proven core: from the attempt's situation, else from the model."""
    if attempt.situation is None:
        tries = context.specification.generation.core_tries
        made = await make_core(context.seeds, _writer(attempt.of_core, context), tries)
        return made.core or _failure("core", tries, made.findings)
    domain = context.seeds.domains[attempt.cell.domain]
    situation = next(one for one in domain.situations if one.id == attempt.situation)
    core = core_from_situation(domain, situation, attempt.cell.motive, context.seeds.pools, attempt.seed)
    findings = core_findings(core)
    return _failure("core", 1, findings) if findings else core


def _failure(step: str, tries: int, findings: Sequence[Finding]) -> Failure:
    """Return a failure whose reason is the first finding and the number of the others."""
    first, more = findings[0], len(findings) - 1
    reason = f"after {tries} tries: {first.place}: {first.note}{f' (and {more} more)' if more else ''}"
    return Failure(step=step, reason=reason, findings=tuple(findings))


def _lineage(core: Core, attempt: Attempt, context: GenerationContext, keys: tuple[str, ...]) -> Lineage:
    role = context.specification.models.generator
    before = attempt.refines
    core_programs = () if core.origin == "kit" else CORE_PROGRAMS
    names = (*core_programs, *PROSE_PROGRAMS, *(REFINE_PROGRAMS if before else ()))
    return Lineage(
        cell=attempt.cell.id,
        attempt=attempt.number,
        refines=before.number if before else None,
        seed=attempt.seed,
        core=core.origin,
        situation=core.situation,
        program=context.programs.version(*names),
        model=role.model,
        endpoint_kind=role.endpoint.kind,
        sampling=role.sampling.model_dump(mode="json"),
        completions=tuple(sorted({*keys, *(before.completions if before else ())})),
    )
