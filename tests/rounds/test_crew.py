"""Work side by side: no more than there are places, settled when something fails, cancelled when it is."""

from __future__ import annotations

import asyncio

import pytest

from pipeline.rounds.crew import Crew, Lane


async def test_no_more_is_at_work_than_the_lane_has_places_and_all_is_done() -> None:
    at_work, most, done = 0, 0, 0

    async def work() -> None:
        nonlocal at_work, most, done
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0)
        at_work -= 1
        done += 1

    async with Crew() as crew:
        lane = Lane(3)
        for _ in range(20):
            crew.start(lane, work)
    assert (most, done) == (3, 20)


async def test_work_is_begun_in_order() -> None:
    begun: list[int] = []

    async def work(number: int) -> None:
        begun.append(number)
        await asyncio.sleep(0.001 * (number % 3))

    async with Crew() as crew:
        lane = Lane(2)
        for number in range(12):
            crew.start(lane, lambda number=number: work(number))  # type: ignore[misc]
    assert begun == list(range(12))


async def test_after_a_failure_what_is_at_work_ends_and_nothing_else_begins() -> None:
    ended: list[str] = []
    failed = asyncio.Event()

    async def fails() -> None:
        failed.set()
        raise OSError("the disk is full")

    async def takes_longer() -> None:
        await failed.wait()
        await asyncio.sleep(0.01)
        ended.append("longer")

    async def never() -> None:
        ended.append("never")

    async def run() -> None:
        async with Crew() as crew:
            lane = Lane(2)
            crew.start(lane, takes_longer)
            crew.start(lane, fails)
            await crew.start(lane, never)

    with pytest.raises(OSError, match="the disk is full"):
        await run()
    assert ended == ["longer"]


async def test_a_crew_that_is_cancelled_leaves_nothing_at_work() -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def forever() -> None:
        begun.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async def run() -> None:
        async with Crew() as crew:
            await crew.start(Lane(1), forever)

    running = asyncio.create_task(run())
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert cancelled.is_set()


async def test_a_lane_says_when_it_has_run_empty() -> None:
    empty = 0

    def count() -> None:
        nonlocal empty
        empty += 1

    async with Crew() as crew:
        lane = Lane(1)
        lane.when_idle = count
        crew.start(lane, lambda: asyncio.sleep(0))
        await crew.start(lane, lambda: asyncio.sleep(0))
        await asyncio.sleep(0)
        assert (lane.idle, empty) == (True, 1)
