"""The build's side of work that is done elsewhere: puts a shard where workers reach it, and fetches what was made."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from pipeline.atomic import write_bytes_atomic
from pipeline.errors import UsageError
from pipeline.machines.gateway import EVERYWHERE, LOOPBACK, Gateway, own_address
from pipeline.machines.kit import Installation, Kit, kit_name
from pipeline.machines.order import Done, Order
from pipeline.rounds.context import BuildContext, ShardWork
from pipeline.schema.run import Run
from pipeline.shards import Shard
from pipeline.storage import Storage, sha256_of_bytes

Send = Callable[[Shard, Order], Awaitable[Done]]
"""Has a worker do an order, and again if the worker is lost."""


@dataclass(frozen=True)
class _Opened:
    gateway: Gateway
    shared: Storage
    kit: str


class Dispatcher:
    """Has shards worked on elsewhere (a :data:`pipeline.rounds.context.ShardRunner`). Used with ``async with``.

    Args:
        run: where workers are and what they reach.
        send: how an order gets to one.
    """

    def __init__(self, run: Run, send: Send) -> None:
        self._run = run
        self._send = send
        self._stack = AsyncExitStack()
        self._opening: asyncio.Task[_Opened] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def __call__(self, shard: Shard, work: ShardWork) -> None:
        """Have a shard worked on; its target is here afterwards."""
        if self._opening is None:
            self._opening = asyncio.create_task(self._open(work.context))
        opened = await self._opening
        shared, folder = opened.shared, shard.folder
        source = await asyncio.to_thread(shard.source.read_bytes)
        name = shard.source.relative_to(folder).as_posix()
        sha256 = sha256_of_bytes(source)
        if self._run.storage is not None:
            await asyncio.to_thread(shared.write, name, source)
        order = Order(
            stage=shard.stage,
            round=shard.round,
            index=shard.index,
            folder=shared.url,
            source=sha256,
            kit=opened.kit,
            gate=opened.gateway.gate,
        )
        done = await self._send(shard, order)
        made = await asyncio.to_thread(shared.read, shard.target.relative_to(folder).as_posix(), done.target)
        if self._run.storage is not None:
            await asyncio.to_thread(write_bytes_atomic, shard.target, made)

    async def _open(self, context: BuildContext) -> _Opened:
        """Begin to listen, and put the kit where workers find it. The lock of the run's folder is held by then."""
        folder = context.folder.resolve()
        storage = self._run.storage
        shared = Storage(str(folder)) if storage is None else Storage(storage).within("runs", folder.name)
        kit = Kit(
            specification=context.specification,
            calibration=context.stages.validation.calibration,
            reviews=context.stages.validation.reviews,
            installation=Installation.of(context.seeds),
        )
        content = kit.model_dump_json().encode()
        sha256 = sha256_of_bytes(content)
        await asyncio.to_thread(shared.write, kit_name(sha256), content)
        note = context.progress.note
        gateway = self._gateway(context, lambda name, worker: note(f"shard {name}: its worker was lost; now {worker}"))
        return _Opened(await self._stack.enter_async_context(gateway), shared, sha256)

    def _gateway(self, context: BuildContext, on_again: Callable[[str, str], None]) -> Gateway:
        named, address = self._run.gateway, self._run.address
        if named is not None:
            host, _, port = named.rpartition(":")
            return Gateway(context.client, listen=EVERYWHERE, port=int(port), reached_at=host, on_again=on_again)
        if address is None:
            return Gateway(context.client, listen=LOOPBACK, on_again=on_again)
        cluster = urlsplit(address if "://" in address else f"//{address}").hostname
        try:
            host = own_address(cluster or "")
        except OSError as error:
            raise UsageError(
                f"run.address {address!r}: cannot tell how workers there reach this machine; say it as `run.gateway`"
            ) from error
        return Gateway(context.client, listen=EVERYWHERE, reached_at=host, on_again=on_again)
