"""The standing that a build begins with: cells of the plan, prices of its models."""

from __future__ import annotations

import pytest

from pipeline.plan import plan
from pipeline.rounds.standing import standing_of
from pipeline.schema.candidate import Usage
from pipeline.schema.estimate import Price, Prices
from pipeline.schema.specification import Specification
from pipeline.seeds import load_seeds
from tests.support.builds import kit_cells, specification

URL = "http://somewhere/v1"


@pytest.fixture(scope="module")
def checked() -> Specification:
    return Specification.model_validate(specification(URL, cells=kit_cells(3), attempts_per_cell=5))


def priced(*models: str, currency: str = "USD") -> Prices:
    common = {"base_url": URL, "currency": currency, "as_of": "2026-11-01", "source": "a list"}
    return Prices(prices=tuple(Price(model=model, prompt=2.0, completion=8.0, **common) for model in models))


def test_cells_have_their_quota_and_attempts(checked: Specification) -> None:
    standing = standing_of(plan(checked, load_seeds()), checked, priced())
    assert set(standing.cells) == set(kit_cells(3))
    assert {(cell.quota, cell.most) for cell in standing.cells.values()} == {(1, 5)}


def test_money_is_by_the_price_of_the_model(checked: Specification) -> None:
    standing = standing_of(plan(checked, load_seeds()), checked, priced("scripted"))
    standing.generated("a", Usage(calls=1, prompt_tokens=1_000_000, completion_tokens=500_000))
    assert (standing.money, standing.currency) == (pytest.approx(2.0 + 4.0), "USD")


def test_money_is_unknown_without_a_price(checked: Specification) -> None:
    standing = standing_of(plan(checked, load_seeds()), checked, priced())
    standing.generated("a", Usage(calls=1, prompt_tokens=10, completion_tokens=10))
    assert standing.money is None


def test_models_in_this_process_cost_nothing(checked: Specification) -> None:
    raw = specification(URL, cells=kit_cells(1))
    for role in raw["models"].values():
        role["endpoint"] = {"kind": "embedded", "weights": "smollm2_135m_instruct_q4"}
    embedded = Specification.model_validate(raw)
    standing = standing_of(plan(embedded, load_seeds()), embedded, priced())
    standing.generated("a", Usage(calls=1, prompt_tokens=10, completion_tokens=10))
    assert standing.money == 0
    assert "money" not in standing.counts()
