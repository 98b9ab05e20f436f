"""Counting what completions take, for whoever wants to know of the part that it did itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from pipeline.models.requests import Completion
from pipeline.schema.candidate import Usage, total


@dataclass
class Collected:
    """Completions obtained while collecting: each distinct one once, in the order of arrival."""

    keys: list[str] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set, repr=False)
    _prompt_tokens: int | None = 0
    _completion_tokens: int | None = 0

    def add(self, completion: Completion) -> None:
        """Count a completion, unless it is counted already."""
        if completion.key not in self._seen:
            self._seen.add(completion.key)
            self.keys.append(completion.key)
            self._prompt_tokens = total(self._prompt_tokens, completion.prompt_tokens)
            self._completion_tokens = total(self._completion_tokens, completion.completion_tokens)

    @property
    def usage(self) -> Usage:
        """What they took together."""
        return Usage(calls=len(self.keys), prompt_tokens=self._prompt_tokens, completion_tokens=self._completion_tokens)


_collecting: ContextVar[tuple[Collected, ...]] = ContextVar("collecting", default=())


@contextmanager
def collect_usage() -> Iterator[Collected]:
    """Collect all completions obtained inside, also by tasks and threads that inherit the context. May be nested.

    Completions that the store already had count like fresh ones: what a candidate took does not
    depend on when it was interrupted.
    """
    collected = Collected()
    token = _collecting.set((*_collecting.get(), collected))
    try:
        yield collected
    finally:
        _collecting.reset(token)


def record(completion: Completion) -> None:
    """Tell all collections that the caller is inside of."""
    for collected in _collecting.get():
        collected.add(completion)
