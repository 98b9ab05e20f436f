"""``impress contamination RELEASE``: has a model seen the release, does a text hold parts of it?"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.answer import Answer, AnswerCommand, columns
from pipeline.cli.options import EXISTING_FILE, EXISTING_FOLDER, out_option, spec_option
from pipeline.errors import EXIT_DONE, EXIT_NO, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.contamination.recall import Settings
    from pipeline.contamination.record import Contamination, Recall, Side
    from pipeline.schema.scenario import Scenario
    from pipeline.schema.specification import RoleName, Specification

_SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)


@click.command(
    "contamination",
    cls=AnswerCommand,
    when_interrupted="every completion so far is kept: run the same command again and it goes on from there",
)
@click.argument("release", metavar="RELEASE", type=EXISTING_FOLDER)
@click.option(
    "--text",
    "texts",
    metavar="PATH",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    help="A text, JSONL, or a folder of such (.gz too) to look for the release in; may be given several times.",
)
@click.option(
    "--unseen",
    metavar="FILE",
    type=EXISTING_FILE,
    help="Rows of the same making that were never published: parquet or JSONL. Asks the model of --spec.",
)
@spec_option
@click.option("--role", type=click.Choice(("judge", "generator")), default="judge", show_default=True)
@click.option("--rows", type=click.IntRange(min=2), default=100, show_default=True, help="Rows of each side to ask of.")
@click.option("--alpha", type=_SHARE, default=0.001, show_default=True, help="Chance of a false alarm of the probe.")
@click.option(
    "--overlap",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.01,
    show_default=True,
    help="Share of rows that a text may share runs of words with.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of all draws.")
@out_option
def command(
    *,
    release: Path,
    texts: tuple[Path, ...],
    unseen: Path | None,
    specification: Path | None,
    role: RoleName,
    rows: int,
    alpha: float,
    overlap: float,
    seed: int,
    out: Path,
) -> Answer:
    """Look for signs that models or texts know RELEASE.

    With --unseen and --spec a model is asked how rows go on, published ones and unseen ones. With --text, runs of 13
    words that a text shares with the rows are looked for. Writes runs/NAME.contamination.json under --out. Exit
    code 1 if the release should be made anew.
    """
    from pipeline.atomic import write_bytes_atomic
    from pipeline.cli.scenario_file import read_release, read_scenarios
    from pipeline.contamination.assess import assess
    from pipeline.contamination.overlap import lines_of, runs_of
    from pipeline.contamination.overlap import overlap as overlap_with
    from pipeline.contamination.recall import Settings
    from pipeline.seeds import load_specification

    if not texts and unseen is None:
        raise UsageError("nothing to look in: give --text, or --unseen with --spec")
    if (unseen is None) != (specification is None):
        raise UsageError("--unseen and --spec go together: the one says of what is asked, the other who")
    scenarios, name, version = read_release(release)
    runs = runs_of(scenarios) if texts else {}
    ids = [scenario.id for scenario in scenarios]
    overlaps = [overlap_with(runs, ids, lines_of(path), path.name) for path in texts]
    recall = None
    if unseen is not None and specification is not None:
        sides = (drawn(scenarios, rows, seed), drawn(read_scenarios(unseen), rows, seed))
        checked = load_specification(specification)
        store = out / "runs" / "contamination.sqlite"
        recall = asyncio.run(ask(sides, (name, version), checked, role, store=store, settings=Settings(seed=seed)))
    found = assess(f"{name}-{version}", len(scenarios), recall, overlaps, alpha=alpha, overlap_allowed=overlap)
    written = out / "runs" / f"{release.resolve().name}.contamination.json"
    written.parent.mkdir(parents=True, exist_ok=True)
    write_bytes_atomic(written, (found.model_dump_json(indent=2) + "\n").encode("utf-8"))
    text = f"{text_of(found)}\nreport: {written}"
    return Answer(found.model_dump(mode="json"), text, EXIT_NO if found.renew else EXIT_DONE)


def drawn(scenarios: Sequence[Scenario], most: int, seed: int) -> list[Scenario]:
    """Return at most so many rows, drawn without regard to their order."""
    import random

    ordered = sorted(scenarios, key=lambda scenario: scenario.id)
    return random.Random(seed).sample(ordered, min(most, len(ordered)))


async def ask(
    sides: tuple[list[Scenario], list[Scenario]],
    release: tuple[str, str],
    specification: Specification,
    role: RoleName,
    *,
    store: Path,
    settings: Settings,
) -> Recall:
    """Ask the model of a role how published and unseen rows go on; completions go to ``store``."""
    from pipeline.contamination.prompt import load_recall_prompt
    from pipeline.contamination.recall import Asked, recall_of
    from pipeline.models.client import open_client
    from pipeline.models.store import CompletionStore

    store.parent.mkdir(parents=True, exist_ok=True)
    with CompletionStore.open(store) as completions:
        async with open_client(specification.models, completions, budget=specification.budget) as client:
            asked = Asked(release, client, role, specification.models.by_role[role].model)
            return await recall_of(*sides, asked, load_recall_prompt(), settings)


def text_of(found: Contamination) -> str:
    """Write the answer for people."""
    verdicts = {True: "make it anew", False: "no sign of it", None: "nothing was measured that could say so"}
    lines = [f"{found.release}, {found.rows} rows: {verdicts[found.renew]}"]
    lines += [f"  because {reason}" for reason in found.reasons]
    if found.recall is not None:
        lines += _recall(found.recall)
    for one in found.overlaps:
        lines.append(
            f"{one.source}: {one.words} words; runs of {one.n} shared with {one.rows.count} of {one.rows.n} rows"
        )
    return "\n".join(lines)


def _recall(recall: Recall) -> list[str]:
    rows: list[tuple[object, ...]] = [("rows", "asked", "answered", "refusals", "recited", "mean share")]
    for name, side in (("published", recall.published), ("unseen", recall.unseen)):
        rows.append((name, side.rows, side.answered, side.refused, side.recited.count, _share(side)))
    lines = [f"{recall.model} was asked for the next {recall.hidden_words} words of rows", columns(rows)]
    if recall.difference is None:
        return [*lines, "  too few answers to compare"]
    one = recall.difference
    return [*lines, f"  difference {one.share:+.3f} [{one.low:+.3f}, {one.high:+.3f}], p = {one.p:.2g}"]


def _share(side: Side) -> str:
    return "unknown" if side.share is None else f"{side.share:.3f}"
