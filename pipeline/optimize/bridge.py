"""Between DSPy's optimisers, which are synchronous and swallow errors, and our client, which is neither.

The optimiser runs in a thread of its own; its models hand calls to the client's event loop. What has
to end the run (a spent budget, an endpoint that gave up, a mistake of ours) travels as :class:`Halt`,
which is no ``Exception``, because DSPy turns every ``Exception`` of a program or a metric into a score
of zero and goes on.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, TypeVar

import dspy
from dspy.lm15 import Request, Response
from dspy.utils.exceptions import AdapterParseError

from pipeline.models.dspy_lm import StoredEngine
from pipeline.schema.base import sha256_of
from pipeline.schema.specification import RoleName

if TYPE_CHECKING:
    from pipeline.models.client import Completer

T = TypeVar("T")


class Halt(BaseException):
    """Ends an optimiser's run. ``__cause__`` says why."""


class Loop:
    """The client's event loop, for threads that wait on it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and wait for it, in another thread.

        Raises:
            Halt: for any error of the coroutine but an unreadable reply, which is the program's own.
        """
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result()
        except AdapterParseError:
            raise
        except (Exception, CancelledError) as error:
            raise Halt from error


class BridgedLM(dspy.LM):  # type: ignore[misc]
    """A role's model for programs that run in an optimiser's threads.

    Args:
        client: makes, stores and bounds the calls.
        loop: where the client lives.
        role: whose endpoint and sampling apply.
        sample: tells apart calls that are otherwise equal.
        numbered: give each repetition of an equal prompt the next sample number, for models that propose:
            asked again, they shall say something else. Such a model is for one thread, where the order of
            prompts is the same in every run.
        settings: ``max_tokens`` and ``temperature`` in place of the role's own.
    """

    def __init__(
        self,
        client: Completer,
        loop: Loop,
        role: RoleName,
        *,
        sample: int = 0,
        numbered: bool = False,
        **settings: Any,
    ) -> None:
        engine = _BridgedEngine(client, loop, role, sample, Counter() if numbered else None)
        super().__init__(model=f"impress/{role}", cache=False, num_retries=0, engine=engine, **settings)


class _BridgedEngine(StoredEngine):
    """Asks the client from another thread."""

    def __init__(self, client: Completer, loop: Loop, role: RoleName, sample: int, seen: Counter[str] | None) -> None:
        super().__init__(client, role, sample)
        self._waiting = loop
        self._seen = seen

    def complete(self, request: Request) -> Response:
        """Answer one request."""
        return self._waiting.wait(self.ask(request, self._number(request)))

    def _number(self, request: Request) -> int | None:
        if self._seen is None:
            return None
        said = sha256_of([str(request.system), [[one.role, one.text] for one in request.messages]])
        self._seen[said] += 1
        return self._seen[said] - 1
