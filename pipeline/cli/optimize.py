"""``impress optimize PROGRAM SPEC``: compile a program of generation with GEPA or MIPROv2."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from pipeline.cli.answer import Answer, AnswerCommand, columns
from pipeline.cli.build import PREFECT
from pipeline.cli.options import spec_argument
from pipeline.errors import EXIT_DONE, EXIT_NO

if TYPE_CHECKING:
    from pipeline.optimize.estimate import Estimate
    from pipeline.optimize.examples import Sets
    from pipeline.optimize.order import Order, Outcome
    from pipeline.schema.compiled import Measured


@click.command(
    "optimize",
    cls=AnswerCommand,
    when_interrupted="every completion so far is kept: run the same command again and the search goes on from there",
)
@click.argument("program", metavar="PROGRAM")
@spec_argument
@click.option(
    "--optimizer", type=click.Choice(["gepa", "mipro"]), default="gepa", show_default=True, help="Who searches."
)
@click.option("--calls", type=click.IntRange(min=1), metavar="N", help="Most calls to models, scoring included.")
@click.option("--tokens", type=click.IntRange(min=1), metavar="N", help="Most tokens, prompts and replies together.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the search.")
@click.option("--judge", is_flag=True, help="Ask the judge of SPEC about each text too.")
@click.option(
    "--out",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("prompts/compiled"),
    show_default=True,
    help="Where compiled programs stand.",
)
@click.option(
    "--work",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("generated/optimize"),
    show_default=True,
    help="Where completions are kept.",
)
@click.option("--dry-run", is_flag=True, help="Only say which examples there are and how many calls to expect.")
@click.option("--no-server", is_flag=True, help="Run in this process alone, without Prefect.")
def command(
    program: str,
    specification: Path,
    *,
    optimizer: Literal["gepa", "mipro"],
    calls: int | None,
    tokens: int | None,
    seed: int,
    judge: bool,
    out: Path,
    work: Path,
    dry_run: bool,
    no_server: bool,
) -> Answer:
    """Improve the instructions of PROGRAM by search.

    PROGRAM is background, opening or note; the models of SPEC write, propose and judge. The optimiser learns and
    chooses on two sets of examples; the score that counts is taken on a third. A budget that is spent ends the
    search with the best so far. Exit code 1 when what was found scores lower than the program in use, which stays.
    """
    from pipeline.optimize.order import Order
    from pipeline.optimize.run import expected
    from pipeline.seeds import load_specification

    order = Order(
        program=program,
        specification=load_specification(specification),
        optimizer=optimizer,
        seed=seed,
        calls=calls,
        tokens=tokens,
        judge=judge,
        out=out,
        work=work,
    )
    if dry_run:
        return estimate_answer(*expected(order))
    return answer_of(run(order, server=not no_server))


def run(order: Order, *, server: bool) -> Outcome:
    """Optimise, with Prefect (``server``) or without, showing progress on stderr."""
    from pipeline.optimize.run import optimize
    from pipeline.progress import open_progress

    with open_progress() as progress:
        if not server:
            return asyncio.run(optimize(order, progress))
        for name, value in PREFECT.items():
            os.environ.setdefault(name, value)
        from flows.optimize import optimize_with_server

        return asyncio.run(optimize_with_server(order, progress=progress))


def answer_of(outcome: Outcome) -> Answer:
    """Say what was scored and what became of the program."""
    scores = {"before": outcome.before, "after": outcome.after, "gain": outcome.gain, "incumbent": outcome.incumbent}
    document = {
        "saved": str(outcome.saved) if outcome.saved else None,
        "verdict": outcome.verdict,
        **{name: score.model_dump() if score else None for name, score in scores.items()},
        "stopped_by_budget": outcome.stopped_by_budget,
        "calls": outcome.calls,
        "tokens": outcome.tokens,
        "calls_made": outcome.calls_made,
        "provenance": outcome.provenance.model_dump(mode="json") if outcome.provenance else None,
    }
    rows = [_row(name, score) for name, score in scores.items() if score is not None]
    spent = "unknown" if outcome.tokens is None else f"{outcome.tokens:,}"
    lines = [
        outcome.verdict,
        columns([["held-back set", "score", "95% interval", "examples"], *rows]),
        *(["stopped by the budget: this is the best so far"] if outcome.stopped_by_budget else []),
        f"calls: {outcome.calls}, of them made now: {outcome.calls_made}; tokens: {spent}",
    ]
    return Answer(document, "\n".join(lines), EXIT_DONE if outcome.better else EXIT_NO)


def estimate_answer(expected: Estimate, sets: Sets) -> Answer:
    """Say what an optimisation would take."""
    sizes = {name: len(cases) for name, cases in sets.items()}
    document = {"examples": sizes, "calls": expected.about, "calls_at_most": expected.at_most, **vars(expected)}
    rows = [
        ["scoring on the held-back set", expected.held_back],
        ["texts during the search", expected.search],
        ["proposals of instructions", expected.reflection],
        ["questions to the judge", expected.judged],
    ]
    lines = [
        "examples: " + ", ".join(f"{name} {size}" for name, size in sizes.items()),
        columns([["calls for", "about"], *rows]),
        f"calls: about {expected.about:,}, at most {expected.at_most:,}",
    ]
    return Answer(document, "\n".join(lines))


def _row(name: str, score: Measured) -> list[object]:
    return [name, round(score.mean, 3), f"{score.low:.3f} to {score.high:.3f}", score.n]
