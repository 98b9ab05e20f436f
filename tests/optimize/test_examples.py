"""Examples: sets that never share an entry, and cores that give exemplars back."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import WorkError
from pipeline.exemplars import load_exemplars
from pipeline.generate.checks import check_prose
from pipeline.generate.core import Prose, assemble
from pipeline.generate.programs import load_programs
from pipeline.optimize.examples import Case, core_of, data_hashes, load_cases, neighbours_of, set_of, split
from pipeline.optimize.settings import SETS, OptimizeSettings, Shares
from pipeline.schema.scenario import Scenario
from tests.generate.samples import seeds

PROGRAMS = ("background", "opening", "note")
SETTINGS = OptimizeSettings()


@cache
def cases(program: str) -> tuple[Case, ...]:
    return tuple(load_cases(program, seeds(), load_programs(compiled=False), SETTINGS))


@cache
def exemplars() -> tuple[Scenario, ...]:
    return tuple(exemplar.scenario for exemplar in load_exemplars(seeds=seeds()).values())


@pytest.mark.parametrize("program", PROGRAMS)
def test_sets_share_no_entry_and_keep_to_their_sizes(program: str) -> None:
    sets = split(cases(program), SETTINGS)
    entries = [{case.entry for case in chosen} for chosen in sets.values()]
    assert all(not entries[a] & entries[b] for a in range(3) for b in range(a))
    there = Counter(set_of(case.entry, SETTINGS) for case in cases(program))
    assert {name: len(chosen) for name, chosen in sets.items()} == {
        name: min(there[name], getattr(SETTINGS.most, name)) for name in SETS
    }


@given(kept=st.sets(st.integers(0, 30)))
def test_entries_that_are_added_move_no_other_between_sets(kept: set[int]) -> None:
    some = [case for at, case in enumerate(cases("background")) if at % 31 not in kept]
    whole = {case.id: set_of(case.entry, SETTINGS) for case in cases("background")}
    try:
        sets = split(some, SETTINGS)
    except WorkError:
        return
    assert all(whole[case.id] == name for name, chosen in sets.items() for case in chosen)


@given(st.text(min_size=1))
def test_shares_are_intervals_so_a_larger_first_share_only_takes_in(entry: str) -> None:
    small = OptimizeSettings(shares=Shares(train=0.3, selection=0.3, held_back=0.4))
    large = OptimizeSettings(shares=Shares(train=0.5, selection=0.3, held_back=0.2))
    if set_of(entry, small) == "train":
        assert set_of(entry, large) == "train"


def test_the_core_of_an_exemplar_and_its_prose_are_the_exemplar() -> None:
    for scenario in exemplars():
        prose = Prose(background=scenario.view.world.background, request=scenario.view.agent.request)
        assert assemble(core_of(scenario), prose, scenario.lineage) == scenario


def test_what_a_message_must_mention_stands_in_the_exemplars_own() -> None:
    for scenario in exemplars():
        mentions = core_of(scenario).must_mention
        assert all(text in scenario.view.agent.request for text in mentions)
        assert not any(a != b and a in b for a in mentions for b in mentions)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_gold_text_holds_every_check(program: str) -> None:
    for case in cases(program):
        assert case.gold is None or not check_prose(case.gold, case.piece.demands)


def test_the_text_of_a_case_lands_at_its_place() -> None:
    for program in PROGRAMS:
        for case in cases(program)[:20]:
            prose = case.prose_with(f"{case.prose.request} THE TEXT")
            content = assemble(case.core, prose, exemplars()[0].lineage).model_dump(mode="json")
            for part in case.place.split("."):
                content = content[int(part)] if isinstance(content, list) else content[part]
            assert content == f"{case.prose.request} THE TEXT"


def test_hashes_follow_the_content_and_not_the_order() -> None:
    sets = split(cases("opening"), SETTINGS)
    turned = {name: tuple(reversed(chosen)) for name, chosen in sets.items()}
    assert data_hashes(sets) == data_hashes(turned)
    cut = {**sets, "train": sets["train"][1:]}
    assert {name for name in sets if data_hashes(cut)[name] != data_hashes(sets)[name]} == {"train"}


@pytest.mark.parametrize(("n", "count"), [(5, 2), (2, 3), (1, 2)])
def test_neighbours_are_others_of_the_set(n: int, count: int) -> None:
    some = cases("background")[:n]
    found = neighbours_of(some, count)
    for case in some:
        names = [other.id for other in found[case.id]]
        assert case.id not in names
        assert len(names) == len(set(names)) == min(count, n - 1)
