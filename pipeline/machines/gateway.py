"""Makes the calls of workers with the build's own client.

So there is one store with one writer, one budget, one account of requests and tokens per minute and one bound of
calls in flight, however many workers there are; equal calls of two workers are one; a call goes on to its end when
the worker that asked is killed, and the next one finds its completion. API keys stay with the build.
"""

from __future__ import annotations

import hmac
import json
import secrets
import socket
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from pydantic import SecretStr, ValidationError

from pipeline.errors import ImpressError
from pipeline.machines.calls import Answer, Beginning, ChatCall, GuardCall, Refused, call_of
from pipeline.machines.order import Gate
from pipeline.models.requests import Completion

if TYPE_CHECKING:
    from aiohttp import web

    from pipeline.rounds.stages import Caller

LONGEST_CALL = 2**26
"""Bytes of a call."""
LOOPBACK = "127.0.0.1"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - workers come from other machines


class Gateway:
    """Listens for workers; of the event loop of the client.

    Args:
        client: makes the calls.
        listen: address to listen at.
        port: 0 takes a free one.
        reached_at: host by which workers know this machine; as ``listen`` if left out.
        on_again: told of each shard that is begun again, with its name and the worker: the one before was lost.
    """

    def __init__(
        self,
        client: Caller,
        *,
        listen: str = LOOPBACK,
        port: int = 0,
        reached_at: str | None = None,
        on_again: Callable[[str, str], None] = lambda shard, worker: None,
    ) -> None:
        self._client = client
        self._listen = listen
        self._port = port
        self._host = reached_at or listen
        self._token = secrets.token_urlsafe(32)
        self._on_again = on_again
        self._runner: web.AppRunner | None = None
        self.begun: Counter[str] = Counter()
        """How often each shard was begun."""

    async def __aenter__(self) -> Self:
        from aiohttp import web

        app = web.Application(client_max_size=LONGEST_CALL)
        app.router.add_post("/call", self._call)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._listen, self._port, backlog=2048).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def gate(self) -> Gate:
        """What a worker has to know."""
        return Gate(address=f"http://{self._host}:{self._port}", token=SecretStr(self._token))

    async def _call(self, http: web.Request) -> web.Response:
        from aiohttp import web

        given = http.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            return web.Response(status=401)
        try:
            call = call_of(await http.json())
        except (json.JSONDecodeError, UnicodeDecodeError, ValidationError, ValueError):
            return web.Response(status=400)
        try:
            answer = Answer(completion=await self._made(call))
        except ImpressError as error:
            answer = Answer(refused=Refused.of(error))
        return web.Response(text=answer.model_dump_json(), content_type="application/json")

    async def _made(self, call: ChatCall | GuardCall | Beginning) -> Completion | None:
        match call:
            case ChatCall():
                asked = call.model_dump(exclude={"kind", "role", "messages"})
                return await self._client.complete(call.role, call.messages, **asked)
            case GuardCall():
                return await self._client.ask_guard(call.guard, call.prompt)
            case Beginning():
                self.begun[call.shard] += 1
                if self.begun[call.shard] > 1:
                    self._on_again(call.shard, call.worker)
                return None


def own_address(towards: str) -> str:
    """Return the address of this machine as a host sees it; no packet is sent.

    Raises:
        OSError: if there is no way to that host.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        way.connect((towards, 9))
        return str(way.getsockname()[0])
