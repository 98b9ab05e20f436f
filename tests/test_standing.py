"""Where a build stands: counts, money and time to go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.schema.candidate import Usage
from pipeline.standing import LEAST_DECIDED, CellStanding, Standing


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def cells(count: int, quota: int, most: int) -> dict[str, CellStanding]:
    return {f"cell {number}": CellStanding(f"cell {number}", quota, most) for number in range(count)}


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=60))
def test_every_decision_is_counted_once(decisions: list[tuple[int, bool]]) -> None:
    standing = Standing(cells(4, quota=3, most=1000))
    for number, (cell, accepted) in enumerate(decisions):
        standing.decided(str(number), f"cell {cell}", Usage(), None if accepted else "realism")
    by_cell = [sum(accepted for at, accepted in decisions if at == cell) for cell in range(4)]
    assert standing.decisions == len(decisions)
    assert standing.turned_away.total() == sum(not accepted for _, accepted in decisions)
    assert standing.accepted == sum(min(3, count) for count in by_cell)
    assert standing.full == sum(count >= 3 for count in by_cell)


def test_a_cell_is_short_when_its_attempts_cannot_fill_it_any_more() -> None:
    standing = Standing(cells(1, quota=2, most=3))
    standing.decided("a", "cell 0", Usage(), "leakage")
    assert standing.short == 0
    standing.decided("b", "cell 0", Usage(), "leakage")
    assert standing.short == 1


def test_each_stage_is_charged_by_its_own_price() -> None:
    standing = Standing(
        cells(1, quota=1, most=1),
        {"generate": lambda usage: 2.0 * usage.calls, "validate": lambda usage: 0.5 * usage.calls},
        "EUR",
    )
    standing.generated("a", Usage(calls=3, prompt_tokens=1, completion_tokens=1))
    standing.decided("a", "cell 0", Usage(calls=7, prompt_tokens=5, completion_tokens=2), None)
    assert standing.money == pytest.approx(3 * 2.0 + 4 * 0.5)
    assert (standing.usage.calls, standing.usage.tokens) == (7, 7)
    assert standing.counts()["money"] == "8.0000"


def test_an_unknown_price_or_count_makes_money_unknown_and_no_zero() -> None:
    standing = Standing(cells(1, quota=1, most=1), {"generate": lambda _: None, "validate": lambda _: 1.0}, "EUR")
    assert standing.money is None
    standing.generated("a", Usage(calls=1, prompt_tokens=None, completion_tokens=3))
    assert standing.usage.tokens is None
    assert {"money", "currency", "tokens"}.isdisjoint(standing.counts())


def test_the_end_is_told_from_pace_and_share_accepted() -> None:
    clock = Clock()
    standing = Standing(cells(10, quota=1, most=10), clock=clock)
    assert standing.ends_in is None
    for number in range(LEAST_DECIDED + 1):
        clock.now += 10
        standing.decided(str(number), f"cell {number}", Usage(), None if number % 2 else "realism")
    # Three of six were accepted at ten seconds each: seven rows are lacking, which take 14 attempts.
    assert standing.ends_in == pytest.approx(140)


def test_no_more_attempts_are_expected_than_cells_have_left() -> None:
    clock = Clock()
    standing = Standing(cells(1, quota=50, most=LEAST_DECIDED + 2), clock=clock)
    for number in range(LEAST_DECIDED):
        clock.now += 1
        standing.decided(str(number), "cell 0", Usage(), "realism")
    assert standing.ends_in == pytest.approx(2)
