"""Calls collected into batches, for roles that can wait: as any call in all else, its key in the store included.

Calls that come within a few seconds of each other go up together. What goes up is written down before, beside the
store, with a mark that the provider keeps: a build that was killed finds its batches again, whichever step it was at,
and asks for nothing twice.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from pipeline.atomic import write_text_atomic
from pipeline.errors import ImpressError
from pipeline.models.batch_api import Batch, BatchApi
from pipeline.models.errors import EndpointError
from pipeline.models.requests import Completion, Request, request_of
from pipeline.models.transport import TransientError
from pipeline.models.wire import body_of, path_of
from pipeline.schema.base import Json, Record, Text, sha256_of

T = TypeVar("T")

QUIET = 5.0
"""Seconds without another call after which those that came go up."""
FIRST_LOOK, LONGEST_LOOK = 5.0, 60.0
"""Seconds between two looks at a batch: from the first to the longest, half as long again each time."""
REQUESTS_MOST = 20_000
"""Of one batch; providers take 50,000, and 200 MB."""
CALLS_AT_ONCE = 5_000
"""Calls that wait for batches at a time, and scenarios that are judged side by side: what is in memory."""
FOLDER = "batches"


class Entry(Record):
    """What is written down of a batch: ``id`` once the provider gave one, and the requests whose replies it has."""

    base_url: Text
    mark: Text
    path: Text
    id: str | None = None
    requests: tuple[dict[str, Json], ...]


class BatchDesk:
    """Exchanges requests by batches (a :class:`pipeline.models.sources.Exchanger`), for one event loop.

    Args:
        api: of the provider.
        read: reads one reply (:meth:`pipeline.models.transport.Transport.outcome`).
        folder: where batches are written down; beside the store, in :data:`FOLDER`.
        kept: whether the store holds a key.
    """

    def __init__(
        self,
        api: BatchApi,
        read: Callable[[Request, int, str], Completion],
        folder: Path,
        kept: Callable[[str], bool],
    ) -> None:
        self._api = api
        self._read = read
        self._folder = folder
        self._kept = kept
        self._replies: dict[str, asyncio.Future[Completion]] = {}
        self._gathering: dict[str, list[Request]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._resuming: asyncio.Task[None] | None = None

    async def exchange(self, request: Request, *, seconds: float) -> Completion:
        """Return the reply, when the batch that the request is in has ended; ``seconds`` bear on single calls only.

        Raises:
            TransientError: the batch failed or ended without it, or this request met what passes.
            EndpointError: the endpoint refuses such calls.
        """
        if self._resuming is None:
            self._resuming = asyncio.create_task(self._resume())
        await asyncio.shield(self._resuming)
        reply = self._replies.get(request.key)
        if reply is None:
            reply = self._expected(request)
            self._gather(request)
        try:
            return await asyncio.shield(reply)
        finally:
            if reply.done():
                self._replies.pop(request.key, None)

    async def close(self) -> None:
        """Look at nothing any more. Batches go on at the provider, and the next build finds them."""
        tasks = [*self._tasks, *([self._resuming] if self._resuming else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._api.close()

    def _expected(self, request: Request) -> asyncio.Future[Completion]:
        reply: asyncio.Future[Completion] = asyncio.get_running_loop().create_future()
        reply.add_done_callback(lambda one: one.cancelled() or one.exception())  # in case nobody asks again
        self._replies[request.key] = reply
        return reply

    def _gather(self, request: Request) -> None:
        path = path_of(request)
        waiting = self._gathering.get(path)
        if waiting is None:
            waiting = self._gathering[path] = []
            self._start(self._send_when_quiet(path, waiting))
        waiting.append(request)
        if len(waiting) >= REQUESTS_MOST:
            del self._gathering[path]

    async def _send_when_quiet(self, path: str, waiting: list[Request]) -> None:
        count = 0
        while self._gathering.get(path) is waiting and len(waiting) > count:
            count = len(waiting)
            await asyncio.sleep(QUIET)
        if self._gathering.get(path) is waiting:
            del self._gathering[path]
        requests = sorted(waiting, key=lambda one: one.key)
        dumped = tuple(one.model_dump(mode="json") for one in requests)
        # A request that failed goes up again, in what may be the same company: each batch has a mark of its own.
        mark = sha256_of([[one.key for one in requests], asyncio.get_running_loop().time()])
        entry = Entry(base_url=self._api.base_url, mark=mark, path=path, requests=dumped)
        self._write(entry)
        lines = b"".join(_line(one, path) for one in requests)
        await self._follow(entry, requests, lines)

    async def _resume(self) -> None:
        """Go on with batches that were written down and whose replies the store lacks."""
        for file in sorted(self._folder.glob("*.json")) if self._folder.is_dir() else ():
            try:
                entry = Entry.model_validate_json(file.read_bytes())
                requests = [request_of(one) for one in entry.requests]
            except (ValidationError, ValueError) as error:
                raise EndpointError(f"{file}: not what was written down of a batch; move it away") from error
            if entry.base_url != self._api.base_url:
                continue
            missing = [one for one in requests if not self._kept(one.key)]
            if not missing:
                file.unlink()
                continue
            for one in missing:
                self._expected(one)
            self._start(self._follow(entry, missing))

    async def _follow(self, entry: Entry, requests: Sequence[Request], lines: bytes | None = None) -> None:
        """Bring a batch to its end and give each request its reply, or what stands in its place.

        ``lines`` go up; without them the batch has to be there.
        """
        try:
            batch = await self._batch_of(entry, lines)
            if entry.id is None:
                entry = entry.model_copy(update={"id": batch.id})
                self._write(entry)
            replies = await self._ended(batch)
        except (TransientError, ImpressError) as error:
            if entry.id is None:
                self._file(entry).unlink(missing_ok=True)
            for one in requests:
                self._settle(one, error)
            return
        outcomes = {one.key: self._outcome(one, replies.get(one.key)) for one in requests}
        good = {key for key, outcome in outcomes.items() if isinstance(outcome, Completion)}
        with_reply = tuple(dump for dump in entry.requests if request_of(dump).key in good)
        self._write(entry.model_copy(update={"requests": with_reply}))
        for one in requests:
            self._settle(one, outcomes[one.key])

    async def _batch_of(self, entry: Entry, lines: bytes | None) -> Batch:
        """Return the batch of an entry: the one that it names, the one that bears its mark, or a new one."""
        if entry.id is not None:
            return await self._patient(partial(self._api.get, entry.id))
        if lines is not None:
            try:
                file = await self._api.upload(lines, f"{entry.mark[:16]}.jsonl")
                return await self._api.create(file, entry.path, entry.mark)
            except TransientError as error:
                problem = error  # it may be there all the same: the reply was lost
        else:
            problem = TransientError("the batch was never made")
        found = await self._patient(partial(self._api.find, entry.mark))
        if found is None:
            raise problem
        return found

    async def _ended(self, batch: Batch) -> dict[str, Any]:
        """Wait for the end and return the lines of the replies by key."""
        wait = FIRST_LOOK
        while not batch.ended:
            await asyncio.sleep(wait)
            wait = min(LONGEST_LOOK, wait * 1.5)
            batch = await self._patient(partial(self._api.get, batch.id))
        if batch.status == "failed":
            raise EndpointError(f"the batch {batch.id} failed: {batch.error or 'the endpoint does not say why'}")
        found: dict[str, Any] = {}
        for file in (batch.errors, batch.output):
            if file is not None:
                lines = await self._patient(partial(self._api.lines, file))
                found |= {line["custom_id"]: line for line in lines if isinstance(line, dict) and "custom_id" in line}
        return found

    async def _patient(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask again for as long as it takes: what was paid for is there."""
        wait = FIRST_LOOK
        while True:
            try:
                return await ask()
            except TransientError:
                await asyncio.sleep(wait)
                wait = min(LONGEST_LOOK, wait * 1.5)

    def _outcome(self, request: Request, line: Any) -> Completion | Exception:
        """Return what became of one request."""
        response = line.get("response") if isinstance(line, dict) else None
        if not isinstance(response, dict):
            error = line.get("error") if isinstance(line, dict) else None
            return TransientError(f"the batch ended without a reply to this call ({error})")
        try:
            return self._read(request, int(response.get("status_code", 0)), json.dumps(response.get("body")))
        except (TransientError, ImpressError) as error:
            return error

    def _settle(self, request: Request, outcome: Completion | Exception) -> None:
        reply = self._replies.get(request.key)
        if reply is None or reply.done():
            return
        if isinstance(outcome, Completion):
            reply.set_result(outcome)
        else:
            reply.set_exception(outcome)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _write(self, entry: Entry) -> None:
        write_text_atomic(self._file(entry), entry.model_dump_json())

    def _file(self, entry: Entry) -> Path:
        return self._folder / f"{entry.mark}.json"


def _line(request: Request, path: str) -> bytes:
    """Return a request as a line of a batch's file."""
    line = {"custom_id": request.key, "method": "POST", "url": f"/v1/{path}", "body": body_of(request)}
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
