"""A worker's side of the gateway: a client like any other, whose calls the build makes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from pipeline.errors import WorkError
from pipeline.machines.calls import Answer, Beginning, ChatCall, GuardCall
from pipeline.machines.order import Gate
from pipeline.models.requests import ChatMessage, Completion, GuardPrompt
from pipeline.models.usage import record
from pipeline.schema.specification import RoleName

if TYPE_CHECKING:
    import aiohttp

TRIES = 6
FIRST_WAIT = 0.5
"""Seconds before the second try, then twice as long each time: half a minute for a network to mend."""


class GatewayLost(WorkError):  # noqa: N818 - a state of affairs, no mistake
    """The build that a shard belongs to does not answer: it has ended, or cannot be reached from here."""


class GatewayClient:
    """Completions from the build that sent a shard; made by :func:`open_gateway_client`, for one event loop.

    A call may take as long as limits and retries on the build's side take, so none has a time-out of its own. One
    whose connection breaks is asked again: the build makes it once whatever happens.
    """

    def __init__(self, gate: Gate, session: aiohttp.ClientSession) -> None:
        self._gate = gate
        self._session = session

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
            GatewayLost: if the build does not answer.
        """
        call = ChatCall(
            role=role,
            messages=tuple(messages),
            sample=sample,
            max_tokens=max_tokens,
            temperature=temperature,
            response_schema=response_schema,
            top_logprobs=top_logprobs,
            stop=tuple(stop),
        )
        return await self._completed(call)

    async def ask_guard(self, guard: str, prompt: GuardPrompt) -> Completion:
        """Return a guard model's raw answer (see :meth:`pipeline.models.client.ModelClient.ask_guard`).

        Raises:
            GatewayLost: if the build does not answer.
        """
        return await self._completed(GuardCall(guard=guard, prompt=prompt))

    async def begin(self, shard: str, worker: str) -> None:
        """Tell the build that a shard is begun.

        Raises:
            GatewayLost: if the build does not answer.
        """
        await self._asked(Beginning(shard=shard, worker=worker))

    async def _completed(self, call: ChatCall | GuardCall) -> Completion:
        completion = (await self._asked(call)).completion
        if completion is None:
            raise GatewayLost(f"the build at {self._gate.address} answered a call with nothing")
        record(completion)
        return completion

    async def _asked(self, call: ChatCall | GuardCall | Beginning) -> Answer:
        body = call.model_dump_json().encode()
        for tried in range(TRIES):
            if tried:
                await asyncio.sleep(FIRST_WAIT * 2 ** (tried - 1))
            answer, problem = await self._sent(body)
            if answer is not None:
                if answer.refused is not None:
                    raise answer.refused.raised()
                return answer
        raise GatewayLost(
            f"the build does not answer at {self._gate.address} ({problem}): it has ended, or workers cannot reach it "
            "there; name an address that they reach as `run.gateway`"
        )

    async def _sent(self, body: bytes) -> tuple[Answer | None, str]:
        import aiohttp

        headers = {
            "Authorization": f"Bearer {self._gate.token.get_secret_value()}",
            "Content-Type": "application/json",
        }
        try:
            async with self._session.post(f"{self._gate.address}/call", data=body, headers=headers) as response:
                if response.status == 200:
                    return Answer.model_validate_json(await response.read()), ""
                return None, f"HTTP {response.status}"
        except (aiohttp.ClientError, ConnectionError) as error:
            return None, type(error).__name__


@asynccontextmanager
async def open_gateway_client(gate: Gate) -> AsyncIterator[GatewayClient]:
    """Give a client for a worker. Nothing is sent before the first call."""
    import aiohttp

    connector = aiohttp.TCPConnector(limit=0)
    no_end = aiohttp.ClientTimeout(total=None, sock_connect=30)
    async with aiohttp.ClientSession(connector=connector, timeout=no_end) as session:
        yield GatewayClient(gate, session)
