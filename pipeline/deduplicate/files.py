"""Deduplicate a file of rows, and keep the evidence for every row that was turned away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.deduplicate.diverse import most_diverse
from pipeline.deduplicate.doubt import amounts_apart
from pipeline.deduplicate.encoder import PACKAGED, Encoder, RememberingEncoder, load_encoder
from pipeline.deduplicate.file_groups import grouped
from pipeline.deduplicate.file_rows import FileRow, read_rows
from pipeline.deduplicate.protected import Found, look_up
from pipeline.deduplicate.protected_files import Corpus
from pipeline.deduplicate.survivors import Comparison, Entry, Judged, Layer, compare, embed
from pipeline.deduplicate.vector_store import KeptEncoder
from pipeline.errors import UsageError
from pipeline.schema.specification import DeduplicationSettings

DEFAULTS = DeduplicationSettings()


@dataclass(frozen=True)
class Guarded:
    """A row and the protected text that it is nearest to."""

    row: FileRow
    found: Found

    def to_json(self) -> dict[str, Any]:
        """Return both with the evidence as JSON."""
        return {
            "id": self.row.id,
            "line": self.row.line,
            **asdict(self.found),
            "score": round(self.found.score, 4),
            "outcome": self.found.outcome,
        }


@dataclass(frozen=True)
class Pair:
    """A row and the kept row nearest to it. ``copy`` says whether the row was turned away for it.

    ``score`` is the Jaccard similarity in the lexical layer, and the cosine elsewhere. ``doubt`` says why a person has
    to look before the row is called a copy; until then it stays.
    """

    row: FileRow
    other: FileRow
    layer: Layer
    score: float
    copy: bool
    doubt: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the pair with its evidence as JSON."""
        here, there = amounts_apart(self.row.plot.amounts, self.other.plot.amounts)
        return {
            "id": self.row.id,
            "line": self.row.line,
            "other": self.other.id,
            "other_line": self.other.line,
            "other_source": self.other.source or None,
            "layer": self.layer,
            "cosine": None if self.layer == "lexical" else round(self.score, 4),
            "jaccard": round(self.score, 4) if self.layer == "lexical" else None,
            "copy": self.copy,
            "doubt": self.doubt,
            "same_structure": self.row.plot.structure == self.other.plot.structure if self.row.plot.structure else None,
            "text": self.row.plot.text,
            "other_text": self.other.plot.text,
            "amounts_here_only": list(here),
            "amounts_there_only": list(there),
        }


@dataclass(frozen=True)
class FileDeduplication:
    """What came of a file.

    ``selected`` rows stay; ``filtered`` rows were turned away, each with the row it copies and the
    layer and cosine that say so; ``near`` holds the selected rows that come near another. Rows of ``against`` are
    compared with, and always stay. ``thinned`` rows copy nothing and went to leave so many as were asked for.
    ``protected`` holds for each row the nearest text of the protected corpora; rows that copy one went before all else.
    """

    selected: tuple[FileRow, ...]
    filtered: tuple[Pair, ...]
    near: tuple[Pair, ...]
    threshold: float
    rows: tuple[FileRow, ...]
    comparison: Comparison
    against: tuple[FileRow, ...] = ()
    thinned: tuple[FileRow, ...] = ()
    protected: tuple[Guarded, ...] = ()

    @property
    def taken(self) -> list[Guarded]:
        """Rows that were turned away since they copy a protected text."""
        return [one for one in self.protected if one.found.outcome == "fail"]

    @property
    def clusters(self) -> dict[str, list[str]]:
        """Each row that has copies, of this file or another, with the rows that were turned away for it."""
        found: dict[str, list[str]] = {}
        for pair in self.filtered:
            found.setdefault(pair.other.name, []).append(pair.row.id)
        return found

    @property
    def groups(self) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """Rows that stay, by group where it holds several, and rows between groups.

        A row of a release brings its group with it, as ``RELEASE/GROUP``; any other row gives a group its own name.
        """
        before = [one.name if one.group is None else f"{one.source}/{one.group}" for one in self.against]
        stay = {row.line for row in (*self.selected, *self.thinned)}
        rows = [(row.id, row.line in stay) for row in _left(self.rows, self.protected)]
        return grouped(before, rows, self.comparison)

    @property
    def duplicate_ratio(self) -> float | None:
        """Share of rows that were turned away; ``None`` for a file without rows."""
        return (len(self.filtered) + len(self.taken)) / len(self.rows) if self.rows else None

    @property
    def exact_duplicate_ratio(self) -> float | None:
        """Share of rows that were turned away by the exact layer; ``None`` for a file without rows."""
        exact = sum(pair.layer == "exact" for pair in self.filtered)
        return exact / len(self.rows) if self.rows else None

    def least_similar(self, n: int = 1) -> list[Pair]:
        """Return the ``n`` filtered rows that are least like the row they are said to copy."""
        return sorted(self.filtered, key=lambda pair: (pair.score, pair.row.id))[:n]

    def doubtful(self, margin: float = 0.02) -> list[Pair]:
        """Return the pairs on both sides whose cosine is within ``margin`` of the threshold, nearest to it first."""
        pairs = (pair for pair in (*self.filtered, *self.near) if pair.layer == "semantic")
        close = [pair for pair in pairs if abs(pair.score - self.threshold) <= margin]
        return sorted(close, key=lambda pair: (abs(pair.score - self.threshold), pair.row.id))

    def undecided(self) -> list[Pair]:
        """Return the pairs that would be copies, of which a person has to look at what differs: amounts or denials."""
        return [pair for pair in self.near if pair.doubt is not None and pair.score >= self.threshold]

    def rethreshold(self, threshold: float) -> FileDeduplication:
        """Decide anew with another threshold, without encoding or searching again; all that is new stays.

        Raises:
            UsageError: if ``threshold`` is below the lowest cosine that was looked for, or above 1.
        """
        if not self.comparison.floor <= threshold <= 1:
            allowed = f"{self.comparison.floor:g} to 1"
            raise UsageError(f"threshold {threshold:g} is out of range; allowed: {allowed}, or deduplicate again")
        return _decide(self.rows, self.comparison, threshold, self.against, self.protected)

    def to_json(self) -> dict[str, Any]:
        """Return counts, ids of the selected rows and the evidence for all others, as JSON."""
        groups, between = self.groups
        return {
            "threshold": self.threshold,
            "rows": len(self.rows),
            "duplicate_ratio": self.duplicate_ratio,
            "exact_duplicate_ratio": self.exact_duplicate_ratio,
            "selected": [row.id for row in self.selected],
            "filtered": [pair.to_json() for pair in self.filtered],
            "thinned": [row.id for row in self.thinned],
            "protected": [one.to_json() for one in self.protected],
            "clusters": self.clusters,
            "groups": groups,
            "between_groups": between,
            "near": [pair.to_json() for pair in self.near],
        }


def deduplicate_file(
    path: Path,
    *,
    threshold: float = DEFAULTS.threshold,
    floor: float | None = None,
    encoder: str = PACKAGED,
    against: Sequence[FileRow] = (),
    protected: Sequence[Corpus] = (),
    keep: int | None = None,
    folder: Path | None = None,
    tell: Callable[[int, int], None] | None = None,
) -> FileDeduplication:
    """Deduplicate a JSONL file of scenarios, of ``{"text": ...}`` rows, or of both.

    Scenarios are compared by their masked plot, texts as they stand. Among copies the row with the
    smallest id stays; a text row without an id takes one from its text. So the survivors do not
    depend on the order of the lines.

    Args:
        path: the file.
        threshold: cosine from which a row is a copy.
        floor: lowest cosine to look for, and so the lowest that ``rethreshold`` takes; the
            ``related`` default, or ``threshold`` where that is lower, when ``None``.
        encoder: name of the encoder.
        against: rows of other files or releases, which a row must not copy either.
        protected: corpora of texts that a row must not copy. What copies one goes first; what a person has to look at
            stays and is shown.
        keep: of the rows that stay, only so many, the most diverse (:mod:`pipeline.deduplicate.diverse`).
        folder: where vectors are kept, so that the same file is encoded once; nowhere if left out.
        tell: called with the texts encoded so far and their number.

    Raises:
        InputError: for a file that cannot be read, a line that is not JSON or not such a row, and an
            id that two different rows share.
        UsageError: for a threshold or a floor out of range, or an encoder that cannot be loaded.
    """
    floor = min(DEFAULTS.related, threshold) if floor is None else floor
    if not 0 < floor <= threshold <= 1:
        raise UsageError(f"threshold {threshold:g} and floor {floor:g}: allowed is 0 < floor <= threshold <= 1")
    rows = tuple(sorted(read_rows(path, told=bool(protected)), key=lambda row: (row.id, row.line)))
    others = tuple(sorted(against, key=lambda row: (row.source, row.id, row.line)))
    loaded = load_encoder(encoder)
    keeping: Encoder = RememberingEncoder(loaded) if folder is None else KeptEncoder(loaded, folder, tell)
    guarded = _guarded(rows, protected, keeping)
    entries = [Entry.of(row.plot) for row in (*others, *_left(rows, guarded))]
    comparison = compare(entries, keeping, floor, fixed=len(others), doubted_stay=True)
    found = _decide(rows, comparison, threshold, others, guarded)
    return found if keep is None else _thinned(found, keep, keeping)


def _guarded(rows: Sequence[FileRow], corpora: Sequence[Corpus], encoder: Encoder) -> tuple[Guarded, ...]:
    """Return for each row the nearest protected text, where there is any."""
    if not corpora or not rows:
        return ()
    found = look_up([row.told for row in rows if row.told is not None], corpora, encoder)
    return tuple(Guarded(row, one) for row, one in zip(rows, found, strict=True) if one is not None)


def _left(rows: Sequence[FileRow], guarded: Sequence[Guarded]) -> list[FileRow]:
    """Return the rows that copy no protected text."""
    gone = {one.row.line for one in guarded if one.found.outcome == "fail"}
    return [row for row in rows if row.line not in gone]


def _thinned(found: FileDeduplication, number: int, encoder: Encoder) -> FileDeduplication:
    """Let the most diverse of the rows that stay, stay."""
    chosen = set(most_diverse(embed([row.plot.parts for row in found.selected], encoder), number))
    return replace(
        found,
        selected=tuple(row for place, row in enumerate(found.selected) if place in chosen),
        thinned=tuple(row for place, row in enumerate(found.selected) if place not in chosen),
    )


def _decide(
    rows: tuple[FileRow, ...],
    comparison: Comparison,
    threshold: float,
    against: tuple[FileRow, ...],
    guarded: tuple[Guarded, ...],
) -> FileDeduplication:
    judged = comparison.judge(threshold)[len(against) :]
    left = _left(rows, guarded)
    every = (*against, *left)
    pairs = [_pair(row, outcome, every) for row, outcome in zip(left, judged, strict=True)]
    return FileDeduplication(
        selected=tuple(row for row, outcome in zip(left, judged, strict=True) if outcome.kept),
        filtered=tuple(pair for pair in pairs if pair is not None and pair.copy),
        near=tuple(pair for pair in pairs if pair is not None and not pair.copy),
        threshold=threshold,
        rows=rows,
        comparison=comparison,
        against=against,
        protected=guarded,
    )


def _pair(row: FileRow, outcome: Judged, rows: tuple[FileRow, ...]) -> Pair | None:
    if outcome.match is None:
        return None
    match = outcome.match
    return Pair(row, rows[match.other], match.layer, match.score, copy=not outcome.kept, doubt=match.doubt)
