"""A scripted server that speaks the OpenAI protocol, and fails on purpose when told to.

It answers chats, text completions (the request has a ``prompt``) and moderations (an ``input``; the reply's text
is the JSON of the results), and all of these in batches (``scripted_batches.py``).

What it replies is a pure function of the request, so that an interrupted build and an uninterrupted
one see the same model. Faults depend on the request and on how often it came (``wrong_schema`` on
the request alone), so they are the same in every run.

In a test::

    with ScriptedServer(responder=lambda request: "yes", faults=Faults(status_429=0.2)) as server:
        ... server.base_url ... server.counts()

As a process of its own (prints ``listening http://127.0.0.1:PORT/v1``)::

    python -m tests.support.scripted_server --port 0 --responder package.module:function --latency 0.2 \\
        --faults '{"hang": 0.1}'

``GET /counts`` gives :class:`Counts` as JSON; ``POST /forget`` begins to count anew.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import hashlib
import importlib
import json
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from statistics import NormalDist
from typing import Any, Self

from aiohttp import web

from tests.support.arrivals import Arrivals
from tests.support.scripted_batches import ScriptedBatches

HANG_SECONDS = 3600.0
CREATED = 1_750_000_000


@dataclass(frozen=True)
class Reply:
    """A reply with more than a text. ``top_logprobs``: per token, alternatives with natural log probabilities."""

    text: str | None
    finish_reason: str = "stop"
    refusal: str | None = None
    top_logprobs: tuple[dict[str, float], ...] | None = None


Responder = Callable[[dict[str, Any]], str | Reply]


@dataclass(frozen=True)
class Faults:
    """Rates (0 to 1) at which a request fails, and how.

    Their sum must not exceed 1, ``wrong_schema`` apart. A request fails at most ``at_most`` times.
    """

    status_429: float = 0.0
    status_500: float = 0.0
    hang: float = 0.0
    torn: float = 0.0
    closed: float = 0.0
    no_choices: float = 0.0
    wrong_schema: float = 0.0
    retry_after: str | None = "0.05"
    at_most: int = 3

    @classmethod
    def always(cls, fault: str, at_most: int, *, retry_after: str | None = "0.01") -> Self:
        """One fault at each arrival of a request, ``at_most`` times."""
        rates: dict[str, Any] = {fault: 1.0}
        return cls(at_most=at_most, retry_after=retry_after, **rates)

    def of(self, digest: str, attempt: int) -> str | None:
        """Return the fault of the ``attempt``-th arrival (from 0) of a request, or ``None``."""
        if attempt >= self.at_most:
            return None
        drawn = _uniform(digest, attempt)
        for name in ("status_429", "status_500", "hang", "torn", "closed", "no_choices"):
            drawn -= getattr(self, name)
            if drawn < 0:
                return name
        return None


@dataclass
class Counts:
    """What arrived. ``answered`` counts whole replies sent, by request hash: the calls that a provider would bill.

    Tokens are those of all whole replies sent, repeated ones included.
    """

    calls: int = 0
    in_flight: int = 0
    in_flight_most: int = 0
    arrived: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    arrivals: Arrivals = field(default_factory=Arrivals)

    @property
    def distinct(self) -> int:
        """How many different requests arrived."""
        return len(self.arrived)

    @property
    def answered_again(self) -> int:
        """How many whole replies were sent beyond the first to the same request: what was paid for twice."""
        return sum(self.answered.values()) - len(self.answered)

    def to_json(self) -> dict[str, Any]:
        """All counts and the derived ones."""
        own = {name: value for name, value in vars(self).items() if name not in ("arrivals", "arrived", "answered")}
        return {
            **own,
            "distinct": self.distinct,
            "answered": len(self.answered),
            "answered_again": self.answered_again,
            "seconds_on_the_wire": self.arrivals.seconds,
            "most_requests_in_a_minute": self.arrivals.most_requests_in_a_minute,
            "most_tokens_in_a_minute": self.arrivals.most_tokens_in_a_minute,
        }


def request_hash(request: Mapping[str, Any]) -> str:
    """SHA-256 of a request's JSON with sorted keys."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


def _uniform(digest: str, salt: object) -> float:
    return int.from_bytes(hashlib.sha256(f"{digest}/{salt}".encode()).digest()[:8]) / 2**64


def echo(request: dict[str, Any]) -> str:
    """Default responder: an instance of the response schema if there is one, else the last message and a hash."""
    digest = request_hash(request)
    schema = response_schema(request)
    if schema is not None:
        return json.dumps(instance_of(schema, digest))
    return f"echo {digest[:8]}: {asked(request)}"


def asked(request: dict[str, Any]) -> str:
    """What a request asks: the last message, the prompt or the input."""
    if "messages" in request:
        return str(request["messages"][-1]["content"])
    return str(request["prompt"] if "prompt" in request else request["input"])


def response_schema(request: dict[str, Any]) -> dict[str, Any] | None:
    """Return the JSON Schema that a request wants its reply to satisfy."""
    wanted = request.get("response_format") or {}
    schema: dict[str, Any] | None = (wanted.get("json_schema") or {}).get("schema")
    return schema


def instance_of(schema: dict[str, Any], digest: str, root: dict[str, Any] | None = None, path: str = "$") -> Any:
    """Return a JSON value that satisfies a plain schema, chosen by ``digest``: enum, const, $ref, anyOf, types."""
    root = schema if root is None else root
    drawn = int(_uniform(digest, path) * 2**32)
    if "$ref" in schema:
        target: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return instance_of(target, digest, root, path)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][drawn % len(schema["enum"])]
    if "anyOf" in schema:
        return instance_of(schema["anyOf"][0], digest, root, path)
    kind = schema.get("type", "string")
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: instance_of(sub, digest, root, f"{path}.{name}") for name, sub in properties.items()}
    if kind == "array":
        length = max(schema.get("minItems", 0), min(1, schema.get("maxItems", 1)))
        return [instance_of(schema.get("items", {}), digest, root, f"{path}[{i}]") for i in range(length)]
    if kind in ("integer", "number"):
        low = schema.get("minimum", 0)
        high = schema.get("maximum", low + 9)
        return low + drawn % (int(high - low) + 1)
    if kind == "boolean":
        return drawn % 2 == 0
    return None if kind == "null" else f"text {drawn:08x}"


class ScriptedServer:
    """The server, in a thread of its own on a free port, between ``with`` and its end."""

    def __init__(
        self,
        responder: Responder = echo,
        *,
        faults: Faults = Faults(),
        latency: float = 0.0,
        sigma: float = 0.0,
        api_key: str | None = None,
        port: int = 0,
    ) -> None:
        self.responder = responder
        self.faults = faults
        self.latency = latency
        self.sigma = sigma
        self.api_key = api_key
        self.port = port
        self.batches = ScriptedBatches(self)
        self._counts = Counts()
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        """Address up to and including ``/v1``."""
        return f"http://127.0.0.1:{self.port}/v1"

    def counts(self) -> Counts:
        """Return a copy of the counts so far."""
        with self._lock:
            return copy.deepcopy(self._counts)

    def __enter__(self) -> Self:
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(started,), daemon=True)
        self._thread.start()
        if not started.wait(20):
            raise RuntimeError("the scripted server did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join(20)

    def _serve(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        runner = self._loop.run_until_complete(self.start())
        started.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._stop(runner))
        self._loop.close()

    @staticmethod
    async def _stop(runner: web.AppRunner) -> None:
        """Close the connections and end the handlers that still hang."""
        await runner.cleanup()
        hanging = asyncio.all_tasks() - {asyncio.current_task()}
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)

    async def start(self) -> web.AppRunner:
        """Listen in the running loop; ``cleanup`` of what is returned ends it."""
        app = web.Application(client_max_size=2**26)
        for path in ("chat/completions", "completions", "moderations"):
            app.router.add_post(f"/v1/{path}", self._chat)
        app.router.add_get("/v1/models", self._models)
        self.batches.add_routes(app)
        app.router.add_get("/counts", self._show_counts)
        app.router.add_post("/forget", self._forget)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port, backlog=2048)
        await site.start()
        self.port = runner.addresses[0][1]
        return runner

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "scripted", "object": "model"}]})

    async def _forget(self, _: web.Request) -> web.Response:
        """Begin to count anew."""
        with self._lock:
            self._counts = Counts()
        return web.Response()

    async def _show_counts(self, _: web.Request) -> web.Response:
        return web.json_response(self.counts().to_json())

    async def _chat(self, http: web.Request) -> web.StreamResponse:
        """Reply ``latency`` after the request came: what the server itself has to do is done within that time."""
        arrived = time.monotonic()
        if self.api_key is not None and http.headers.get("Authorization") != f"Bearer {self.api_key}":
            return _error(401, f"Incorrect API key provided: {http.headers.get('Authorization')}", "invalid_api_key")
        request = await http.json()
        if request.get("messages") == []:
            return _error(400, "Invalid 'messages': empty array", "invalid_request_error")
        digest = request_hash(request)
        with self._lock:
            counts = self._counts
            attempt = counts.arrived[digest]
            counts.arrived[digest] += 1
            counts.calls += 1
            counts.in_flight += 1
            counts.in_flight_most = max(counts.in_flight_most, counts.in_flight)
            number = counts.arrivals.add(time.monotonic())
        try:
            fault = self.faults.of(digest, attempt)
            body = {} if fault else self._body_of(http.path, request, digest)
            ready = web.json_response(body)
            await asyncio.sleep(arrived + self._latency_of(digest, attempt) - time.monotonic())
            if fault is None:
                return await self._send(http, ready, body.get("usage") or {}, digest, number)
            with self._lock:
                self._counts.faults[fault] += 1
            return await self._fail(http, fault)
        finally:
            with self._lock:
                counts.in_flight -= 1

    def answer_in_batch(self, path: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        """Return status and body of a request that came in a batch, ``None`` for one that the batch drops."""
        digest = request_hash(request)
        with self._lock:
            attempt = self._counts.arrived[digest]
            self._counts.arrived[digest] += 1
            fault = self.faults.of(digest, attempt)
            if fault is not None:
                self._counts.faults[fault] += 1
            else:
                self._counts.answered[digest] += 1
        if fault is not None:
            status = {"status_429": 429, "status_500": 500}.get(fault)
            return None if status is None else (status, {"error": {"message": "failed on purpose", "code": fault}})
        answer = self.responder(request)
        body = body_of(path, request, digest, Reply(answer) if isinstance(answer, str) else answer)
        with self._lock:
            self._counts.prompt_tokens += body.get("usage", {}).get("prompt_tokens", 0)
            self._counts.completion_tokens += body.get("usage", {}).get("completion_tokens", 0)
        return 200, body

    def _latency_of(self, digest: str, attempt: int) -> float:
        """Return the seconds before a reply: lognormal with the mean ``latency`` where there is a ``sigma``."""
        if not self.sigma:
            return self.latency
        deviate = NormalDist().inv_cdf(min(max(_uniform(digest, f"latency {attempt}"), 1e-9), 1 - 1e-9))
        return self.latency * math.exp(self.sigma * deviate - self.sigma**2 / 2)

    def _body_of(self, path: str, request: dict[str, Any], digest: str) -> dict[str, Any]:
        if _uniform(digest, "wrong_schema") < self.faults.wrong_schema:
            return body_of(path, request, digest, Reply(json.dumps({"unexpected": True})))
        answer = self.responder(request)
        return body_of(path, request, digest, Reply(answer) if isinstance(answer, str) else answer)

    async def _send(
        self, http: web.Request, response: web.Response, usage: Mapping[str, int], digest: str, number: int
    ) -> web.StreamResponse:
        if http.transport is None or http.transport.is_closing():
            return response
        await response.prepare(http)
        await response.write_eof()
        with self._lock:
            self._counts.answered[digest] += 1
            self._counts.prompt_tokens += usage.get("prompt_tokens", 0)
            self._counts.completion_tokens += usage.get("completion_tokens", 0)
            self._counts.arrivals.last_reply = time.monotonic()
            self._counts.arrivals.spent(number, usage.get("total_tokens", 0))
        return response

    async def _fail(self, http: web.Request, fault: str) -> web.StreamResponse:
        if fault == "hang":
            await asyncio.sleep(HANG_SECONDS)
        if fault == "closed":
            if http.transport is not None:
                http.transport.abort()
            return web.Response()
        if fault == "torn":
            return web.Response(text='{"id": "chatcmpl-torn", "choices": [{"mess', content_type="application/json")
        if fault == "no_choices":
            return web.json_response({"id": "chatcmpl-none", "object": "chat.completion", "choices": []})
        if fault == "status_429":
            headers = {} if self.faults.retry_after is None else {"Retry-After": self.faults.retry_after}
            return _error(429, "Rate limit reached", "rate_limit_exceeded", headers)
        return _error(500, "The server had an error", "server_error")


def _error(status: int, message: str, code: str, headers: Mapping[str, str] | None = None) -> web.Response:
    body = {"error": {"message": message, "type": code, "param": None, "code": code}}
    return web.json_response(body, status=status, headers=headers)


def chat_completion(request: dict[str, Any], digest: str, reply: Reply) -> dict[str, Any]:
    """Return the body of a chat completion. A token is a word with the blank before it."""
    words = (reply.text or "").split(" ")
    tokens = [word if i == 0 else f" {word}" for i, word in enumerate(words)] if reply.text else []
    prompt = sum(len(str(message["content"]).split()) for message in request["messages"])
    return {
        "id": f"chatcmpl-{digest[:24]}",
        "object": "chat.completion",
        "created": CREATED,
        "model": request["model"],
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": reply.text, "refusal": reply.refusal},
                "finish_reason": reply.finish_reason,
                "logprobs": _logprobs(request, tokens, reply) if request.get("logprobs") else None,
            }
        ],
        "usage": {"prompt_tokens": prompt, "completion_tokens": len(tokens), "total_tokens": prompt + len(tokens)},
    }


def text_completion(request: dict[str, Any], digest: str, reply: Reply) -> dict[str, Any]:
    """Return the body of a text completion. A token is a word with the blank before it."""
    chat = chat_completion({**request, "messages": [{"content": request["prompt"]}], "logprobs": False}, digest, reply)
    steps = (reply.top_logprobs or ()) if request.get("logprobs") else ()
    listed = [dict(sorted(step.items(), key=lambda item: -item[1])[: request["logprobs"]]) for step in steps]
    likeliest = [next(iter(step.items())) for step in listed]
    logprobs = {
        "tokens": [token for token, _ in likeliest],
        "token_logprobs": [value for _, value in likeliest],
        "top_logprobs": listed,
        "text_offset": [0] * len(listed),
    }
    choice = {
        "index": 0,
        "text": reply.text,
        "finish_reason": reply.finish_reason,
        "logprobs": logprobs if listed else None,
    }
    return {**chat, "object": "text_completion", "choices": [choice]}


def moderation(request: dict[str, Any], digest: str, reply: Reply) -> dict[str, Any]:
    """Return the body of a moderation."""
    return {"id": f"modr-{digest[:24]}", "model": request["model"], "results": json.loads(reply.text or "null")}


def body_of(path: str, request: dict[str, Any], digest: str, reply: Reply) -> dict[str, Any]:
    """Return the body of what was asked at a path."""
    if path.endswith("/moderations"):
        return moderation(request, digest, reply)
    if path.endswith("/chat/completions"):
        return chat_completion(request, digest, reply)
    return text_completion(request, digest, reply)


def _logprobs(request: dict[str, Any], tokens: list[str], reply: Reply) -> dict[str, Any]:
    steps = reply.top_logprobs or tuple({token: -0.1, f"{token}?": -2.5} for token in tokens)
    wanted = request.get("top_logprobs", 0)
    content = []
    for step in steps:
        ranked = sorted(step.items(), key=lambda item: -item[1])
        listed = [{"token": token, "logprob": value, "bytes": list(token.encode())} for token, value in ranked]
        content.append({**listed[0], "top_logprobs": listed[:wanted]})
    return {"content": content, "refusal": None}


def _load_responder(name: str) -> Responder:
    module, _, function = name.partition(":")
    responder: Responder = getattr(importlib.import_module(module), function)
    return responder


async def _serve_for_ever(server: ScriptedServer) -> None:
    runner = await server.start()
    print(f"listening {server.base_url}", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="Scripted server that speaks the OpenAI chat completions protocol")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each reply")
    parser.add_argument("--sigma", type=float, default=0.0, help="of lognormal latencies; 0: all alike")
    parser.add_argument("--responder", help="module:function; by default an echo")
    parser.add_argument("--faults", default="{}", help=f"JSON of rates: {', '.join(f.name for f in fields(Faults))}")
    given = parser.parse_args()
    server = ScriptedServer(
        _load_responder(given.responder) if given.responder else echo,
        faults=Faults(**json.loads(given.faults)),
        latency=given.latency,
        sigma=given.sigma,
        port=given.port,
    )
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve_for_ever(server))


if __name__ == "__main__":
    main()
