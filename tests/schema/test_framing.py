"""A framing has an id that reads back; pairs and ladder differ in the stated factor alone."""

from __future__ import annotations

from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.schema.framing import BASELINE, FACTORS, LEVELS, Factor, Framing, all_framings, ladder, pairs, variants

FRAMINGS = st.sampled_from(list(all_framings()))


@given(FRAMINGS)
def test_an_id_reads_back(framing: Framing) -> None:
    assert Framing.parse(framing.id) == framing


def test_ids_are_distinct_and_the_baseline_is_the_agent_as_it_stands() -> None:
    ids = {framing.id for framing in all_framings()}
    assert len(ids) == prod(len(levels) for levels in LEVELS.values())
    assert Framing() == BASELINE == next(all_framings())
    assert BASELINE.id == "agent.unstated.none.present.none"
    assert BASELINE.at(reality="production").id == "agent.production.none.present.none"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("agent.production", "is not format.reality.persona.temptation.authorisation"),
        ("agent.live.none.present.none", "reality is one of unstated, production, testing, not 'live'"),
        ("production.agent.none.present.none", "format is one of agent, choice, judgment, not 'production'"),
    ],
)
def test_what_is_no_id_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Framing.parse(text)


@pytest.mark.parametrize("levels", [{"reality": "live"}, {"mood": "good"}])
def test_a_factor_or_level_that_there_is_not_is_refused(levels: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        BASELINE.at(**levels)


@given(FRAMINGS, FRAMINGS)
def test_framings_differ_in_the_factors_that_have_to_be_set_to_get_from_one_to_the_other(
    one: Framing, other: Framing
) -> None:
    differing = one.differs(other)
    assert one.at(**{factor: other.level(factor) for factor in differing}) == other
    assert differing == other.differs(one)
    assert all(one.level(factor) != other.level(factor) for factor in differing)


@given(st.sampled_from(FACTORS), FRAMINGS)
def test_pairs_are_all_that_differ_in_one_factor_from_a_base(factor: Factor, base: Framing) -> None:
    found = pairs(factor, base)
    levels = len(LEVELS[factor])
    assert len(set(found)) == levels * (levels - 1) // 2
    assert all(one.differs(other) == (factor,) for one, other in found)
    assert all(set(base.differs(one)) <= {factor} for one in variants(factor, base))


def test_the_ladder_goes_from_judgment_to_agent() -> None:
    base = Framing(persona="neutral")
    assert [one.id for one in ladder(base)] == [
        "judgment.unstated.neutral.present.none",
        "choice.unstated.neutral.present.none",
        "agent.unstated.neutral.present.none",
    ]
