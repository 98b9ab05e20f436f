"""Waiting for many coroutines without losing what the others have done."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def settle_all(work: Iterable[Coroutine[Any, Any, T]], at_once: int | None = None) -> list[T]:
    """Run all to their end, then return the results in order or raise the first failure.

    With ``at_once`` no more than so many have begun and not ended, and they begin one after another, each after a
    look at the network: the first calls are on their way before the last item's computing begins. Unlike a task group
    this does not cancel the others when one fails: a call in flight has been paid for, and its completion is worth
    keeping.
    """
    if at_once is not None:
        slots, door = asyncio.Semaphore(at_once), asyncio.Lock()
        work = [_in_turn(slots, door, one) for one in work]
    outcomes = await asyncio.gather(*work, return_exceptions=True)
    results: list[T] = []
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
        results.append(outcome)
    return results


async def _in_turn(slots: asyncio.Semaphore, door: asyncio.Lock, one: Coroutine[Any, Any, T]) -> T:
    async with slots:
        async with door:
            await asyncio.sleep(0)
        return await one
