"""What the store acknowledged is there, whatever happens next."""

from __future__ import annotations

import gzip
import json
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pipeline.models.errors import MissingCompletion, StoreError
from pipeline.models.export import EXPORT_NAME
from pipeline.models.requests import Completion
from pipeline.models.store import CompletionStore
from tests.models.samples import pair, request

ROOT = Path(__file__).parents[2]

PUTTER = """
import sys
from concurrent.futures import as_completed
from pipeline.models.store import CompletionStore
from tests.models.samples import pair

first, last = int(sys.argv[2]), int(sys.argv[3])
with CompletionStore.open(sys.argv[1]) as store:
    print("open", flush=True)
    for start in range(first, last, 8):
        puts = {store.submit(*pair(number)): number for number in range(start, start + 8)}
        for put in as_completed(puts):
            put.result()
            print(puts[put], flush=True)
"""


def putter(path: Path, first: int, last: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PUTTER, str(path), str(first), str(last)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def test_completions_come_back_equal(tmp_path: Path) -> None:
    asked = request("ünïcode 🙂\n", top_logprobs=2)
    kept = Completion(key=asked.key, text="\0 \u2028 x", top_logprobs=({"a": -0.1, "b": -9999.0},), refusal="no")
    with CompletionStore.open(tmp_path / "new" / "store.sqlite") as store:
        assert store.get(asked.key) is None
        assert store.created is None
        assert store.put(asked, kept) == kept
    with CompletionStore.open(tmp_path / "new" / "store.sqlite", must_exist=True) as store:
        assert store.get(asked.key) == kept
        assert len(store) == 1


def test_the_first_completion_of_a_key_stands(tmp_path: Path) -> None:
    asked, first = pair(1)
    second = first.model_copy(update={"text": "another"})
    with CompletionStore.open(tmp_path / "s") as store:
        store.put(asked, first)
        assert store.put(asked, second) == first
        assert store.get(asked.key) == first


def test_a_completion_of_another_request_is_refused(tmp_path: Path) -> None:
    with CompletionStore.open(tmp_path / "s") as store, pytest.raises(ValueError, match="does not belong"):
        store.put(pair(1)[0], pair(2)[1])


def test_kill_loses_nothing_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "s"
    acknowledged = []
    for round_ in range(3):
        process = putter(path, 10_000 * round_, 10_000 * (round_ + 1))
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        for _ in range(40 + 17 * round_):
            acknowledged.append(int(process.stdout.readline()))
        process.send_signal(signal.SIGKILL)
        # A line that the kill cut short was not acknowledged to anyone.
        acknowledged += [int(line) for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        process.wait()
    with CompletionStore.open(path) as store:
        for number in acknowledged:
            asked, completion = pair(number)
            assert store.get(asked.key) == completion


def test_two_processes_share_a_store(tmp_path: Path) -> None:
    path = tmp_path / "s"
    both = [putter(path, 0, 200), putter(path, 100, 300)]
    assert [process.communicate()[1] for process in both] == [None, None]
    assert [process.returncode for process in both] == [0, 0]
    with CompletionStore.open(path) as store:
        assert len(store) == 300
        assert store.get(pair(250)[0].key) == pair(250)[1]


def test_threads_share_a_store(tmp_path: Path) -> None:
    with CompletionStore.open(tmp_path / "s") as store:
        threads = [
            threading.Thread(target=lambda part=part: [store.put(*pair(n)) for n in range(part, 60, 3)])
            for part in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(store) == 60


def test_close_finishes_what_was_submitted(tmp_path: Path) -> None:
    store = CompletionStore.open(tmp_path / "s")
    puts = [store.submit(*pair(number)) for number in range(300)]
    puts[5].cancel()
    store.close()
    store.close()
    with CompletionStore.open(tmp_path / "s") as again:
        assert len(again) == 300
    with pytest.raises(StoreError, match="closed"):
        store.submit(*pair(1))


def fill(path: Path, count: int = 60) -> None:
    with CompletionStore.open(path) as store:
        for put in [store.submit(*pair(number, "x" * 500)) for number in range(count)]:
            put.result()


def test_damaged_and_foreign_files_are_told_apart(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("not a database, but long enough to look like one " * 40)
    with pytest.raises(StoreError, match=r"text: the completion store is damaged"):
        CompletionStore.open(text)
    foreign = tmp_path / "foreign"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    with pytest.raises(StoreError, match="another program"):
        CompletionStore.open(foreign)
    with pytest.raises(StoreError, match="no completion store there"):
        CompletionStore.open(tmp_path / "nowhere", must_exist=True)
    assert not (tmp_path / "nowhere").exists()


def test_a_torn_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "s"
    fill(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StoreError, match="damaged"):
        CompletionStore.open(path)


def test_a_flipped_byte_in_a_completion_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "s"
    asked, completion = pair(7, "telltale")
    with CompletionStore.open(path) as store:
        store.put(asked, completion)
    path.write_bytes(path.read_bytes().replace(b"telltale", b"telltalf"))
    with CompletionStore.open(path) as store, pytest.raises(StoreError, match="does not match its digest"):
        store.get(asked.key)


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    fill(tmp_path / "s", 1)
    connection = sqlite3.connect(tmp_path / "s")
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(StoreError, match="format 99 is newer"):
        CompletionStore.open(tmp_path / "s")


def test_a_full_disk_is_an_error_of_the_put(tmp_path: Path) -> None:
    fill(tmp_path / "s", 2)
    blocker = sqlite3.connect(tmp_path / "s")
    blocker.execute(
        "CREATE TRIGGER full BEFORE INSERT ON completion BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
    )
    with CompletionStore.open(tmp_path / "s") as store:
        with pytest.raises(StoreError, match="cannot keep a completion: database or disk is full"):
            store.put(*pair(99))
        blocker.execute("DROP TRIGGER full")
        blocker.close()
        assert store.put(*pair(99)) == pair(99)[1]


def test_equal_completions_export_to_equal_bytes(tmp_path: Path) -> None:
    numbers = list(range(40))
    for name, order in (("a", numbers), ("b", numbers[::-1])):
        with CompletionStore.open(tmp_path / name) as store:
            for number in order:
                store.put(*pair(number))
            store.put(*pair(1000 if name == "a" else 2000))
            store.export([pair(number)[0].key for number in order], tmp_path / f"export {name}")
    first, second = ((tmp_path / f"export {name}" / EXPORT_NAME).read_bytes() for name in "ab")
    assert first == second
    lines = gzip.decompress(first).decode().splitlines()
    assert json.loads(lines[0])["completions"] == 40
    assert sorted(json.loads(line)["key"] for line in lines[1:]) == sorted(pair(number)[0].key for number in numbers)


def test_an_export_of_a_missing_completion_is_an_error(tmp_path: Path) -> None:
    with CompletionStore.open(tmp_path / "s") as store, pytest.raises(MissingCompletion, match=pair(1)[0].key):
        store.export([pair(1)[0].key], tmp_path / "out")


def test_an_import_gives_the_same_completions_and_day(tmp_path: Path) -> None:
    fill(tmp_path / "s", 5)
    keys = [pair(number)[0].key for number in range(5)]
    connection = sqlite3.connect(tmp_path / "s")
    with connection:
        connection.execute("UPDATE completion SET created = '2031-02-03T23:59:59+00:00' WHERE key = ?", (keys[2],))
        connection.execute("UPDATE completion SET created = '2032-01-01T00:00:00+00:00' WHERE key != ?", (keys[2],))
    connection.close()
    with CompletionStore.open(tmp_path / "s") as store:
        first = store.export(keys, tmp_path / "out").read_bytes()
        assert store.first_day(keys[3:]) == "2032-01-01"
    with CompletionStore.open(tmp_path / "t") as store:
        assert store.first_day([]) is None
        assert store.import_folder(tmp_path / "out") == 5
        assert store.get(keys[3]) == pair(3, "x" * 500)[1]
        assert store.created == store.first_day(keys) == "2031-02-03"
        assert store.export(keys, tmp_path / "again").read_bytes() == first


def break_export(folder: Path, lines: list[str]) -> None:
    (folder / EXPORT_NAME).write_bytes(gzip.compress("".join(lines).encode()))


def test_a_broken_export_is_refused_whole(tmp_path: Path) -> None:
    fill(tmp_path / "s", 3)
    out = tmp_path / "out"
    with CompletionStore.open(tmp_path / "s") as store:
        path = store.export([pair(number)[0].key for number in range(3)], out)
    whole = path.read_bytes()
    lines = gzip.decompress(whole).decode().splitlines(keepends=True)
    with CompletionStore.open(tmp_path / "t") as store:
        path.write_bytes(whole[:-30])
        with pytest.raises(StoreError, match="torn"):
            store.import_folder(out)
        break_export(out, lines[:-1])
        with pytest.raises(StoreError, match="holds 2 completions where its header says 3"):
            store.import_folder(out)
        break_export(out, [*lines[:3], lines[3].replace("question", "answer")])
        with pytest.raises(StoreError, match=r"gz:4: not a completion with its request"):
            store.import_folder(out)
        break_export(out, lines[1:])
        with pytest.raises(StoreError, match="not an export"):
            store.import_folder(out)
        with pytest.raises(StoreError, match="no completions"):
            store.import_folder(tmp_path / "nowhere")
        assert len(store) == 0
