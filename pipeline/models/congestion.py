"""How many calls an endpoint bears at a time, learned while it is used.

Two signs lower the bound. *Refusals*: when most of a round of calls is refused (429, 503), the bound is cut by
:data:`CUT`, then grows by one per round again: additive increase, multiplicative decrease (D. Chiu and R. Jain,
Analysis of the Increase and Decrease Algorithms, 1989; the cut is CUBIC's, RFC 9438). A refusal now and then is no
congestion: a provider that refuses one call in ten at random is as fast at any bound, so nothing is cut below
:data:`CONGESTED`. *Latency*: when a round takes much longer than calls did over the last rounds, the bound follows the
ratio of the two (the gradient of Netflix's concurrency-limits, class Gradient2Limit). The long average is
taken at full load, so that a server which batches is not mistaken for one that queues.

The bound begins at the most that the user allows: the first round tells whether that is too much.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import dataclass

CONGESTED = 1 / 3
"""Share of a round that must be refused before the bound is cut."""
CUT = 0.7
TOLERANCE = 2.0
"""How much slower than the long average a round may be."""
LOWEST_GRADIENT = 0.5
SMOOTHED = 0.2
"""Weight of a latency round in the bound, against jumps."""
LONG_ROUNDS = 10.0
"""Rounds over which the long average forgets."""
FEWEST = 32
"""Outcomes that make a round, at least: of sixteen calls, each refused with one chance in ten, a third is refused often
enough to stop every third build of 2,000 calls for nothing; of thirty-two, one in two hundred at most."""


@dataclass
class _Round:
    """Outcomes since the bound last changed."""

    answered: int = 0
    refused: int = 0
    seconds: float = 0.0


class AdaptiveSlots:
    """Bounds calls in flight, between 1 and ``most``. For one event loop; waiters are served in order.

    Args:
        most: calls in flight at most, and at first.
        adapts: whether the bound follows what the endpoint bears; else it stays.
    """

    def __init__(self, most: int, *, adapts: bool = True) -> None:
        self.most = most
        self._adapts = adapts
        self.limit = float(most)
        self.in_flight = 0
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._round = _Round()
        self._long: float | None = None
        self._cut = False

    async def acquire(self, *, first: bool = False) -> None:
        """Wait for a slot; ``first`` before all who wait, for a call that was here already."""
        if self.in_flight < int(self.limit) and not self._waiters:
            self.in_flight += 1
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._waiters.appendleft if first else self._waiters.append)(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.release()
            elif waiter in self._waiters:
                self._waiters.remove(waiter)
            raise

    def release(self) -> None:
        """Give a slot back, to whoever is next."""
        self.in_flight -= 1
        while self._waiters and self.in_flight < int(self.limit):
            waiter = self._waiters.popleft()
            if not waiter.done():
                self.in_flight += 1
                waiter.set_result(None)

    @property
    def congested(self) -> bool:
        """Whether calls are refused so often, in this round or the last, that the endpoint itself must be full."""
        return self._cut or self._round.refused > CONGESTED * max(FEWEST, self._round.answered + self._round.refused)

    def answered(self, seconds: float) -> None:
        """A call was answered after so many seconds."""
        self._round.answered += 1
        self._round.seconds += seconds
        self._end_round()

    def refused(self) -> None:
        """A call was refused because there are too many."""
        self._round.refused += 1
        self._end_round()

    def _end_round(self) -> None:
        done = self._round
        outcomes = done.answered + done.refused
        if outcomes < max(FEWEST, int(self.limit)):
            return
        self._round, self._cut = _Round(), done.refused > CONGESTED * outcomes
        if not self._adapts:
            return
        if self._cut:
            self.limit = max(1.0, self.limit * CUT)
        else:
            self.limit = min(self.most, self._by_latency(done.seconds / done.answered) + 1)

    def _by_latency(self, mean: float) -> float:
        """Return the bound after a round of this mean latency (seconds), before it grows again."""
        if self._long is None:
            self._long = mean
        gradient = max(LOWEST_GRADIENT, min(1.0, TOLERANCE * self._long / mean)) if mean > 0 else 1.0
        self._long += (mean - self._long) / LONG_ROUNDS
        if gradient == 1.0:
            return self.limit
        aimed = self.limit * gradient + math.sqrt(self.limit)
        return max(1.0, min(self.limit, (1 - SMOOTHED) * self.limit + SMOOTHED * aimed))
