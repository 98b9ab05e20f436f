"""Vectors of plots on disk, so that a release is encoded once and looked up in ever after.

A file is named by the hash of what is in it: the encoder's weights and the plots. So it can be neither stale nor
another's, several processes may write it at once, and a process that is killed leaves at most a file that is not
looked at. What is missing or damaged is made anew.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.atomic import write_bytes_atomic
from pipeline.deduplicate.encoder import Encoder
from pipeline.deduplicate.survivors import embed
from pipeline.schema.base import sha256_of

_DIGEST = 32


def stored_vectors(folder: Path, plots: Sequence[tuple[str, ...]], encoder: Encoder) -> NDArray[np.float32]:
    """Return the vectors of plots, from the folder if they are there, else made and kept there.

    Args:
        folder: is made if it is not there.
        plots: the parts of each plot.
        encoder: embeds them.

    Returns:
        As :func:`pipeline.deduplicate.survivors.embed`: float32, a unit vector per plot.
    """
    file = folder / encoder.hash[:16] / f"{sha256_of([encoder.hash, [list(parts) for parts in plots]])}.npy"
    known = _read(file, len(plots))
    if known is not None:
        return known
    vectors = embed(plots, encoder)
    buffer = io.BytesIO()
    np.save(buffer, vectors, allow_pickle=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_bytes_atomic(file, hashlib.sha256(buffer.getvalue()).digest() + buffer.getvalue())
    return vectors


def _read(file: Path, rows: int) -> NDArray[np.float32] | None:
    """Return the vectors of a file that is whole, ``None`` for one that is missing or damaged."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    digest, body = content[:_DIGEST], content[_DIGEST:]
    if hashlib.sha256(body).digest() != digest:
        return None
    vectors: NDArray[np.float32] = np.load(io.BytesIO(body), allow_pickle=False)
    return vectors if len(vectors) == rows else None
