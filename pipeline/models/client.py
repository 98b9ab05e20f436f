"""Completions by role: from the store if it has them, else from the role's endpoint, within its limits.

    async with open_client(specification.models, store) as client:
        completion = await client.complete("judge", messages)

A call belongs to the client, not to who asked for it: two who ask for the same share one call, and
one who is cancelled does not take a paid call down.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Protocol

from pipeline.errors import ImpressError, UsageError
from pipeline.models.congestion import AdaptiveSlots
from pipeline.models.errors import EndpointError, EndpointUnavailable, MissingCompletion
from pipeline.models.guard import open_guard
from pipeline.models.requests import ChatMessage, ChatRequest, Completion, GuardPrompt, Request, guard_request
from pipeline.models.role import DEFAULT_BACKOFF, Backoff, Closing, RoleAtWork
from pipeline.models.sources import sources_of
from pipeline.models.store import CompletionStore
from pipeline.models.usage import Collected, collect_usage, record
from pipeline.models.weights import Progress
from pipeline.schema.candidate import Usage
from pipeline.schema.limits import ProviderLimits
from pipeline.schema.specification import Budget, GuardModel, Models, RoleName, Sampling, guard_role
from pipeline.seeds import load_limits

__all__ = [
    "Backoff",
    "Collected",
    "Completer",
    "EndpointError",
    "EndpointUnavailable",
    "MissingCompletion",
    "ModelClient",
    "collect_usage",
    "open_client",
]


class Completer(Protocol):
    """Whoever gives completions by role: a client, or what stands between one and its user."""

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
        """Return the completion of a chat (see :meth:`ModelClient.complete`)."""


class GuardCompleter(Protocol):
    """Whoever gives the answers of guard models."""

    async def ask_guard(self, guard: str, prompt: GuardPrompt) -> Completion:
        """Return a guard model's raw answer (see :meth:`ModelClient.ask_guard`)."""


CLOSING_SECONDS = 10.0
"""How long a client that closes waits for calls in flight, since they are paid for."""


class ModelClient:
    """Obtains completions; made by :func:`open_client`, for one event loop.

    Args:
        models: the roles.
        store: where completions come from first and go to before anyone gets them.
        replay: never call an endpoint.
        backoff: waits between tries.
        progress: told when weights of an embedded model have to be fetched or checked.
        budget: hard limits over the whole life of the store; ``None`` for none.
        limits: what is known of providers' limits, where the specification states none.
    """

    def __init__(
        self,
        models: Models,
        store: CompletionStore,
        *,
        replay: bool = False,
        backoff: Backoff = DEFAULT_BACKOFF,
        progress: Progress | None = None,
        budget: Budget | None = None,
        limits: ProviderLimits | None = None,
    ) -> None:
        self._store = store
        self._replay = replay
        sources = sources_of(models, progress, limits, store=store)
        named = {name: (role, source.model_name(role)) for name, (role, source) in sources.items()}
        guard = open_guard(None if replay else budget, named, store.path)
        self._roles = {
            name: RoleAtWork(name, role, source, backoff, source.slots or AdaptiveSlots(role.limits.in_flight), guard)
            for name, (role, source) in sources.items()
        }
        self._calls: dict[str, asyncio.Task[Completion]] = {}
        self._closing = Closing()
        self.calls_made = 0
        """Replies that came from endpoints, not from the store."""

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
        """Return the completion of a chat; it is durable in the store by then.

        Args:
            role: whose endpoint, model, sampling and limits apply.
            messages: the chat so far.
            sample: tells apart calls that are otherwise equal; each number has its own completion.
            max_tokens: bounds the reply in place of the role's setting.
            temperature: in place of the role's setting.
            response_schema: JSON Schema that the reply has to satisfy.
            top_logprobs: alternatives to report per generated token (0: none).
            stop: texts at which the reply ends.

        Returns:
            The completion. It may be empty, refused or cut off: ``finish_reason`` and ``refusal`` tell.

        Raises:
            EndpointError: the endpoint refuses such calls, or its key is missing.
            EndpointUnavailable: all tries failed; run again later, nothing is lost.
            BudgetReached: the budget does not pay for the call; nothing is lost.
            MissingCompletion: on a replay, if the store lacks it.
            StoreError: the completion could not be kept.
        """
        state = self._state(role)
        changes = {"max_tokens": max_tokens, "temperature": temperature}
        request = ChatRequest(
            endpoint_kind=state.role.endpoint.kind,
            model=state.source.model_name(state.role),
            messages=tuple(messages),
            sampling=_changed(state.role.sampling, {name: to for name, to in changes.items() if to is not None}),
            sample=sample,
            response_schema=response_schema,
            top_logprobs=top_logprobs,
            stop=tuple(stop),
        )
        return await self._handed_out(role, state, request)

    async def ask_guard(self, guard: str, prompt: GuardPrompt) -> Completion:
        """Return a guard model's raw answer; it is durable in the store by then, as any completion.

        Args:
            guard: its name in ``models.guards``.
            prompt: what it is asked, in the form that its adapter gives.

        Raises:
            EndpointError, EndpointUnavailable, MissingCompletion, StoreError: as :meth:`complete`.
        """
        name = guard_role(guard)
        state = self._state(name)
        if not isinstance(state.role, GuardModel):
            raise TypeError(f"{name} is no guard model")
        request = guard_request(state.role, state.source.model_name(state.role), prompt)
        return await self._handed_out(name, state, request)

    async def _handed_out(self, name: str, state: RoleAtWork, request: Request) -> Completion:
        completion = await self._obtain(name, state, request)
        state.collected.add(completion)
        if completion.model is not None:
            state.reported.add(completion.model)
        record(completion)
        return completion

    def usage(self, role: str) -> Usage:
        """Return what the completions handed out for a role took, those from the store included, each once."""
        return self._state(role).collected.usage

    def reported(self, role: str) -> set[str]:
        """Return the model names that a role's endpoint gave."""
        return set(self._state(role).reported)

    @property
    def used_keys(self) -> tuple[str, ...]:
        """Keys of all completions handed out, sorted."""
        return tuple(sorted({key for state in self._roles.values() for key in state.collected.keys}))

    async def close(self) -> None:
        """Make no more calls, keep what arrives in the next seconds, then let go of servers and connections."""
        self._closing.set()
        calls = list(self._calls.values())
        try:
            if calls:
                await asyncio.wait(calls, timeout=CLOSING_SECONDS)
        finally:
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
            for state in self._roles.values():
                await state.source.close()

    def check_keys(self) -> None:
        """Look for the API keys that the roles name.

        Raises:
            EndpointError: if one is not in the environment; it names the variable.
        """
        for state in self._roles.values():
            state.source.check_key()

    def _state(self, role: str) -> RoleAtWork:
        try:
            return self._roles[role]
        except KeyError:
            raise UsageError(
                f"no model is configured for the role {role!r}; add `models.{role}` to the specification "
                f"(configured: {', '.join(self._roles)})"
            ) from None

    async def _obtain(self, name: str, state: RoleAtWork, request: Request) -> Completion:
        call = self._calls.get(request.key)
        if call is None:
            kept = self._store.get(request.key)
            if kept is not None:
                return kept
            if self._replay:
                raise MissingCompletion(_missing(name, request, self._store))
            call = asyncio.create_task(self._call(state, request))
            self._calls[request.key] = call
            call.add_done_callback(partial(self._forget, request.key))
        return await asyncio.shield(call)

    def _forget(self, key: str, call: asyncio.Task[Completion]) -> None:
        del self._calls[key]
        if not call.cancelled():
            call.exception()  # retrieved here, in case nobody waits any more

    async def _call(self, state: RoleAtWork, request: Request) -> Completion:
        failures = state.failures
        try:
            completion = await state.reply(request, failures, self._closing)
            self.calls_made += 1
            return await self._store.keep(request, completion)
        except ImpressError as error:
            state.fails(failures, error)
            raise


@asynccontextmanager
async def open_client(
    models: Models,
    store: CompletionStore,
    *,
    replay: bool = False,
    backoff: Backoff = DEFAULT_BACKOFF,
    progress: Progress | None = None,
    budget: Budget | None = None,
    limits: ProviderLimits | None = None,
) -> AsyncIterator[ModelClient]:
    """Give a client for the roles of a specification. Nothing is started or called before the first completion.

    Unless ``replay``, the API keys that the roles name must be in the environment, and the ``budget`` holds.
    ``limits`` are those of ``seeds/limits.yaml`` if left out.

    Raises:
        EndpointError: if a key is not there.
        UsageError: if the budget bounds money and a price is not known.
        InputError: if the limits' file is wrong.
    """
    limits = load_limits() if limits is None else limits
    client = ModelClient(models, store, replay=replay, backoff=backoff, progress=progress, budget=budget, limits=limits)
    if not replay:
        client.check_keys()
    try:
        yield client
    finally:
        await client.close()


def _changed(sampling: Sampling, changes: dict[str, Any]) -> Sampling:
    return Sampling.model_validate({**sampling.model_dump(), **changes}) if changes else sampling


def _missing(name: str, request: Request, store: CompletionStore) -> str:
    begins = " ".join(request.asked.split())[:100]
    return (
        f"{store.path}: the replay needs a completion that is not there: role {name}, model {request.model}, "
        f"sample {request.sample}, last message begins {begins!r} (key {request.key}). The specification, seeds, "
        "prompts or program differ from those that filled the store, or the build that did was not finished"
    )
