"""What was found in a text, remembered: scenarios of one situation share most of their short texts."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Generic, TypeVar

T = TypeVar("T")

MOST = 8192
"""Texts that are remembered; of more, those that were asked for last."""
LONGEST = 240
"""Characters of the longest text that is remembered; longer ones are prose and hardly come again."""


class Remembered(Generic[T]):
    """A function of one text that keeps its answers for short texts. What it gives must not be changed.

    A copy that went through pickle has to be asked anew.
    """

    def __init__(self, answer: Callable[[str], T]) -> None:
        self._answer = answer
        self._known = lru_cache(maxsize=MOST)(answer)

    def __call__(self, text: str) -> T:
        """Return the answer for a text."""
        return self._answer(text) if len(text) > LONGEST else self._known(text)

    def __reduce__(self) -> tuple[type[Remembered[T]], tuple[Callable[[str], T]]]:
        return type(self), (self._answer,)
