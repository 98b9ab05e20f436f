"""Requests and tokens per minute: what a provider counts in any sixty seconds is never exceeded.

A request counts from the moment it is sent until sixty seconds after the server can have counted it at the latest:
when its reply came, or ``ON_THE_WAY`` seconds after it was sent if the reply takes longer. So two requests whose
arrivals are less than a minute apart are always counted together, whatever the network does to either.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from pipeline.models.requests import ChatRequest, Completion, ModerationRequest, Request, TextRequest

WINDOW = 60.0
"""Seconds in which a provider counts."""
ON_THE_WAY = 2.0
"""Seconds that a request may take to reach the server."""
MARGIN = 0.05
"""Seconds added to the window, against clocks that differ."""
BYTES_A_TOKEN = 3.0
"""UTF-8 bytes taken for one token before the server has said: English has four, so the estimate errs upwards."""
TOKENS_A_MESSAGE = 8
"""Tokens that a chat template puts around each message, at most."""
STATED = {"requests": "x-ratelimit-limit-requests", "tokens": "x-ratelimit-limit-tokens"}
"""Headers in which OpenAI, and those that follow it, state the limits of the account."""


@dataclass
class _Share:
    """What one request takes of a window until it ends."""

    amount: float
    ends: float


@dataclass
class _Window:
    """One limit: so much in any :data:`WINDOW` seconds. Shares leave in the order in which they came."""

    limit: float
    used: float = 0.0
    shares: deque[_Share] = field(default_factory=deque)

    def wait(self, amount: float, now: float) -> float:
        """Return the seconds until the amount may fit, 0 if it does. What is larger than the limit waits for none."""
        while self.shares and self.shares[0].ends <= now:
            self.used -= self.shares.popleft().amount
        if not self.shares or self.used + amount <= self.limit:
            return 0.0
        return self.shares[0].ends - now

    def take(self, amount: float, now: float) -> _Share:
        """Count an amount from now on."""
        share = _Share(amount, now + ON_THE_WAY + WINDOW + MARGIN)
        self.shares.append(share)
        self.used += amount
        return share

    def settle(self, share: _Share, now: float, amount: float | None) -> None:
        """The server has counted the share by now; ``amount`` is what it really was, if known."""
        share.ends = min(share.ends, now + WINDOW + MARGIN)
        if amount is not None and share.ends > now:
            self.used += amount - share.amount
            share.amount = amount


@dataclass
class Taken:
    """What one request took of each window."""

    shares: dict[str, _Share]


class Rates:
    """The limits of one model at one endpoint, for all roles that use it.

    Args:
        requests: per minute; ``None`` for no limit.
        tokens: per minute, prompt and completion together; ``None`` for no limit.
        heeded: whether limits that the server states in its headers take the place of these.
        clock: seconds that only ever go up.
    """

    def __init__(
        self,
        requests: int | None = None,
        tokens: int | None = None,
        *,
        heeded: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        limits = {"requests": requests, "tokens": tokens}
        self._windows = {name: _Window(limit) for name, limit in limits.items() if limit is not None}
        self._heeded = heeded
        self._clock = clock
        self._turn = asyncio.Lock()

    def limit(self, name: str) -> float | None:
        """Return the limit of ``requests`` or ``tokens`` per minute that holds now."""
        return self._windows[name].limit if name in self._windows else None

    async def take(self, request: Request, sleep: Callable[[float], Awaitable[None]]) -> Taken | None:
        """Wait until a request fits all limits, in order of arrival, and count it; ``None`` where there are none.

        Args:
            request: what is to be sent.
            sleep: waits so many seconds, or raises if there is nothing left to wait for.
        """
        if not self._windows:
            return None
        amounts = {"requests": 1.0, "tokens": float(estimated_tokens(request)) if "tokens" in self._windows else 0.0}
        async with self._turn:
            while (wait := self._wait(amounts)) > 0:
                await sleep(wait)
            now = self._clock()
            return Taken({name: window.take(amounts[name], now) for name, window in self._windows.items()})

    def _wait(self, amounts: Mapping[str, float]) -> float:
        now = self._clock()
        return max(window.wait(amounts[name], now) for name, window in self._windows.items())

    def settle(self, taken: Taken | None, completion: Completion | None) -> None:
        """Tell how a request ended: with its completion, whose token counts replace the estimate, or without."""
        if taken is None:
            return
        now = self._clock()
        for name, share in taken.shares.items():
            spent = None
            if name == "tokens" and completion is not None and completion.prompt_tokens is not None:
                spent = float(completion.prompt_tokens + (completion.completion_tokens or 0))
            self._windows[name].settle(share, now, spent)

    def heed(self, headers: Mapping[str, str]) -> None:
        """Take over the limits that a server states, where it is known to state them per minute."""
        if not self._heeded:
            return
        for name, window in self._windows.items():
            stated = headers.get(STATED[name], "")
            if stated.isdecimal() and int(stated) > 0:
                window.limit = int(stated)


def estimated_tokens(request: Request) -> int:
    """Return the tokens that a request may take, its longest reply included; an estimate that errs upwards."""
    match request:
        case ChatRequest():
            texts = [message.content for message in request.messages]
        case TextRequest():
            texts = [request.prompt]
        case ModerationRequest():
            texts = [request.input]
    longest = 0 if isinstance(request, ModerationRequest) else request.sampling.max_tokens
    return sum(int(len(text.encode()) / BYTES_A_TOKEN) + TOKENS_A_MESSAGE for text in texts) + longest
