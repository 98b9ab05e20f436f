"""The packaged encoder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.deduplicate.encoder import (
    AT_ONCE,
    PACKAGED,
    PACKAGED_SHA256,
    Encoder,
    SentenceEncoder,
    encoder_folder,
    key_of,
    load_encoder,
)
from pipeline.errors import UsageError
from tests.support.hub import hub_with

LONG = "Read the logger before the lot is released, " * 8
TEXTS = ["Settle the claim.", LONG, "Pay the invoice.", "Settle the claim."]


def test_rows_are_unit_vectors_in_the_order_of_the_texts(encoder: Encoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (4, 384)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-6)
    assert (vectors[0] == vectors[3]).all()
    assert vectors[0] @ encoder.encode(["Settle this claim, please."])[0] > vectors[0] @ vectors[1]


def test_the_order_of_the_texts_moves_no_bit(encoder: Encoder) -> None:
    texts = [f"Row {number} " + "and more " * (number % 7) for number in range(40)]
    assert (encoder.encode(texts) == encoder.encode(texts[::-1])[::-1]).all()


def test_nothing_encodes_to_nothing(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, 384)


def test_it_is_loaded_once_and_named_by_its_weights(encoder: Encoder) -> None:
    assert load_encoder(PACKAGED) is encoder
    assert encoder.hash == PACKAGED_SHA256


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no weights"):
        load_encoder(str(tmp_path))


def test_a_model_out_of_reach_says_what_to_take() -> None:
    with pytest.raises(UsageError, match=f"nobody/no-such-model.*{PACKAGED}"):
        load_encoder("nobody/no-such-model")


def test_torch_waits_until_an_encoder_is_loaded() -> None:
    code = (
        "import sys, pipeline.deduplicate.stage, pipeline.deduplicate.files\n"
        "sys.exit(', '.join({'torch', 'faiss', 'sentence_transformers'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_folder_is_an_encoder_by_its_weights(encoder: Encoder) -> None:
    folder = load_encoder(str(encoder_folder(PACKAGED)))
    assert (folder.name, folder.hash) == (str(encoder_folder(PACKAGED)), encoder.hash)
    assert folder.key == encoder.key
    assert (folder.encode(TEXTS) == encoder.encode(TEXTS)).all()


def test_what_is_kept_is_known_by_configuration_and_tokenizer_too(encoder: Encoder, tmp_path: Path) -> None:
    """Other pooling or another tokenizer makes other vectors of the same weights; a page for readers does not."""
    folder = Path(shutil.copytree(encoder_folder(PACKAGED), tmp_path / "model"))
    assert key_of(folder) == encoder.key
    (folder / "README.md").write_text("Other words.", encoding="utf-8")
    assert key_of(folder) == encoder.key
    keys = {encoder.key}
    for name in ("1_Pooling/config.json", "tokenizer.json", "vocab.txt", "config.json", "model.safetensors"):
        file = folder / name
        whole = file.read_bytes()
        file.write_bytes(whole + b" ")
        keys.add(key_of(folder))
        file.write_bytes(whole)
    assert len(keys) == 6
    assert load_encoder(str(folder)).hash == encoder.hash


def test_any_model_of_the_hub_is_fetched_by_name_without_its_other_formats(encoder: Encoder, tmp_path: Path) -> None:
    """The real client against a Hub on this machine; in a process of its own, since its settings are read on import."""
    model = Path(shutil.copytree(encoder_folder(PACKAGED), tmp_path / "model"))
    (model / "onnx").mkdir()
    (model / "onnx" / "model.onnx").write_bytes(b"not needed")
    code = (
        "import json, sys\n"
        "from pipeline.deduplicate.encoder import load_encoder\n"
        "loaded = load_encoder('somebody/some-model')\n"
        f"print(json.dumps([loaded.name, loaded.hash, loaded.encode({TEXTS!r}).tolist()]))"
    )
    with hub_with("somebody/some-model", model) as (address, fetched):
        settings = {"HF_ENDPOINT": address, "HF_HUB_OFFLINE": "0", "HF_HOME": str(tmp_path / "cache")}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, env={**os.environ, **settings}
        )
    assert done.returncode == 0, done.stderr
    name, weights, vectors = json.loads(done.stdout.splitlines()[-1])
    assert (name, weights) == ("somebody/some-model", encoder.hash)
    assert np.array(vectors) == pytest.approx(encoder.encode(TEXTS), abs=1e-6)
    assert "model.safetensors" in fetched
    assert not any(file.startswith("onnx/") for file in fetched)


def test_models_run_in_few_threads_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each thread that ever ran a model keeps its memory."""
    used: set[int] = set()

    def embedded(self: SentenceEncoder, texts: list[str]) -> NDArray[np.float32]:
        used.add(threading.get_ident())
        return np.ones((len(texts), 2), dtype=np.float32)

    monkeypatch.setattr(SentenceEncoder, "embedded", embedded)
    one = SentenceEncoder("none", cast("Any", None), "0" * 64, "0" * 64)
    with ThreadPoolExecutor(8) as askers:
        shapes = list(askers.map(lambda number: one.encode([f"text {number}", "same"]).shape, range(64)))
    assert set(shapes) == {(2, 2)}
    assert 1 <= len(used) <= AT_ONCE
