"""Does the packaged encoder run faster under ONNX, and does it decide the same?

    pip install onnx onnxruntime onnxscript
    python -m benchmarks.encoder                   # prints the table, writes benchmarks/results/encoder.json
    python -m benchmarks.encoder --part times      # this half alone; the other is left as it is in the file

The packaged model is exported by torch, with pooling, in single precision, and that file's matrix products are then
quantised to 8 bits (weights once, activations as they come): with one scale a matrix, and with one a column and a bit
less, which does not overflow on processors without VNNI. Each backend gets the same texts in the same batches:
masked plots of the exemplars, the worked situations and their copies (``benchmarks.copies``), as a build encodes them,
and the whole of what an agent is shown, as a longer text. Time is that of the
processor on one thread, which other work on the machine hardly moves, and rounds go round the backends; the median
counts. Decisions are those on all pairs of plots, at the two cosines of a build.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.copies import copies, different_plots
from pipeline.deduplicate.encoder import PACKAGED, Encoder, SentenceEncoder, batching_order, load_encoder
from pipeline.deduplicate.plot import plot_of
from pipeline.deduplicate.survivors import embed
from pipeline.render import agent_texts
from pipeline.schema.scenario import Scenario
from pipeline.schema.specification import DeduplicationSettings
from pipeline.seeds import load_seeds

RESULTS = Path(__file__).parent / "results" / "encoder.json"
LIBRARIES = ("onnx", "onnxruntime", "sentence-transformers", "torch", "transformers")
BATCHES = (16, 64)
THREADS = 1
TIMED = {"plots": 96, "whole": 24}
"""How many texts of a kind are timed."""
NEAR = 0.02
"""Pairs so near a cosine that decides are counted apart."""


class OnnxEncoder:
    """The packaged model under onnxruntime, in batches cut as :class:`SentenceEncoder` cuts them."""

    name = PACKAGED
    hash = key = ""

    def __init__(self, file: Path, tokenizer: Any) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self._tokenizer = tokenizer
        self.batch = BATCHES[0]

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit vector per text."""
        distinct = batching_order(texts)
        vectors = np.concatenate(list(self._batches(distinct)))
        place = {text: row for row, text in enumerate(distinct)}
        rows: NDArray[np.float32] = vectors[[place[text] for text in texts]]
        return rows

    def _batches(self, texts: Sequence[str]) -> Iterator[NDArray[np.float32]]:
        for start in range(0, len(texts), self.batch):
            tokens = self._tokenizer(
                texts[start : start + self.batch], padding=True, truncation=True, max_length=256, return_tensors="np"
            )
            (pooled,) = self._session.run(
                None, {name: tokens[name] for name in ("input_ids", "attention_mask", "token_type_ids")}
            )
            yield pooled / np.linalg.norm(pooled, axis=1, keepdims=True)


def exported(model: Any, folder: Path) -> dict[str, Path]:
    """Write the model as ONNX, in single precision and in 8 bits, and return the files by backend."""
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    class Pooled(torch.nn.Module):
        def __init__(self, inner: Any) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> Any:
            states = self.inner(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            ).last_hidden_state
            mask = attention_mask.unsqueeze(-1).to(states.dtype)
            return (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)

    tokens = model.tokenizer(["Settle the claim today.", "Pay."], padding=True, return_tensors="pt")
    names = ("input_ids", "attention_mask", "token_type_ids")
    batch, length = torch.export.Dim("batch", min=1, max=512), torch.export.Dim("length", min=2, max=512)
    files = {name: folder / f"{name}.onnx" for name in ("onnx_float32", "onnx_int8", "onnx_int8_by_column")}
    torch.onnx.export(
        Pooled(model[0].auto_model).eval(),
        tuple(tokens[name] for name in names),
        files["onnx_float32"],
        input_names=list(names),
        output_names=["pooled"],
        dynamic_shapes={name: {0: batch, 1: length} for name in names},
        dynamo=True,
        external_data=False,
    )
    for name, by_column in (("onnx_int8", False), ("onnx_int8_by_column", True)):
        quantize_dynamic(
            files["onnx_float32"],
            files[name],
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul"],
            per_channel=by_column,
            reduce_range=by_column,
        )
    return files


def scenarios() -> list[Scenario]:
    """Return the exemplars and worked situations with their copies, each once."""
    seeds = load_seeds()
    pairs = [*copies(seeds), *different_plots(seeds)]
    found = {one.id: one for pair in pairs for one in (pair.one, pair.other)}
    return [found[name] for name in sorted(found)]


def timed(encoders: dict[str, Encoder], texts: Sequence[str], rounds: int) -> dict[str, dict[str, list[float]]]:
    """Return the seconds of each round, by backend and batch."""
    seconds: dict[str, dict[str, list[float]]] = {name: {str(batch): [] for batch in BATCHES} for name in encoders}
    for _ in range(rounds):
        for name, encoder in encoders.items():
            for batch in BATCHES:
                _in_batches_of(encoder, batch)
                begun = time.process_time()
                encoder.encode(texts)
                seconds[name][str(batch)].append(round(time.process_time() - begun, 3))
    return seconds


def _in_batches_of(encoder: Encoder, batch: int) -> None:
    import pipeline.deduplicate.encoder as module

    if isinstance(encoder, OnnxEncoder):
        encoder.batch = batch
    else:
        module.BATCH_ROWS = batch


def compared(encoders: dict[str, Encoder], plots: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    """Return, for each other backend, how far its cosines are from the first one's, and which decisions differ."""
    settings = DeduplicationSettings()
    for encoder in encoders.values():
        _in_batches_of(encoder, BATCHES[0])
    vectors = {name: embed(plots, encoder).astype(np.float64) for name, encoder in encoders.items()}
    upper = np.triu_indices(len(plots), 1)
    cosines = {name: (rows @ rows.T)[upper] for name, rows in vectors.items()}
    first, *others = cosines
    told: dict[str, Any] = {}
    for name in others:
        error = np.abs(cosines[name] - cosines[first])
        own = np.einsum("ij,ij->i", vectors[name], vectors[first])
        told[name] = {
            "pairs": len(error),
            "lowest_cosine_to_itself": round(float(own.min()), 6),
            "largest_error": round(float(error.max()), 6),
        }
        for kind, limit in (("threshold", settings.threshold), ("related", settings.related)):
            near = np.abs(cosines[first] - limit) <= NEAR
            differ = (cosines[first] >= limit) != (cosines[name] >= limit)
            told[name][kind] = {
                "cosine": limit,
                "pairs_near": int(near.sum()),
                "largest_error_near": round(float(error[near].max()), 6) if near.any() else None,
                "mean_error_near": round(float(error[near].mean()), 6) if near.any() else None,
                "decisions_differ": int(differ.sum()),
            }
    return told


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", choices=("times", "decisions", "both"), default="both")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=0, help="scenarios to take, to try it; all if left out")
    arguments = parser.parse_args()
    import torch

    rows = scenarios()[: arguments.rows or None]
    plots = list(dict.fromkeys(plot_of(one).parts for one in rows))
    packaged = load_encoder()
    assert isinstance(packaged, SentenceEncoder)
    torch.set_num_threads(THREADS)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        encoders: dict[str, Encoder] = {"torch_float32": packaged}
        for one, file in exported(packaged.model, Path(name)).items():
            encoders[one] = OnnxEncoder(file, packaged.model.tokenizer)
        if arguments.part != "decisions":
            found["times"] = times_of(encoders, rows, plots, arguments.rounds)
        if arguments.part != "times":
            found["decisions"] = compared(encoders, plots)
    print(json.dumps(found, indent=1))
    if not arguments.rows:
        before = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
        machine = {"cores": os.cpu_count(), "threads": THREADS, **processor()}
        libraries = {one: importlib.metadata.version(one) for one in LIBRARIES}
        result = {**before, "machine": machine, "libraries": libraries, "python": platform.python_version(), **found}
        RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def times_of(
    encoders: dict[str, Encoder], rows: Sequence[Scenario], plots: Sequence[tuple[str, ...]], rounds: int
) -> dict[str, Any]:
    """Return seconds and ratios for texts as a build encodes them, and for longer ones."""
    draw = random.Random(0)
    kinds = {
        "plots": sorted({part for plot in plots for part in plot}),
        "whole": sorted({"\n".join(text for _, text in agent_texts(one.view)) for one in rows}),
    }
    told: dict[str, Any] = {}
    for kind, number in TIMED.items():
        texts = draw.sample(kinds[kind], min(number, len(kinds[kind])))
        timed(encoders, texts[:16], 1)  # the first calls load and warm up
        seconds = timed(encoders, texts, rounds)
        best = {name: min(median(each) for each in by_batch.values()) for name, by_batch in seconds.items()}
        ratios = {name: round(best["torch_float32"] / one, 2) for name, one in best.items()}
        told[kind] = {"texts": len(texts), "seconds": seconds, "times_as_fast": ratios}
    return told


def processor() -> dict[str, Any]:
    """Return what bears on 8-bit products: the processor's instruction sets for them."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return {"architecture": platform.machine(), "vnni": None}
    return {"architecture": platform.machine(), "vnni": "vnni" in flags, "amx_int8": "amx_int8" in flags}


if __name__ == "__main__":
    main()
