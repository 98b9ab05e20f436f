"""A real language model, small, in this process: the smoke test of the embedded default."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from pipeline.models import embedded
from pipeline.models.client import ModelClient, open_client
from pipeline.models.errors import EndpointError
from pipeline.models.store import CompletionStore
from pipeline.models.weights import entry_of, resolve
from pipeline.schema.specification import (
    CallLimits,
    EmbeddedEndpoint,
    GuardModel,
    ModelRole,
    Models,
    OpenAIEndpoint,
    Sampling,
)
from tests.models.samples import chat

CONTEXT = 512
WEIGHTS = "smollm2_135m_instruct_q4"
CHOICE = {
    "type": "object",
    "properties": {"fruit": {"type": "string", "enum": ["apple", "pear"]}},
    "required": ["fruit"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def weights() -> Path:
    return resolve(WEIGHTS)


@pytest.fixture(scope="module")
def server(weights: Path) -> Iterator[embedded.EmbeddedServer]:
    """The one server that all clients of this module share, since it is loaded already."""
    server = embedded.acquire(embedded.EmbeddedSettings(weights, entry_of(WEIGHTS).file, CONTEXT, 1))
    yield server
    embedded.release(server)
    assert not embedded._shared


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CompletionStore]:
    with CompletionStore.open(tmp_path / "store.sqlite") as opened:
        yield opened


def small(weights: Path) -> Models:
    endpoint = EmbeddedEndpoint(kind="embedded", weights=WEIGHTS, path=str(weights), context_tokens=CONTEXT)
    role = ModelRole(endpoint=endpoint, model="SmolLM2", sampling=Sampling(max_tokens=6, temperature=0.8))
    return Models(generator=role, judge=role)


@pytest.mark.model
async def test_a_real_model_replies(server: embedded.EmbeddedServer, store: CompletionStore) -> None:
    async with open_client(small(server.settings.weights), store) as client:
        free, bound, other = await asyncio.gather(
            client.complete("generator", chat("Name a fruit.")),
            client.complete("judge", chat("Name a fruit."), response_schema=CHOICE, max_tokens=24, top_logprobs=2),
            client.complete("judge", chat("Name a fruit."), sample=1),
        )
        too_long = await client.complete("judge", chat("Name a fruit. " * 400))
    assert list(embedded._shared) == [server.settings]
    assert free.text
    assert free.text != other.text
    assert free.finish_reason in ("stop", "length")
    assert free.prompt_tokens
    assert free.completion_tokens
    assert json.loads(bound.text)["fruit"] in ("apple", "pear")
    assert bound.completion_tokens is not None
    assert abs(len(bound.top_logprobs) - bound.completion_tokens) <= 1
    assert all(len(step) <= 2 and max(step.values()) <= 0 for step in bound.top_logprobs)
    assert (too_long.text, too_long.finish_reason) == ("", "length")
    assert client.reported("generator") == {entry_of(WEIGHTS).file}


@pytest.mark.model
async def test_a_seed_repeats(server: embedded.EmbeddedServer, tmp_path: Path) -> None:
    texts = []
    for name in "ab":
        with CompletionStore.open(tmp_path / name) as store:
            async with open_client(small(server.settings.weights), store) as client:
                texts.append((await client.complete("generator", chat("Name a city."))).text)
                await client.complete("generator", chat("Something else in between."))
    assert texts[0] == texts[1]


@pytest.mark.model
def test_only_this_process_is_answered(server: embedded.EmbeddedServer) -> None:
    body = json.dumps({"messages": [{"role": "user", "content": "hello"}]}).encode()
    stranger = Request(f"{server.base_url}/chat/completions", body, {"Content-Type": "application/json"})
    with pytest.raises(HTTPError) as refused:
        urlopen(stranger, timeout=10)
    assert refused.value.code == 401
    refused.value.close()


def test_a_file_that_is_no_model_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + b"\0" * 100)
    with pytest.raises(EndpointError, match=r"broken\.gguf: llama\.cpp cannot load it"):
        embedded.acquire(embedded.EmbeddedSettings(broken, "broken", CONTEXT, 1))
    assert broken not in [settings.weights for settings in embedded._shared]


async def test_replay_needs_no_weights(store: CompletionStore, tmp_path: Path) -> None:
    models = small(tmp_path / "nowhere.gguf")
    async with open_client(models, store, replay=True) as client:
        request_model = client._roles["judge"].source.model_name(models.judge)
    assert request_model == f"SmolLM2@{entry_of(WEIGHTS).sha256[:12]}"


def test_roles_share_what_they_can(store: CompletionStore) -> None:
    one = EmbeddedEndpoint(kind="embedded", weights=WEIGHTS, context_tokens=512, parallel=3)
    two = EmbeddedEndpoint(kind="embedded", weights=WEIGHTS, context_tokens=2048)
    elsewhere = OpenAIEndpoint(kind="openai", base_url="http://127.0.0.1:9/v1")
    limits = CallLimits(in_flight=7)
    roles = [ModelRole(endpoint=endpoint, model="m", limits=limits) for endpoint in (one, two)]
    apart = GuardModel(adapter="llama_guard_3", endpoint=elsewhere, model="m", limits=limits)
    client = ModelClient(Models(generator=roles[0], judge=roles[1], guards={"apart": apart}), store)
    generator, judge, guard = (client._roles[name] for name in ("generator", "judge", "guards.apart"))
    assert generator.source is judge.source
    assert generator.slots is judge.slots
    assert generator.slots.most == 3
    assert guard.slots.most == 7
