"""Vectors of texts on disk, so that a release or a file is encoded once and looked up in ever after.

Texts are cut into sets in the order in which an encoder takes them, and each set has a file of its own, named by the
key of the encoder and the texts: work that is interrupted goes on with the next set.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.deduplicate.encoder import Encoder, batching_order
from pipeline.deduplicate.kept_files import Note, keep, kept
from pipeline.schema.base import sha256_of

SET_ROWS = 2048
"""Texts of a file; a multiple of an encoder's batch, so that sets are cut between batches and move no last bit."""


class KeptEncoder:
    """An encoder whose vectors stay in a folder.

    Args:
        encoder: whose name, hash and key it bears.
        folder: where the vectors are kept; is made if it is not there.
        tell: called after each set with the texts done and their number.
        note: told of each damaged file.
    """

    def __init__(
        self,
        encoder: Encoder,
        folder: Path,
        tell: Callable[[int, int], None] | None = None,
        note: Note | None = None,
    ) -> None:
        self.name = encoder.name
        self.hash = encoder.hash
        self.key = encoder.key
        self._encoder = encoder
        self._folder = folder / encoder.key[:16]
        self._tell, self._note = tell, note

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit vector per text, from the folder if they are there, else made and kept there."""
        if not texts:
            return self._encoder.encode(texts)
        distinct = batching_order(texts)
        sets = []
        for start in range(0, len(distinct), SET_ROWS):
            sets.append(self._set(distinct[start : start + SET_ROWS]))
            if self._tell is not None:
                self._tell(min(start + SET_ROWS, len(distinct)), len(distinct))
        place = {text: row for row, text in enumerate(distinct)}
        vectors: NDArray[np.float32] = np.concatenate(sets)[[place[text] for text in texts]]
        return vectors

    def files(self, texts: Sequence[str]) -> list[Path]:
        """Return the files that hold the vectors of texts, whether they are there or not."""
        distinct = batching_order(texts)
        return [self._file(distinct[start : start + SET_ROWS]) for start in range(0, len(distinct), SET_ROWS)]

    def _file(self, texts: list[str]) -> Path:
        return self._folder / f"{sha256_of([self.key, texts])}.npy"

    def _set(self, texts: list[str]) -> NDArray[np.float32]:
        file = self._file(texts)
        body = kept(file, self._note)
        if body is not None:
            vectors: NDArray[np.float32] = np.load(io.BytesIO(body), allow_pickle=False)
            if len(vectors) == len(texts):
                return vectors
        vectors = self._encoder.encode(texts)
        buffer = io.BytesIO()
        np.save(buffer, vectors, allow_pickle=False)
        keep(file, buffer.getvalue())
        return vectors
