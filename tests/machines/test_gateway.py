"""Calls of workers, made by the build's own client: one store, one budget, one account, whoever asks."""

from __future__ import annotations

import asyncio
import pickle
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from pipeline.machines import caller
from pipeline.machines.caller import GatewayLost, open_gateway_client
from pipeline.machines.gateway import Gateway
from pipeline.models.client import ModelClient, open_client
from pipeline.models.errors import EndpointError, EndpointUnavailable, MissingCompletion
from pipeline.models.guard import BudgetReached
from pipeline.models.store import CompletionStore
from pipeline.models.usage import collect_usage
from pipeline.schema.specification import Budget
from tests.models.samples import KEY_VARIABLE, QUICK, chat, models
from tests.support.scripted_server import Faults, ScriptedServer


@asynccontextmanager
async def at_work(
    folder: Path, base_url: str, *, budget: Budget | None = None, replay: bool = False, key: bool = False
) -> AsyncIterator[tuple[Gateway, ModelClient]]:
    with CompletionStore.open(folder / "store.sqlite") as store:
        configured = models(base_url, key=key, attempts=2)
        async with (
            open_client(configured, store, backoff=QUICK, budget=budget, replay=replay) as client,
            Gateway(client) as gateway,
        ):
            yield gateway, client


def in_flight(server: ScriptedServer) -> None:
    """Wait for a call to arrive."""
    deadline = time.monotonic() + 200
    while not server.counts().in_flight and time.monotonic() < deadline:
        time.sleep(0.01)


async def test_a_worker_gets_what_the_client_would_give_with_every_setting(tmp_path: Path) -> None:
    settings = {
        "sample": 3,
        "max_tokens": 7,
        "temperature": 0.25,
        "response_schema": {"type": "object", "properties": {"a": {"enum": ["é", "\u2028"]}}},
        "top_logprobs": 2,
        "stop": ["END"],
    }
    with ScriptedServer() as server:
        async with at_work(tmp_path, server.base_url) as (gateway, client), open_gateway_client(gateway.gate) as worker:
            with collect_usage() as collected:
                got = await worker.complete("judge", chat("héllo"), **settings)  # type: ignore[arg-type]
            assert got == await client.complete("judge", chat("héllo"), **settings)  # type: ignore[arg-type]
        assert server.counts().calls == 1
    assert collected.keys == [got.key]
    assert got.top_logprobs


async def test_equal_calls_of_two_workers_are_one_and_a_worker_that_dies_takes_no_call_with_it(tmp_path: Path) -> None:
    with ScriptedServer(latency=0.5) as server:
        async with at_work(tmp_path, server.base_url) as (gateway, client):
            async with open_gateway_client(gateway.gate) as dying:
                asked = asyncio.create_task(dying.complete("judge", chat("same")))
                await asyncio.to_thread(in_flight, server)
                asked.cancel()
            async with open_gateway_client(gateway.gate) as one, open_gateway_client(gateway.gate) as two:
                first, second = await asyncio.gather(*(each.complete("judge", chat("same")) for each in (one, two)))
            assert first == second
            assert client.calls_made == 1
        assert server.counts().calls == 1


async def test_the_budget_is_one_for_all_workers(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        async with at_work(tmp_path, server.base_url, budget=Budget(calls=5)) as (gateway, _):

            async def work(number: int) -> list[object]:
                async with open_gateway_client(gateway.gate) as worker:
                    calls = (worker.complete("judge", chat(f"{number} {one}")) for one in range(4))
                    return await asyncio.gather(*calls, return_exceptions=True)

            outcomes = [one for some in await asyncio.gather(*map(work, range(3))) for one in some]
        assert server.counts().calls == 5
    refused = [one for one in outcomes if isinstance(one, BudgetReached)]
    assert len(refused) == 7
    assert "the budget is spent: 5 calls of 5" in str(refused[0])


async def test_a_worker_meets_the_errors_that_the_client_met(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "sk-wrong-and-long")
    with ScriptedServer(faults=Faults.always("status_500", 9)) as server:
        async with at_work(tmp_path, server.base_url) as (gateway, _), open_gateway_client(gateway.gate) as worker:
            with pytest.raises(EndpointUnavailable, match="gave no reply in 2 tries"):
                await worker.complete("generator", chat("a"))
        at_replay = at_work(tmp_path, server.base_url, replay=True)
        async with at_replay as (gateway, _), open_gateway_client(gateway.gate) as worker:
            with pytest.raises(MissingCompletion, match="role judge"):
                await worker.complete("judge", chat("a"))
    with ScriptedServer(api_key="sk-right") as server:
        with_key = at_work(tmp_path, server.base_url, key=True)
        async with with_key as (gateway, _), open_gateway_client(gateway.gate) as worker:
            with pytest.raises(EndpointError, match=KEY_VARIABLE) as met:
                await worker.complete("judge", chat("a"))
    assert "sk-wrong" not in str(met.value)
    assert str(pickle.loads(pickle.dumps(met.value))) == str(met.value)


async def test_nobody_else_gets_a_completion_and_the_token_shows_nowhere(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        async with at_work(tmp_path, server.base_url) as (gateway, _), aiohttp.ClientSession() as session:
            url, token = f"{gateway.gate.address}/call", gateway.gate.token.get_secret_value()
            for header in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Bearer é"}):
                async with session.post(url, json={}, headers=header) as reply:
                    assert reply.status == 401
            for body in (b"", b"{", b"[]", b'{"kind": "chat"}', b'{"kind": ["chat"]}', b"\xff"):
                async with session.post(url, data=body, headers={"Authorization": f"Bearer {token}"}) as reply:
                    assert reply.status == 400, body
            assert token not in repr(gateway.gate) + str(gateway.gate) + gateway.gate.model_dump_json()
        assert server.counts().calls == 0


async def test_a_shard_that_is_begun_again_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    with ScriptedServer() as server:
        async with (
            at_work(tmp_path, server.base_url) as (_, client),
            Gateway(client, on_again=lambda *what: told.append(what)) as gateway,
            open_gateway_client(gateway.gate) as worker,
        ):
            for name in ("a", "b", "a"):
                await worker.begin(name, f"host of {name}")
    assert told == [("a", "host of a")]
    assert gateway.begun == {"a": 2, "b": 1}


async def test_a_build_that_ended_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller, "FIRST_WAIT", 0.01)
    with ScriptedServer() as server:
        async with at_work(tmp_path, server.base_url) as (gateway, _):
            gate = gateway.gate
    async with open_gateway_client(gate) as worker:
        with pytest.raises(GatewayLost, match="it has ended, or workers cannot reach it"):
            await worker.complete("judge", chat("a"))
