"""Work on shards side by side: so many at once, begun in order, and settled when something fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")


class Halted(Exception):  # noqa: N818 - not an error of its own
    """Work that was not begun, since other work had failed."""


class Lane:
    """Places for work of one kind.

    Args:
        places: how many pieces are at work at once.
    """

    def __init__(self, places: int) -> None:
        self.places = asyncio.Semaphore(places)
        self.begun_or_waiting = 0
        self.when_idle: Callable[[], None] = _nothing
        """Called whenever the last piece has left."""

    @property
    def idle(self) -> bool:
        """Whether nothing is at work or waits."""
        return self.begun_or_waiting == 0


def _nothing() -> None:
    """Do nothing."""


class Crew:
    """Runs work in lanes, and leaves none behind.

    When a piece fails no other is begun; those at work go on to their end, since calls in flight are paid for and
    their completions worth keeping. Then the first failure is raised. A crew that is cancelled cancels its work.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._failure: BaseException | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self._failure is None:
            self._failure = error
        if isinstance(error, asyncio.CancelledError):
            for task in self._tasks:
                task.cancel()
        while self._tasks:
            try:
                await asyncio.gather(*self._tasks, return_exceptions=True)
            except asyncio.CancelledError:
                for task in self._tasks:
                    task.cancel()
        if self._failure is not None and self._failure is not error:
            raise self._failure

    def start(self, lane: Lane, work: Callable[[], Awaitable[T]]) -> asyncio.Task[T]:
        """Begin a piece of work as soon as its lane has a place."""
        lane.begun_or_waiting += 1
        task = asyncio.create_task(self._run(lane, work))
        self._tasks.add(task)
        task.add_done_callback(partial(self._settled, lane))
        return task

    async def _run(self, lane: Lane, work: Callable[[], Awaitable[T]]) -> T:
        try:
            async with lane.places:
                if self._failure is not None:
                    raise Halted
                return await work()
        except Halted:
            raise
        except BaseException as error:
            self._failure = self._failure or error
            raise

    def _settled(self, lane: Lane, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        lane.begun_or_waiting -= 1
        if not task.cancelled():
            task.exception()  # retrieved here, in case nobody waits for it
        if lane.idle and self._failure is None:
            lane.when_idle()
