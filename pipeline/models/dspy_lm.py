"""DSPy's language model over :class:`~pipeline.models.client.ModelClient`.

DSPy 3.4 takes a custom model as a pair of *engines*, each from one request to one response. Ours
hand the call to the client, so that the completion store, the limits and the retries of the project
hold for DSPy programs as for everything else. DSPy's own cache and retries are off: the store is the
cache, and it knows samples apart.

Use it inside the unit of work, never through ``dspy.configure``::

    with dspy.context(lm=StoredLM(client, "generator", sample=3), adapter=SheetAdapter()):
        prediction = await program.acall(...)
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import dspy
from dspy.dsp.utils.settings import settings
from dspy.lm15 import Message, Request, Response, Usage
from dspy.utils.exceptions import LMUnexpectedError

from pipeline.errors import ImpressError
from pipeline.models.requests import ChatMessage, Completion
from pipeline.schema.specification import RoleName

if TYPE_CHECKING:
    from pipeline.models.client import Completer

FINISH_REASONS = {"stop": "stop", "length": "length", "content_filter": "content_filter"}
"""Finish reasons that DSPy knows, by what endpoints say; anything else is taken as ``stop``."""


class StoredLM(dspy.LM):  # type: ignore[misc]
    """One role's model as DSPy sees it, for one sample number.

    Two instances that differ in ``sample`` get different completions of the same prompt; two equal
    ones share them. Sampling settings are the role's own, unless a program sets ``temperature`` or
    ``max_tokens`` in its config. A copy that went through pickle holds no client, and so no key and
    no connection; calling it says so.

    Synchronous calls are for DSPy's optimisers, which run programs in threads: the client's event
    loop, the one that was running when the model was made, has to be running in another thread.

    Args:
        client: makes and stores the calls.
        role: whose endpoint, model, sampling and limits apply.
        sample: tells apart calls that are otherwise equal.
    """

    def __init__(self, client: Completer, role: RoleName = "generator", *, sample: int = 0) -> None:
        engine = StoredEngine(client, role, sample)
        super().__init__(
            model=f"impress/{role}",
            cache=False,
            num_retries=0,
            engine=engine,
            async_engine=_AsyncEngine(engine),
        )

    async def acall(self, prompt: str | None = None, **kwargs: Any) -> Any:
        """Call the model; errors of the client come out as they are, not wrapped by DSPy.

        A plain chat that nobody listens to goes straight to the client: DSPy's own path makes four thread hops a
        call for streams, costs and histories that are not there.
        """
        chat = None if prompt is not None or self._is_observed() else _plain_chat(kwargs)
        if chat is not None:
            engine: StoredEngine = self.engine
            completion = await engine.obtain(
                chat, temperature=kwargs.get("temperature"), max_tokens=kwargs.get("max_tokens")
            )
            return [_said(completion)]
        with _own_errors():
            return await super().acall(prompt, **kwargs)

    def _is_observed(self) -> bool:
        """Whether somebody streams, counts, records or hooks into calls."""
        watching = (settings.send_stream, settings.usage_tracker, settings.callbacks, self.callbacks)
        return any(watching) or not settings.disable_history

    def __call__(self, prompt: str | None = None, **kwargs: Any) -> Any:
        """Call the model from a thread other than the client's (see the class)."""
        with _own_errors():
            return super().__call__(prompt, **kwargs)


class StoredEngine:
    """Asks the client; DSPy's synchronous engine."""

    def __init__(self, client: Completer | None, role: RoleName, sample: int) -> None:
        self._client = client
        self._role = role
        self._sample = sample
        self._loop = _running_loop()

    def __getstate__(self) -> dict[str, Any]:
        return {"_client": None, "_role": self._role, "_sample": self._sample, "_loop": None}

    async def ask(self, request: Request, sample: int | None = None) -> Response:
        """Obtain the completion of a DSPy request from the client; ``sample`` in place of the model's own."""
        config = request.config
        completion = await self.obtain(
            _messages(request),
            sample=sample,
            max_tokens=config.max_tokens,
            temperature=config.temperature,
            response_schema=_schema(config.response_format),
            stop=tuple(config.stop),
        )
        return _response(request.model, completion)

    async def obtain(self, messages: list[ChatMessage], *, sample: int | None = None, **settings: Any) -> Completion:
        """Obtain the completion of a chat from the client; ``sample`` in place of the model's own."""
        if self._client is None:
            raise ImpressError("this language model came out of a pickle without its client; make a StoredLM anew")
        return await self._client.complete(
            self._role, messages, sample=self._sample if sample is None else sample, **settings
        )

    def complete(self, request: Request) -> Response:
        """Answer one request from a thread that is not the client's.

        Raises:
            RuntimeError: on the client's own thread, where waiting would block the loop for ever.
        """
        if self._loop is None or not self._loop.is_running():
            raise RuntimeError("a synchronous call needs the event loop of the model's client to be running")
        if self._loop is _running_loop():
            raise RuntimeError("a synchronous call on the client's own event loop would never end; await acall()")
        return asyncio.run_coroutine_threadsafe(self.ask(request), self._loop).result()


class _AsyncEngine:
    """DSPy's asynchronous engine; the same calls, awaited."""

    def __init__(self, engine: StoredEngine) -> None:
        self._engine = engine

    async def complete(self, request: Request) -> Response:
        """Answer one request."""
        return await self._engine.ask(request)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


@contextmanager
def _own_errors() -> Iterator[None]:
    """Undo DSPy's wrapping of errors that are ours: it keeps the original as the cause."""
    try:
        yield
    except LMUnexpectedError as error:
        if isinstance(error.__cause__, ImpressError):
            raise error.__cause__ from None
        raise


def _messages(request: Request) -> list[ChatMessage]:
    """Return the chat of a request, the system text first."""
    messages = []
    if request.system is not None:
        system = request.system if isinstance(request.system, str) else "\n".join(p.text for p in request.system)
        messages.append(ChatMessage(role="system", content=system))
    for message in request.messages:
        if message.text is None or message.role not in ("user", "assistant"):
            raise ValueError(f"only text of user and assistant can be sent; found a {message.role} message")
        messages.append(ChatMessage(role=message.role, content=message.text))
    return messages


def _plain_chat(arguments: dict[str, Any]) -> list[ChatMessage] | None:
    """Return the chat of a call that gives messages of text and nothing but sampling settings beside them."""
    if not arguments.keys() <= {"messages", "temperature", "max_tokens"}:
        return None
    given = arguments.get("messages") or ()
    roles = [message.get("role") for message in given]
    if not roles or "system" in roles[1:] or not set(roles) <= {"system", "user", "assistant"}:
        return None
    if not all(message.keys() == {"role", "content"} and type(message["content"]) is str for message in given):
        return None
    return [ChatMessage(role=message["role"], content=message["content"]) for message in given]


def _schema(response_format: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the JSON Schema of an OpenAI ``response_format``; other formats ask for no schema."""
    if response_format is None or response_format.get("type") != "json_schema":
        return None
    inner = response_format.get("json_schema", response_format)
    schema: dict[str, Any] = inner["schema"]
    return schema


def _response(model: str, completion: Completion) -> Response:
    """Return a stored completion as DSPy's response. A refusal is empty text, which no adapter parses."""
    finish = "content_filter" if completion.refusal else FINISH_REASONS.get(completion.finish_reason or "", "stop")
    return Response(
        id=completion.key,
        model=completion.model or model,
        message=Message.assistant(_said(completion)),
        finish_reason=finish,
        usage=Usage(input_tokens=completion.prompt_tokens, output_tokens=completion.completion_tokens),
    )


def _said(completion: Completion) -> str:
    return "" if completion.refusal else completion.text
