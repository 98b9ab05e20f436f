"""What was found in a text, remembered: scenarios of one situation share most of their short texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

MOST = 8192
"""Texts that are remembered; when there are so many, all are forgotten."""
LONGEST = 240
"""Characters of the longest text that is remembered; longer ones are prose and hardly come again."""


class Remembered(Generic[T]):
    """A function of one text that keeps its answers for short texts. What it gives must not be changed.

    A copy that went through pickle has to be asked anew.
    """

    def __init__(self, answer: Callable[[str], T]) -> None:
        self._answer = answer
        self._known: dict[str, T] = {}

    def __call__(self, text: str) -> T:
        """Return the answer for a text."""
        if len(text) > LONGEST:
            return self._answer(text)
        known = self._known.get(text)
        if known is None:
            known = self._answer(text)
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[text] = known
        return known

    def __getstate__(self) -> dict[str, object]:
        return {"_answer": self._answer, "_known": {}}
