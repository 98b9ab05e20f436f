"""Rows that a text tells in other words: windows of both as sentence vectors, in one pass over the text.

Shared runs of words (:mod:`pipeline.contamination.overlap`) miss what was reworded; a sentence encoder does not, or not
often. Whoever looks for rewordings this way has to look at the pairs as well (Yang et al., "Rethinking Benchmark and
Contamination for Language Models with Rephrased Samples", 2023, section 4), so both texts of a pair are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from pipeline.calibration.rates import rate_of
from pipeline.contamination.record import Near, Proximity
from pipeline.deduplicate.encoder import Encoder
from pipeline.schema.scenario import Scenario
from pipeline.words import windows_of

THRESHOLD = 0.65
"""Cosine from which a window tells a row; measured by ``benchmarks/proximity.py``, see docs/contamination.md."""
WORDS = 100
"""Words of a window: about as many as the packaged encoder reads."""
STRIDE = 50
BATCH = 256
SHOWN = 5
"""Rows that are named in any case, the nearest first."""


@dataclass(frozen=True)
class RowWindows:
    """Windows of rows: of row ``ids[i]`` those from ``starts[i]`` on.

    ``vectors`` are unit vectors, float32, shape (windows, dimensions), in the order of ``texts``.
    """

    ids: tuple[str, ...]
    starts: NDArray[np.int64]
    texts: tuple[str, ...]
    vectors: NDArray[np.float32]


def row_windows(scenarios: Sequence[Scenario], encoder: Encoder) -> RowWindows:
    """Return the windows of each row's background and opening message.

    Args:
        scenarios: of the release, at least one.
        encoder: embeds them.
    """
    by_row = [
        list(windows_of([one.view.world.background, one.view.agent.request], WORDS, STRIDE)) for one in scenarios
    ]  # fmt: skip
    starts = np.cumsum([0, *map(len, by_row[:-1])])
    texts = tuple(text for own in by_row for text in own)
    return RowWindows(tuple(one.id for one in scenarios), starts, texts, encoder.encode(texts))


def proximity(
    rows: RowWindows,
    lines: Iterable[str],
    source: str,
    encoder: Encoder,
    *,
    threshold: float = THRESHOLD,
    confidence: float = 0.95,
    tell: Callable[[int], None] | None = None,
) -> Proximity:
    """Find for each row the window of a text that is nearest to it.

    The text is read once; no more of it is held than a batch of windows and the nearest one of each row.

    Args:
        rows: as :func:`row_windows` gives them.
        lines: of the text.
        source: what the text is called.
        encoder: the one that embedded the rows.
        threshold: cosine from which a row counts as told.
        confidence: level of the interval.
        tell: called after each batch with the windows read so far.
    """
    best = np.full(len(rows.ids), -np.inf)
    own, there = np.zeros(len(rows.ids), dtype=np.int64), [""] * len(rows.ids)
    read = 0
    windows = windows_of(lines, WORDS, STRIDE)
    while batch := list(islice(windows, BATCH)):
        cosines = rows.vectors @ encoder.encode(batch).T
        nearest = cosines.max(axis=1)
        highest = np.maximum.reduceat(nearest, rows.starts)
        for row in np.flatnonzero(highest > best):
            end = rows.starts[row + 1] if row + 1 < len(rows.ids) else len(rows.texts)
            window = rows.starts[row] + int(nearest[rows.starts[row] : end].argmax())
            best[row], own[row], there[row] = highest[row], window, batch[int(cosines[window].argmax())]
        read += len(batch)
        if tell is not None:
            tell(read)
    told = best >= threshold
    order = sorted(range(len(rows.ids)), key=lambda row: (-best[row], rows.ids[row])) if read else []
    shown = order[: max(SHOWN, int(told.sum()))]
    return Proximity(
        source=source,
        encoder=encoder.name,
        encoder_hash=encoder.hash,
        window_words=WORDS,
        windows=read,
        threshold=threshold,
        rows=rate_of(told.tolist() if read else [], confidence),
        nearest=tuple(
            Near(
                row=rows.ids[row],
                cosine=round(min(float(best[row]), 1.0), 4),
                row_text=rows.texts[own[row]],
                text=there[row],
            )
            for row in shown
        ),
    )
