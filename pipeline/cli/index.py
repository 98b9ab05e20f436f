"""``impress index``: what is kept of earlier releases for builds to look up in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.answer import Answer, AnswerCommand, columns
from pipeline.cli.options import out_option
from pipeline.errors import EXIT_DONE, EXIT_NO

if TYPE_CHECKING:
    from pipeline.release.index import Index


@click.command("index", cls=AnswerCommand)
@out_option
@click.option("--encoder", metavar="NAME", help="Whose vectors; the packaged encoder's if left out.")
@click.option("--rebuild", is_flag=True, help="Make what is missing or damaged.")
def command(*, out: Path, encoder: str | None, rebuild: bool) -> Answer:
    """List and check what is kept of releases.

    A build makes what it needs by itself. Exit code 1 if anything is missing or damaged.
    """
    from pipeline.deduplicate.encoder import PACKAGED, load_encoder
    from pipeline.pins import INDEX
    from pipeline.progress import open_progress
    from pipeline.release.index import check_index

    with open_progress() as progress:
        loaded = load_encoder(PACKAGED if encoder is None else encoder)
        index = check_index(out / "releases", out / INDEX, loaded, rebuild=rebuild, note=progress.note)
    return Answer(index.to_json(), text_of(index), EXIT_DONE if index.sound else EXIT_NO)


def text_of(index: Index) -> str:
    """Write an index for people."""
    head = f"{index.encoder} ({index.encoder_hash[:16]}), {len(index.releases)} releases"
    rows: list[tuple[object, ...]] = [("release", "state", "rows", "files", "KiB")]
    rows += [(one.release, one.state, len(one.rows), one.files, one.bytes // 1024) for one in index.releases]
    lines = [head, *([columns(rows)] if index.releases else [])]
    lines += [f"  {problem}" for one in index.releases for problem in one.problems]
    if index.others:
        lines.append(f"{len(index.others)} files of no release here, or of another encoder or code:")
        lines += [f"  {name}" for name in index.others]
    return "\n".join(lines)
