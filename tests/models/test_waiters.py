"""Who waits for a completion hears of it, in whichever loop or thread, and who is gone hinders nobody."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.models.errors import StoreError, StoreFull
from pipeline.models.requests import Completion
from pipeline.models.store import CompletionStore
from pipeline.models.waiters import tell
from tests.models.samples import pair


def test_loops_and_threads_beside_each_other_each_hear_of_their_own(tmp_path: Path) -> None:
    async def kept(store: CompletionStore, numbers: range) -> list[Completion]:
        return list(await asyncio.gather(*(store.keep(*pair(number)) for number in numbers)))

    with CompletionStore.open(tmp_path / "s") as store, ThreadPoolExecutor(3) as threads:
        first = threads.submit(lambda: asyncio.run(kept(store, range(40))))
        second = threads.submit(lambda: asyncio.run(kept(store, range(20, 60))))
        third = threads.submit(lambda: [store.put(*pair(number)) for number in range(50, 70)])
        assert first.result() == [pair(number)[1] for number in range(40)]
        assert second.result() == [pair(number)[1] for number in range(20, 60)]
        assert third.result() == [pair(number)[1] for number in range(50, 70)]
        assert len(store) == 70


async def test_an_earlier_completion_stands(tmp_path: Path) -> None:
    asked, first = pair(1)
    with CompletionStore.open(tmp_path / "s") as store:
        await store.keep(asked, first)
        assert await store.keep(asked, first.model_copy(update={"text": "another"})) == first


async def test_one_who_is_cancelled_takes_nothing_back_and_hinders_no_other(tmp_path: Path) -> None:
    with CompletionStore.open(tmp_path / "s") as store:
        cancelled, other = (asyncio.create_task(store.keep(*pair(number))) for number in (1, 2))
        await asyncio.sleep(0)
        cancelled.cancel()
        assert await other == pair(2)[1]
        assert cancelled.cancelled()
        assert store.get(pair(1)[0].key) == pair(1)[1]


async def test_what_the_disk_refuses_is_told_in_the_loop(tmp_path: Path) -> None:
    with CompletionStore.open(tmp_path / "s") as store:
        blocker = sqlite3.connect(tmp_path / "s")
        blocker.execute(
            "CREATE TRIGGER full BEFORE INSERT ON completion BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
        outcomes = await asyncio.gather(*(store.keep(*pair(number)) for number in (1, 2)), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [StoreError, StoreError]
        blocker.execute("DROP TRIGGER full")
        blocker.close()
        assert await store.keep(*pair(1)) == pair(1)[1]


def test_a_closed_loop_hears_nothing_and_the_others_do() -> None:
    loop = asyncio.new_event_loop()
    gone: asyncio.Future[Completion] = loop.create_future()
    loop.close()
    cancelled, here = Future[Completion](), Future[Completion]()
    cancelled.cancel()
    tell([(gone, pair(1)[1]), (cancelled, pair(2)[1]), (here, pair(3)[1])])
    assert here.result(timeout=0) == pair(3)[1]
    assert not gone.done()


@pytest.mark.parametrize("kind", [StoreError, StoreFull])
def test_why_there_is_none_is_told_in_threads_and_loops(kind: type[StoreError | StoreFull]) -> None:
    async def waiting() -> None:
        here, there = Future[Completion](), asyncio.get_running_loop().create_future()
        await asyncio.to_thread(tell, [(here, kind("no room")), (there, kind("no room"))])
        with pytest.raises(kind, match="no room"):
            here.result(timeout=0)
        with pytest.raises(kind, match="no room"):
            await there

    asyncio.run(waiting())


async def test_a_closed_store_takes_nothing(tmp_path: Path) -> None:
    store = CompletionStore.open(tmp_path / "s")
    store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.keep(*pair(1))
