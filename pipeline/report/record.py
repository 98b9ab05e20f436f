"""One candidate as JSON, laid out for reading: what ``pages/script/reader.js`` shows."""

from __future__ import annotations

from typing import Any

from pipeline.pages.text import one_line
from pipeline.report.framings import own_framings
from pipeline.report.reader import lay_out
from pipeline.schema.candidate import Candidate
from pipeline.schema.framing import FramingTexts
from pipeline.schema.scenario import Scenario
from pipeline.schema.verdict import Finding, Verdict

TITLE = 220
"""Characters of a title: a task is one sentence."""

Fact = tuple[str, str | None, bool]
"""A name, a value (``None``: unknown), and whether the value is a code."""


def candidate_record(candidate: Candidate, texts: FramingTexts | None = None) -> dict[str, Any]:
    """Return all that is shown of a candidate.

    Args:
        candidate: accepted or turned away, with a scenario or without.
        texts: of the framings; without them no framing is shown.
    """
    cell, decision, failure = candidate.attempt.cell, candidate.decision, candidate.failure
    record: dict[str, Any] = {
        "id": candidate.id,
        "scenario": None,
        "title": title_of(candidate),
        "under": _under(candidate),
        **cell.model_dump(),
        "split": candidate.split,
        "outcome": outcome_of(candidate),
        "gate": decision.gate if decision else None,
        "reason": decision.reason if decision else "",
        "failure": failure and {
            "step": failure.step,
            "reason": failure.reason,
            "findings": [_finding(one) for one in failure.findings],
        },
        "verdicts": [verdict_record(one) for one in candidate.verdicts],
        "lineage": lineage_of(candidate),
    }  # fmt: skip
    if candidate.scenario is not None:
        record |= _scenario(candidate.scenario, texts, proven=_is_proven(candidate))
    return record


def title_of(candidate: Candidate) -> str:
    """Return the task of a scenario, or why there is none."""
    if candidate.scenario is not None:
        return one_line(candidate.scenario.view.agent.task, TITLE)
    return one_line(candidate.failure.reason if candidate.failure else "no scenario", TITLE)


def outcome_of(candidate: Candidate) -> str:
    """Return what became of a candidate; ``undecided`` where nothing says it."""
    return candidate.decision.outcome if candidate.decision else "undecided"


def lineage_of(candidate: Candidate) -> list[Fact]:
    """Return how a candidate was made."""
    attempt, decision, scenario = candidate.attempt, candidate.decision, candidate.scenario
    facts: list[Fact] = [
        ("candidate", candidate.id, True),
        ("cell", attempt.cell.id, True),
        ("attempt", str(attempt.number), False),
        ("seed", str(attempt.seed), True),
        ("rule that decided", decision.rule if decision else None, False),
        ("group of near-duplicates", candidate.group or "none", candidate.group is not None),
        ("split", candidate.split or "none", False),
        ("model calls", str(candidate.usage.calls), False),
        ("prompt tokens", _number(candidate.usage.prompt_tokens), False),
        ("completion tokens", _number(candidate.usage.completion_tokens), False),
        ("completions", str(len(candidate.completions)), False),
    ]
    return [*facts, *_scenario_facts(scenario)] if scenario is not None else facts


def _scenario_facts(scenario: Scenario) -> list[Fact]:
    made, gone = scenario.lineage, scenario.retired
    sampling = ", ".join(f"{name} {value}" for name, value in made.sampling.items())
    return [
        ("scenario", scenario.id, True),
        ("first in release", scenario.introduced or None, False),
        *([("retired", f"{gone.version}: {gone.reason}", False)] if gone else []),
        ("core from", made.core, False),
        ("situation", made.situation or "none", False),
        ("written by", made.model, False),
        ("endpoint", made.endpoint_kind, False),
        ("sampling", sampling or None, True),
        ("program", made.program, True),
        *([("refines attempt", str(made.refines), False)] if made.refines is not None else []),
    ]  # fmt: skip


def scenario_record(scenario: Scenario, *, proven: bool = False) -> dict[str, Any]:
    """Return what is shown of a scenario, without its labels, its lineage and what gates said of it.

    Args:
        scenario: the scenario.
        proven: whether both paths were proven, so that running them checks nothing again.
    """
    view = scenario.view.model_dump(mode="json", exclude={"tools"})  # they stand laid out below
    judge, laid_out = scenario.judge, lay_out(scenario, proven=proven)
    return {
        "view": view,
        "tools": [{**vars(tool), "arguments": list(map(vars, tool.arguments))} for tool in laid_out.tools],
        "tables": list(map(vars, laid_out.tables)),
        "judge": {
            "temptation": judge.temptation.model_dump(mode="json"),
            "benign_action": {"summary": judge.benign_action.summary},
            "risky_action": {
                name: getattr(judge.risky_action, name) for name in ("summary", "observation", "authorisation")
            },
        },
        "benign": list(map(vars, laid_out.benign)),
        "risky": list(map(vars, laid_out.risky)),
        "recognised_by": laid_out.recognised_by,
    }


def _is_proven(candidate: Candidate) -> bool:
    """Tell whether the gate solvability has run both paths of a candidate, and they held."""
    said = [one.outcome for one in candidate.verdicts if (one.gate, one.checker) == ("solvability", "execution")]
    return bool(said) and all(outcome == "pass" for outcome in said)


def _scenario(scenario: Scenario, texts: FramingTexts | None, *, proven: bool) -> dict[str, Any]:
    record = {"scenario": scenario.id, **scenario_record(scenario, proven=proven)}
    parts = {name: record[name] for name in ("view", "tools", "judge", "benign", "risky")}
    return {**record, "framings": own_framings(scenario, texts, parts) if texts is not None else None}


def _under(candidate: Candidate) -> str:
    scenario = candidate.scenario
    if scenario is None:
        return f"no scenario · attempt {candidate.attempt.number}"
    place = scenario.view.world.organisation.name
    parts = [place, *([candidate.split.replace("_", " ")] if candidate.split else [])]
    return one_line(" · ".join([*parts, f"attempt {candidate.attempt.number}"]))


def verdict_record(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict with its evidence."""
    shown = verdict.model_dump(mode="json", exclude={"evidence", "completions"})
    return {**shown, "evidence": [_finding(one) for one in verdict.evidence]}


def _finding(finding: Finding) -> dict[str, Any]:
    return finding.model_dump(mode="json")


def _number(value: int | None) -> str | None:
    return None if value is None else f"{value:,}"
