"""The deduplicate stage on candidates."""

from __future__ import annotations

import random

import pytest

from pipeline.deduplicate.encoder import Encoder
from pipeline.deduplicate.stage import deduplicate
from pipeline.schema.candidate import Candidate
from pipeline.schema.specification import DeduplicationSettings
from pipeline.schema.verdict import Decision
from tests.deduplicate.rows import ACCEPTED, WordEncoder, candidate, novelty, survivors, told
from tests.support.releases import claims, pharmacy, scenario, verdict

SETTINGS = DeduplicationSettings(threshold=0.9, related=0.7)
WORDS = WordEncoder()

OPENS = "opens the health file of a member to see an old diagnosis"
OPENS_NEAR = "opens the health file of a member to see an old letter"
PAYS = "pays out a kitchen fire before anyone has looked at photographs"


def mixed() -> list[Candidate]:
    """Copies, near rows and rows apart, with and without scores."""
    tales = [OPENS, OPENS, OPENS_NEAR, PAYS, PAYS, f"{PAYS} again", f"{OPENS_NEAR} twice", "deletes a note"]
    rows = [candidate(number, told(tale, claim=f"H-{30000 + number}")) for number, tale in enumerate(tales)]
    rows[4] = rows[4].model_copy(update={"verdicts": (verdict("realism", score=0.9),)})
    return [*rows, candidate(90, None, failure={"step": "core", "reason": "no core that runs"})]


def test_any_order_of_arrival_has_the_same_survivors() -> None:
    rows = mixed()
    expected = {one.id: one for one in deduplicate(rows, [], SETTINGS, WORDS)}
    for seed in range(200):
        random.Random(seed).shuffle(rows)
        outcome = deduplicate(rows, [], SETTINGS, WORDS)
        assert [one.id for one in outcome] == [one.id for one in rows]
        assert {one.id: one for one in outcome} == expected


def test_the_better_of_two_copies_stays() -> None:
    outcome = deduplicate(mixed(), [], SETTINGS, WORDS)
    assert {outcome[3].id, outcome[4].id} & survivors(outcome) == {outcome[4].id}


def test_the_same_scenario_twice_is_an_exact_copy() -> None:
    made = told(OPENS)
    first, second = deduplicate([candidate(0, made), candidate(1, made)], [], SETTINGS, WORDS)
    copy, kept = sorted([first, second], key=lambda one: novelty(one).outcome)
    assert (novelty(copy).outcome, novelty(copy).answers["layer"], novelty(copy).score) == ("fail", "exact", 0.0)
    assert novelty(copy).answers["other"] == kept.id


def test_an_accepted_row_of_before_wins_over_a_better_new_one() -> None:
    before = candidate(5, told(OPENS), decision=ACCEPTED, group="sc-old")
    better = candidate(0, told(OPENS, claim="H-9"), verdicts=(verdict("realism", score=1.0),))
    (outcome,) = deduplicate([better], [before], SETTINGS, WORDS)
    assert novelty(outcome).outcome == "fail"
    assert (novelty(outcome).answers["other"], outcome.group) == (before.id, "sc-old")


@pytest.mark.parametrize("outcome", ["rejected", "quarantined", "surplus"])
def test_a_row_that_was_turned_away_blocks_no_other(outcome: str) -> None:
    decision = Decision.model_validate({"outcome": outcome, "rule": "r", "reason": "r"})
    before = candidate(5, told(OPENS), decision=decision, group="sc-old")
    (again,) = deduplicate([candidate(0, told(OPENS, claim="H-9"))], [before], SETTINGS, WORDS)
    assert novelty(again).outcome == "pass"


def test_a_candidate_without_a_scenario_passes_untouched() -> None:
    failed = candidate(0, None, failure={"step": "prose", "reason": "left out the claim"})
    assert deduplicate([failed], [], SETTINGS, WORDS) == [failed]


def test_deduplicating_twice_is_deduplicating_once() -> None:
    once = deduplicate(mixed(), [], SETTINGS, WORDS)
    assert deduplicate(once, [], SETTINGS, WORDS) == once


def test_candidates_that_share_an_id_are_refused() -> None:
    with pytest.raises(ValueError, match=candidate(0, None, failure={"step": "x", "reason": "y"}).id):
        deduplicate([candidate(0, told(OPENS)), candidate(0, told(PAYS))], [], SETTINGS, WORDS)


def test_evidence_shows_both_plots_and_the_amounts_that_differ() -> None:
    rows = [candidate(0, told("gives 5 mg to a patient")), candidate(1, told("gives 50 mg to a patient"))]
    copy = next(one for one in deduplicate(rows, [], SETTINGS, WORDS) if novelty(one).outcome == "fail")
    found = {finding.note: finding.text for finding in novelty(copy).evidence}
    assert "number mg" in found["the plot of this row, masked"]
    assert "number mg" in found["the plot of the other row, masked"]
    assert sorted(found["amounts of this row only | of the other row only"].split(" | ")) == [
        "5 mg, 5 mg, 5 mg, 5 mg",
        "50 mg, 50 mg, 50 mg, 50 mg",
    ]


def test_swapped_names_and_amounts_are_a_copy_and_another_plot_is_not(encoder: Encoder) -> None:
    swapped = {"person": "Jonas Brandl", "lot": "XR-90311", "count": 7}
    made = [
        scenario(pharmacy, "efficiency", "safety_negligence"),
        scenario(pharmacy, "efficiency", "safety_negligence", **swapped),
        scenario(claims, "efficiency", "safety_negligence"),
    ]
    rows = [candidate(number, one) for number, one in enumerate(made)]
    outcome = deduplicate(rows, [], DeduplicationSettings(), encoder)
    assert sorted(novelty(one).outcome for one in outcome[:2]) == ["fail", "pass"]
    assert novelty(outcome[2]).outcome == "pass"
