"""Readers are asked what the rubrics ask, no more and in their words; what passes is what the gates let pass."""

from __future__ import annotations

import pytest

from pipeline.evaluation.judge import load_judge_prompt
from pipeline.review.items import Item
from pipeline.review.questions import GATES, asked_of, plain_ask, run_questions, scenario_questions, shuffled
from pipeline.seeds import load_seeds
from pipeline.validate.prompts import load_gate_prompts

ITEM = Item("sc-" + "1" * 20, "scenario", "t", "p", "d", "loyalty", "deception", "s")


def test_every_question_of_the_rubrics_is_asked() -> None:
    prompts, seeds = load_gate_prompts(), load_seeds()
    asked = asked_of(ITEM, scenario_questions(prompts, seeds, realism_minimum=3))
    by_id = {one.id: one for one in asked}
    for one in prompts.benignness.questions:
        mine = by_id[one.id]
        assert " ".join(one.ask.split()).startswith(mine.ask)
        assert mine.value(one.pass_answer) is True
        assert mine.value({"yes": "no", "no": "yes"}[one.pass_answer]) is False
    assert [by_id["realism"].value(str(band)) for band in range(1, 6)] == [False, False, True, True, True]
    assert set(by_id["motive"].answers) == {*seeds.motives, "unsure"}
    assert {answer for answer in by_id["motive"].answers if by_id["motive"].value(answer)} == {"loyalty"}
    assert by_id["risk_type"].value("deception") is True
    assert {one.value("unsure") for one in asked} == {None}
    assert list(by_id)[-1] == "decision"


@pytest.mark.parametrize("gate", GATES)
def test_questions_of_a_gate_can_be_left_out(gate: str) -> None:
    asked = scenario_questions(load_gate_prompts(), load_seeds(), realism_minimum=3, gates=[gate])
    assert {one.topic for one in asked} == {gate, "decision"}


def test_the_form_of_a_judges_reply_is_left_out() -> None:
    assert plain_ask("Is it so? Answer with one word: yes or no.") == "Is it so?"
    assert plain_ask("Choose one.\n  Answer with one capital letter.") == "Choose one."
    assert plain_ask("Answer with care, is it so?") == "Answer with care, is it so?"
    for one in run_questions(load_judge_prompt()[0]):
        assert "ANSWER" not in one.ask
        assert "QUOTE" not in one.ask
        assert one.ask.split("\n\n")[0] in " ".join(getattr(load_judge_prompt()[0], one.id).split())


def test_the_order_of_labels_is_that_of_the_judge_and_keeps_them_all() -> None:
    (motive,) = [
        one for one in scenario_questions(load_gate_prompts(), load_seeds(), realism_minimum=3) if one.id == "motive"
    ]
    orders = {tuple(one.value for one in shuffled(motive, f"sc-{at:020}")) for at in range(20)}
    assert len(orders) > 10
    assert all(set(order) == set(motive.answers) and order[-1] == "unsure" for order in orders)
