"""Where the replies of a role come from: a server somewhere, or a model in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from functools import partial
from typing import Protocol

from pipeline.models import embedded
from pipeline.models.batch import CALLS_AT_ONCE, FOLDER, BatchDesk
from pipeline.models.batch_api import BatchApi
from pipeline.models.congestion import AdaptiveSlots
from pipeline.models.errors import EndpointError
from pipeline.models.local import LocalModel
from pipeline.models.rates import Rates
from pipeline.models.requests import Completion, Request
from pipeline.models.store import CompletionStore
from pipeline.models.transport import Transport, key_from_environment
from pipeline.models.weights import Progress, entry_of, resolve
from pipeline.schema.limits import ProviderLimits
from pipeline.schema.specification import (
    CallLimits,
    EmbeddedEndpoint,
    ModelRole,
    Models,
    OpenAIEndpoint,
    TransformersEndpoint,
)


class Exchanger(Protocol):
    """Sends a request once and returns the reply: a transport to a server, or a model in this process."""

    async def exchange(self, request: Request, *, seconds: float) -> Completion:
        """Return the reply (see :meth:`pipeline.models.transport.Transport.exchange`)."""


class Source(Protocol):
    """Gives one role the transport for its calls."""

    address: str
    """How errors call it."""

    slots: AdaptiveSlots | None
    """Bounds calls of all roles together; ``None`` where each role has its own bound."""

    rates: Rates
    """The limits per minute."""

    def model_name(self, role: ModelRole) -> str:
        """Return the model's name as requests carry it."""

    def check_key(self) -> None:
        """Raise ``EndpointError`` if the key is not there."""

    async def transport(self) -> Exchanger:
        """Return what exchanges requests, starting what has to run behind it."""

    async def close(self) -> None:
        """Let go of connections and servers."""


class ServerSource:
    """An OpenAI-compatible server; ``rates`` are those of the model there."""

    def __init__(self, endpoint: OpenAIEndpoint, rates: Rates) -> None:
        self.address = endpoint.base_url
        self.slots: AdaptiveSlots | None = None
        self.rates = rates
        self._read_key = partial(key_from_environment, endpoint.api_key_env)
        self._transport = Transport(
            endpoint.base_url, self._read_key, key_name=endpoint.api_key_env, on_headers=rates.heed
        )

    def model_name(self, role: ModelRole) -> str:
        """Return the name as configured."""
        return role.model

    def check_key(self) -> None:
        """Read the key once; it is not kept."""
        self._read_key()

    async def transport(self) -> Transport:
        """Return the transport."""
        return self._transport

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()


class BatchSource(ServerSource):
    """The batch form of a server, which has limits of its own: those per minute do not bear on it."""

    def __init__(self, endpoint: OpenAIEndpoint, desk: BatchDesk) -> None:
        super().__init__(endpoint, Rates())
        self.slots = AdaptiveSlots(CALLS_AT_ONCE, adapts=False)
        self._desk = desk

    async def transport(self) -> BatchDesk:  # type: ignore[override]
        """Return the desk."""
        return self._desk

    async def close(self) -> None:
        """Look at no batch any more; they go on."""
        await self._desk.close()


class NoSource:
    """Nobody answers for the role."""

    def __init__(self) -> None:
        self.address = "no endpoint"
        self.slots: AdaptiveSlots | None = None
        self.rates = Rates()

    def model_name(self, role: ModelRole) -> str:
        """Return the name as configured."""
        return role.model

    def check_key(self) -> None:
        """Need no key."""

    async def transport(self) -> Transport:
        """Raise ``EndpointError``: there is nothing to call."""
        raise EndpointError(
            "the specification has `endpoint: {kind: none}` for a role that is asked to write or judge; "
            "give it an endpoint of kind embedded or openai"
        )

    async def close(self) -> None:
        """Hold nothing."""


class LocalSource:
    """A model of the transformers library in this process, loaded at the first call."""

    def __init__(self, endpoint: TransformersEndpoint, model: str) -> None:
        self._revision = endpoint.revision
        self._model = LocalModel(endpoint.path or model, endpoint.revision, endpoint.device)
        self.address = f"transformers model {model}"
        self.slots: AdaptiveSlots | None = AdaptiveSlots(1, adapts=False)
        self.rates = Rates()

    def model_name(self, role: ModelRole) -> str:
        """Return the name with the revision, if one is given."""
        return role.model if self._revision is None else f"{role.model}@{self._revision}"

    def check_key(self) -> None:
        """There is none to check."""

    async def transport(self) -> LocalModel:
        """Return the model."""
        return self._model

    async def close(self) -> None:
        """Hold nothing but memory."""


class EmbeddedSource:
    """A model in this process, started at the first call."""

    def __init__(self, endpoint: EmbeddedEndpoint, progress: Progress | None) -> None:
        self._endpoint = endpoint
        self._progress = progress
        self._entry = entry_of(endpoint.weights)
        self.address = f"embedded model {endpoint.weights}"
        self.slots: AdaptiveSlots | None = AdaptiveSlots(endpoint.parallel, adapts=False)
        self.rates = Rates()
        self._starting = asyncio.Lock()
        self._server: embedded.EmbeddedServer | None = None
        self._transport: Transport | None = None

    def model_name(self, role: ModelRole) -> str:
        """Return the configured name with the weights' hash: what answers is the file, whatever it is called."""
        return f"{role.model}@{self._entry.sha256[:12]}"

    def check_key(self) -> None:
        """There is none to check."""

    async def transport(self) -> Transport:
        """Return the transport; at first find, check and load the weights."""
        async with self._starting:
            if self._transport is None:
                self._server = await asyncio.to_thread(self._start)
                self._transport = Transport(self._server.base_url, self._server.token)
            return self._transport

    def _start(self) -> embedded.EmbeddedServer:
        endpoint = self._endpoint
        weights = resolve(endpoint.weights, endpoint.path, progress=self._progress)
        return embedded.acquire(
            embedded.EmbeddedSettings(weights, self._entry.file, endpoint.context_tokens, endpoint.parallel)
        )

    async def close(self) -> None:
        """Close the connections and give the server back."""
        async with self._starting:
            if self._transport is not None:
                await self._transport.close()
            if self._server is not None:
                await asyncio.to_thread(embedded.release, self._server)
                self._server = None


def sources_of(
    models: Models,
    progress: Progress | None = None,
    limits: ProviderLimits | None = None,
    *,
    store: CompletionStore | None = None,
) -> dict[str, tuple[ModelRole, Source]]:
    """Return each configured role with its source.

    Roles with the same weights share one source, with the longest context and the most requests side by
    side that any of them asks for. Roles with the same model at the same server share its limits per minute.

    Raises:
        WeightsError: if the catalogue lacks an entry that a role names.
    """
    roles = models.by_role
    widest: dict[tuple[str, str | None], EmbeddedEndpoint] = {}
    for role in roles.values():
        if isinstance(role.endpoint, EmbeddedEndpoint):
            place = (role.endpoint.weights, role.endpoint.path)
            widest[place] = _wider(widest.get(place, role.endpoint), role.endpoint)
    shared = {place: EmbeddedSource(endpoint, progress) for place, endpoint in widest.items()}

    local: dict[tuple[TransformersEndpoint, str], LocalSource] = {}
    desks: dict[tuple[str, str | None], BatchDesk] = {}
    rates = _rates(roles.values(), limits or ProviderLimits())

    def source_of(role: ModelRole) -> Source:
        endpoint = role.endpoint
        if isinstance(endpoint, EmbeddedEndpoint):
            return shared[endpoint.weights, endpoint.path]
        if isinstance(endpoint, TransformersEndpoint):
            place = (endpoint, role.model)
            return local.setdefault(place, LocalSource(*place))
        if isinstance(endpoint, OpenAIEndpoint) and endpoint.batch:
            at = (endpoint.base_url, endpoint.api_key_env)
            desks[at] = desks[at] if at in desks else _desk(endpoint, store)
            return BatchSource(endpoint, desks[at])
        if isinstance(endpoint, OpenAIEndpoint):
            return ServerSource(endpoint, rates[_place(endpoint, role)])
        return NoSource()

    return {name: (role, source_of(role)) for name, role in roles.items()}


def _desk(endpoint: OpenAIEndpoint, store: CompletionStore | None) -> BatchDesk:
    if store is None:
        raise TypeError("batches are written down beside a store")
    key = partial(key_from_environment, endpoint.api_key_env)
    reader = Transport(endpoint.base_url, key, key_name=endpoint.api_key_env)
    folder = store.path.parent / FOLDER
    return BatchDesk(BatchApi(endpoint.base_url, key), reader.outcome, folder, lambda of: store.get(of) is not None)


def _rates(roles: Collection[ModelRole], known: ProviderLimits) -> dict[tuple[str, str], Rates]:
    """Return the limits per minute by server and model: the least that a role states, else what is known."""
    at: dict[tuple[str, str], list[CallLimits]] = {}
    for role in roles:
        if isinstance(role.endpoint, OpenAIEndpoint):
            at.setdefault(_place(role.endpoint, role), []).append(role.limits)
    return {place: _rates_at(place, stated, known) for place, stated in at.items()}


def _rates_at(place: tuple[str, str], stated: Sequence[CallLimits], known: ProviderLimits) -> Rates:
    requests = [one.requests_per_minute for one in stated if one.requests_per_minute is not None]
    tokens = [one.tokens_per_minute for one in stated if one.tokens_per_minute is not None]
    if requests or tokens:
        return Rates(min(requests, default=None), min(tokens, default=None))
    entry = known.of(*place)
    if entry is None:
        return Rates()
    return Rates(entry.requests_per_minute, entry.tokens_per_minute, heeded=entry.stated_in_headers)


def _place(endpoint: OpenAIEndpoint, role: ModelRole) -> tuple[str, str]:
    return endpoint.base_url.rstrip("/"), role.model


def _wider(one: EmbeddedEndpoint, other: EmbeddedEndpoint) -> EmbeddedEndpoint:
    return one.model_copy(
        update={
            "context_tokens": max(one.context_tokens, other.context_tokens),
            "parallel": max(one.parallel, other.parallel),
        }
    )
