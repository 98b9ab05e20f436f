"""The meter: bounds hold side by side, and what is unknown is not taken for nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pipeline.errors import WorkError
from pipeline.models.requests import Completion
from pipeline.optimize.meter import BudgetSpent, Meter
from pipeline.schema.base import sha256_of
from tests.models.samples import chat


class Endpoint:
    """Completes anything after a moment; counts the calls that come through."""

    def __init__(self, tokens: int | None = 10) -> None:
        self.calls = 0
        self.tokens = tokens

    async def complete(self, role: str, messages: Any, *, sample: int = 0, **_: Any) -> Completion:
        self.calls += 1
        await asyncio.sleep(0.001)
        key = sha256_of([messages[0].content, sample])
        return Completion(key=key, text="so", prompt_tokens=self.tokens, completion_tokens=self.tokens)


async def many(meter: Meter, count: int) -> list[Completion | BaseException]:
    asked = [meter.complete("generator", chat(str(number))) for number in range(count)]
    return await asyncio.gather(*asked, return_exceptions=True)


async def test_calls_side_by_side_keep_to_the_bound() -> None:
    endpoint = Endpoint()
    outcomes = await many(Meter(endpoint, calls=7), 20)
    assert endpoint.calls == 7
    assert sum(isinstance(one, BudgetSpent) for one in outcomes) == 13


async def test_tokens_side_by_side_keep_to_the_bound() -> None:
    endpoint = Endpoint(tokens=10)
    meter = Meter(endpoint, tokens=100, first_tokens=20)
    await many(meter, 20)
    assert endpoint.calls == 5
    assert meter.usage.prompt_tokens == meter.usage.completion_tokens == 50


async def test_an_equal_call_is_free_and_another_sample_is_not() -> None:
    meter = Meter(Endpoint(), calls=2)
    for sample in (0, 0, 1, 1, 0):
        await meter.complete("generator", chat("same"), sample=sample)
    assert meter.usage.calls == 2
    with pytest.raises(BudgetSpent, match="2 calls"):
        await meter.complete("generator", chat("same"), sample=2)


async def test_what_is_kept_for_later_is_there_later() -> None:
    meter = Meter(Endpoint(), calls=10)
    with meter.kept_for_later(4, None):
        await many(meter, 20)
        assert meter.usage.calls == 6
    await many(meter, 30)
    assert meter.usage.calls == 10


async def test_unreported_tokens_cannot_be_bounded() -> None:
    meter = Meter(Endpoint(tokens=None), tokens=10_000)
    await meter.complete("generator", chat("one"))
    with pytest.raises(WorkError, match="reports no tokens"):
        await meter.complete("generator", chat("two"))
