"""Deduplication of given vectors: time, memory, recall and precision against SemHash and FAISS, in one run.

    pip install -e ".[benchmarks]"
    python -m benchmarks.dedup            # 50 and 200 thousand, 1 million rows; writes benchmarks/results/dedup.json

Each contender gets the same vectors (:mod:`benchmarks.vectors`) and threshold, in a process of its own that holds them
before the clock starts, so time is from vectors to the rows that stay, and memory is what the process took beyond them
at most. Results are kept in ``--work`` as each ends: an interrupted run goes on from there. Sets and numbers of rows
that are not asked for stay in the results as they were. Where torch sees a GPU, the time there stands beside its
arithmetic (:mod:`benchmarks.dedup_gpu`).

The exact answer is all near pairs by FAISS's flat index; above ``--exact`` rows those of 2,000 rows with all others. A
row that stays though it is near an earlier one that stays was missed; a row that went though no row that stays is near
it was taken wrongly. Recall is the share of rightly removed among these and the missed, precision that among all
removed. ``as_impress`` says whether exactly the same rows stayed.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.dedup_arms import ARMS, Kept
from benchmarks.dedup_gpu import on_gpu
from benchmarks.vectors import KINDS, made
from pipeline.deduplicate.semantic import near_between, near_pairs

RESULTS = Path(__file__).parent / "results" / "dedup.json"
THRESHOLD = 0.9
SAMPLED = 2000
LARGEST = {"topics": 1_000_000, "clumps": 200_000, "loose": 50_000}
"""Rows up to which each set is made."""
WITHIN_ALL = 50_000
UP_TO = {"impress": 1_000_000, "semhash": 1_000_000, "faiss_ivf": 200_000}
"""Rows up to which a contender runs; the others compare all with all."""
LIBRARIES = ("faiss-cpu", "numpy", "semhash", "torch", "usearch")
MIB = 1024


def measured(arm: str, vectors: NDArray[np.float32]) -> tuple[Kept, dict[str, Any]]:
    """Run one contender; return what stays, and what that took.

    ``seconds`` are those of the clock, ``cpu_seconds`` those that the process had of all cores, which other work on the
    machine hardly moves; ``mib_beyond_vectors`` is the most that it held beyond what was there.
    """
    for small in (vectors[:2000], vectors[:2000]):
        ARMS[arm](np.ascontiguousarray(small), THRESHOLD)
    before = _forget_peak()
    started, worked = time.perf_counter(), time.process_time()
    kept = ARMS[arm](vectors, THRESHOLD)
    return kept, {
        "seconds": round(time.perf_counter() - started, 2),
        "cpu_seconds": round(time.process_time() - worked, 2),
        "mib_beyond_vectors": round((_memory("VmHWM") - before) / MIB),
    }


def _forget_peak() -> int:
    """Set the peak of this process's memory to what it holds now (Linux), and return that in KiB."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _memory("VmRSS")


def _memory(field: str) -> int:
    """Return a field of this process's status, in KiB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith(f"{field}:")).split()[1])


@dataclass(frozen=True)
class Exact:
    """The exact answer: all near pairs of the rows that are looked at, each pair as such a row and the other one."""

    looked_at: NDArray[np.bool_]
    own: NDArray[np.int64]
    other: NDArray[np.int64]


def exact_answer(vectors: NDArray[np.float32], exact: int) -> Exact:
    """Return all near pairs by comparing all with all, of a sample of rows above ``exact`` rows."""
    rows = len(vectors)
    looked_at = np.ones(rows, dtype=np.bool_)
    if rows <= exact:
        pairs = near_pairs(vectors, THRESHOLD, method="flat")
        both = (pairs.right, pairs.left), (pairs.left, pairs.right)
        return Exact(looked_at, np.concatenate(both[0]), np.concatenate(both[1]))
    sample = np.sort(np.random.default_rng(1).permutation(rows)[:SAMPLED])
    looked_at[:] = False
    looked_at[sample] = True
    pairs = near_between(vectors, vectors[sample], THRESHOLD)
    own, apart = sample[pairs.right], sample[pairs.right] != pairs.left
    return Exact(looked_at, own[apart], pairs.left[apart])


def judged(kept: Kept, answer: Exact) -> dict[str, Any]:
    """Return how many rows were rightly removed, missed and wrongly removed, among those looked at."""
    near_kept, near_earlier_kept = np.zeros(len(kept), dtype=np.bool_), np.zeros(len(kept), dtype=np.bool_)
    other_kept = kept[answer.other]
    near_kept[answer.own[other_kept]] = True
    near_earlier_kept[answer.own[other_kept & (answer.other < answer.own)]] = True
    right = int((answer.looked_at & ~kept & near_kept).sum())
    missed = int((answer.looked_at & kept & near_earlier_kept).sum())
    wrong = int((answer.looked_at & ~kept & ~near_kept).sum())
    return {
        "kept": int(kept.sum()),
        "looked_at": int(answer.looked_at.sum()),
        "recall": round(right / (right + missed), 6) if right + missed else None,
        "precision": round(right / (right + wrong), 6) if right + wrong else None,
        "missed": missed,
        "wrong": wrong,
    }


def run_arm(arm: str, kind: str, rows: int, work: Path) -> tuple[dict[str, Any], Kept]:
    """Measure a contender in a process of its own, unless it was measured before."""
    done = work / f"{kind}-{rows}-{arm}.json"
    if not done.exists():
        command = [sys.executable, "-m", "benchmarks.dedup", "--one", arm, "--kinds", kind, "--rows", str(rows)]
        subprocess.run([*command, "--work", str(work)], check=True)
    kept: Kept = np.load(done.with_suffix(".npy"))
    found: dict[str, Any] = json.loads(done.read_text(encoding="utf-8"))
    return found, kept


def run_one(arm: str, kind: str, rows: int, work: Path) -> None:
    """Measure a contender here and keep what it took, and which rows stayed."""
    vectors: NDArray[np.float32] = np.load(vectors_of(kind, rows, work))
    kept, taken = measured(arm, vectors)
    done = work / f"{kind}-{rows}-{arm}.json"
    np.save(done.with_suffix(".npy"), kept)
    done.write_text(json.dumps({"arm": arm, "set": kind, "rows": rows, **taken}), encoding="utf-8")
    print(done.read_text(encoding="utf-8"), flush=True)


def vectors_of(kind: str, rows: int, work: Path) -> Path:
    """Return the file of a set, made if it is not there."""
    file = work / f"{kind}-{rows}.npy"
    if not file.exists():
        np.save(file, made(kind, rows))
    return file


def run_set(kind: str, rows: int, arms: list[str], work: Path, exact: int) -> list[dict[str, Any]]:
    """Measure the contenders on a set, and judge what each left."""
    found = [run_arm(arm, kind, rows, work) for arm in arms]
    answer = exact_answer(np.load(vectors_of(kind, rows, work)), exact)
    ours = {one["arm"]: kept for one, kept in found}["impress"]
    return [{**one, **judged(kept, answer), "as_impress": bool((kept == ours).all())} for one, kept in found]


def with_ratios(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add to each result how many times longer it took than the product on the same rows."""
    ours = {(one["set"], one["rows"]): one["seconds"] for one in found if one["arm"] == "impress"}
    return [{**one, "times_impress": round(one["seconds"] / ours[one["set"], one["rows"]], 2)} for one in found]


def kept_of(file: Path, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the results of a file whose set and number of rows were not measured now: those stay."""
    measured_now = {(one["set"], one["rows"]) for one in found}
    results = json.loads(file.read_text(encoding="utf-8"))["results"] if file.exists() else []
    return [one for one in results if (one["set"], one["rows"]) not in measured_now]


def chosen(arms: list[str], rows: int) -> list[str]:
    """Return those of the contenders that so many rows are not too much for."""
    return [arm for arm in arms if rows <= UP_TO.get(arm, WITHIN_ALL)]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[50_000, 200_000, 1_000_000])
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS))
    parser.add_argument("--exact", type=int, default=50_000, help="rows up to which the exact answer is complete")
    parser.add_argument("--work", type=Path, default=Path("generated/runs/dedup"), help="keeps vectors and results")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--one", choices=list(ARMS), help="measure this contender alone and in this process")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if arguments.one:
        run_one(arguments.one, arguments.kinds[0], arguments.rows[0], arguments.work)
        return
    found = [
        one
        for kind in arguments.kinds
        for rows in arguments.rows
        if rows <= LARGEST[kind]
        for one in run_set(kind, rows, chosen(arguments.arms, rows), arguments.work, arguments.exact)
    ]
    rated = [*kept_of(arguments.out, found), *with_ratios(found)]
    result = {
        "threshold": THRESHOLD,
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "results": rated,
        "gpu": on_gpu(THRESHOLD),
    }
    for one in rated:
        print(one)
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
