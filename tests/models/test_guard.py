"""The budget guard: what it lets through, what it says, and what it counts over several runs."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import EXIT_NO, EXIT_USE, UsageError
from pipeline.models.client import open_client
from pipeline.models.guard import BudgetGuard, BudgetReached, Tariff, open_guard
from pipeline.models.requests import ChatRequest, Completion
from pipeline.models.store import CompletionStore
from pipeline.models.taken import Taken, most_of
from pipeline.resources import seeds_dir
from pipeline.schema.estimate import Price, Prices
from pipeline.schema.specification import Budget, Money, Sampling
from tests.models.samples import QUICK, chat, models, request
from tests.support.scripted_server import Faults, ScriptedServer

SORT = ("openai", "scripted")
TARIFFS = {SORT: Tariff(("generator", "judge"), None)}


def price(base_url: str, currency: str = "USD", prompt: float = 2.0, completion: float = 8.0) -> Price:
    return Price(
        base_url=base_url, model="scripted", currency=currency, prompt=prompt, completion=completion,
        as_of="2026-01-01", source="a test",
    )  # fmt: skip


def done(asked: ChatRequest, prompt: int | None, written: int | None) -> Completion:
    return Completion(key=asked.key, text="", prompt_tokens=prompt, completion_tokens=written)


@settings(deadline=None, max_examples=60)
@given(
    limit=st.integers(0, 4000),
    calls=st.one_of(st.none(), st.integers(0, 40)),
    at_once=st.integers(1, 12),
    seed=st.integers(0, 10**6),
)
def test_calls_in_flight_and_spent_never_pass_a_limit_and_the_last_refused_would(
    limit: int, calls: int | None, at_once: int, seed: int
) -> None:
    """Sixty calls of sizes up to their most, side by side: what was paid stays inside, whatever the order."""
    drawn = random.Random(seed)
    guard = BudgetGuard(Budget(tokens=limit, calls=calls), TARIFFS, {})
    asked = [request(f"{n} " + "word " * drawn.randrange(60), sampling=Sampling(max_tokens=40)) for n in range(60)]
    in_flight_most, in_flight = 0, 0

    async def one(call: ChatRequest, slots: asyncio.Semaphore) -> Taken | None:
        nonlocal in_flight, in_flight_most
        most = most_of(call)
        async with slots:
            try:
                async with guard.room(call) as paid:
                    in_flight += 1
                    in_flight_most = max(in_flight_most, in_flight)
                    for _ in range(drawn.randrange(4)):
                        await asyncio.sleep(0)
                    in_flight -= 1
                    paid(done(call, drawn.randint(0, most.prompt_tokens), drawn.randint(0, most.completion_tokens)))
            except BudgetReached:
                return most
        return None

    async def run() -> list[Taken | None]:
        slots = asyncio.Semaphore(at_once)
        return list(await asyncio.gather(*(one(call, slots) for call in asked)))

    refused = [most for most in asyncio.run(run()) if most is not None]
    spent = guard.spent[SORT]
    assert spent.tokens <= limit
    assert spent.calls <= (60 if calls is None else calls)
    assert spent.calls + len(refused) == 60
    if refused:
        fits = [most for most in refused if spent.tokens + most.tokens <= limit]
        assert len(fits) < len(refused) or spent.calls == calls, "one at least was refused for its own size"


async def test_with_room_for_few_the_last_calls_wait_for_each_other_and_use_the_budget_up() -> None:
    asked = [request(f"call {n}", sampling=Sampling(max_tokens=100)) for n in range(30)]
    limit = 5 * most_of(asked[0]).tokens
    guard = BudgetGuard(Budget(tokens=limit), TARIFFS, {})

    async def one(call: ChatRequest) -> None:
        async with guard.room(call) as paid:
            await asyncio.sleep(0.001)
            paid(done(call, 1, 9))

    await asyncio.gather(*(one(call) for call in asked))
    assert guard.spent[SORT].tokens == 300, "set aside at their most only five fit at a time; all are made in turn"


async def test_a_call_that_failed_costs_nothing_and_gives_its_room_back() -> None:
    guard = BudgetGuard(Budget(calls=1), TARIFFS, {})
    with pytest.raises(ValueError, match="torn"):
        async with guard.room(request("a")):
            raise ValueError("torn")
    async with guard.room(request("a")) as paid:
        paid(done(request("a"), 1, 1))
    with pytest.raises(BudgetReached, match="1 calls of 1"):
        async with guard.room(request("b")):
            pass


async def test_calls_without_token_counts_stand_at_their_most_and_it_says_so() -> None:
    asked = request("word " * 50, sampling=Sampling(max_tokens=70))
    guard = BudgetGuard(Budget(tokens=2 * most_of(asked).tokens - 1), TARIFFS, {})
    async with guard.room(asked) as paid:
        paid(done(asked, None, None))
    with pytest.raises(BudgetReached, match="1 calls without token counts stand at their most"):
        async with guard.room(asked):
            pass


@pytest.mark.parametrize("limit", [0, 1, 7, 23])
async def test_a_budget_of_calls_holds_over_runs_and_what_it_bought_is_used(tmp_path: Path, limit: int) -> None:
    """Two runs share one store: together they make no more calls than allowed; a higher budget finishes the rest."""
    questions = [f"question {number}" for number in range(40)]
    with ScriptedServer(latency=0.01) as server, CompletionStore.open(tmp_path / "store.sqlite") as store:
        for budget in (Budget(calls=limit), Budget(calls=limit), Budget(calls=limit + 5)):
            async with open_client(models(server.base_url, in_flight=8), store, backoff=QUICK, budget=budget) as client:
                asking = (client.complete("judge", chat(question)) for question in questions)
                outcomes = await asyncio.gather(*asking, return_exceptions=True)
            assert sum(isinstance(one, Completion) for one in outcomes) == budget.calls
            assert all(isinstance(one, Completion | BudgetReached) for one in outcomes)
            assert sum(server.counts().answered.values()) == budget.calls
        async with open_client(models(server.base_url), store, budget=Budget(calls=40)) as client:
            await asyncio.gather(*(client.complete("judge", chat(question)) for question in questions))
        counts = server.counts()
    assert (sum(counts.answered.values()), counts.answered_again) == (40, 0)


async def test_failed_tries_are_not_counted_as_calls(tmp_path: Path) -> None:
    faults = Faults.always("status_500", 2)
    with ScriptedServer(faults=faults) as server, CompletionStore.open(tmp_path / "store.sqlite") as store:
        async with open_client(models(server.base_url), store, backoff=QUICK, budget=Budget(calls=3)) as client:
            await asyncio.gather(*(client.complete("judge", chat(f"q {n}")) for n in range(3)))


async def test_a_budget_of_money_stops_before_it_is_passed_and_says_what_was_spent_on_what(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer() as server, CompletionStore.open(tmp_path / "store.sqlite") as store:
        monkeypatch.setenv("IMPRESS_SEEDS", str(seeds_with(tmp_path, price(server.base_url))))
        budget = Budget(money=Money(amount=0.02, currency="USD"))
        async with open_client(models(server.base_url), store, budget=budget) as client:
            asking = (client.complete("judge", chat(f"q {n} " + "word " * 500)) for n in range(60))
            outcomes = await asyncio.gather(*asking, return_exceptions=True)
            usage = client.usage("judge")
    refused = next(one for one in outcomes if isinstance(one, BudgetReached))
    assert usage.prompt_tokens is not None
    assert usage.completion_tokens is not None
    spent = (2 * usage.prompt_tokens + 8 * usage.completion_tokens) / 1e6
    assert 0 < spent <= 0.02
    told = str(refused)
    assert refused.exit_code == EXIT_NO
    assert f"USD {spent:.4f} of 0.02" in told
    assert f"generator and judge, scripted: {usage.calls} calls" in told
    assert "raise `budget`" in told


def seeds_with(folder: Path, *prices: Price) -> Path:
    """Copy the seeds, with other prices."""
    copy = folder / "seeds"
    shutil.copytree(seeds_dir(), copy)
    content = Prices(prices=prices).model_dump(mode="json")
    (copy / "prices.yaml").write_text(json.dumps(content), encoding="utf-8")  # JSON is YAML
    return copy


def test_a_budget_of_money_without_a_price_is_an_error_before_anything_is_opened(tmp_path: Path) -> None:
    role = models("http://127.0.0.1:9/v1").judge
    named = {"judge": (role, "scripted")}
    budget = Budget(money=Money(amount=1, currency="USD"))
    with pytest.raises(UsageError, match=r"no price of scripted at http://127.0.0.1:9/v1 \(models.judge\)") as caught:
        open_guard(budget, named, tmp_path / "never.sqlite", Prices())
    assert caught.value.exit_code == EXIT_USE
    in_euros = Prices(prices=(price("http://127.0.0.1:9/v1/", "EUR"),))
    with pytest.raises(UsageError, match=r"budget.money is in USD, and the price of scripted .* in EUR"):
        open_guard(budget, named, tmp_path / "never.sqlite", in_euros)
    assert not (tmp_path / "never.sqlite").exists()


async def test_a_replay_needs_no_price_and_no_budget(tmp_path: Path) -> None:
    budget = Budget(calls=0, money=Money(amount=0, currency="USD"))
    with ScriptedServer() as server, CompletionStore.open(tmp_path / "store.sqlite") as store:
        async with open_client(models(server.base_url), store) as client:
            first = await client.complete("judge", chat("q"))
        async with open_client(models(server.base_url), store, replay=True, budget=budget) as client:
            assert await client.complete("judge", chat("q")) == first
