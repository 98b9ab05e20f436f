"""``impress validate FILE``: run the gates on scenarios from a file."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.answer import Answer, AnswerCommand
from pipeline.cli.options import EXISTING_FILE, out_option, spec_option
from pipeline.errors import EXIT_DONE, EXIT_NO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.schema.scenario import Scenario
    from pipeline.schema.specification import Specification
    from pipeline.schema.verdict import Decision, Verdict

    Judged = tuple[Scenario, tuple[Verdict, ...], Decision]


@click.command(
    "validate",
    cls=AnswerCommand,
    when_interrupted="every completion so far is kept: run the same command again and it goes on from there",
)
@click.argument("file", metavar="FILE", type=EXISTING_FILE)
@spec_option
@out_option
def command(file: Path, specification: Path | None, out: Path) -> Answer:
    """Run the gates on the scenarios in FILE.

    FILE is a release's data/*.parquet, or JSONL with a scenario a line. The model that judges is that of
    --spec. Without it only the checks that need no model run; the others are told as not run, which
    is never a pass. Exit code 1 unless every scenario passes.
    """
    from pipeline.cli.scenario_file import read_scenarios
    from pipeline.seeds import load_specification

    scenarios = read_scenarios(file)
    checked = None if specification is None else load_specification(specification)
    store = out / "runs" / "validate.sqlite"
    if checked is not None:
        store.parent.mkdir(parents=True, exist_ok=True)
    judged = asyncio.run(judge(scenarios, checked, store))
    accepted = all(decision.outcome == "accepted" for _, _, decision in judged)
    return Answer(document_of(judged), text_of(judged), EXIT_DONE if accepted else EXIT_NO)


async def judge(scenarios: Sequence[Scenario], specification: Specification | None, store: Path) -> Sequence[Judged]:
    """Run the gates, with the judge of a specification, whose completions go to ``store``, or without one."""
    from pipeline.calibration.load import load_calibration
    from pipeline.models.client import open_client
    from pipeline.models.store import CompletionStore
    from pipeline.schema.specification import GateSettings
    from pipeline.seeds import load_seeds
    from pipeline.validate.context import ValidationContext
    from pipeline.validate.filters import ADAPTERS
    from pipeline.validate.filters.guards import guard_checks
    from pipeline.validate.stage import validate_scenarios

    seeds = load_seeds()
    if specification is None:
        return await validate_scenarios(scenarios, ValidationContext(seeds, GateSettings(), None, every_check=True))
    with CompletionStore.open(store) as completions:
        async with open_client(specification.models, completions) as client:
            guards = guard_checks(specification.models.guards, client, ADAPTERS)
            context = ValidationContext(
                seeds,
                specification.gates,
                client,
                every_check=True,
                guards=guards,
                calibration=load_calibration(specification.gates),
            )
            return await validate_scenarios(scenarios, context)


def document_of(judged: Sequence[Judged]) -> dict[str, object]:
    """Return every verdict and decision as JSON."""
    return {
        "scenarios": [
            {
                "id": scenario.id,
                "decision": decision.model_dump(mode="json"),
                "verdicts": [verdict.model_dump(mode="json") for verdict in verdicts],
            }
            for scenario, verdicts, decision in judged
        ]
    }


def text_of(judged: Sequence[Judged]) -> str:
    """Write verdicts for people: the decisions, and each check that is not a pass."""
    outcomes = Counter(decision.outcome for _, _, decision in judged)
    unrun = sorted({_check(one) for _, verdicts, _ in judged for one in verdicts if one.outcome == "not_run"})
    lines = [f"{len(judged)} scenarios: " + ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())]
    if unrun:
        lines.append(f"not run, hence not passed: {', '.join(unrun)}")
    for scenario, verdicts, decision in judged:
        lines.append(f"{scenario.id}: {decision.outcome}: {decision.reason}")
        lines += [
            f"  {_check(verdict)}: {verdict.outcome}: {verdict.reason}"
            for verdict in verdicts
            if verdict.outcome in ("fail", "error")
        ]
    return "\n".join(lines)


def _check(verdict: Verdict) -> str:
    return f"{verdict.gate}/{verdict.checker}"
