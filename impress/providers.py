"""Model providers: ``embedded/WEIGHTS`` runs in this process, ``protocol/MODEL`` is any OpenAI-compatible server."""

from __future__ import annotations

import asyncio

from inspect_ai.model import GenerateConfig, ModelAPI, modelapi

CONTEXT_TOKENS = 16384
"""A scenario, its tools and ten calls with their results."""


@modelapi(name="protocol")
def protocol() -> type[ModelAPI]:
    """``--model protocol/NAME --model-base-url http://localhost:8000/v1 -M api_key_env=NAME_OF_A_VARIABLE``."""
    from pipeline.evaluation.protocol import ProtocolAPI

    return ProtocolAPI


@modelapi(name="embedded")
def embedded() -> type[ModelAPI]:
    """A model of the weights catalogue, under llama.cpp in this process: no key, no server, one request at a time.

    Models this small write calls as text, so their replies are held to a schema unless ``-M emulate_tools=false``.
    """
    from pipeline.evaluation.protocol import ProtocolAPI
    from pipeline.models.embedded import EmbeddedSettings, acquire, release
    from pipeline.models.weights import entry_of, resolve

    class EmbeddedAPI(ProtocolAPI):
        """The process's server for these weights."""

        def __init__(
            self,
            model_name: str,
            base_url: str | None = None,
            api_key: str | None = None,
            config: GenerateConfig = GenerateConfig(),  # noqa: B008 - as Inspect's own do
            context_tokens: int = CONTEXT_TOKENS,
            *,
            emulate_tools: bool = True,
        ) -> None:
            settings = EmbeddedSettings(resolve(model_name), entry_of(model_name).file, context_tokens, 1)
            self._server = acquire(settings)
            super().__init__(
                model_name, self._server.base_url, self._server.token(), config, emulate_tools=emulate_tools
            )
            self.base_url = None  # another port in each process, which Inspect's cache would take for another model

        def max_connections(self) -> int:
            """One request is decoded at a time."""
            return 1

        async def aclose(self) -> None:
            """Give the server back; there is nothing of Inspect's own to close."""
            await asyncio.to_thread(release, self._server)

    return EmbeddedAPI
