"""Several processes keep vectors in one folder, some of them killed: nothing is lost, doubled or half written."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from pipeline.deduplicate import vector_store
from pipeline.deduplicate.encoder import BATCH_ROWS
from pipeline.deduplicate.survivors import embed
from pipeline.deduplicate.vector_store import KeptEncoder
from tests.support.encoders import WordEncoder

CHECKOUT = Path(__file__).parents[2]
SETS = [[(f"temptation {n} of set {one}", f"events {n}") for n in range(300)] for one in range(6)]
WRITER = """
import sys
from pathlib import Path
from pipeline.deduplicate.survivors import embed
from pipeline.deduplicate.vector_store import KeptEncoder
from tests.deduplicate.test_vector_store import SETS
from tests.support.encoders import WordEncoder

for number in sys.argv[2:]:
    embed(SETS[int(number)], KeptEncoder(WordEncoder(), Path(sys.argv[1])))
"""
RESTLESS = """
import itertools, os, sys
from pathlib import Path
from pipeline.deduplicate.vector_store import KeptEncoder
from tests.support.encoders import WordEncoder

print("ready", flush=True)
for number in itertools.count():
    KeptEncoder(WordEncoder(), Path(sys.argv[1])).encode([f"set {os.getpid()} {number} {row}" for row in range(500)])
"""


def writer(folder: Path, *order: int, program: str = WRITER) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, str(folder), *map(str, order)],
        cwd=CHECKOUT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE if program is RESTLESS else subprocess.DEVNULL,
        text=True,
    )


def assert_whole(folder: Path) -> None:
    files = sorted(folder.rglob("*.npy"))
    assert len([file for file in files if not file.name.startswith(".")]) == len(SETS), "one file a set, none twice"
    before = {file: file.stat().st_mtime_ns for file in files}
    for plots in SETS:
        assert np.array_equal(embed(plots, KeptEncoder(WordEncoder(), folder)), embed(plots, WordEncoder()))
    assert {file: file.stat().st_mtime_ns for file in files} == before, "each was read, none made anew"


def test_processes_that_write_the_same_at_once(tmp_path: Path) -> None:
    writers = [writer(tmp_path, *random.Random(number).sample(range(6), 6)) for number in range(4)]
    assert [one.wait(timeout=60) for one in writers] == [0] * 4
    assert_whole(tmp_path)


def test_processes_killed_in_the_middle(tmp_path: Path) -> None:
    """They write without end, so that a kill finds them at it; what has its name is whole, what has not is not read."""
    chance = random.Random(3)
    for _ in range(5):
        one = writer(tmp_path, program=RESTLESS)
        assert one.stdout is not None
        with one.stdout:
            assert one.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0.02, 0.1))
            one.send_signal(signal.SIGKILL)
            assert one.wait(timeout=10) == -signal.SIGKILL
    files = list(tmp_path.rglob("*.npy"))
    assert files
    for file in files:
        digest, body = file.read_bytes()[:32], file.read_bytes()[32:]
        assert hashlib.sha256(body).digest() == digest
        file.unlink()
    assert writer(tmp_path, *range(6)).wait(timeout=60) == 0
    assert_whole(tmp_path)


def test_sets_join_without_a_seam_and_an_interrupted_one_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_store, "SET_ROWS", 7)
    texts = [f"a text of number {number} {'and more ' * (number % 5)}" for number in range(40)] * 2
    seen: list[tuple[int, int]] = []

    class Stopping(WordEncoder):
        calls = 0

        def encode(self, texts):  # type: ignore[no-untyped-def]
            Stopping.calls += 1
            if Stopping.calls == 4:
                raise KeyboardInterrupt
            return super().encode(texts)

    with pytest.raises(KeyboardInterrupt):
        KeptEncoder(Stopping(), tmp_path).encode(texts)
    before = len(list(tmp_path.rglob("*.npy")))
    vectors = KeptEncoder(Stopping(), tmp_path, lambda done, total: seen.append((done, total))).encode(texts)
    assert (before, Stopping.calls) == (3, 4 + 3), "three sets of six were kept, so three were left to encode"
    assert np.array_equal(vectors, WordEncoder().encode(texts))
    assert seen[-1] == (40, 40)
    assert len(seen) == 6


def test_sets_are_cut_between_batches() -> None:
    assert vector_store.SET_ROWS % BATCH_ROWS == 0
