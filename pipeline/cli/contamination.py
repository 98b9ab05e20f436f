"""``impress contamination RELEASE``: has a model seen the release, does a text hold parts of it?"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.answer import Answer, AnswerCommand, columns
from pipeline.cli.options import EXISTING_FILE, EXISTING_FOLDER, out_option, spec_option
from pipeline.errors import EXIT_DONE, EXIT_NO, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.contamination.assess import Evidence
    from pipeline.contamination.recall import Settings
    from pipeline.contamination.record import CanaryKnown, Contamination, Proximity, Recall, Side
    from pipeline.schema.calibration import Rate
    from pipeline.schema.manifest import Manifest
    from pipeline.schema.scenario import Scenario
    from pipeline.schema.specification import RoleName, Specification

SHOWN = 3
"""Nearest rows that a person is shown of each text; the report holds more."""
EXCERPT = 90
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
    help="Rows of the same making that were never published: parquet or JSONL. The model of --spec is asked of both.",
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
    help="Share of rows that a text may share runs of words with, or tell in other words.",
)
@click.option(
    "--reworded/--no-reworded",
    default=True,
    show_default=True,
    help="Look in texts for rows in other words too; takes minutes for each megabyte.",
)
@click.option("--near", type=_SHARE, help="Cosine from which a row counts as told in other words.  [default: 0.65]")
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
    reworded: bool,
    near: float | None,
    seed: int,
    out: Path,
) -> Answer:
    """Look for signs that models or texts know RELEASE.

    With --text, each text is searched for the release's canary, for runs of 13 words that it shares with the rows, and
    for rows in other words. With --spec a model is asked for the canary, and with --unseen how rows go on, published
    ones and unseen ones. Writes runs/NAME.contamination.json under --out. Exit code 1 if the release should be made
    anew.
    """
    from pipeline.atomic import write_bytes_atomic
    from pipeline.cli.scenario_file import read_release, read_scenarios
    from pipeline.contamination.assess import assess
    from pipeline.contamination.match import matched
    from pipeline.contamination.recall import Settings, askable
    from pipeline.seeds import load_specification

    if not texts and specification is None:
        raise UsageError("nothing to look in: give --text, or --spec with or without --unseen")
    if unseen is not None and specification is None:
        raise UsageError("--unseen needs --spec: the one says of what is asked, the other who")
    scenarios, manifest = read_release(release)
    if unseen is None and specification is not None and manifest.canary is None:
        raise UsageError("this release has no canary to ask for: give --unseen as well")
    found = in_texts(texts, scenarios, manifest, near=near, reworded=reworded)
    if specification is not None:
        store, settings = out / "runs" / "contamination.sqlite", Settings(seed=seed)
        pairs = None
        if unseen is not None:
            published, others = (askable(side, settings) for side in (scenarios, read_scenarios(unseen)))
            pairs = matched(published, others, rows, seed)
        asked = ask(pairs, manifest, load_specification(specification), role, store=store, settings=settings)
        recall, known = asyncio.run(asked)
        found = replace(found, recall=recall, canary_known=known)
    name = f"{manifest.name}-{manifest.version}"
    judged = assess(name, len(scenarios), found, alpha=alpha, overlap_allowed=overlap, canary=manifest.canary)
    written = out / "runs" / f"{release.resolve().name}.contamination.json"
    written.parent.mkdir(parents=True, exist_ok=True)
    write_bytes_atomic(written, (judged.model_dump_json(indent=2) + "\n").encode("utf-8"))
    text = f"{text_of(judged)}\nreport: {written}"
    return Answer(judged.model_dump(mode="json"), text, EXIT_NO if judged.renew else EXIT_DONE)


def in_texts(
    texts: Sequence[Path], scenarios: Sequence[Scenario], manifest: Manifest, *, near: float | None, reworded: bool
) -> Evidence:
    """Look for a release in texts."""
    from pipeline.contamination.assess import Evidence
    from pipeline.contamination.canary import canary_in
    from pipeline.contamination.lines import lines_of
    from pipeline.contamination.overlap import overlap, runs_of
    from pipeline.contamination.proximity import THRESHOLD, proximity, row_windows
    from pipeline.deduplicate.encoder import load_encoder

    if not texts:
        return Evidence()
    ids, runs = [scenario.id for scenario in scenarios], runs_of(scenarios)
    overlaps = [overlap(runs, ids, lines_of(path), path.name) for path in texts]
    canary = manifest.canary
    canaries = [] if canary is None else [canary_in(canary, lines_of(path), path.name) for path in texts]
    proximities = []
    if reworded:
        encoder = load_encoder(manifest.specification.deduplication.encoder)
        windows = row_windows(scenarios, encoder)
        for path in texts:
            found = proximity(
                windows, lines_of(path), path.name, encoder, threshold=near or THRESHOLD, tell=_said_on_terminal
            )
            proximities.append(found)
    return Evidence(overlaps=tuple(overlaps), proximities=tuple(proximities), canaries=tuple(canaries))


def _said_on_terminal(windows: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{windows} windows encoded ", err=True, nl=False)


async def ask(
    pairs: Sequence[tuple[Scenario, Scenario]] | None,
    manifest: Manifest,
    specification: Specification,
    role: RoleName,
    *,
    store: Path,
    settings: Settings,
) -> tuple[Recall | None, CanaryKnown | None]:
    """Ask the model of a role for the canary, and, where there are unseen rows, how published and unseen ones go on.

    Completions go to ``store``.
    """
    from pipeline.contamination.canary import canary_known
    from pipeline.contamination.match import of_one_cell
    from pipeline.contamination.prompt import load_recall_prompt
    from pipeline.contamination.recall import Asked, recall_of
    from pipeline.models.client import open_client
    from pipeline.models.store import CompletionStore

    store.parent.mkdir(parents=True, exist_ok=True)
    prompt = load_recall_prompt()
    with CompletionStore.open(store) as completions:
        async with open_client(specification.models, completions, budget=specification.budget) as client:
            release = (manifest.name, manifest.version)
            asked = Asked(release, client, role, specification.models.by_role[role].model)
            known = None if manifest.canary is None else await canary_known(manifest.canary, asked, prompt)
            if pairs is None:
                return None, known
            recall = await recall_of([one for one, _ in pairs], [other for _, other in pairs], asked, prompt, settings)
            return recall.model_copy(update={"of_one_cell": of_one_cell(pairs)}), known


def text_of(found: Contamination) -> str:
    """Write the answer for people."""
    verdicts = {True: "make it anew", False: "no sign of it", None: "nothing was measured that could say so"}
    lines = [f"{found.release}, {found.rows} rows: {verdicts[found.renew]}"]
    lines += [f"  because {reason}" for reason in found.reasons]
    if found.recall is not None:
        lines += _recall(found.recall)
    if found.canary_known is not None:
        digits = found.canary_known.digits
        said = "gave no answer" if digits is None else f"gave back {digits} digits of it that it was not shown"
        lines.append(f"{found.canary_known.model} was asked for the canary and {said}")
    for text in found.canaries:
        lines.append(f"{text.source}: the canary stands in {text.count} of {text.lines} lines")
    for shared in found.overlaps:
        rows = shared.rows
        lines.append(
            f"{shared.source}: {shared.words} words; runs of {shared.n} shared with {rows.count} of {rows.n} rows"
        )
    for near in found.proximities:
        lines += _proximity(near)
    return "\n".join(lines)


def _proximity(found: Proximity) -> list[str]:
    from pipeline.pages.text import one_line

    lines = [f"{found.source}: {found.windows} windows; rows told in other words: {_rate(found.rows)}"]
    for one in found.nearest[:SHOWN]:
        lines.append(f"  {one.cosine:.3f} {one.row}: {one_line(one.row_text, EXCERPT)}")
        lines.append(f"        there: {one_line(one.text, EXCERPT)}")
    return lines


def _recall(recall: Recall) -> list[str]:
    rows: list[tuple[object, ...]] = [("rows", "asked", "answered", "refusals", "recited", "mean share")]
    for name, side in (("published", recall.published), ("unseen", recall.unseen)):
        rows.append((name, side.rows, side.answered, side.refused, _rate(side.recited), _share(side)))
    lines = [f"{recall.model} was asked for the next {recall.hidden_words} words of rows", columns(rows)]
    if recall.of_one_cell is not None:
        lines.append(
            f"  {recall.of_one_cell} of {recall.published.rows} published rows have an unseen one of their cell"
        )
    if recall.difference is None:
        return [*lines, "  too few answers to compare"]
    one = recall.difference
    return [*lines, f"  difference {one.share:+.3f} [{one.low:+.3f}, {one.high:+.3f}], p = {one.p:.2g}"]


def _rate(rate: Rate) -> str:
    if rate.rate is None or rate.low is None or rate.high is None:
        return "unknown"
    return f"{rate.count} of {rate.n} [{rate.low:.2f}, {rate.high:.2f}]"


def _share(side: Side) -> str:
    return "unknown" if side.share is None else f"{side.share:.3f}"
