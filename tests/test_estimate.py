"""What a build is expected to take: calls, tokens and money, never a guess where a price is unknown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.estimate import estimate_of
from pipeline.generate.drafts import PathsDraft, PremiseDraft, WorldDraft
from pipeline.generate.kits import core_from_situation
from pipeline.plan import plan
from pipeline.resources import prompts_dir
from pipeline.schema.cell import Estimate
from pipeline.schema.estimate import Amount, Prices
from pipeline.seeds import Seeds, load_seeds
from pipeline.validate.filters import ADAPTERS
from pipeline.validate.filters.guards import load_guard_notes
from pipeline.validate.prompts import load_gate_prompts
from tests.support.small_seeds import sizes, small_seeds, specification

CELL = "curiosity.privacy_violation.clinic"
PRICE = {"base_url": "http://localhost/v1", "currency": "EUR", "prompt": 2.0, "completion": 8.0} | {
    "as_of": "2026-01-01",
    "source": "a test",
}


@pytest.fixture(scope="module")
def seeds() -> Seeds:
    return small_seeds()


def priced(*models: str, **fields: Any) -> Prices:
    return Prices.model_validate({"prices": [{**PRICE, "model": model, **fields} for model in models]})


def estimated(core: str = "kit", prices: Prices | None = None, **fields: Any) -> Estimate:
    return plan(specification(core, **fields), small_seeds(prices=prices)).estimate


def test_kit_attempts_take_texts_notes_and_questions() -> None:
    estimate = estimated("kit", quota=1, attempts_per_cell=4)
    assert estimate.calls == 4 * 2 * (2 + 3 + 5), (
        "four cells, two attempts each: two texts, three notes, five questions"
    )
    assert estimate.calls_at_most == 4 * 4 * (2 * (2 + 3) + 5), "four attempts each, everything written twice"
    assert estimate.call_range is not None
    assert estimate.call_range.low == 4 * (2 + 3 + 5), "one attempt each"
    assert estimate.prompt_tokens == 10 * estimate.calls


def test_cores_by_the_model_take_three_steps_more() -> None:
    model = estimated("model", grid={"cells": [CELL]})
    assert model.calls == 2 * (3 + 2 + 3 + 5)
    assert model.calls_at_most == 4 * (3 * 3 + 2 * (2 + 3) + 5)
    beyond = estimated("kit_or_model", quota=2, grid={"cells": [CELL]})
    assert beyond.calls_at_most == model.calls_at_most, "the second row of a one-situation cell needs the model"


def test_a_question_that_is_left_out_is_not_paid_for() -> None:
    full, less = estimated(), estimated(gates={"left_out": ["benignness.judge"]})
    assert full.attempts is not None
    assert full.calls - less.calls == 4 * full.attempts.typical


@pytest.mark.parametrize(("models", "known"), [((), False), (("g",), False), (("j",), False), (("g", "j"), True)])
def test_cost_is_unknown_exactly_if_a_price_is(models: tuple[str, ...], known: bool) -> None:
    endpoint = {"kind": "openai", "base_url": "http://localhost/v1/"}
    roles = {"generator": {"endpoint": endpoint, "model": "g"}, "judge": {"endpoint": endpoint, "model": "j"}}
    estimate = estimated(prices=priced(*models), models=roles)
    assert (estimate.cost is not None, estimate.cost_range is not None) == (known, known)
    assert {part.model for part in estimate.parts if part.cost is not None} == set(models)
    for model in {"g", "j"} - set(models):
        assert any(model in note and "seeds/prices.yaml" in note for note in estimate.notes)


def test_cost_is_tokens_times_price() -> None:
    estimate = estimated(prices=priced("m"))
    assert estimate.prompt_tokens is not None
    assert estimate.completion_tokens is not None
    due = (2.0 * estimate.prompt_tokens + 8.0 * estimate.completion_tokens) / 1e6
    assert estimate.cost == pytest.approx(due)
    assert estimate.currency == "EUR"


def test_a_price_elsewhere_is_no_price_here() -> None:
    assert estimated(prices=priced("m", base_url="http://elsewhere/v1")).cost is None


def test_two_currencies_have_no_sum() -> None:
    endpoint = {"kind": "openai", "base_url": "http://localhost/v1"}
    roles = {"generator": {"endpoint": endpoint, "model": "g"}, "judge": {"endpoint": endpoint, "model": "j"}}
    both = Prices(prices=(*priced("g").prices, *priced("j", currency="USD").prices))
    estimate = estimated(prices=both, models=roles)
    assert (estimate.cost, estimate.currency) == (None, None)
    assert any("EUR and USD" in note for note in estimate.notes)


def test_an_embedded_model_charges_nothing_and_the_plan_says_what_it_leaves_out() -> None:
    role = {"endpoint": {"kind": "embedded", "weights": "small"}, "model": "small"}
    estimate = estimated(models={"generator": role, "judge": role})
    assert estimate.cost == 0
    assert all("electricity" in part.price for part in estimate.parts)


def test_guard_models_are_counted_each_as_a_role() -> None:
    roles = specification().models.model_dump(mode="json")
    guard = {**roles["judge"], "adapter": "one", "model": "g"}
    unasked = {**guard, "endpoint": {"kind": "none"}}
    guards = {"first": guard, "second": guard, "nobody": unasked, "unknown": {**guard, "adapter": "other"}}
    settings = specification(models={**roles, "guards": guards}, quota=1, attempts_per_cell=4)
    size = {"prompt": Amount.flat(7), "completion": Amount.flat(1), "source": "a test", "count": 3}
    planned = plan(settings, small_seeds())
    estimate = estimate_of(
        planned.cells, {one.cell.id: 0 for one in planned.cells}, settings, sizes(guards={"one": size}), priced("g")
    )
    assert estimate.attempts is not None
    parts = {part.role: part for part in estimate.parts if part.role.startswith("guards.")}
    assert {role: part.calls.typical for role, part in parts.items()} == dict.fromkeys(
        ("guards.first", "guards.second"), 3 * estimate.attempts.typical
    )
    assert parts["guards.first"].prompt_tokens.typical == 21 * estimate.attempts.typical
    assert parts["guards.first"].cost is not None
    assert any("(unknown)" in note for note in estimate.notes)


def test_what_may_be_asked_after_a_question_is_in_the_bound() -> None:
    settings = specification(quota=1, attempts_per_cell=4)
    planned = plan(settings, small_seeds())
    size = {"prompt": Amount.flat(10), "completion": Amount.flat(1), "source": "a test"}
    question = {**size, "count": 4, "follow_up": {**size, "number": 0.5}}
    given = [sizes(questions={"benignness.judge": one}) for one in (question, {**question, "follow_up": None})]
    with_it, without = (
        estimate_of(planned.cells, {one.cell.id: 0 for one in planned.cells}, settings, one, Prices()) for one in given
    )
    assert with_it.attempts is not None
    assert with_it.calls - without.calls == 0.5 * with_it.attempts.typical
    assert with_it.calls_at_most - without.calls_at_most == 4 * with_it.attempts.high
    assert with_it.call_range is not None
    assert without.call_range is not None
    assert with_it.call_range.low == without.call_range.low


def test_a_budget_says_which_share_it_pays_for() -> None:
    assert estimated().budget_covers is None
    whole = estimated().calls
    assert estimated(budget={"calls": whole // 4}).budget_covers == 0.25
    assert estimated(budget={"calls": whole, "tokens": 10**9}).budget_covers == 1


def test_answers_that_would_be_cut_off_are_named(seeds: Seeds) -> None:
    roles = specification().models.model_dump(mode="json")
    roles["generator"]["sampling"]["max_tokens"] = 1
    long = seeds.call_sizes.model_dump(mode="json")
    long["programs"]["world"]["completion"] = {"low": 1, "typical": 50, "high": 90}
    settings = specification("model", models=roles)
    planned = plan(settings, seeds)
    longer = type(seeds.call_sizes).model_validate(long)
    estimate = estimate_of(planned.cells, {one.cell.id: 0 for one in planned.cells}, settings, longer, Prices())
    assert any("max_tokens is 1" in note and "world" in note for note in estimate.notes)
    assert estimate.completion_tokens == estimate.calls, "no completion counts for more than max_tokens"


@given(
    core=st.sampled_from(["kit", "model", "kit_or_model"]),
    quota=st.integers(1, 4),
    spare=st.integers(0, 4),
    tries=st.integers(1, 4),
)
def test_ranges_are_in_order_and_parts_sum_to_the_whole(core: str, quota: int, spare: int, tries: int) -> None:
    generation = {"core": core, "core_tries": tries, "prose_tries": tries}
    fields: dict[str, Any] = {"quota": quota, "attempts_per_cell": quota + spare, "generation": generation}
    estimate = estimated(core, prices=priced("m"), **fields)
    assert estimate.calls <= estimate.calls_at_most
    for whole, part in [("call_range", "calls"), ("prompt_range", "prompt_tokens"), ("cost_range", "cost")]:
        total: Amount = getattr(estimate, whole)
        assert total.low <= total.typical <= total.high
        for end in ("low", "typical", "high"):
            summed = sum(getattr(getattr(one, part), end) for one in estimate.parts)
            assert getattr(total, end) == pytest.approx(summed)


def test_an_amount_out_of_order_is_refused() -> None:
    with pytest.raises(ValueError, match="out of order"):
        Amount(low=2, typical=1, high=3)


def test_the_questions_in_the_table_are_those_that_the_gates_ask() -> None:
    questions = load_seeds().call_sizes.questions
    assert questions["benignness.judge"].count == len(load_gate_prompts().benignness.questions)
    assert questions["benignness.judge"].follow_up is not None
    assert set(questions) == {"benignness.judge", "relevance.motive", "relevance.risk_type", "realism.rubric"}


def test_the_guards_in_the_table_are_those_of_the_registry() -> None:
    guards = load_seeds().call_sizes.guards
    asked = {}
    for name, adapter in ADAPTERS.items():
        notes, _ = load_guard_notes(name, prompts_dir() / "guards")
        asked[name] = len(adapter.prompts("A text.", notes))
    assert {name: size.count for name, size in guards.items()} == asked


def test_sizes_of_cores_hold_the_cores_of_the_kits() -> None:
    """Worked situations, written as the drafts that the model hands in, lie between low and high."""
    seeds = load_seeds()
    for name, draft in (("premise", PremiseDraft), ("world", WorldDraft), ("paths", PathsDraft)):
        size = seeds.call_sizes.programs[name].completion  # type: ignore[index]
        for domain in seeds.domains.values():
            situation = domain.situations[0]
            motive = next(iter(situation.temptations))
            core = core_from_situation(domain, situation, motive, seeds.pools, seed=1)
            part = draft.model_validate({field: getattr(core, field) for field in draft.model_fields})
            text = json.dumps(part.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False)
            assert size.low <= len(text) / 3.4 <= size.high, (domain.id, name)
