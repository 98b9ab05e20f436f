"""Tells those who wait for completions what became of them, whether they wait in threads or in event loops.

Whoever tells an event loop something from another thread wakes it, and both then want the interpreter. So a loop is
told once of all that it waits for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress

from pipeline.models.errors import StoreError, StoreFull
from pipeline.models.requests import Completion

Waiter = Future[Completion] | asyncio.Future[Completion]
Outcome = Completion | StoreError | StoreFull
"""The completion that stands, or why there is none."""
Told = tuple[Waiter, Outcome]


def tell(told: Iterable[Told]) -> None:
    """Tell waiters, from a thread that runs none of their event loops; who was cancelled hears nothing."""
    loops: dict[asyncio.AbstractEventLoop, list[Told]] = {}
    for waiter, outcome in told:
        if not isinstance(waiter, Future):
            loops.setdefault(waiter.get_loop(), []).append((waiter, outcome))
        elif waiter.set_running_or_notify_cancel():
            _settle(waiter, outcome)
    for loop, of_loop in loops.items():
        with suppress(RuntimeError):  # the loop is closed, so nobody waits
            loop.call_soon_threadsafe(_tell_in_loop, of_loop)


def _tell_in_loop(told: Sequence[Told]) -> None:
    for waiter, outcome in told:
        if not waiter.done():
            _settle(waiter, outcome)


def _settle(waiter: Waiter, outcome: Outcome) -> None:
    if isinstance(outcome, Completion):
        waiter.set_result(outcome)
    else:
        waiter.set_exception(outcome)
