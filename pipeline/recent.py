"""What was worked out of the last few records, by identity: checks of one scenario ask the same one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")

MOST = 8
"""Records that are remembered with their answers, and so stay in memory."""


class Recent(Generic[T, U]):
    """A function of one record, which never changes, that keeps its last answers. These must not be changed either."""

    def __init__(self, answer: Callable[[T], U]) -> None:
        self._answer = answer
        self._known: deque[tuple[T, U]] = deque(maxlen=MOST)

    def __call__(self, record: T) -> U:
        """Return the answer for a record."""
        for known, answer in tuple(self._known):
            if known is record:
                return answer
        made = self._answer(record)
        self._known.appendleft((record, made))
        return made
