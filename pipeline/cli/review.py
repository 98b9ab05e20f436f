"""``impress review RELEASE``: a page on this machine where people read scenarios and label runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.answer import Answer, AnswerCommand, columns
from pipeline.cli.options import EXISTING_FOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.review.review import Review, Rules
    from pipeline.review.store import LabelStore

PORT = 8642


@click.command(
    "review", cls=AnswerCommand, when_interrupted="every label that was given is kept; run it again to go on"
)
@click.argument("release", metavar="RELEASE", type=EXISTING_FOLDER)
@click.option(
    "--logs",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Inspect logs of this release, files or folders: their runs are read as well.",
)
@click.option(
    "--labels",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file that labels are kept in.  [default: reviews/RELEASE.sqlite]",
)
@click.option("--export", type=click.Path(dir_okay=False, path_type=Path), help="Write the labels (JSONL), and stop.")
@click.option("--readers", type=click.IntRange(1, 5), help="Readers of each item.  [default: 2]")
@click.option(
    "--open/--blind", "is_open", default=None, help="Show verdicts, labels and others' answers.  [default: blind]"
)
@click.option("--gates", help="Whose questions are asked.  [default: benignness,relevance,realism]")
@click.option("--split", default="all", show_default=True)
@click.option("--per-stratum", type=click.IntRange(min=1), help="Draw so many of each stratum; all if left out.")
@click.option("--quarantined", is_flag=True, help="Read candidates that no gate could decide on as well.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the draw and the order.")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True)
def command(
    *,
    release: Path,
    logs: tuple[Path, ...],
    labels: Path | None,
    export: Path | None,
    readers: int | None,
    is_open: bool | None,
    gates: str | None,
    split: str,
    per_stratum: int | None,
    quarantined: bool,
    seed: int,
    port: int,
) -> Answer:
    """Read and label the scenarios of RELEASE in the browser.

    They are accepted or rejected, the gates' questions answered, edits suggested; with --logs runs are judged as well.
    Labels are kept the moment they are given. Readers see neither verdicts nor each other's labels; what two differ on
    goes to a third. Stop the server with Ctrl-C, and run it again to go on.
    """
    from pipeline.review.items import Draw, Material
    from pipeline.review.review import Review
    from pipeline.review.store import LabelStore

    material = Material(release, logs, Draw(split, per_stratum, seed, quarantined))
    asked = {
        "readers": None if readers is None else str(readers),
        "reading": None if is_open is None else ("open" if is_open else "blind"),
        "gates": None if gates is None else ",".join(_gates(gates)),
    }
    kept = labels or Path("reviews") / f"{material.manifest.specification.release_id}.sqlite"
    named = material.manifest.specification.release_id
    with LabelStore(kept, named, material.manifest_sha256, alone=export is None) as store:
        review = Review(material, store, _rules(store, asked))
        if export is None:
            from pipeline.review.serve import serve

            click.echo(f"{material.name}: {len(material.items)} items; labels are kept in {kept}", err=True)
            serve(review, port, lambda link: click.echo(f"open {link}", err=True))
            return _answer(review, kept, None, 0)
        from pipeline.review.export import export as write

        return _answer(review, kept, export, write(review, export))


def _rules(store: LabelStore, asked: Mapping[str, str | None]) -> Rules:
    from pipeline.review.questions import GATES
    from pipeline.review.review import Rules

    held = store.settled_rules(asked, {"readers": "2", "reading": "blind", "gates": ",".join(GATES)})
    return Rules(readers=int(held["readers"]), blind=held["reading"] == "blind", gates=_gates(held["gates"]))


def _gates(text: str) -> tuple[str, ...]:
    from pipeline.errors import UsageError
    from pipeline.review.questions import GATES

    named = tuple(one.strip() for one in text.split(","))
    for one in named:
        if one not in GATES:
            raise UsageError(f"--gates: {one!r} asks people nothing; allowed: {', '.join(GATES)}")
    return tuple(gate for gate in GATES if gate in named)


def _answer(review: Review, kept: Path, file: Path | None, labels: int) -> Answer:
    from pipeline.analysis.told import coefficient
    from pipeline.review.standing import agreed_on, standings_of

    found, agreed = standings_of(review), agreed_on(review)
    rows: list[tuple[object, ...]] = [("items", "there", "settled", "wait for a third", "readings", "of")]
    rows += [
        (f"{one.subject}s", one.items, one.settled, one.waiting_for_third, one.readings, one.of_readings)
        for one in found.progress
    ]
    parts = [columns(rows)]
    table: list[tuple[object, ...]] = [("question", "read twice", "agree", "alpha")]
    for one in agreed:
        of = one.agreement
        if of is not None and of.observed is not None:
            told = (f"{of.observed:.0%}", coefficient(of.alpha, of.alpha_low, of.alpha_high))
            table.append((one.question, one.read_twice, *told))
    if len(table) > 1:
        parts.append(columns(table))
    rate = found.rejected
    if rate.rate is not None and rate.low is not None and rate.high is not None:
        parts.append(f"people reject {rate.count} of {rate.n} scenarios [{rate.low:.1%}, {rate.high:.1%}]")
    elsewhere = len(review.state.items - set(review.material.items))
    if elsewhere:
        parts.append(f"{elsewhere} items that were read are not here; give the --logs and the draw that they came from")
    parts.append(f"labels: {kept}" if file is None else f"{labels} labels: {file}")
    document = {
        "labels": str(file or kept),
        "standings": found.model_dump(mode="json"),
        "agreed": [one.model_dump(mode="json") for one in agreed],
    }
    return Answer(document, "\n".join(parts))
