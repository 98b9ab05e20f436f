"""One role at work: asks its endpoint until it replies, within its limits.

A try waits for a slot, then for the minute's limits, then is sent. What passes is tried again after a wait: the one
that the server asked for, else one that doubles and is drawn at random. A refusal delays the call that met it and no
other, unless most calls are refused: then the endpoint is full, and nobody asks before it said.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field

from pipeline.errors import ImpressError
from pipeline.models.congestion import AdaptiveSlots
from pipeline.models.errors import EndpointUnavailable
from pipeline.models.guard import BudgetGuard
from pipeline.models.rates import Taken
from pipeline.models.requests import Completion, Request
from pipeline.models.sources import Exchanger, Source
from pipeline.models.transport import TransientError
from pipeline.models.usage import Collected
from pipeline.schema.specification import ModelRole


class Closing:
    """The end of a client, for what would wait beyond it."""

    def __init__(self) -> None:
        self._set = asyncio.Event()

    def set(self) -> None:
        """From now on nothing waits, and no call is made."""
        self._set.set()

    def check(self) -> None:
        """Raise ``EndpointUnavailable`` after the end."""
        if self._set.is_set():
            raise EndpointUnavailable("the model client is closed; completions so far are kept")

    async def sleep(self, seconds: float) -> None:
        """Sleep, but not beyond the end."""
        try:
            async with asyncio.timeout(seconds):
                await self._set.wait()
        except TimeoutError:
            return
        self.check()


@dataclass(frozen=True)
class Backoff:
    """Seconds between tries: doubling from ``first`` to ``longest``, each drawn from its upper half.

    A server that asks for more than ``patience`` is taken as unavailable.
    """

    first: float = 0.5
    longest: float = 30.0
    patience: float = 900.0

    def seconds(self, tries: int, after: float | None) -> float:
        """Return the wait after ``tries`` failed tries; what the server asked for comes first."""
        drawn = min(self.longest, self.first * 2 ** max(0, tries - 1)) * random.uniform(0.5, 1)
        return drawn if after is None else after + random.uniform(0, min(1, self.first))


DEFAULT_BACKOFF = Backoff()


@dataclass
class RoleAtWork:
    """A role, its source and how it is doing.

    ``answered`` counts replies, ``failures`` calls that failed for good, ``failed`` is the last of those;
    ``wait_until`` (the loop's clock) is when a full endpoint takes calls again.
    """

    name: str
    role: ModelRole
    source: Source
    backoff: Backoff
    slots: AdaptiveSlots
    guard: BudgetGuard
    collected: Collected = field(default_factory=Collected)
    reported: set[str] = field(default_factory=set)
    answered: int = 0
    wait_until: float = 0.0
    failures: int = 0
    failed: ImpressError | None = None

    def raise_if_failed_since(self, failures: int) -> None:
        """Raise what ended another call since there were so many failures: those that queue behind it need not try."""
        if self.failed is not None and self.failures > failures:
            raise type(self.failed)(str(self.failed)) from self.failed

    def fails(self, failures: int, error: ImpressError) -> None:
        """A call that began after so many failures has failed for good."""
        if self.failures == failures:
            self.failures += 1
            self.failed = error

    async def reply(self, request: Request, failures: int, closing: Closing) -> Completion:
        """Ask the endpoint until it replies.

        A try that met a rate limit counts only if nothing else got through since the one before: a limit
        delays calls and does not fail them.

        Raises:
            EndpointUnavailable: all tries failed, or the server asks for more patience than there is.
            EndpointError: the endpoint refuses such calls.
        """
        tries, again, answered = 0, False, self.answered
        while True:
            try:
                return await self._exchange(request, failures, closing, again=again)
            except TransientError as error:
                problem = error
            if not (problem.limited and self.answered > answered):
                tries += 1
            again, answered = True, self.answered
            wait = self.backoff.seconds(tries, problem.after)
            if tries >= self.role.limits.attempts or wait > self.backoff.patience:
                raise EndpointUnavailable(self._gave_up(problem, tries, wait)) from problem
            if problem.limited and problem.after is not None and self.slots.congested:
                self.wait_until = max(self.wait_until, _now() + problem.after)
            await closing.sleep(wait)

    async def _exchange(self, request: Request, failures: int, closing: Closing, *, again: bool) -> Completion:
        """Send the request once, in a slot."""
        await self.slots.acquire(first=again)
        try:
            while (wait := self.wait_until - _now()) > 0:
                await closing.sleep(wait)
            self.raise_if_failed_since(failures)
            closing.check()
            transport = await self.source.transport()
            async with self.guard.room(request) as paid:
                taken = await self.source.rates.take(request, closing.sleep)
                completion = await self._sent(transport, request, taken)
                paid(completion)
            return completion
        finally:
            self.slots.release()

    async def _sent(self, transport: Exchanger, request: Request, taken: Taken | None) -> Completion:
        """Send the request and tell slots and limits how it went."""
        completion, begun = None, _now()
        try:
            completion = await transport.exchange(request, seconds=self.role.limits.timeout)
        except TransientError as error:
            if error.limited:
                self.slots.refused()
            raise
        finally:
            self.source.rates.settle(taken, completion)
        self.slots.answered(_now() - begun)
        self.answered += 1
        return completion

    def _gave_up(self, problem: TransientError, tries: int, wait: float) -> str:
        asked = f"; it asks to wait {wait:.0f} s" if problem.after is not None else ""
        return (
            f"the {self.name}'s endpoint ({self.source.address}) gave no reply in {tries} tries; the last: "
            f"{problem}{asked}. Completions so far are kept: check that it runs and run the same command again"
        )


def _now() -> float:
    return asyncio.get_running_loop().time()
