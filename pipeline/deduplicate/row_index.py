"""Rows of releases on disk, by the key of an encoder and the rows' ids: plots, bands of their words, vectors.

An id is the hash of what is in a row, so a row is made once, whichever releases hold it. Rows that are added together
make a segment: one file with all that is kept of them, then one with their ids, which makes them found. Both are named
by what they were made of (:mod:`pipeline.deduplicate.kept_files`), so several processes may add at once, and of one
that is killed there is a whole segment or none. With another encoder, or other code for plots and words, rows lie in
another folder and are made anew.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.deduplicate import amounts, lexical
from pipeline.deduplicate import plot as plot_module
from pipeline.deduplicate.encoder import Encoder
from pipeline.deduplicate.kept_files import Note, keep, kept
from pipeline.deduplicate.lexical import BANDS, bands_of
from pipeline.deduplicate.plot import Plot, plot_of
from pipeline.deduplicate.survivors import embed
from pipeline.schema.base import sha256_of
from pipeline.schema.scenario import Scenario

FOLDER = "rows"
SEGMENT_ROWS = 1024
"""Rows that are added at once, at most: what an interrupted process loses."""
LAYOUT = 1
"""Of a segment's file; another number makes all rows anew."""
IDS, ROWS = ".ids", ".rows"


def rows_code() -> str:
    """Return the SHA-256 of the code that plots and bands follow from: with other code they are made anew."""
    code = b"".join(Path(str(module.__file__)).read_bytes() for module in (amounts, lexical, plot_module))
    return sha256_of([hashlib.sha256(code).hexdigest(), importlib.metadata.version("datasketch"), LAYOUT])


@dataclass(frozen=True)
class KeptRows:
    """Rows, one after the other: what a new row is compared by.

    Attributes:
        ids: of their scenarios.
        plots: each as JSON, since few are ever looked at.
        surfaces: SHA-256 of the agent-visible text, uint8, shape (rows, 32).
        bands: :func:`pipeline.deduplicate.lexical.bands_of` the plot's text, shape (rows, 16).
        vectors: of the plots, unit, shape (rows, dimensions).
    """

    ids: tuple[str, ...]
    plots: tuple[bytes, ...]
    surfaces: NDArray[np.uint8]
    bands: NDArray[np.uint64]
    vectors: NDArray[np.float32]

    @classmethod
    def of(cls, scenarios: Sequence[Scenario], encoder: Encoder) -> KeptRows:
        """Make the rows of scenarios."""
        plots = [plot_of(scenario) for scenario in scenarios]
        surfaces = b"".join(bytes.fromhex(plot.surface) for plot in plots)
        return cls(
            ids=tuple(scenario.id for scenario in scenarios),
            plots=tuple(json.dumps(asdict(plot), ensure_ascii=False).encode("utf-8") for plot in plots),
            surfaces=np.frombuffer(surfaces, dtype=np.uint8).reshape(len(plots), 32),
            bands=np.array([bands_of(plot.text) for plot in plots], dtype=np.uint64).reshape(len(plots), BANDS),
            vectors=embed([plot.parts for plot in plots], encoder),
        )

    def plot(self, number: int) -> Plot:
        """Return the plot of a row."""
        return plot_from(json.loads(self.plots[number]))

    def take(self, numbers: Sequence[int]) -> KeptRows:
        """Return some of the rows."""
        which = np.array(numbers, dtype=np.int64)
        return KeptRows(
            tuple(self.ids[number] for number in numbers),
            tuple(self.plots[number] for number in numbers),
            self.surfaces[which],
            self.bands[which],
            self.vectors[which],
        )


def plot_from(record: Mapping[str, Any]) -> Plot:
    """Return the plot that JSON tells of."""
    several = {name: tuple(record[name]) for name in ("parts", "amounts", "orders")}
    return Plot(surface=record["surface"], structure=record["structure"], **several)


def joined(several: Sequence[KeptRows]) -> KeptRows:
    """Return rows one after the other."""
    several = [rows for rows in several if rows.ids]
    if not several:
        empty = np.zeros((0, 0), dtype=np.float32)
        return KeptRows((), (), np.zeros((0, 32), np.uint8), np.zeros((0, BANDS), np.uint64), empty)
    return KeptRows(
        tuple(identity for rows in several for identity in rows.ids),
        tuple(plot for rows in several for plot in rows.plots),
        np.concatenate([rows.surfaces for rows in several]),
        np.concatenate([rows.bands for rows in several]),
        np.concatenate([rows.vectors for rows in several]),
    )


@dataclass(frozen=True)
class Segment:
    """A file of rows, and whose rows they are; the file with the ids lies beside it."""

    file: Path
    ids: tuple[str, ...]

    @property
    def files(self) -> tuple[Path, Path]:
        """Both files."""
        return self.file, self.file.with_suffix(IDS)


class RowIndex:
    """The rows that one encoder and the code as it stands made.

    Args:
        folder: of all indices; is made if it is not there.
        encoder: embeds the plots.
        note: told of damaged files, whose rows are made anew.
    """

    def __init__(self, folder: Path, encoder: Encoder, note: Note | None = None) -> None:
        self.folder = folder / FOLDER / sha256_of([encoder.key, rows_code()])[:16]
        self._encoder, self._note = encoder, note

    def rows(
        self,
        ids: Sequence[str],
        scenarios: Callable[[], Iterable[Scenario]],
        tell: Callable[[int, int], None] | None = None,
    ) -> KeptRows:
        """Return rows in the order of their ids; what is not there is made, and kept.

        Args:
            ids: of the rows.
            scenarios: gives them, in any order and with others among them; called only where some are not there.
            tell: called after each segment that is made with the rows made so far and their number.
        """
        places: dict[str, int] = {}
        several: list[KeptRows] = []

        def found(rows: KeptRows) -> None:
            start = sum(len(one.ids) for one in several)
            several.append(rows)
            for number, identity in enumerate(rows.ids):
                places.setdefault(identity, start + number)

        missing = dict.fromkeys(ids)
        for segment in self.segments():
            if missing.keys() & segment.ids and (rows := self.read(segment)) is not None:
                found(rows)
                missing = {one: None for one in missing if one not in places}
        for rows in self._added(list(missing), scenarios, tell):
            found(rows)
        return joined(several).take([places[one] for one in ids])

    def segments(self) -> Iterator[Segment]:
        """Yield the segments that are there, by name; whether one can be read, :meth:`read` shows."""
        for file in sorted(self.folder.glob(f"*{IDS}")):
            body = None if file.name.startswith(".") else kept(file, self._note)
            if body is not None:
                yield Segment(file.with_suffix(ROWS), tuple(json.loads(body)))

    def read(self, segment: Segment) -> KeptRows | None:
        """Return the rows of a segment; ``None`` if its file is missing or damaged."""
        body = kept(segment.file, self._note)
        if body is None:
            return None
        buffer = io.BytesIO(body)
        text, ends, *arrays = (np.load(buffer, allow_pickle=False) for _ in range(5))
        whole, borders = text.tobytes(), [0, *ends.tolist()]
        plots = tuple(whole[start:end] for start, end in pairwise(borders))
        return KeptRows(segment.ids, plots, *arrays)

    def _added(
        self,
        missing: Sequence[str],
        scenarios: Callable[[], Iterable[Scenario]],
        tell: Callable[[int, int], None] | None,
    ) -> Iterator[KeptRows]:
        """Make rows and keep them, a segment at a time."""
        by_id = {one.id: one for one in scenarios()} if missing else {}
        ordered = sorted(missing)
        for start in range(0, len(ordered), SEGMENT_ROWS):
            ids = ordered[start : start + SEGMENT_ROWS]
            rows = KeptRows.of([by_id[one] for one in ids], self._encoder)
            file = self.folder / sha256_of(ids)
            keep(file.with_suffix(ROWS), _packed(rows))
            keep(file.with_suffix(IDS), json.dumps(ids).encode("utf-8"))
            if tell is not None:
                tell(start + len(ids), len(ordered))
            yield rows


def _packed(rows: KeptRows) -> bytes:
    buffer = io.BytesIO()
    text = np.frombuffer(b"".join(rows.plots), dtype=np.uint8)
    ends = np.cumsum([len(plot) for plot in rows.plots], dtype=np.int64)
    for array in (text, ends, rows.surfaces, rows.bands, rows.vectors):
        np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
