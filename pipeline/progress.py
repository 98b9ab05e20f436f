"""How a long piece of work says where it is.

The work calls a :class:`Progress`; who runs it chooses one: bars on a terminal, plain lines for
logs and other programs, or nothing. Progress goes to stderr, so that stdout stays for results.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from pipeline.standing import Standing

_Key = tuple[str, int | None]
"""A stage and its round."""

SECONDS_BETWEEN_LINES = 5.0
"""How often a stage that advances, or the whole, writes a plain line at most."""


class Progress(Protocol):
    """What a piece of work tells while it runs. A stage is named by one word, and may run once a round.

    Rounds may overlap: what is told of a stage goes to the one of that round.
    """

    def start(self, stage: str, *, total: int | None = None, round: int | None = None) -> None:
        """A stage begins, with ``total`` items before it, ``None`` where that is not known. Rounds count from 0.

        Told again of a stage that runs, it gives the total, which was not known before.
        """

    def advance(self, stage: str, by: int = 1, *, round: int | None = None) -> None:
        """``by`` more items of a stage are done."""

    def finish(self, stage: str, counts: Mapping[str, int] | None = None, *, round: int | None = None) -> None:
        """A stage is done; ``counts`` says what came of it, by one-word names such as ``accepted``."""

    def stand(self, standing: Standing) -> None:
        """Where the build stands; told again whenever its counts have changed."""

    def note(self, message: str) -> None:
        """Something worth a line that is no stage."""


class SilentProgress:
    """Says nothing."""

    def start(self, stage: str, *, total: int | None = None, round: int | None = None) -> None:
        """Say nothing."""

    def advance(self, stage: str, by: int = 1, *, round: int | None = None) -> None:
        """Say nothing."""

    def finish(self, stage: str, counts: Mapping[str, int] | None = None, *, round: int | None = None) -> None:
        """Say nothing."""

    def stand(self, standing: Standing) -> None:
        """Say nothing."""

    def note(self, message: str) -> None:
        """Say nothing."""


@dataclass
class _Running:
    """A stage at work, as :class:`PlainProgress` keeps it."""

    begun: float
    last_line: float
    total: int | None
    round: int | None
    done: int = 0


class PlainProgress:
    """One line of ``key=value`` an event, for logs and programs.

    Args:
        stream: where the lines go.
        clock: seconds since some moment, never running backwards.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._running: dict[_Key, _Running] = {}
        self._stood = clock()

    def start(self, stage: str, *, total: int | None = None, round: int | None = None) -> None:
        """Write that a stage begins."""
        if (stage, round) in self._running:
            self._running[stage, round].total = total
            return
        now = self._clock()
        self._running[stage, round] = _Running(begun=now, last_line=now, total=total, round=round)
        self._line("start", stage=stage, round=round, total=total)

    def advance(self, stage: str, by: int = 1, *, round: int | None = None) -> None:
        """Count, and write a line when the last one is a while ago."""
        running = self._running[stage, round]
        running.done += by
        now = self._clock()
        if now - running.last_line >= SECONDS_BETWEEN_LINES:
            running.last_line = now
            self._line("advance", stage=stage, round=running.round, done=running.done, total=running.total)

    def finish(self, stage: str, counts: Mapping[str, int] | None = None, *, round: int | None = None) -> None:
        """Write what came of a stage and how long it took."""
        running = self._running.pop((stage, round))
        seconds = f"{self._clock() - running.begun:.1f}"
        told: dict[str, object] = {"stage": stage, "round": running.round, "done": running.done, "seconds": seconds}
        self._line("finish", **told, **(counts or {}))

    def stand(self, standing: Standing) -> None:
        """Write the figures when the last ones are a while ago, and when nothing is left to decide."""
        now = self._clock()
        if now - self._stood >= SECONDS_BETWEEN_LINES or standing.full + standing.short == len(standing.cells):
            self._stood = now
            self._line("stand", **standing.counts())

    def note(self, message: str) -> None:
        """Write a message, as a JSON string on one line."""
        self._line("note", message=json.dumps(message, ensure_ascii=False))

    def _line(self, event: str, **fields: object) -> None:
        told = [f"{name}={value}" for name, value in fields.items() if value is not None]
        self._stream.write(" ".join([f"event={event}", *told]) + "\n")
        self._stream.flush()


@contextmanager
def open_progress(stream: TextIO | None = None) -> Iterator[Progress]:
    """Give bars where ``stream`` (stderr when left out) is a terminal, else plain lines."""
    out = sys.stderr if stream is None else stream
    if not out.isatty():
        yield PlainProgress(out)
        return
    from rich.console import Console

    from pipeline.progress_bars import Bars, RichProgress

    with Bars(Console(file=out)) as bars:
        yield RichProgress(bars)
