"""Acts outlive a killed server, are only ever added, and belong to one server and one release."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.errors import UsageError, WorkError
from pipeline.review.events import Answered, Opened
from pipeline.review.store import LabelStore

ITEM = "sc-" + "0" * 20
SHA = "a" * 64
WRITER = """
import sys
from pathlib import Path
from pipeline.review.events import Answered
from pipeline.review.store import LabelStore
store = LabelStore(Path(sys.argv[1]), "r-2026.11.0", "a" * 64)
for number in range(100_000):
    store.add("Ada", f"key-{number:08}", Answered(item="sc-" + "0" * 20, question="decision", answer=str(number)))
    print(number, flush=True)
"""


def opened(path: Path, **more: bool) -> LabelStore:
    return LabelStore(path, "r-2026.11.0", SHA, **more)


def test_every_act_that_was_answered_for_outlives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "labels.sqlite"
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(50)]
        os.kill(writer.pid, signal.SIGKILL)
        told += [int(line) for line in writer.stdout if line.endswith("\n")]
    with opened(path) as store:
        kept = [event.act.answer for event in store.events() if isinstance(event.act, Answered)]
    assert kept[: len(told)] == [str(number) for number in told]
    assert len(kept) <= len(told) + 1, "at most the one that was on its way"


def test_an_act_that_is_sent_twice_counts_once(tmp_path: Path) -> None:
    with opened(tmp_path / "l.sqlite") as store:
        first = store.add("Ada", "the-same-key", Answered(item=ITEM, question="decision", answer="accept"))
        second = store.add("Ada", "the-same-key", Answered(item=ITEM, question="decision", answer="reject"))
        assert (first[0], first[1], second[1]) == (second[0], True, False)
        assert [event.number for event in store.events()] == [1]


@pytest.mark.parametrize("statement", ["UPDATE event SET reader = 'Eve'", "DELETE FROM event"])
def test_acts_are_only_added(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "l.sqlite"
    with opened(path) as store:
        store.add("Ada", "some-key", Opened(item=ITEM))
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)


def test_the_disk_is_written_before_an_act_is_answered_for(tmp_path: Path) -> None:
    with opened(tmp_path / "l.sqlite") as store:
        connection = store._connection
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2


def test_one_server_has_a_file_and_who_only_reads_may_too(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    with opened(path) as store:
        store.add("Ada", "some-key", Opened(item=ITEM))
        with pytest.raises(WorkError, match="another server has these labels"):
            opened(path)
        with opened(path, alone=False) as looking:
            assert len(list(looking.events())) == 1
    opened(path).close()


def test_labels_belong_to_one_release(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    opened(path).close()
    with pytest.raises(WorkError, match="another manifest"):
        LabelStore(path, "r-2026.11.0", "b" * 64)
    opened(path).close()


@pytest.mark.parametrize("content", [b"not a database at all, though long enough to look like one" * 20, None])
def test_a_file_that_holds_no_labels_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "l.sqlite"
    if content is None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE other (a)")
    else:
        path.write_bytes(content)
    with pytest.raises(WorkError, match="file of labels"):
        opened(path)


def test_an_act_that_cannot_be_read_is_told_and_not_left_out(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    opened(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO event (at, reader, key, act) VALUES ('x', 'Ada', 'some-key', '{}')")
    with opened(path) as store, pytest.raises(WorkError, match="event 1 cannot be read"):
        list(store.events())


def test_sessions_outlive_the_server_and_are_nowhere_in_the_clear(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    with opened(path) as store:
        store.sign_in("digest")
        assert store.reader_of("digest") == ""
        store.sign_in("digest", "Ada")
    with opened(path) as store:
        assert store.reader_of("digest") == "Ada"
        assert store.reader_of("other") is None


def test_labels_keep_the_rules_that_they_were_begun_with(tmp_path: Path) -> None:
    path, defaults = tmp_path / "l.sqlite", {"readers": "2", "reading": "blind"}
    with opened(path) as store:
        assert store.settled_rules({"readers": "3"}, defaults) == {"readers": "3", "reading": "blind"}
    with opened(path) as store:
        assert store.settled_rules({"readers": None}, defaults) == {"readers": "3", "reading": "blind"}
        with pytest.raises(UsageError, match="begun with reading blind, and open is asked for"):
            store.settled_rules({"reading": "open"}, defaults)
