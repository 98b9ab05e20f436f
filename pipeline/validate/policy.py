"""From verdicts to a decision: each gate passes by its rule, and nothing else passes.

Fail-closed: error, refusal, time-out and a check that did not run are never a pass. Under every rule
the passes that a gate needs only ever come from verdicts that pass, so spoiling a verdict can never turn
a scenario that was not accepted into one that is; and since the rule counts the checks that are
configured, neither can losing one.

The rules, for a gate with families of checks (checks of one model family count once, with the worst
that any of them says):

====== ============================ ========================================= =======================
rule   accepts                      quarantines                               rejects
====== ============================ ========================================= =======================
veto   all checks pass              no check fails, one gave no answer        a check fails
k of n k families pass, and by      k pass and another fails or is silent     so many fail that k
       ``contested: accept`` that   (unless ``contested: accept``); or k       cannot be reached
       is enough; else all pass     could be reached if the silent had passed
weight as k of n, with the share of weight that passes in place of the number
====== ============================ ========================================= =======================
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.schema.policy import KOfN, Rule, Veto, Weighted
from pipeline.schema.verdict import Decision, GateName, Outcome, Verdict

GATES: tuple[GateName, ...] = ("novelty", "solvability", "leakage", "benignness", "relevance", "realism")
"""All gates, in the order in which a candidate meets them."""

_WORST_FIRST: tuple[Outcome, ...] = ("fail", "error", "not_run", "pass")
_ROUNDING = 1e-9
"""Shares of weight that differ by less are equal, so that 0.1 + 0.2 of weight reaches 0.3."""

Standing = Literal["failed", "error", "not_run", "missing"]
_GRAVEST_FIRST: tuple[Standing, ...] = ("failed", "error", "not_run", "missing")


@dataclass(frozen=True)
class Voter:
    """A configured check, named as its verdicts name it; filters on one model share a ``family``."""

    gate: GateName
    checker: str
    family: str


@dataclass(frozen=True)
class _Family:
    """What one family of checks says together: the worst of its members' verdicts."""

    name: str
    outcome: Outcome
    weight: float
    reason: str


@dataclass(frozen=True)
class _TurnedAway:
    """Why a gate is not passed."""

    gate: GateName
    standing: Standing
    rule: str
    reason: str


def decide(
    verdicts: Sequence[Verdict],
    required: Collection[GateName] = GATES,
    rules: Mapping[GateName, Rule] | None = None,
    voters: Sequence[Voter] = (),
) -> Decision:
    """Return what becomes of a scenario with these verdicts.

    A gate that fails rejects. Without one, a gate that is contested, unanswered or without any verdict
    quarantines: the scenario may be sound, but nobody has shown it.

    Args:
        verdicts: of all checks.
        required: gates that must have at least one verdict.
        rules: of the gates that have another than ``veto``.
        voters: the configured checks; one without a verdict is silent. Those that only verdicts name
            are a family of their own.

    Returns:
        The decision; ``gate`` is the first gate, in pipeline order, that turned the scenario away, those that
        fail before those that did not answer.
    """
    turned_away = [
        found
        for gate in GATES
        if (found := _gate(gate, _of(gate, verdicts), rules or {}, voters, is_required=gate in required))
    ]
    if not turned_away:
        return Decision(outcome="accepted", rule="every gate passed", reason=_accepted_because(rules or {}))
    first = min(turned_away, key=lambda one: _GRAVEST_FIRST.index(one.standing))
    outcome: Literal["rejected", "quarantined"] = "rejected" if first.standing == "failed" else "quarantined"
    return Decision(outcome=outcome, rule=first.rule, gate=first.gate, reason=first.reason)


def turned_away_by(
    so_far: Sequence[Verdict], rules: Mapping[GateName, Rule], voters: Sequence[Voter] = ()
) -> Verdict | None:
    """Return the verdict that has settled already that a scenario is not accepted; ``None`` if none has.

    Under ``veto`` any verdict that is no pass settles it. Under the other rules a gate is settled when it fails
    even if every check still to come passes; what only contests it does not save the price of the others, whose
    reasons a person will want.
    """
    for gate in GATES:
        said = _of(gate, so_far)
        rule = rules.get(gate, Veto())
        objections = [verdict for verdict in said if verdict.outcome != "pass"]
        if not objections:
            continue
        if isinstance(rule, Veto):
            return objections[0]
        settled = _by_families(gate, rule, _families(gate, rule, said, voters, silent="pass"))
        if settled is not None and settled.standing == "failed":
            return objections[0]
    return None


def mistakes_of(rules: Mapping[GateName, Rule], voters: Sequence[Voter]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Say which rules can never be met by the checks that there are, as (place in ``gates``, problem)."""
    for gate, rule in rules.items():
        mine = [voter for voter in voters if voter.gate == gate]
        families = {voter.family for voter in mine}
        place = ("policy", gate)
        if isinstance(rule, KOfN) and voters and rule.k > len(families):
            checks = ", ".join(sorted(families)) or "none"
            yield (*place, "k"), f"{rule.k} families have to pass and there are {len(families)}: {checks}"
        if isinstance(rule, Weighted):
            for name in sorted(set(rule.weights) - {voter.checker for voter in mine}):
                checks = ", ".join(sorted(voter.checker for voter in mine)) or "none"
                yield (*place, "weights", name), f"the gate has no check {name}; it has {checks}"


def _of(gate: GateName, verdicts: Sequence[Verdict]) -> list[Verdict]:
    return [verdict for verdict in verdicts if verdict.gate == gate]


def _gate(
    gate: GateName,
    verdicts: Sequence[Verdict],
    rules: Mapping[GateName, Rule],
    voters: Sequence[Voter],
    *,
    is_required: bool,
) -> _TurnedAway | None:
    """Return why a gate is not passed; ``None`` if it is."""
    if not verdicts:
        if is_required:
            return _TurnedAway(gate, "missing", "a gate is missing", f"{gate}: there is no verdict")
        return None
    rule = rules.get(gate, Veto())
    if isinstance(rule, Veto):
        return _by_veto(gate, verdicts, voters)
    return _by_families(gate, rule, _families(gate, rule, verdicts, voters, silent="not_run"))


def _by_veto(gate: GateName, verdicts: Sequence[Verdict], voters: Sequence[Voter]) -> _TurnedAway | None:
    standings: tuple[tuple[Outcome, Standing], ...] = (("fail", "failed"), ("error", "error"), ("not_run", "not_run"))
    for outcome, standing in standings:
        found = next((verdict for verdict in verdicts if verdict.outcome == outcome), None)
        if found is not None:
            rule = "a check failed" if standing == "failed" else "a check gave no answer"
            return _TurnedAway(gate, standing, rule, _because(found))
    seen = {verdict.checker for verdict in verdicts}
    lost = next((voter.checker for voter in voters if voter.gate == gate and voter.checker not in seen), None)
    if lost is not None:
        return _TurnedAway(gate, "missing", "a check is missing", f"{gate} ({lost}): there is no verdict")
    return None


def _families(
    gate: GateName, rule: KOfN | Weighted, verdicts: Sequence[Verdict], voters: Sequence[Voter], *, silent: Outcome
) -> list[_Family]:
    """Return what each family says, in order of their names; a voter without a verdict says ``silent``."""
    family_of = {voter.checker: voter.family for voter in voters if voter.gate == gate}
    said: dict[str, list[tuple[str, Outcome, str]]] = {}
    for verdict in verdicts:
        family = family_of.get(verdict.checker, verdict.checker)
        said.setdefault(family, []).append((verdict.checker, verdict.outcome, verdict.reason))
    seen = {verdict.checker for verdict in verdicts}
    for checker, family in family_of.items():
        if checker not in seen:
            said.setdefault(family, []).append((checker, silent, "there is no verdict"))
    weights = rule.weights if isinstance(rule, Weighted) else {}
    return [_family(name, members, weights) for name, members in sorted(said.items())]


def _family(name: str, members: Sequence[tuple[str, Outcome, str]], weights: Mapping[str, float]) -> _Family:
    checker, outcome, reason = min(members, key=lambda member: _WORST_FIRST.index(member[1]))
    weight = max(weights.get(member[0], 1.0) for member in members)
    return _Family(name, outcome, weight, f"{checker}: {reason}")


def _by_families(gate: GateName, rule: KOfN | Weighted, families: Sequence[_Family]) -> _TurnedAway | None:
    passed = [one for one in families if one.outcome == "pass"]
    failed = [one for one in families if one.outcome == "fail"]
    silent = [one for one in families if one.outcome in ("error", "not_run")]
    met = _reached(rule, passed, families)
    if met and (rule.contested == "accept" or len(passed) == len(families)):
        return None
    reason = f"{gate}: {_sides(rule, passed, failed, silent, families)}"
    if not _reached(rule, [*passed, *silent], families):
        return _TurnedAway(gate, "failed", _failed_rule(rule), reason)
    if failed and passed:
        return _TurnedAway(gate, "error", "the checks disagree", reason)
    standing: Standing = "error" if any(one.outcome == "error" for one in silent) else "not_run"
    return _TurnedAway(gate, standing, "a check gave no answer", reason)


def _reached(rule: KOfN | Weighted, passing: Sequence[_Family], families: Sequence[_Family]) -> bool:
    """Tell whether the rule is met when these of the families pass."""
    if isinstance(rule, KOfN):
        return len(passing) >= rule.k
    total = math.fsum(one.weight for one in families)
    return math.fsum(one.weight for one in passing) >= (rule.threshold - _ROUNDING) * total


def _failed_rule(rule: KOfN | Weighted) -> str:
    return "too few checks pass" if isinstance(rule, KOfN) else "too little weight passes"


def _sides(
    rule: KOfN | Weighted,
    passed: Sequence[_Family],
    failed: Sequence[_Family],
    silent: Sequence[_Family],
    families: Sequence[_Family],
) -> str:
    """Write down what each side says, and what the rule asks for."""
    if isinstance(rule, KOfN):
        wanted = f"{len(passed)} of {len(families)} families pass, {rule.k} have to"
    else:
        total, mine = (math.fsum(one.weight for one in group) for group in (families, passed))
        wanted = f"{mine:g} of the weight of {total:g} passes, {rule.threshold:g} of it has to"
    sides = (("pass", passed), ("fail", failed), ("no answer", silent))
    return "; ".join(
        [wanted, *(f"{side}: {' | '.join(one.reason for one in group)}" for side, group in sides if group)]
    )


def _accepted_because(rules: Mapping[GateName, Rule]) -> str:
    others = [f"{gate} by {rules[gate].rule}" for gate in GATES if gate in rules and rules[gate].rule != "veto"]
    if not others:
        return "every check of every gate passed"
    return f"every gate passed by its rule ({', '.join(others)}, the others by veto)"


def _because(verdict: Verdict) -> str:
    return f"{verdict.gate} ({verdict.checker}): {verdict.reason}"
