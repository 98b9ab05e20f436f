"""The bound of calls in flight: cut by congestion, not by chance."""

from __future__ import annotations

import asyncio
import random

import pytest

from pipeline.models.congestion import AdaptiveSlots


@pytest.mark.parametrize("most", [8, 16, 64, 256])
def test_random_refusals_leave_the_bound_and_stop_nobody(most: int) -> None:
    slots, chance = AdaptiveSlots(most), random.Random(f"refusals {most}")
    lowest, alarms = float(most), 0
    for _ in range(4_000):
        slots.refused() if chance.random() < 0.10 else slots.answered(0.2)
        lowest = min(lowest, slots.limit)
        alarms += slots.congested
    assert (lowest, alarms) == (most, 0)


def test_an_endpoint_that_bears_ten_at_a_time_is_found_and_the_bound_grows_when_it_bears_more() -> None:
    """A server that refuses what is beyond its capacity: of a round of n, n - capacity."""
    slots = AdaptiveSlots(64)

    def rounds(number: int, capacity: int) -> None:
        for _ in range(number):
            bound = int(slots.limit)
            for call in range(max(16, bound)):
                slots.answered(0.2) if call % bound < capacity else slots.refused()

    rounds(20, 10)
    assert 7 <= slots.limit <= 16
    rounds(80, 64)
    assert slots.limit == 64


def test_congestion_shows_as_long_as_most_are_refused() -> None:
    slots = AdaptiveSlots(8)
    for _ in range(16):
        slots.refused()
    assert slots.congested
    for _ in range(64):
        slots.answered(0.1)
    assert not slots.congested


def test_a_server_that_slows_down_gets_less_and_more_again_when_it_recovers() -> None:
    slots = AdaptiveSlots(100)
    for _ in range(300):
        slots.answered(0.2)
    for _ in range(300):
        slots.answered(2.0)
    slow = slots.limit
    assert slow < 85
    for _ in range(20_000):
        slots.answered(0.2)
    assert slots.limit == 100


@pytest.mark.parametrize("seed", range(5))
def test_lognormal_latencies_are_no_congestion(seed: int) -> None:
    slots, chance = AdaptiveSlots(64), random.Random(seed)
    lowest = 64.0
    for _ in range(20_000):
        slots.answered(chance.lognormvariate(-1.9, 0.8))
        lowest = min(lowest, slots.limit)
    assert lowest > 58


def test_a_bound_that_does_not_adapt_stays() -> None:
    slots = AdaptiveSlots(4, adapts=False)
    for _ in range(100):
        slots.refused()
    assert slots.limit == 4


async def test_slots_are_given_in_order_and_to_a_call_that_comes_again_first() -> None:
    slots, order = AdaptiveSlots(1), list[str]()
    await slots.acquire()

    async def call(name: str, *, first: bool = False) -> None:
        await slots.acquire(first=first)
        order.append(name)
        slots.release()

    calls = [asyncio.create_task(call(name, first=name == "again")) for name in ("one", "two", "again")]
    await asyncio.sleep(0)
    slots.release()
    await asyncio.gather(*calls)
    assert order == ["again", "one", "two"]
    assert slots.in_flight == 0


async def test_one_who_gives_up_waiting_takes_no_slot() -> None:
    slots = AdaptiveSlots(1)
    await slots.acquire()
    waiting, given = asyncio.create_task(slots.acquire()), asyncio.create_task(slots.acquire())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    slots.release()
    await given
    given_too = asyncio.create_task(slots.acquire())
    await asyncio.sleep(0)
    slots.release()
    given_too.cancel()
    await asyncio.gather(given_too, return_exceptions=True)
    assert slots.in_flight == 0
