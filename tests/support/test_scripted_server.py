"""The scripted server keeps to the protocol, as OpenAI's own client understands it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from pathlib import Path
from urllib.request import urlopen

import openai
import pytest
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionUserMessageParam

from tests.support.scripted_guards import result
from tests.support.scripted_server import Faults, Reply, ScriptedServer, instance_of, request_hash

ROOT = Path(__file__).parents[2]
HELLO: list[ChatCompletionUserMessageParam] = [{"role": "user", "content": "hello there"}]


def client(server: ScriptedServer, *, retries: int = 0, key: str = "some-key") -> AsyncOpenAI:
    return AsyncOpenAI(base_url=server.base_url, api_key=key, max_retries=retries)


async def test_openai_s_client_reads_a_completion() -> None:
    with ScriptedServer() as server:
        async with client(server) as api:
            done = await api.chat.completions.create(model="m", messages=HELLO, logprobs=True, top_logprobs=2, seed=1)
            listed = await api.models.list()
    choice = done.choices[0]
    assert choice.message.content is not None
    assert choice.message.content.endswith("hello there")
    assert done.usage is not None
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens
    assert choice.logprobs is not None
    assert choice.logprobs.content is not None
    assert "".join(token.token for token in choice.logprobs.content) == choice.message.content
    assert [len(token.top_logprobs) for token in choice.logprobs.content] == [2] * done.usage.completion_tokens
    assert [model.id for model in listed.data] == ["scripted"]


async def test_a_reply_is_made_within_its_latency_not_after_it() -> None:
    """Else what the server has to do would count against every client that is measured."""
    made = threading.Event()

    def responder(_: object) -> str:
        made.set()
        return "done"

    with ScriptedServer(responder, latency=600) as server:
        async with client(server) as api:
            asked = asyncio.create_task(api.chat.completions.create(model="m", messages=HELLO))
            assert await asyncio.to_thread(made.wait, 60)
            assert not asked.done()
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)
            assert server.counts().answered == {}


async def test_openai_s_client_reads_a_text_completion() -> None:
    steps = ({"No": -0.1, "Yes": -2.4, "So": -6.0}, {".": -0.2, "!": -1.9})
    with ScriptedServer(lambda _: Reply("No.", top_logprobs=steps)) as server:
        async with client(server) as api:
            done = await api.completions.create(model="m", prompt="Is it?", logprobs=2, max_tokens=1)
    (choice,) = done.choices
    assert (choice.text, choice.finish_reason) == ("No.", "stop")
    assert choice.logprobs is not None
    assert choice.logprobs.tokens == ["No", "."]
    assert choice.logprobs.top_logprobs == [{"No": -0.1, "Yes": -2.4}, {".": -0.2, "!": -1.9}]


async def test_openai_s_client_reads_a_moderation() -> None:
    with ScriptedServer(lambda _: result("violence")) as server:
        async with client(server) as api:
            done = await api.moderations.create(model="m", input="some text")
    (found,) = done.results
    assert found.flagged
    assert (found.categories.violence, found.categories.self_harm_intent) == (True, False)
    assert (found.category_scores.violence, found.category_scores.sexual_minors) == (0.9, 0.01)


async def test_openai_s_client_reads_a_refusal() -> None:
    with ScriptedServer(lambda _: Reply(None, refusal="no")) as server:
        async with client(server) as api:
            done = await api.chat.completions.create(model="m", messages=HELLO)
    assert (done.choices[0].message.content, done.choices[0].message.refusal) == (None, "no")


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ("status_429", openai.RateLimitError),
        ("status_500", openai.InternalServerError),
        ("closed", openai.APIConnectionError),
        ("torn", json.JSONDecodeError),
    ],
)
async def test_faults_are_what_openai_s_client_takes_them_for(fault: str, raised: type[Exception]) -> None:
    with ScriptedServer(faults=Faults.always(fault, 1)) as server:
        async with client(server) as api:
            with pytest.raises(raised):
                await api.chat.completions.create(model="m", messages=HELLO)
            assert (await api.chat.completions.create(model="m", messages=HELLO)).choices[0].message.content
    assert server.counts().to_json()["faults"] == {fault: 1}


async def test_a_wrong_key_is_refused() -> None:
    with ScriptedServer(api_key="right") as server:
        async with client(server, key="wrong") as api:
            with pytest.raises(openai.AuthenticationError):
                await api.chat.completions.create(model="m", messages=HELLO)


async def test_replies_depend_on_the_request_alone() -> None:
    texts = []
    for rate in (0.0, 0.5):
        with ScriptedServer(faults=Faults(status_500=rate)) as server:
            async with client(server, retries=5) as api:
                calls = (api.chat.completions.create(model="m", messages=HELLO, seed=n) for n in range(4))
                texts.append([one.choices[0].message.content for one in await asyncio.gather(*calls)])
    assert texts[0] == texts[1]
    assert len(set(texts[0])) == 4


def test_faults_come_at_their_rates() -> None:
    faults = Faults(status_429=0.2, hang=0.1, at_most=5)
    drawn = [faults.of(request_hash({"n": n}), 0) for n in range(4000)]
    assert drawn.count("status_429") / 4000 == pytest.approx(0.2, abs=0.03)
    assert drawn.count("hang") / 4000 == pytest.approx(0.1, abs=0.03)
    assert faults.of("0", 5) is None


def test_instances_satisfy_their_schema() -> None:
    from jsonschema import validate

    schema = {
        "$defs": {"band": {"type": "integer", "minimum": 1, "maximum": 5}},
        "type": "object",
        "properties": {
            "band": {"$ref": "#/$defs/band"},
            "word": {"enum": ["a", "b"]},
            "maybe": {"anyOf": [{"type": "null"}, {"type": "string"}]},
            "list": {"type": "array", "items": {"type": "boolean"}, "minItems": 3},
            "fixed": {"const": 7},
            "share": {"type": "number", "minimum": 0, "maximum": 1},
        },
        "required": ["band", "word", "maybe", "list", "fixed", "share"],
    }
    for n in range(20):
        validate(instance_of(schema, request_hash({"n": n})), schema)


def test_it_runs_as_a_process_of_its_own() -> None:
    command = [sys.executable, "-m", "tests.support.scripted_server", "--faults", '{"status_500": 1.0}']
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        base_url = process.stdout.readline().removeprefix("listening ").strip()
        with urlopen(base_url.replace("/v1", "/counts"), timeout=10) as response:
            assert json.load(response)["calls"] == 0
    finally:
        process.terminate()
        process.communicate(timeout=10)
