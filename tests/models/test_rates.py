"""Limits per minute: whatever the order and the way of requests, no sixty seconds hold more than allowed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models.errors import EndpointUnavailable
from pipeline.models.rates import MARGIN, ON_THE_WAY, WINDOW, Rates, estimated_tokens
from pipeline.models.requests import Completion
from pipeline.models.role import Closing
from pipeline.schema.specification import Sampling
from tests.models.samples import request
from tests.support.arrivals import most_in_any

ASKED = request("a question of some words", sampling=Sampling(max_tokens=50))


@dataclass
class Clock:
    """A clock that only sleeping moves."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


ENDINGS = st.tuples(st.floats(0, 1), st.floats(0, 90))
"""When a request arrives, as a share of the time until its reply or of what it may take; and when its reply comes."""


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.lists(ENDINGS, min_size=1, max_size=40))
def test_no_minute_of_the_server_holds_more_requests(limit: int, endings: list[tuple[float, float]]) -> None:
    clock, arrivals, due = Clock(), [], []
    rates = Rates(limit, clock=clock)

    async def sleep(seconds: float) -> None:
        """Go on, and let each reply that comes meanwhile be settled at its time."""
        until = clock.now + seconds
        for end, taken in sorted(due, key=lambda one: one[0]):
            if end <= until:
                clock.now = max(clock.now, end)
                rates.settle(taken, None)
                due.remove((end, taken))
        clock.now = until

    async def run() -> None:
        for share, seconds in endings:
            taken = await rates.take(ASKED, sleep)
            arrivals.append(clock.now + share * min(seconds, ON_THE_WAY))
            due.append((clock.now + seconds, taken))

    asyncio.run(run())
    assert most_in_any(WINDOW, sorted(arrivals), [1.0] * len(arrivals)) <= limit


async def test_requests_up_to_the_limit_go_at_once_and_the_next_waits_a_minute() -> None:
    clock = Clock()
    rates = Rates(3, clock=clock)
    for _ in range(3):
        rates.settle(await rates.take(ASKED, clock.sleep), None)
    assert clock.now == 1000.0
    await rates.take(ASKED, clock.sleep)
    assert clock.now == pytest.approx(1000 + WINDOW + MARGIN)


async def test_a_request_without_reply_counts_until_it_must_have_arrived() -> None:
    clock = Clock()
    rates = Rates(1, clock=clock)
    await rates.take(ASKED, clock.sleep)
    await rates.take(ASKED, clock.sleep)
    assert clock.now == pytest.approx(1000 + WINDOW + MARGIN + ON_THE_WAY)


async def test_tokens_are_estimated_before_and_settled_after() -> None:
    clock, due = Clock(), estimated_tokens(ASKED)
    rates = Rates(tokens=due + 20, clock=clock)
    taken = await rates.take(ASKED, clock.sleep)
    rates.settle(taken, Completion(key=ASKED.key, text="", prompt_tokens=12, completion_tokens=8))
    await rates.take(ASKED, clock.sleep)
    assert clock.now == 1000.0, "the first took 20 tokens, so the second fits"
    await rates.take(ASKED, clock.sleep)
    assert clock.now > 1000.0


async def test_what_is_larger_than_the_limit_goes_alone_and_not_never() -> None:
    clock = Clock()
    rates = Rates(tokens=5, clock=clock)
    await rates.take(ASKED, clock.sleep)
    await rates.take(ASKED, clock.sleep)
    assert clock.now == pytest.approx(1000 + WINDOW + MARGIN + ON_THE_WAY)


@pytest.mark.parametrize(("heeded", "limit"), [(True, 9000), (False, 100)])
def test_limits_in_headers_count_where_they_are_known_to_be_per_minute(heeded: bool, limit: int) -> None:
    rates = Rates(100, 100, heeded=heeded)
    rates.heed({"x-ratelimit-limit-requests": "9000", "x-ratelimit-limit-tokens": "many"})
    assert (rates.limit("requests"), rates.limit("tokens")) == (limit, 100)


@given(st.text("abcdefgh ,.", min_size=1, max_size=400))
def test_the_estimate_holds_the_longest_reply_and_errs_upwards_for_english(text: str) -> None:
    asked = request(text, sampling=Sampling(max_tokens=50))
    assert estimated_tokens(asked) >= 50 + len(text) / 4


async def test_waiting_for_the_minute_ends_with_the_client() -> None:
    rates, closing = Rates(1), Closing()
    await rates.take(ASKED, closing.sleep)
    waiting = asyncio.create_task(rates.take(ASKED, closing.sleep))
    await asyncio.sleep(0.01)
    closing.set()
    with pytest.raises(EndpointUnavailable, match="closed"):
        await waiting
