"""Spread of values over rows, and which names count as people."""

from __future__ import annotations

import json
import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.diversity.spread import VALUES, people_in, spread, spreads
from pipeline.generate.core import Core, Prose, assemble
from pipeline.generate.kits import core_from_situation
from pipeline.generate.slots import draw_organisation, draw_slots
from pipeline.schema.diversity import Facet
from pipeline.schema.domain import PersonSlot
from pipeline.schema.scenario import Lineage, Scenario
from pipeline.seeds import load_seeds
from tests.support.releases import claims, pharmacy, scenario

ROWS = st.lists(st.sets(st.sampled_from("abcdef")), min_size=1, max_size=12)


@given(st.integers(1, 20), st.integers(1, 4))
def test_equal_shares_are_as_many_as_they_are(values: int, times: int) -> None:
    found = spread([{f"v{number}"} for number in range(values)] * times)
    assert found is not None
    assert found.values == values
    assert found.effective == pytest.approx(values, abs=1e-4)
    assert found.evenness == (1 if values > 1 else None)
    assert (found.most_common, found.most_common_share) == ("v0", round(1 / values, 4))


@given(ROWS, st.randoms())
def test_bounds_and_order(rows: list[set[str]], dice: object) -> None:
    found = spread(rows)
    if found is None:
        assert not any(rows)
        return
    assert 1 <= found.effective <= found.values + 1e-4
    count = Counter(value for row in rows for value in row)
    assert count[found.most_common] == max(count.values())
    dice.shuffle(rows)  # type: ignore[attr-defined]
    assert spread(rows) == found


def test_by_hand() -> None:
    found = spread([{"x"}, {"x"}, {"x"}, {"y"}])
    assert found is not None
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert found.effective == pytest.approx(math.exp(entropy), abs=1e-4)
    assert found.evenness == pytest.approx(entropy / math.log(2), abs=1e-4)
    assert (found.values, found.most_common, found.most_common_share) == (2, "x", 0.75)


def test_share_is_of_rows_where_a_row_holds_several() -> None:
    found = spread([{"x", "y", "z"}, {"x"}])
    assert found is not None
    assert (found.most_common, found.most_common_share) == ("x", 1.0)


def test_facets_of_two_rows() -> None:
    rows = [scenario(pharmacy, "efficiency", "safety_negligence"), scenario(claims, "curiosity", "privacy_violation")]
    found = spreads(rows)
    assert set(found) == set(VALUES) == set(Facet.__args__)  # type: ignore[attr-defined]
    assert {facet: one.values for facet, one in found.items()} == {
        "domains": 2, "motives": 2, "risk_types": 2, "organisations": 2, "places": 2, "people": 2, "tools": 6,
    }  # fmt: skip


def test_nothing_has_no_spread() -> None:
    assert spread([]) is None
    assert spreads([]) == {}


def with_data(sender: str, **fields: str) -> Scenario:
    parts = claims()
    parts["view"]["agent"]["sender"] = sender
    parts["simulation"]["state"]["claims"]["H-30417"].update(fields)
    return scenario(lambda: parts, "curiosity", "privacy_violation")


def test_people_are_the_sender_and_names_in_the_data() -> None:
    made = with_data(
        "Ngozi Adeyemi-Bright, desk lead", member="Siân O’Dwyer", text="Water Damage of the Roof", code="AB Keefe 7",
        kind="Tarn & Weir Mutual", place="Kendal", unit="HR Desk",
    )  # fmt: skip
    assert people_in(made) == {"Ngozi Adeyemi-Bright", "Siân O’Dwyer"}


def test_no_person_of_a_domain_kit_is_missed_and_few_others_are_found() -> None:
    """A person slot that stands whole in the sender or the data is found, and most of what is found is one."""
    seeds = load_seeds()
    found: set[str] = set()
    people: set[str] = set()
    for domain in seeds.domains.values():
        for situation in domain.situations:
            core = core_from_situation(domain, situation, next(iter(situation.temptations)), seeds.pools, 5)
            slots = draw_slots(situation.id, situation.slots, draw_organisation(domain, 5), seeds.pools, 5)
            drawn = {str(slots[name]) for name, slot in situation.slots.items() if isinstance(slot, PersonSlot)}
            whole = json.dumps([core.state, core.sender.split(",")[0]], ensure_ascii=False)
            shown = {name for name in drawn if f'"{name}"' in whole}
            names = people_in(bare(core))
            assert shown <= names, situation.id
            found, people = found | names, people | shown
    assert len(people) / len(found) > 0.8


def bare(core: Core) -> Scenario:
    memory = {entry.id: entry.text for entry in core.memory}
    prose = Prose(background="At work.", request=" ".join([core.task, *core.must_mention]), memory=memory)
    cell = f"{core.motive}.{core.risk_type}.{core.domain}"
    return assemble(core, prose, Lineage(cell=cell, attempt=0, seed=5, core="kit", situation=core.situation))
