"""The client against a server that fails on purpose."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from pipeline.errors import EXIT_USE, UsageError
from pipeline.models.client import Backoff, collect_usage, open_client
from pipeline.models.errors import EndpointError, EndpointUnavailable, MissingCompletion, StoreError
from pipeline.models.requests import Completion
from pipeline.models.store import CompletionStore
from pipeline.schema.candidate import Usage
from pipeline.schema.specification import Sampling
from tests.models.samples import KEY_VARIABLE, QUICK, chat, models
from tests.support.arrivals import most_in_any
from tests.support.scripted_server import Faults, Reply, ScriptedServer, chat_completion

ROOT = Path(__file__).parents[2]
SECRET = "sk-secret-0123456789abcdef"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CompletionStore]:
    with CompletionStore.open(tmp_path / "store.sqlite") as opened:
        yield opened


async def test_a_completion_is_stored_before_it_is_given(store: CompletionStore) -> None:
    with ScriptedServer() as server:
        async with open_client(models(server.base_url), store) as client:
            done = await client.complete("generator", chat("hello"))
            assert store.get(done.key) == done
            assert done.text.endswith("hello")
            assert done.finish_reason == "stop"
            assert client.used_keys == (done.key,)
            assert client.reported("generator") == {"scripted"}
            assert client.usage("generator") == Usage(
                calls=1, prompt_tokens=1, completion_tokens=done.completion_tokens
            )
            assert client.usage("judge") == Usage()


async def test_nothing_is_paid_for_twice(store: CompletionStore) -> None:
    with ScriptedServer() as server:
        for _ in range(2):
            async with open_client(models(server.base_url), store) as client:
                await asyncio.gather(*(client.complete("judge", chat(f"q {n % 20}")) for n in range(60)))
                assert client.usage("judge").calls == 20
        assert client.calls_made == 0
        assert server.counts().calls == 20


async def test_equal_calls_in_flight_share_one(store: CompletionStore) -> None:
    with ScriptedServer(latency=0.1) as server:
        async with open_client(models(server.base_url), store) as client:
            together = await asyncio.gather(*(client.complete("judge", chat("same")) for _ in range(10)))
    assert len({done.key for done in together}) == 1
    assert server.counts().calls == 1


async def test_samples_differ(store: CompletionStore) -> None:
    with ScriptedServer() as server:
        async with open_client(models(server.base_url), store) as client:
            done = [await client.complete("judge", chat("same"), sample=sample) for sample in range(3)]
    assert len({one.text for one in done}) == 3


async def test_settings_of_one_call_are_sent(store: CompletionStore) -> None:
    seen: list[dict[str, Any]] = []

    def remember(request: dict[str, Any]) -> Reply:
        seen.append(request)
        return Reply("yes", top_logprobs=({"yes": -0.1, "no": -3.0},))

    sampling = Sampling(temperature=0.9, max_tokens=50)
    with ScriptedServer(remember) as server:
        async with open_client(models(server.base_url, sampling=sampling), store) as client:
            done = await client.complete(
                "judge", chat("hello"), max_tokens=3, temperature=0, response_schema={"type": "boolean"},
                top_logprobs=2, stop=["\n"],
            )  # fmt: skip
    assert (seen[0]["max_tokens"], seen[0]["temperature"], seen[0]["stop"]) == (3, 0, ["\n"])
    assert seen[0]["response_format"]["json_schema"]["schema"] == {"type": "boolean"}
    assert done.top_logprobs == ({"yes": -0.1, "no": -3.0},)


@pytest.mark.parametrize("fault", ["status_429", "status_500", "torn", "closed", "no_choices"])
async def test_a_passing_fault_is_retried(store: CompletionStore, fault: str) -> None:
    with ScriptedServer(faults=Faults.always(fault, 2)) as server:
        async with open_client(models(server.base_url), store, backoff=QUICK) as client:
            done = await asyncio.gather(*(client.complete("judge", chat(f"q {n}")) for n in range(5)))
    assert all("q " in one.text for one in done)
    assert server.counts().faults == Counter({fault: 10})
    assert server.counts().answered_again == 0


async def test_a_server_that_hangs_is_asked_again(store: CompletionStore) -> None:
    with ScriptedServer(faults=Faults(hang=1.0, at_most=1)) as server:
        async with open_client(models(server.base_url, timeout=0.2), store, backoff=QUICK) as client:
            assert (await client.complete("judge", chat("hello"))).text.endswith("hello")


async def test_all_faults_together_lose_nothing(store: CompletionStore) -> None:
    faults = Faults(status_429=0.2, status_500=0.1, torn=0.1, closed=0.1, no_choices=0.1, retry_after="0.02")
    with ScriptedServer(faults=faults) as server:
        async with open_client(models(server.base_url, in_flight=32), store, backoff=QUICK) as client:
            done = await asyncio.gather(*(client.complete("judge", chat(f"q {n}")) for n in range(100)))
    assert [one.text.rsplit(": ", 1)[1] for one in done] == [f"q {n}" for n in range(100)]
    assert len(server.counts().faults) == 5
    assert server.counts().answered_again == 0


@pytest.mark.parametrize("fault", ["status_429", "status_500", "torn", "closed", "no_choices"])
async def test_a_lasting_fault_ends_in_unavailable(store: CompletionStore, fault: str) -> None:
    with ScriptedServer(faults=Faults.always(fault, 99)) as server:
        async with open_client(models(server.base_url, attempts=3), store, backoff=QUICK) as client:
            with pytest.raises(EndpointUnavailable, match=r"judge.*no reply in 3 tries"):
                await client.complete("judge", chat("hello"))
    assert server.counts().calls == 3
    assert len(store) == 0


async def test_nobody_there_ends_in_unavailable(store: CompletionStore) -> None:
    async with open_client(models("http://127.0.0.1:9/v1", attempts=2), store, backoff=QUICK) as client:
        with pytest.raises(EndpointUnavailable, match=r"http://127\.0\.0\.1:9/v1"):
            await client.complete("judge", chat("hello"))


async def test_retry_after_is_obeyed_by_the_call_that_met_it_and_delays_no_other(store: CompletionStore) -> None:
    ended: list[tuple[str, float]] = []
    with ScriptedServer(faults=Faults(status_429=0.1, at_most=1, retry_after="2")) as server:
        async with open_client(models(server.base_url, in_flight=4), store, backoff=QUICK) as client:
            begun = time.monotonic()

            async def call(text: str) -> None:
                await client.complete("judge", chat(text))
                ended.append((text, time.monotonic() - begun))

            await asyncio.gather(*(call(f"q {n}") for n in range(40)))
    refused = server.counts().faults["status_429"]
    assert 1 <= refused <= 10
    assert all(seconds >= 2 for _, seconds in ended[-refused:])
    assert ended[20][1] < ended[-1][1] - 0.5, "the others went on meanwhile"


async def test_an_endpoint_that_refuses_all_is_left_alone_until_it_said(store: CompletionStore) -> None:
    with ScriptedServer(faults=Faults(status_429=1.0, at_most=1, retry_after="0.2")) as server:
        async with open_client(models(server.base_url, in_flight=8), store, backoff=QUICK) as client:
            begun = time.monotonic()
            await asyncio.gather(*(client.complete("judge", chat(f"q {n}")) for n in range(24)))
            assert time.monotonic() - begun >= 0.4


async def test_calls_in_any_minute_stay_within_the_limit(
    store: CompletionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a minute of one second, and tries that fail counted as the server counts them."""
    monkeypatch.setattr("pipeline.models.rates.WINDOW", 1.0)
    with ScriptedServer(faults=Faults(status_500=0.2, at_most=1), latency=0.05) as server:
        given = models(server.base_url, in_flight=32, requests_per_minute=20)
        async with open_client(given, store, backoff=QUICK) as client:
            calls = [client.complete(("judge", "generator")[n % 2], chat(f"q {n}")) for n in range(50)]
            await asyncio.gather(*calls)
    times = server.counts().arrivals.times
    assert len(times) > 50
    assert most_in_any(1.0, times, [1.0] * len(times)) <= 20


async def test_a_wait_beyond_patience_is_unavailable_at_once(store: CompletionStore) -> None:
    with ScriptedServer(faults=Faults(status_429=1.0, retry_after="7200")) as server:
        async with open_client(models(server.base_url), store, backoff=Backoff(patience=60)) as client:
            with pytest.raises(EndpointUnavailable, match="asks to wait 7200 s"):
                await client.complete("judge", chat("hello"))
    assert server.counts().calls == 1


async def test_a_rate_limit_delays_calls_and_fails_none(store: CompletionStore) -> None:
    """A server that takes 4 calls per 0.2 s: each call meets more refusals than it has tries."""
    arrived: list[float] = []
    refusals = 0

    async def limited(http: web.Request) -> web.Response:
        nonlocal refusals
        now = time.monotonic()
        recent = [at for at in arrived if now - at < 0.2]
        if len(recent) >= 4:
            refusals += 1
            return web.Response(status=429, headers={"Retry-After": f"{0.2 - (now - recent[0]):.3f}"})
        arrived.append(now)
        return web.json_response(chat_completion(await http.json(), "d" * 64, Reply("yes")))

    app = web.Application()
    app.router.add_post("/v1/chat/completions", limited)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    async with open_client(models(base_url, in_flight=16, attempts=3), store, backoff=QUICK) as client:
        await asyncio.gather(*(client.complete("judge", chat(f"q {n}")) for n in range(24)))
    await runner.cleanup()
    assert len(arrived) == 24
    assert refusals > 0


async def test_calls_in_flight_are_bounded(store: CompletionStore) -> None:
    with ScriptedServer(latency=0.05) as server:
        async with open_client(models(server.base_url, in_flight=5), store) as client:
            await asyncio.gather(*(client.complete("judge", chat(f"q {n}")) for n in range(20)))
    assert server.counts().in_flight_most == 5


async def test_what_arrived_is_kept_when_another_call_fails(store: CompletionStore) -> None:
    def slow_or_bad(request: dict[str, Any]) -> str:
        return str(request["messages"][0]["content"])

    with ScriptedServer(slow_or_bad, latency=0.3, faults=Faults(hang=0.5, at_most=99)) as server:
        async with open_client(models(server.base_url, in_flight=40, timeout=4.0, attempts=1), store) as client:
            with pytest.raises(EndpointUnavailable):
                await asyncio.gather(*(client.complete("judge", chat(f"q {n}")) for n in range(40)))
        assert len(store) == len(server.counts().answered) > 5


async def test_a_cancelled_caller_leaves_a_paid_call_alive(store: CompletionStore) -> None:
    with ScriptedServer(latency=0.3) as server:
        async with open_client(models(server.base_url), store) as client:
            caller = asyncio.create_task(client.complete("judge", chat("hello")))
            await asyncio.sleep(0.1)
            caller.cancel()
            with pytest.raises(asyncio.CancelledError):
                await caller
        assert server.counts().answered.total() == 1
    assert len(store) == 1


async def test_calls_that_queue_behind_a_failure_are_not_made(store: CompletionStore) -> None:
    with ScriptedServer(faults=Faults(status_500=1.0, at_most=99)) as server:
        async with open_client(models(server.base_url, in_flight=4, attempts=1), store, backoff=QUICK) as client:
            calls = (client.complete("judge", chat(f"q {n}")) for n in range(100))
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(outcome, EndpointUnavailable) for outcome in outcomes)
            assert server.counts().calls < 20
            server.faults = Faults()
            assert (await client.complete("judge", chat("later"))).text.endswith("later")


async def test_a_closed_client_makes_no_calls(store: CompletionStore) -> None:
    with ScriptedServer() as server:
        async with open_client(models(server.base_url), store) as client:
            pass
        with pytest.raises(EndpointUnavailable, match="closed"):
            await client.complete("judge", chat("hello"))
        assert server.counts().calls == 0


async def test_closing_does_not_wait_out_a_backoff(store: CompletionStore) -> None:
    with ScriptedServer(faults=Faults(status_429=1.0, retry_after="30")) as server:
        async with asyncio.timeout(25):
            async with open_client(models(server.base_url), store) as client:
                call = asyncio.create_task(client.complete("judge", chat("hello")))
                await asyncio.sleep(0.2)
            with pytest.raises(EndpointUnavailable, match="closed"):
                await call


async def test_a_completion_that_cannot_be_kept_is_not_given(
    store: CompletionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer() as server:
        async with open_client(models(server.base_url), store) as client:
            monkeypatch.setattr(store, "_open", False)
            with pytest.raises(StoreError):
                await client.complete("judge", chat("hello"))
            monkeypatch.undo()


async def test_replay_makes_no_call_and_wants_no_key(store: CompletionStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, SECRET)
    with ScriptedServer(api_key=SECRET) as server:
        async with open_client(models(server.base_url, key=True), store) as client:
            done = await client.complete("judge", chat("hello"))
            usage = client.usage("judge")
        monkeypatch.delenv(KEY_VARIABLE)
        async with open_client(models(server.base_url, key=True), store, replay=True) as client:
            assert await client.complete("judge", chat("hello")) == done
            assert client.usage("judge") == usage
            assert client.reported("judge") == {"scripted"}
            with pytest.raises(MissingCompletion, match=r"role judge.*sample 3.*begins 'goodbye'"):
                await client.complete("judge", chat("goodbye"), sample=3)
        assert server.counts().calls == 1


async def test_useless_replies_are_returned_and_kept(store: CompletionStore) -> None:
    replies = {
        "refuse": Reply(None, refusal="I cannot help"),
        "cut": Reply("begins", finish_reason="length"),
        "empty": Reply(""),
    }
    with ScriptedServer(lambda request: replies[request["messages"][0]["content"]]) as server:
        async with open_client(models(server.base_url), store) as client:
            done: dict[str, Completion] = {name: await client.complete("judge", chat(name)) for name in replies}
    assert (done["refuse"].text, done["refuse"].refusal) == ("", "I cannot help")
    assert done["cut"].finish_reason == "length"
    assert done["empty"].text == ""
    assert len(store) == 3


async def test_wrong_schema_is_a_reply_like_any_other(store: CompletionStore) -> None:
    with ScriptedServer(faults=Faults(wrong_schema=1.0)) as server:
        async with open_client(models(server.base_url), store) as client:
            done = await client.complete("judge", chat("hello"), response_schema={"type": "boolean"})
    assert json.loads(done.text) == {"unexpected": True}
    assert server.counts().calls == 1


async def test_a_missing_key_is_told_before_any_call(store: CompletionStore) -> None:
    with ScriptedServer() as server:
        with pytest.raises(EndpointError, match=f"{KEY_VARIABLE} is not set") as raised:
            async with open_client(models(server.base_url, key=True), store):
                pass
        assert raised.value.exit_code == EXIT_USE
        assert server.counts().calls == 0


async def test_a_refused_key_is_told_once_by_name(store: CompletionStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, SECRET)
    with ScriptedServer(api_key="another") as server:
        async with open_client(models(server.base_url, key=True), store, backoff=QUICK) as client:
            with pytest.raises(EndpointError, match=f"the API key in {KEY_VARIABLE} is not accepted") as raised:
                await client.complete("judge", chat("hello"))
    assert SECRET not in str(raised.value)


async def test_a_server_that_wants_a_key_says_where_to_name_it(store: CompletionStore) -> None:
    with ScriptedServer(api_key=SECRET) as server:
        async with open_client(models(server.base_url), store) as client:
            with pytest.raises(EndpointError, match="api_key_env"):
                await client.complete("judge", chat("hello"))


async def test_the_key_is_nowhere_but_in_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, SECRET)
    caplog.set_level(logging.DEBUG)

    def indiscreet(request: dict[str, Any]) -> str:
        return f"your key is {SECRET}"

    errors = []
    with CompletionStore.open(tmp_path / "s") as store:
        with ScriptedServer(indiscreet, api_key=SECRET, faults=Faults(status_500=0.5)) as server:
            async with open_client(models(server.base_url, key=True), store, backoff=QUICK) as client:
                done = await asyncio.gather(*(client.complete("judge", chat(f"q {n}")) for n in range(10)))
                server.api_key = "another"
                with pytest.raises(EndpointError) as raised:
                    await client.complete("judge", chat("later"))
                errors.append(raised.value)
                shown = repr(client) + repr(vars(client)) + repr([vars(state) for state in client._roles.values()])
        store.export(client.used_keys, tmp_path / "out")
    assert done[0].text == "your key is [API key]"
    pickled = pickle.dumps([*errors, *done, models(server.base_url, key=True)])
    assert SECRET not in shown + caplog.text + str(errors)
    assert SECRET.encode() not in pickled
    for file in tmp_path.rglob("*"):
        assert file.is_dir() or SECRET.encode() not in file.read_bytes()


CALLER = """
import asyncio, sys
from pipeline.models.client import open_client
from pipeline.models.store import CompletionStore
from tests.models.samples import chat, models

async def main():
    with CompletionStore.open(sys.argv[1]) as store:
        async with open_client(models(sys.argv[2], in_flight=8), store) as client:
            await asyncio.gather(*(client.complete("judge", chat(f"q {n}")) for n in range(160)))

asyncio.run(main())
"""


def test_killed_and_continued_pays_twice_only_for_what_was_in_flight(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    kills = 3
    with ScriptedServer(latency=0.05) as server:
        command = [sys.executable, "-c", CALLER, str(path), server.base_url]
        for kill in range(kills):
            process = subprocess.Popen(command, cwd=ROOT)
            while len(server.counts().answered) < 20 * (kill + 1):
                assert process.poll() is None
                time.sleep(0.01)
            process.kill()
            process.communicate()
        before = server.counts()
        assert 60 <= len(before.answered) < 160
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        after = server.counts()
    assert len(after.answered) == 160
    assert after.answered_again <= kills * 8
    with CompletionStore.open(path) as store:
        assert len(store) == 160


async def test_an_unconfigured_role_is_wrong_use(store: CompletionStore) -> None:
    async with open_client(models("http://127.0.0.1:9/v1"), store) as client:
        with pytest.raises(UsageError, match=r"'guard'.*configured: generator, judge"):
            await client.complete("guard", chat("hello"))


async def test_usage_is_collected_across_tasks_and_nested(store: CompletionStore) -> None:
    with ScriptedServer(lambda request: "one two") as server:
        async with open_client(models(server.base_url), store) as client:

            async def candidate(number: int) -> tuple[list[str], Usage]:
                with collect_usage() as mine:
                    await asyncio.gather(
                        client.complete("judge", chat(f"mine {number}")),
                        client.complete("judge", chat("shared by all")),
                    )
                    await client.complete("judge", chat("shared by all"))
                return mine.keys, mine.usage

            with collect_usage() as whole:
                parts = await asyncio.gather(*(candidate(number) for number in range(4)))
            await client.complete("judge", chat("outside"))
    for keys, usage in parts:
        assert len(keys) == 2
        assert usage == Usage(calls=2, prompt_tokens=5, completion_tokens=4)
    assert len(set(whole.keys)) == len(whole.keys) == whole.usage.calls == 5
    assert client.usage("judge").calls == 6


async def test_unknown_token_counts_stay_unknown(store: CompletionStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tests.support.scripted_server.chat_completion",
        lambda *_: {"choices": [{"message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}]},
    )
    with ScriptedServer() as server:
        async with open_client(models(server.base_url), store) as client:
            await client.complete("judge", chat("hello"))
            assert client.usage("judge") == Usage(calls=1, prompt_tokens=None, completion_tokens=None)
            assert client.reported("judge") == set()
