"""Rows of releases are made once, by id; several processes add at once, some are killed: none is lost or doubled."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.deduplicate import row_index
from pipeline.deduplicate.plot import plot_of
from pipeline.deduplicate.row_index import KeptRows, RowIndex
from pipeline.schema.scenario import Scenario
from tests.deduplicate.rows import WordEncoder, told

CHECKOUT = Path(__file__).parents[2]
ROWS = [told(f"opens drawer {number} of a member", claim=f"H-{40000 + number}") for number in range(24)]
SETS = [ROWS[start : start + 12] for start in range(0, 24, 4)]
"""Releases that share rows, as one does that carries rows over."""
WRITER = """
import itertools, sys
from pathlib import Path
from pipeline.deduplicate import row_index
from pipeline.deduplicate.row_index import RowIndex
from tests.deduplicate.rows import WordEncoder
from tests.deduplicate.test_row_index import SETS, ids_of

row_index.SEGMENT_ROWS = 5
folder, order = Path(sys.argv[1]), sys.argv[2:]
print("ready", flush=True)
for number in map(int, order) if order else itertools.cycle(range(len(SETS))):
    if not order:
        for file in folder.rglob("*.ids"):
            file.unlink(missing_ok=True)
    rows = SETS[number]
    assert RowIndex(folder, WordEncoder()).rows(ids_of(rows), lambda: rows).ids == tuple(ids_of(rows))
"""


class Counting(WordEncoder):
    """Counts the texts that it encodes."""

    def __init__(self) -> None:
        self.texts = 0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.texts += len(texts)
        return super().encode(texts)


def ids_of(rows: Sequence[Scenario]) -> list[str]:
    return [row.id for row in rows]


def kept(folder: Path, rows: Sequence[Scenario], encoder: WordEncoder | None = None) -> KeptRows:
    return RowIndex(folder, encoder or WordEncoder()).rows(ids_of(rows), lambda: rows)


def assert_equal(one: KeptRows, other: KeptRows) -> None:
    assert (one.ids, one.plots) == (other.ids, other.plots)
    for name in ("surfaces", "bands", "vectors"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


def assert_whole(folder: Path) -> None:
    """Every row is there, as made anew, and nothing of it is made again."""
    index = RowIndex(folder, WordEncoder(), note=pytest.fail)
    found = index.rows(ids_of(ROWS), lambda: pytest.fail("rows are read again"))
    assert_equal(found, KeptRows.of(ROWS, WordEncoder()))


def test_rows_are_the_same_from_disk_and_anew(tmp_path: Path) -> None:
    first = kept(tmp_path, ROWS)
    assert_equal(first, KeptRows.of(ROWS, WordEncoder()))
    assert [first.plot(number) for number in range(len(ROWS))] == [plot_of(row) for row in ROWS]
    assert_whole(tmp_path)


def test_the_order_and_the_set_that_is_asked_for_come_back(tmp_path: Path) -> None:
    kept(tmp_path, ROWS)
    asked = random.Random(1).sample(ROWS, 9)
    found = RowIndex(tmp_path, WordEncoder()).rows(ids_of(asked), lambda: pytest.fail("rows are read again"))
    assert_equal(found, KeptRows.of(asked, WordEncoder()))


def test_a_row_is_made_once_whichever_releases_hold_it(tmp_path: Path) -> None:
    encoder = Counting()
    kept(tmp_path, ROWS[:10], encoder)
    assert encoder.texts == 2 * 10
    assert_equal(kept(tmp_path, ROWS[:12], encoder), KeptRows.of(ROWS[:12], WordEncoder()))
    assert encoder.texts == 2 * 12


def test_other_code_and_another_encoder_make_them_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The weights are the same: a tokenizer or a pooling that changed is another encoder too."""

    class Changed(Counting):
        key = "another tokenizer"

    encoder = Counting()
    kept(tmp_path, ROWS, encoder)
    changed = Changed()
    kept(tmp_path, ROWS, changed)
    assert changed.texts == encoder.texts
    monkeypatch.setattr(row_index, "rows_code", lambda: "another")
    kept(tmp_path, ROWS, encoder)
    assert encoder.texts == 2 * changed.texts


def test_an_interrupted_work_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_index, "SEGMENT_ROWS", 5)

    class Stopping(Counting):
        def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
            if self.texts == 2 * 10:
                raise KeyboardInterrupt
            return super().encode(texts)

    with pytest.raises(KeyboardInterrupt):
        kept(tmp_path, ROWS, Stopping())
    encoder, said = Counting(), list[tuple[int, int]]()
    RowIndex(tmp_path, encoder).rows(ids_of(ROWS), lambda: ROWS, lambda done, of: said.append((done, of)))
    assert encoder.texts == 2 * 14
    assert said == [(5, 14), (10, 14), (14, 14)]
    assert_whole(tmp_path)


def test_rows_without_their_ids_are_not_found(tmp_path: Path) -> None:
    """As a process leaves them that is killed between the two files."""
    kept(tmp_path, ROWS)
    (ids,) = tmp_path.rglob("*.ids")
    ids.unlink()
    encoder = Counting()
    kept(tmp_path, ROWS, encoder)
    assert encoder.texts == 2 * len(ROWS)
    assert_whole(tmp_path)


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b"", lambda b: b[:40] + bytes([b[40] ^ 1]) + b[41:]])
@pytest.mark.parametrize("kind", ["ids", "rows"])
def test_a_damaged_file_is_told_and_made_anew(tmp_path: Path, kind: str, damage) -> None:  # type: ignore[no-untyped-def]
    kept(tmp_path, ROWS)
    (file,) = tmp_path.rglob(f"*.{kind}")
    whole, said = file.read_bytes(), list[str]()
    file.write_bytes(damage(whole))
    found = RowIndex(tmp_path, WordEncoder(), said.append).rows(ids_of(ROWS), lambda: ROWS)
    assert_equal(found, KeptRows.of(ROWS, WordEncoder()))
    assert [one.split(": damaged")[0] for one in said] == [str(file)]
    assert file.read_bytes() == whole


def writer(folder: Path, *order: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), *map(str, order)],
        cwd=CHECKOUT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_processes_that_add_at_once(tmp_path: Path) -> None:
    """Rows of overlapping sets: whoever comes first, each reads what it asked for, and nothing is lost."""
    writers = [writer(tmp_path, *random.Random(number).sample(range(len(SETS)), len(SETS))) for number in range(3)]
    for one in writers:
        one.communicate(timeout=120)
    assert [one.returncode for one in writers] == [0] * 3
    assert_whole(tmp_path)


def test_processes_killed_in_the_middle(tmp_path: Path) -> None:
    """They add without end, so that a kill finds them at it; what is found is whole, the rest is made."""
    chance = random.Random(5)
    for _ in range(4):
        one = writer(tmp_path)
        assert one.stdout is not None
        with one.stdout:
            assert one.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0.02, 0.2))
            one.send_signal(signal.SIGKILL)
            assert one.wait(timeout=10) == -signal.SIGKILL
    index = RowIndex(tmp_path, WordEncoder(), note=pytest.fail)
    held = [index.read(segment) for segment in index.segments()]
    by_id = {row.id: row for row in ROWS}
    for rows in held:
        assert rows is not None, "a segment that is found is whole"
        assert_equal(rows, KeptRows.of([by_id[one] for one in rows.ids], WordEncoder()))
    kept(tmp_path, ROWS)
    assert_whole(tmp_path)
    assert not list(itertools.filterfalse(lambda file: file.suffix in {".ids", ".rows", ".part"} or file.is_dir(),
                                          tmp_path.rglob("*")))  # fmt: skip
