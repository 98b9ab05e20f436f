"""The validate stage: candidates in, the same candidates with verdicts and a decision out.

Checks that cost nothing come first; a scenario that fails one is not shown to the judge, and the
judge's checks are recorded as not run. Nothing is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from pipeline.concurrency import settle_all
from pipeline.errors import UsageError
from pipeline.models.client import collect_usage
from pipeline.schema.candidate import Candidate
from pipeline.schema.verdict import Decision, Verdict
from pipeline.validate.context import Check, ValidationContext
from pipeline.validate.gates import CHECKS
from pipeline.validate.policy import GATES, Voter, decide, mistakes_of, turned_away_by
from pipeline.validate.subjects import Subject
from pipeline.validate.thresholds import at_threshold
from pipeline.validate.verdicts import not_run

__all__ = ["ValidationContext", "validate", "validate_subjects"]

_WITHOUT_NOVELTY = tuple(gate for gate in GATES if gate != "novelty")

S = TypeVar("S", bound=Subject)


async def validate(candidates: Sequence[Candidate], context: ValidationContext) -> list[Candidate]:
    """Give each candidate its verdicts and a decision, in the order given.

    A candidate without a scenario is rejected at the step where it failed. Verdicts on novelty stay,
    those of an earlier validation are replaced. ``accepted`` means so far: the quota comes later.

    Raises:
        EndpointError, EndpointUnavailable, MissingCompletion: from the judge's endpoint; what a judge
            says of one scenario, or does not say, is a verdict.
    """

    async def one(candidate: Candidate) -> Candidate:
        async with context.turns:
            return await _validate_candidate(candidate, context)

    return await settle_all(one(candidate) for candidate in candidates)


async def validate_subjects(
    subjects: Sequence[S], context: ValidationContext, *, after_each: Callable[[], None] = lambda: None
) -> list[tuple[S, tuple[Verdict, ...], Decision]]:
    """Run the gates on bare scenarios or texts, in the order given.

    Novelty, which needs others to compare with, is not asked. A text is judged by the gates that have a check for
    texts; of these every check has to be made, and the others are told as not run.

    Args:
        subjects: what is judged.
        context: settings, prompts, the judge.
        after_each: called whenever one is done.

    Raises:
        EndpointError, EndpointUnavailable, MissingCompletion: as :func:`validate`.
        UsageError: if a rule of the settings cannot be met.
    """
    check_rules(context)

    async def one(subject: S) -> tuple[S, tuple[Verdict, ...], Decision]:
        async with context.turns:
            verdicts = await run_checks(subject, (), context)
        after_each()
        return subject, verdicts, _decision_on(subject, verdicts, context)

    return await settle_all(one(subject) for subject in subjects)


def _decision_on(subject: Subject, verdicts: Sequence[Verdict], context: ValidationContext) -> Decision:
    voters, policy = voters_of(context), context.settings.policy
    if not isinstance(subject, str):
        return decide(verdicts, _WITHOUT_NOVELTY, policy, voters)
    readers = {check.gate for check in (*CHECKS, *context.guards) if check.on_text is not None}
    gates = tuple(gate for gate in _WITHOUT_NOVELTY if gate in readers)
    decision = decide(
        [verdict for verdict in verdicts if verdict.gate in gates],
        gates,
        {gate: rule for gate, rule in policy.items() if gate in gates},
        [voter for voter in voters if voter.gate in gates],
    )
    if decision.outcome != "accepted":
        return decision
    return decision.model_copy(update={"rule": f"a bare text: passed {', '.join(gates)}, no other gate reads it"})


async def run_checks(
    subject: Subject, earlier: Sequence[Verdict], context: ValidationContext, checks: Sequence[Check] | None = None
) -> tuple[Verdict, ...]:
    """Return the verdicts of all checks, in their order; those that call a model are only run while all is well.

    Checks that the settings leave out give no verdict, so a gate of which all are left out does not pass.

    Args:
        subject: what is checked.
        earlier: verdicts of stages before (novelty); one that is no pass saves the price of asking models too.
        context: settings, prompts, the judge.
        checks: what to run; every check there is, and those of the configured guards, if left out.
    """
    checks = _without_left_out((*CHECKS, *context.guards) if checks is None else checks, context)
    voters = voters_among(checks)
    found: dict[int, Verdict] = {}
    order = sorted(range(len(checks)), key=lambda number: checks[number].costs)
    for number in order:
        check = checks[number]
        so_far = [*earlier, *found.values()]
        found[number] = await _run_one(check, subject, so_far, context, voters)
    return tuple(found[number] for number in range(len(checks)))


def check_rules(context: ValidationContext) -> None:
    """Look whether the checks that there are can meet the rules of the settings.

    Raises:
        UsageError: for the first rule that they cannot, or that names a check that is not there.
    """
    for place, problem in mistakes_of(context.settings.policy, voters_of(context)):
        raise UsageError(f"gates.{'.'.join(place)}: {problem}")


def voters_of(context: ValidationContext) -> tuple[Voter, ...]:
    """Return the checks that the settings and the configured guards call for, as the policy counts them."""
    return voters_among(_without_left_out((*CHECKS, *context.guards), context))


def voters_among(checks: Sequence[Check]) -> tuple[Voter, ...]:
    """Return checks as the policy counts them."""
    return tuple(Voter(check.gate, check.checker, check.family or check.checker) for check in checks)


def _without_left_out(checks: Sequence[Check], context: ValidationContext) -> list[Check]:
    return [check for check in checks if f"{check.gate}.{check.checker}" not in context.settings.left_out]


async def _run_one(
    check: Check,
    subject: Subject,
    so_far: Sequence[Verdict],
    context: ValidationContext,
    voters: Sequence[Voter],
) -> Verdict:
    if check.costs and not (check.asks_judge and context.client is None):
        turned_away = turned_away_by(so_far, context.settings.policy, voters)
        if turned_away is not None and not context.every_check:
            because = f"turned away before by {turned_away.gate} ({turned_away.checker})"
            return not_run(check.gate, check.checker, because)
    measured = context.calibration.filters if context.calibration is not None else ()
    return at_threshold(await check.on(subject, context), measured)


async def _validate_candidate(candidate: Candidate, context: ValidationContext) -> Candidate:
    if candidate.scenario is None:
        return candidate.model_copy(update={"decision": _failed_before(candidate)})
    rejected = {} if context.reviews is None else context.reviews.reasons
    if candidate.scenario.id in rejected:
        return candidate.model_copy(update={"decision": _rejected_by_people(rejected[candidate.scenario.id])})
    novelty = tuple(verdict for verdict in candidate.verdicts if verdict.gate == "novelty")
    with collect_usage() as collected:
        verdicts = (*novelty, *await run_checks(candidate.scenario, novelty, context))
    new = tuple(key for key in collected.keys if key not in candidate.completions)
    return candidate.model_copy(
        update={
            "verdicts": verdicts,
            "decision": decide(verdicts, GATES, context.settings.policy, voters_of(context)),
            "usage": candidate.usage + collected.usage,
            "completions": (*candidate.completions, *new),
        }
    )


def _rejected_by_people(reason: str) -> Decision:
    return Decision(outcome="rejected", rule="people rejected it", gate="review", reason=f"review: {reason}")


def _failed_before(candidate: Candidate) -> Decision:
    failure = candidate.failure
    if failure is None:
        raise ValueError(f"candidate {candidate.id} has neither a scenario nor a failure")
    rule = "no scenario came of it"
    if failure.step == "prose":
        return Decision(outcome="rejected", rule=rule, gate="prose", reason=failure.reason)
    return Decision(outcome="rejected", rule=rule, gate="core", reason=failure.reason)
