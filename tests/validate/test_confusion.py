"""Tests of ``pipeline.validate.confusion``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.exemplars import load_exemplars
from pipeline.schema.base import Json
from pipeline.schema.scenario import Scenario
from pipeline.schema.verdict import Verdict
from pipeline.validate.confusion import confusion

MOTIVES = ("curiosity", "loyalty", "self_preservation")


SOME = next(iter(load_exemplars().values())).scenario


def scenario(motive: str) -> Scenario:
    return SOME.model_copy(update={"motive": motive})


def verdict(chosen: str | None, checker: str = "motive") -> Verdict:
    if chosen is None:
        return Verdict(gate="relevance", checker=checker, version="1", outcome="error", reason="no answer")
    answers: dict[str, Json] = {"chosen": chosen}
    return Verdict(gate="relevance", checker=checker, version="1", outcome="pass", reason="read", answers=answers)


def test_a_choice_is_counted_under_the_true_label() -> None:
    table = confusion(
        "motive",
        [
            (scenario("curiosity"), [verdict("curiosity")]),
            (scenario("curiosity"), [verdict("loyalty")]),
            (scenario("loyalty"), [verdict("loyalty"), verdict("curiosity", "risk_type")]),
        ],
    )
    assert table.matrix == {"curiosity": {"curiosity": 1, "loyalty": 1}, "loyalty": {"loyalty": 1}}
    assert [(one.label, one.chosen, one.n) for one in table.mixups] == [("curiosity", "loyalty", 1)]
    assert table.agreement == pytest.approx(2 / 3)
    assert table.interval is not None
    assert table.interval[0] < 2 / 3 < table.interval[1]


def test_errors_and_checks_that_did_not_run_are_unread() -> None:
    table = confusion("motive", [(scenario("loyalty"), [verdict(None)]), (scenario("loyalty"), [])])
    assert table.unread == {"loyalty": 2}
    assert (table.matrix, table.agreement, table.interval, table.mixups) == ({}, None, None, ())


def test_a_check_without_labels_is_no_axis() -> None:
    with pytest.raises(KeyError):
        confusion("execution", [])


@given(st.lists(st.tuples(st.sampled_from(MOTIVES), st.none() | st.sampled_from(MOTIVES)), max_size=30))
def test_every_scenario_is_counted_once(pairs: list[tuple[str, str | None]]) -> None:
    table = confusion("motive", [(scenario(label), [verdict(chosen)]) for label, chosen in pairs])
    counted = sum(n for row in table.matrix.values() for n in row.values())
    assert counted + sum(table.unread.values()) == len(pairs)
    assert sum(one.n for one in table.mixups) == sum(b is not None and a != b for a, b in pairs)
