"""Deduplication of given vectors: time, memory, recall and precision against SemHash and FAISS, in one run.

    pip install -e ".[benchmarks]"
    python -m benchmarks.dedup            # 50 and 200 thousand, 1 million rows; writes benchmarks/results/dedup.json

Each contender gets the same vectors (:mod:`benchmarks.vectors`) and threshold, in a process of its own that holds
them before the clock starts, so time is from vectors to the rows that stay, and memory is what the process took beyond
them at most. The exact answer is all near pairs by FAISS's flat index; above ``--exact`` rows those of 2,000
rows with all others. A row that stays though it is near an earlier one that stays was missed; a row that went though
no row that stays is near it was taken wrongly. Recall is the share of rightly removed among these and the missed,
precision that among all removed. Results are kept in ``--work`` as each ends: an interrupted run goes on from there.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.dedup_arms import ARMS, Kept
from benchmarks.vectors import KINDS, made
from pipeline.deduplicate.semantic import near_between, near_pairs

RESULTS = Path(__file__).parent / "results" / "dedup.json"
THRESHOLD = 0.9
SAMPLED = 2000
WITHIN = 200_000
"""Rows up to which the slower contenders and the sets after the first run."""
LIBRARIES = ("faiss-cpu", "numpy", "semhash", "torch", "usearch")
MIB = 1024


def measured(arm: str, vectors: NDArray[np.float32]) -> tuple[Kept, float, float]:
    """Run one contender; return what stays, seconds, and MiB that it took beyond what was there."""
    for small in (vectors[:2000], vectors[:2000]):
        ARMS[arm](np.ascontiguousarray(small), THRESHOLD)
    before = _forget_peak()
    started = time.perf_counter()
    kept = ARMS[arm](vectors, THRESHOLD)
    seconds = time.perf_counter() - started
    return kept, seconds, (_memory("VmHWM") - before) / MIB


def _forget_peak() -> int:
    """Set the peak of this process's memory to what it holds now (Linux), and return that in KiB."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _memory("VmRSS")


def _memory(field: str) -> int:
    """Return a field of this process's status, in KiB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith(f"{field}:")).split()[1])


def judged(kept: Kept, vectors: NDArray[np.float32], exact: int) -> dict[str, Any]:
    """Return how many rows were rightly removed, missed and wrongly removed, among all rows or a sample."""
    rows = len(vectors)
    near_kept, near_earlier_kept = np.zeros(rows, dtype=np.bool_), np.zeros(rows, dtype=np.bool_)
    if rows <= exact:
        looked_at = np.ones(rows, dtype=np.bool_)
        pairs = near_pairs(vectors, THRESHOLD, method="flat")
        near_kept[pairs.right[kept[pairs.left]]] = True
        near_earlier_kept |= near_kept
        near_kept[pairs.left[kept[pairs.right]]] = True
    else:
        sample = np.sort(np.random.default_rng(1).permutation(rows)[:SAMPLED])
        looked_at = np.zeros(rows, dtype=np.bool_)
        looked_at[sample] = True
        pairs = near_between(vectors, vectors[sample], THRESHOLD)
        own = sample[pairs.right]
        other_kept = kept[pairs.left] & (pairs.left != own)
        near_kept[own[other_kept]] = True
        near_earlier_kept[own[other_kept & (pairs.left < own)]] = True
    right = int((looked_at & ~kept & near_kept).sum())
    missed = int((looked_at & kept & near_earlier_kept).sum())
    wrong = int((looked_at & ~kept & ~near_kept).sum())
    return {
        "looked_at": int(looked_at.sum()),
        "recall": round(right / (right + missed), 6) if right + missed else None,
        "precision": round(right / (right + wrong), 6) if right + wrong else None,
        "missed": missed,
        "wrong": wrong,
    }


def run_arm(arm: str, kind: str, rows: int, work: Path, exact: int) -> dict[str, Any]:
    """Measure a contender in a process of its own, unless it was measured before."""
    done, file = work / f"{kind}-{rows}-{arm}.json", work / f"{kind}-{rows}.npy"
    if not file.exists():
        np.save(file, made(kind, rows))
    if not done.exists():
        command = [sys.executable, "-m", "benchmarks.dedup", "--one", arm, "--kinds", kind, "--rows", str(rows)]
        subprocess.run([*command, "--work", str(work), "--exact", str(exact)], check=True)
    found: dict[str, Any] = json.loads(done.read_text(encoding="utf-8"))
    return found


def run_one(arm: str, kind: str, rows: int, work: Path, exact: int) -> None:
    """Measure a contender here and keep the result."""
    vectors: NDArray[np.float32] = np.load(work / f"{kind}-{rows}.npy")
    kept, seconds, mib = measured(arm, vectors)
    found = {"arm": arm, "set": kind, "rows": rows, "seconds": round(seconds, 2), "mib_beyond_vectors": round(mib)}
    found |= {"kept": int(kept.sum()), **judged(kept, vectors, exact)}
    (work / f"{kind}-{rows}-{arm}.json").write_text(json.dumps(found), encoding="utf-8")
    print(json.dumps(found), flush=True)


def with_ratios(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add to each result how many times longer it took than the product on the same rows."""
    ours = {(one["set"], one["rows"]): one["seconds"] for one in found if one["arm"] == "impress"}
    return [{**one, "times_impress": round(one["seconds"] / ours[one["set"], one["rows"]], 2)} for one in found]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[50_000, 200_000, 1_000_000])
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=["topics", "clumps"])
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS))
    parser.add_argument("--exact", type=int, default=50_000, help="rows up to which the exact answer is complete")
    parser.add_argument("--work", type=Path, default=Path("generated/runs/dedup"), help="keeps vectors and results")
    parser.add_argument("--one", choices=list(ARMS), help="measure this contender alone and in this process")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if arguments.one:
        run_one(arguments.one, arguments.kinds[0], arguments.rows[0], arguments.work, arguments.exact)
        return
    found = [
        run_arm(arm, kind, rows, arguments.work, arguments.exact)
        for kind in arguments.kinds
        for rows in arguments.rows
        if rows <= WITHIN or kind == arguments.kinds[0]
        for arm in arguments.arms
        if arm in ("impress", "semhash") or rows <= (WITHIN if arm == "faiss_ivf" else 50_000)
    ]
    rated = with_ratios(found)
    result = {
        "threshold": THRESHOLD,
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "results": rated,
    }
    for one in rated:
        print(one)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
