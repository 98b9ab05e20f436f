"""What runs took is added up by model; what is not known is null, and never 0."""

from __future__ import annotations

import pytest

from pipeline.analysis.runs import Used
from pipeline.analysis.spending import spending_of
from pipeline.analysis.told import spending_row
from pipeline.schema.estimate import Price, Prices
from tests.support.simulated_runs import run

AT = "https://lab.example/v1"
PRICES = Prices(
    prices=(
        Price(
            base_url=AT, model="m", currency="USD", prompt=1.0, completion=4.0, as_of="2026-11-01", source="its page"
        ),
    )
)


def _used(prompt: int | None, written: int | None, model: str = "protocol/m") -> Used:
    return Used(model=model, base_url=AT, prompt_tokens=prompt, completion_tokens=written)


def test_tokens_and_money_are_added_up() -> None:
    runs = [run(f"s{at}", risky=False, used=(_used(1000, 50),)) for at in range(4)]
    (one,) = spending_of(runs, PRICES)
    assert (one.runs, one.prompt_tokens, one.completion_tokens, one.currency) == (4, 4000, 200, "USD")
    assert one.money == pytest.approx((4000 * 1 + 200 * 4) / 1e6)


def test_one_uncounted_run_leaves_the_sum_unknown() -> None:
    (one,) = spending_of(
        [run("a", risky=False, used=(_used(9, 9),)), run("b", risky=True, used=(_used(None, None),))], PRICES
    )
    assert (one.prompt_tokens, one.money) == (None, None)
    assert spending_row(one)[2:5] == ("unknown", "unknown", "unknown")


def test_an_unknown_price_is_said_and_a_model_in_this_process_is_free() -> None:
    used = (_used(10, 5, "protocol/other"), _used(10, 5, "embedded/small"))
    small, other = spending_of([run("a", risky=False, used=used)], PRICES)
    assert (other.money, other.currency) == (None, None)
    assert "no price of other" in other.price
    assert (small.money, small.currency) == (0.0, None)
    assert list(spending_of([run("a", risky=False)], PRICES)) == []
