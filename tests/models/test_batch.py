"""Calls in batches: the same keys and completions as single calls, nothing asked twice whatever is killed or lost."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from openai import AsyncOpenAI

from pipeline.models import batch, client
from pipeline.models.client import ModelClient, open_client
from pipeline.models.errors import EndpointError
from pipeline.models.prices import price_of, price_told
from pipeline.models.requests import Completion
from pipeline.models.store import CompletionStore
from pipeline.pins import run_folder
from pipeline.schema.estimate import BatchPrice, Price, Prices
from pipeline.schema.specification import Budget, Models
from pipeline.seeds import load_specification
from tests.models.samples import KEY_VARIABLE, QUICK, chat, models
from tests.support.builds import specification, write_specification
from tests.support.scripted_server import Faults, ScriptedServer


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "QUIET", 0.1)
    monkeypatch.setattr(batch, "FIRST_LOOK", 0.05)
    monkeypatch.setattr(batch, "LONGEST_LOOK", 0.1)
    monkeypatch.setattr(client, "CLOSING_SECONDS", 0.1)


def in_batches(base_url: str, *, key: bool = False) -> Models:
    """A judge that can wait, and a generator that cannot."""
    plain = models(base_url, key=key)
    endpoint = plain.judge.endpoint.model_copy(update={"batch": True})
    return plain.model_copy(update={"judge": plain.judge.model_copy(update={"endpoint": endpoint})})


@asynccontextmanager
async def at_work(folder: Path, configured: Models, budget: Budget | None = None) -> AsyncIterator[ModelClient]:
    with CompletionStore.open(folder / "store.sqlite") as store:
        async with open_client(configured, store, backoff=QUICK, budget=budget) as made:
            yield made


def until_written_down(folder: Path) -> None:
    """Wait for the id of a batch to be on disk."""
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        if any(json.loads(path.read_text())["id"] for path in folder.glob("batches/*.json")):
            return
        time.sleep(0.02)
    raise AssertionError("no batch was made")


async def judged(asker: ModelClient, texts: Sequence[object]) -> list[Completion]:
    return list(await asyncio.gather(*(asker.complete("judge", chat(f"judge {text}")) for text in texts)))


async def test_calls_in_a_batch_give_the_completions_of_single_calls_under_the_same_keys(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        async with at_work(tmp_path / "single", models(server.base_url)) as single:
            wanted = await judged(single, range(30))
        async with at_work(tmp_path / "batch", in_batches(server.base_url)) as asker:
            together = asyncio.gather(judged(asker, range(30)), asker.complete("generator", chat("now")))
            found, written = await together
            assert await judged(asker, range(30)) == wanted, "from the store"
        assert len(server.batches.made) == 1
    assert found == wanted
    assert written.text.startswith("echo")
    async with at_work(tmp_path / "batch", in_batches(server.base_url)) as asker:
        assert await judged(asker, range(30)) == wanted, "the server is gone"
        assert asker.calls_made == 0


async def test_a_call_that_fails_in_a_batch_goes_up_again_alone(tmp_path: Path) -> None:
    faults = Faults(status_429=0.1, status_500=0.1, hang=0.1, at_most=2)
    with ScriptedServer(faults=faults) as server:
        async with at_work(tmp_path, in_batches(server.base_url)) as asker:
            replies = await judged(asker, range(60))
        counts = server.counts()
    assert len({one.key for one in replies}) == 60
    assert set(counts.answered.values()) == {1}
    assert sum(counts.faults.values()) > 5
    assert len(server.batches.made) in (2, 3)


async def test_a_killed_build_finds_its_batches_again_and_pays_for_nothing_twice(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        server.batches.looks = 10**6
        async with at_work(tmp_path, in_batches(server.base_url)) as asker:
            work = asyncio.create_task(judged(asker, range(20)))
            await asyncio.to_thread(until_written_down, tmp_path)
            work.cancel()
        server.batches.looks = 0
        async with at_work(tmp_path, in_batches(server.base_url)) as asker:
            found = await judged(asker, range(25))
        counts = server.counts()
        assert len(server.batches.made) == 2, "the second for the five calls that are new"
        assert counts.answered_again == 0
        assert len(found) == len(counts.answered) == 25
        async with at_work(tmp_path, in_batches(server.base_url)) as asker:
            assert await judged(asker, ["another"])
    left = [json.loads(path.read_text()) for path in (tmp_path / "batches").iterdir()]
    assert [len(one["requests"]) for one in left] == [1], "what the store holds is forgotten"


@pytest.mark.parametrize("killed", [False, True])
async def test_a_batch_whose_making_was_never_confirmed_is_found_by_its_mark(tmp_path: Path, *, killed: bool) -> None:
    with ScriptedServer() as server:
        server.batches.lost_replies = 1
        async with at_work(tmp_path, in_batches(server.base_url)) as asker:
            await judged(asker, range(5))
        if killed:  # as if before the provider's answer was written down, and before the store had a reply
            (written,) = (tmp_path / "batches").iterdir()
            entry = {**json.loads(written.read_text()), "id": None}
            other = tmp_path / "other" / "batches"
            other.mkdir(parents=True)
            (other / written.name).write_text(json.dumps(entry))
            async with at_work(tmp_path / "other", in_batches(server.base_url)) as asker:
                assert len(await judged(asker, range(5))) == 5
        assert len(server.batches.made) == 1
        assert server.counts().answered_again == 0


async def test_a_batch_that_was_written_down_and_never_made_is_made(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        async with at_work(tmp_path / "a", in_batches(server.base_url)) as asker:
            await judged(asker, range(3))
        (written,) = (tmp_path / "a" / "batches").iterdir()
        entry = {**json.loads(written.read_text()), "id": None, "mark": "0" * 64}
        (tmp_path / "b" / "batches").mkdir(parents=True)
        (tmp_path / "b" / "batches" / f"{'0' * 64}.json").write_text(json.dumps(entry))
        async with at_work(tmp_path / "b", in_batches(server.base_url)) as asker:
            assert len(await judged(asker, range(3))) == 3
        assert len(server.batches.made) == 2


async def test_a_batch_that_fails_as_a_whole_and_a_wrong_key_are_told_and_the_key_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer() as server:
        server.batches.fails = "the model is not for batches"
        async with at_work(tmp_path / "a", in_batches(server.base_url)) as asker:
            with pytest.raises(EndpointError, match=r"the batch batch_\d+ failed: the model is not for batches"):
                await judged(asker, range(2))
    monkeypatch.setenv(KEY_VARIABLE, "sk-wrong-and-long")
    with ScriptedServer(api_key="sk-right") as server:
        async with at_work(tmp_path / "b", in_batches(server.base_url, key=True)) as asker:
            with pytest.raises(EndpointError, match=r"/files: HTTP 401.*without `batch: true`") as met:
                await judged(asker, range(2))
    assert "sk-wrong" not in str(met.value)
    assert [path for path in (tmp_path / "b").rglob("*") if path.is_file() and b"sk-wrong" in path.read_bytes()] == []


async def test_the_budget_holds_over_batches(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        async with at_work(tmp_path, in_batches(server.base_url), Budget(calls=7)) as asker:
            calls = (asker.complete("judge", chat(str(number))) for number in range(12))
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(isinstance(one, Completion) for one in outcomes) == 7
        assert sum(server.counts().answered.values()) == 7


def test_batches_have_a_price_of_their_own_and_are_no_part_of_a_runs_name(tmp_path: Path) -> None:
    url = "http://127.0.0.1:9/v1"
    role = in_batches(url).judge
    price = Price(
        base_url=url, model="scripted", currency="USD", prompt=2, completion=8, as_of="2026-01-01", source="t"
    )
    half = price.model_copy(update={"batch": BatchPrice(prompt=1, completion=4)})
    for known, prompt, told in ((price, 2, "none of batches is known"), (half, 1, "completion in batches, as of")):
        found = price_of(role, Prices(prices=(known,)))
        assert found is not None
        assert found.prompt == prompt
        assert told in price_told(role, found)
    assert price_of(models(url).judge, Prices(prices=(half,))) == half
    contents = specification(url)
    plain = load_specification(write_specification(tmp_path, contents))
    contents["models"]["judge"]["endpoint"]["batch"] = True
    batched = load_specification(write_specification(tmp_path, contents))
    assert batched != plain
    assert run_folder(batched, tmp_path) == run_folder(plain, tmp_path)


async def test_the_scripted_batches_speak_as_the_real_client_expects() -> None:
    with ScriptedServer() as server:
        server.batches.looks = 1
        async with AsyncOpenAI(base_url=server.base_url, api_key="none") as real:
            body = {"model": "scripted", "messages": [{"role": "user", "content": "hello"}]}
            line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": body}
            file = await real.files.create(file=("a.jsonl", json.dumps(line).encode()), purpose="batch")
            made = await real.batches.create(
                input_file_id=file.id,
                endpoint="/v1/chat/completions",
                completion_window="24h",
                metadata={"impress": "m"},
            )
            assert (await real.batches.retrieve(made.id)).status == "in_progress"
            ended = await real.batches.retrieve(made.id)
            assert ended.status == "completed"
            assert ended.output_file_id is not None
            reply = json.loads((await real.files.content(ended.output_file_id)).text)
            listed = [one async for one in real.batches.list(limit=1)]
    assert reply["custom_id"] == "a"
    assert reply["response"]["body"]["choices"][0]["message"]["content"].startswith("echo")
    assert [one.metadata for one in listed] == [{"impress": "m"}]
