"""``impress validate FILE``: run the gates on scenarios, or bare texts, from a file."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.answer import Answer, AnswerCommand, columns
from pipeline.cli.options import EXISTING_FILE, out_option, spec_option
from pipeline.errors import EXIT_DONE, EXIT_NO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.cli.scenario_file import SubjectRow
    from pipeline.schema.specification import Specification
    from pipeline.schema.verdict import Decision, Verdict
    from pipeline.validate.context import ValidationContext

    Judged = tuple[SubjectRow, tuple[Verdict, ...], Decision]

_OUTCOMES = ("pass", "fail", "error", "not_run")
_SHOWN = 20
"""Rows that are not accepted, with their reasons, in the text; the file of verdicts has all."""


@click.command(
    "validate",
    cls=AnswerCommand,
    when_interrupted="every completion so far is kept: run the same command again and it goes on from there",
)
@click.argument("file", metavar="FILE", type=EXISTING_FILE)
@spec_option
@out_option
@click.option(
    "--text",
    "text_fields",
    metavar="FIELD",
    multiple=True,
    default=("text",),
    show_default=True,
    help="Field of a row that is no record of ours; may be given several times.",
)
@click.option(
    "--verdicts",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write the verdicts to; runs/NAME-OF-FILE.verdicts.jsonl under --out, if left out.",
)
def command(
    file: Path, specification: Path | None, out: Path, text_fields: tuple[str, ...], verdicts: Path | None
) -> Answer:
    """Run the gates on the scenarios in FILE.

    FILE is a release's data/*.parquet, or JSONL: a scenario a line, or a row of a stranger's, whose text is in
    --text. A bare text is judged on leakage, benignness and realism, since no other gate can read it. The model
    that judges is that of --spec. Without it only the checks that need no model run; the others are told as not
    run, which is never a pass. Writes one verdict a line. Exit code 1 unless every row passes.
    """
    from pipeline.atomic import write_bytes_atomic
    from pipeline.cli.scenario_file import read_subjects
    from pipeline.seeds import load_specification

    rows = read_subjects(file, text_fields)
    checked = None if specification is None else load_specification(specification)
    judged = asyncio.run(judge(rows, checked, out / "runs" / "validate.sqlite"))
    written = verdicts or out / "runs" / f"{file.stem}.verdicts.jsonl"
    written.parent.mkdir(parents=True, exist_ok=True)
    write_bytes_atomic(written, verdict_lines(judged))
    accepted = all(decision.outcome == "accepted" for _, _, decision in judged)
    document = {**document_of(judged), "verdicts": str(written)}
    return Answer(document, f"{text_of(judged)}\nverdicts: {written}", EXIT_DONE if accepted else EXIT_NO)


async def judge(rows: Sequence[SubjectRow], specification: Specification | None, store: Path) -> Sequence[Judged]:
    """Run the gates, with the judge of a specification, whose completions go to ``store``, or without one."""
    from pipeline.calibration.load import load_calibration
    from pipeline.models.client import open_client
    from pipeline.models.store import CompletionStore
    from pipeline.schema.specification import GateSettings
    from pipeline.seeds import load_seeds
    from pipeline.validate.context import ValidationContext
    from pipeline.validate.filters import ADAPTERS
    from pipeline.validate.filters.guards import guard_checks

    seeds = load_seeds()
    if specification is None:
        return await _judged(rows, ValidationContext(seeds, GateSettings(), None, every_check=True))
    with CompletionStore.open(store) as completions:
        async with open_client(specification.models, completions, budget=specification.budget) as client:
            guards = guard_checks(specification.models.guards, client, ADAPTERS)
            context = ValidationContext(
                seeds,
                specification.gates,
                client,
                every_check=True,
                guards=guards,
                calibration=load_calibration(specification.gates),
            )
            return await _judged(rows, context)


async def _judged(rows: Sequence[SubjectRow], context: ValidationContext) -> Sequence[Judged]:
    from pipeline.progress import open_progress
    from pipeline.validate.stage import validate_subjects

    with open_progress() as progress:
        progress.start("validate", total=len(rows))
        found = await validate_subjects(
            [row.subject for row in rows], context, after_each=lambda: progress.advance("validate")
        )
        progress.finish("validate", Counter(decision.outcome for _, _, decision in found))
    return [(row, verdicts, decision) for row, (_, verdicts, decision) in zip(rows, found, strict=True)]


def verdict_lines(judged: Sequence[Judged]) -> bytes:
    """Return one JSON object a line: a verdict, with the row that it is on and what became of that row."""
    lines = [
        json.dumps(
            {"line": row.line, "id": row.id, "decision": decision.outcome, **verdict.model_dump(mode="json")},
            ensure_ascii=False,
        )
        for row, verdicts, decision in judged
        for verdict in verdicts
    ]
    return "".join(f"{line}\n" for line in lines).encode("utf-8")


def document_of(judged: Sequence[Judged]) -> dict[str, object]:
    """Return every verdict and decision as JSON."""
    return {
        "rows": [
            {
                "line": row.line,
                "id": row.id,
                "kind": "text" if isinstance(row.subject, str) else "scenario",
                "decision": decision.model_dump(mode="json"),
                "verdicts": [verdict.model_dump(mode="json") for verdict in verdicts],
            }
            for row, verdicts, decision in judged
        ]
    }


def text_of(judged: Sequence[Judged]) -> str:
    """Write verdicts for people: a table of the checks, then each row that is not accepted and why."""
    outcomes = Counter(decision.outcome for _, _, decision in judged)
    unrun = sorted({_check(one) for _, verdicts, _ in judged for one in verdicts if one.outcome == "not_run"})
    lines = [f"{len(judged)} rows: " + ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())]
    lines.append(columns(check_rows(judged)))
    if unrun:
        lines.append(f"not run on some or all rows, hence not passed there: {', '.join(unrun)}")
    refused = [one for one in judged if one[2].outcome != "accepted"]
    for row, verdicts, decision in refused[:_SHOWN]:
        name = row.id if row.id == f"line {row.line}" else f"line {row.line} ({row.id})"
        lines.append(f"{name}: {decision.outcome}: {decision.reason}")
        lines += [
            f"  {_check(verdict)}: {verdict.outcome}: {verdict.reason}"
            for verdict in verdicts
            if verdict.outcome in ("fail", "error")
        ]
    if len(refused) > _SHOWN:
        lines.append(f"and {len(refused) - _SHOWN} more that are not accepted")
    return "\n".join(lines)


def check_rows(judged: Sequence[Judged]) -> list[tuple[object, ...]]:
    """Return, under a heading, how often each check gave each outcome."""
    counts: dict[str, Counter[str]] = {}
    for _, verdicts, _ in judged:
        for verdict in verdicts:
            counts.setdefault(_check(verdict), Counter())[verdict.outcome] += 1
    return [("check", "pass", "fail", "error", "not run")] + [
        (check, *(count[outcome] for outcome in _OUTCOMES)) for check, count in counts.items()
    ]


def _check(verdict: Verdict) -> str:
    return f"{verdict.gate}/{verdict.checker}"
