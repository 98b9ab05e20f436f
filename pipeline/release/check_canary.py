"""Checks of a release's canary: it is the one that follows from the rows, and stands wherever it has to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.canary import canary_of, canary_sentence
from pipeline.release.card import markdown
from pipeline.release.carry import HELD_OUT
from pipeline.release.check_rows import Placed
from pipeline.release.files import CANDIDATES, CARD, MANIFEST
from pipeline.release.problem import Problem
from pipeline.release.tables import CANARY, TableError, candidate_schema, read_rows
from pipeline.schema.manifest import Manifest


def check_canary(folder: Path, rows: Sequence[Placed], manifest: Manifest, *, sound: bool) -> Iterator[Problem]:
    """Check the canary in manifest, tables and card. A release from before canaries has none, anywhere.

    Args:
        folder: the release.
        rows: of its splits.
        manifest: of the release.
        sound: whether ``rows`` are all of them, so that the canary can be worked out.
    """
    stated = manifest.canary
    open_ids = [row.scenario.id for row in rows if row.split != HELD_OUT]
    if stated is not None and sound and stated != canary_of(manifest.name, manifest.version, open_ids):
        yield Problem(file=MANIFEST, problem="canary is not that of the name, the version and the rows")
    for row in rows:
        if row.canary != stated:
            yield row.problem(_differs(row.canary, stated))
    yield from _check_candidates(folder, stated)
    card = folder / CARD
    if stated is not None and card.is_file():
        sentence = markdown(canary_sentence(manifest.name, manifest.version, stated))
        if sentence not in card.read_text(encoding="utf-8", errors="replace"):
            yield Problem(file=CARD, problem="lacks the sentence with the canary")


def _check_candidates(folder: Path, stated: str | None) -> Iterator[Problem]:
    path = folder / CANDIDATES
    if not path.is_file():
        return  # reported with the files
    try:
        rows = read_rows(path, candidate_schema())
    except TableError:
        return  # reported with the candidates
    for number, row in enumerate(rows):
        if row[CANARY] != stated:
            yield Problem(file=CANDIDATES, row=number, problem=_differs(row[CANARY], stated))


def _differs(found: str | None, stated: str | None) -> str:
    return f"canary is {found or 'missing'}, the manifest says {stated or 'that there is none'}"
