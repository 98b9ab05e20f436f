"""A hard bound on what an optimisation may take, and the count of what it took.

What counts is each distinct completion that the run needs, from the endpoint or from the store, so
that a run which was killed and started again stops where an undisturbed one stops.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pipeline.errors import WorkError
from pipeline.models.requests import ChatMessage, Completion
from pipeline.models.usage import Collected
from pipeline.schema.base import sha256_of
from pipeline.schema.candidate import Usage
from pipeline.schema.specification import RoleName

if TYPE_CHECKING:
    from pipeline.models.client import Completer


class BudgetSpent(WorkError):  # noqa: N818 - a state of affairs, no mistake
    """The next call would go beyond the budget; it was not made."""


class Meter:
    """Passes calls on to a client until the budget is spent (a :class:`~pipeline.models.client.Completer`).

    With a bound on tokens, each call sets aside what the dearest call so far took until it is known what
    it takes itself. The first calls, before anything is known, are made one at a time in effect: a call
    that finds nothing measured sets aside ``first_tokens``.

    Args:
        client: who makes the calls.
        calls: most distinct completions; ``None`` for no bound.
        tokens: most tokens, of prompts and replies together; ``None`` for no bound.
        first_tokens: what a call is taken to cost until one has been measured.
    """

    def __init__(
        self, client: Completer, *, calls: int | None = None, tokens: int | None = None, first_tokens: int = 2000
    ) -> None:
        self._client = client
        self._calls = calls
        self._tokens = tokens
        self._dearest = first_tokens
        self._measured = False
        self._asked: set[str] = set()
        self._open = 0
        self._kept_calls = 0
        self._kept_tokens = 0
        self._roles: dict[RoleName, Collected] = {}
        self._all = Collected()

    async def complete(
        self,
        role: RoleName,
        messages: Sequence[ChatMessage],
        *,
        sample: int = 0,
        max_tokens: int | None = None,
        temperature: float | None = None,
        response_schema: dict[str, Any] | None = None,
        top_logprobs: int = 0,
        stop: Sequence[str] = (),
    ) -> Completion:
        """Return the completion of a chat (see :meth:`pipeline.models.client.ModelClient.complete`).

        Raises:
            BudgetSpent: if the call is a new one and there is no room for it.
            WorkError: if tokens are bounded and the endpoint does not report them.
        """
        chat = [one.model_dump(mode="json") for one in messages]
        asked = sha256_of([role, chat, sample, max_tokens, temperature, response_schema, top_logprobs, list(stop)])
        if asked not in self._asked:
            self._refuse_beyond()
            self._asked.add(asked)
        self._open += 1
        try:
            completion = await self._client.complete(
                role,
                messages,
                sample=sample,
                max_tokens=max_tokens,
                temperature=temperature,
                response_schema=response_schema,
                top_logprobs=top_logprobs,
                stop=stop,
            )
        finally:
            self._open -= 1
        self._count(role, completion)
        return completion

    @contextmanager
    def kept_for_later(self, calls: int, tokens: int | None) -> Iterator[None]:
        """Keep a part of the budget out of reach inside the block."""
        self._kept_calls, self._kept_tokens = calls, tokens or 0
        try:
            yield
        finally:
            self._kept_calls = self._kept_tokens = 0

    @property
    def usage(self) -> Usage:
        """What all distinct completions took."""
        return self._all.usage

    def usage_of(self, role: RoleName) -> Usage:
        """What those of one role took."""
        return self._roles[role].usage if role in self._roles else Usage()

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of all completions, sorted."""
        return tuple(sorted(self._all.keys))

    def _refuse_beyond(self) -> None:
        if self._calls is not None and len(self._asked) + self._kept_calls >= self._calls:
            raise BudgetSpent(f"the budget of {self._calls} calls is spent")
        if self._tokens is None:
            return
        aside = (self._open + 1) * self._dearest
        if self._spent_tokens() + aside + self._kept_tokens > self._tokens:
            raise BudgetSpent(f"the budget of {self._tokens} tokens is spent")

    def _spent_tokens(self) -> int:
        tokens = self._all.usage.tokens
        if tokens is None:
            raise WorkError("an endpoint reports no tokens, so they cannot be bounded; give --calls instead")
        return tokens

    def _count(self, role: RoleName, completion: Completion) -> None:
        self._all.add(completion)
        self._roles.setdefault(role, Collected()).add(completion)
        if completion.prompt_tokens is None or completion.completion_tokens is None:
            return
        taken = completion.prompt_tokens + completion.completion_tokens
        self._dearest = max(self._dearest, taken) if self._measured else taken
        self._measured = True
