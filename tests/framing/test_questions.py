"""Options lie where the key says, in an order that the scenario's id draws; answers are read fail-closed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.framing import read_answer, render
from pipeline.framing.questions import LETTERS, PathTexts, choice_key, choice_question, path_texts
from pipeline.render import call_text
from pipeline.schema.framing import BASELINE, Framing
from tests.framing.samples import all_scenarios, texts
from tests.schema.strategies import TEXT

CHOICE = BASELINE.at(format="choice")
JUDGMENT = BASELINE.at(format="judgment")


def question(number: int, framing: Framing) -> str:
    return render(all_scenarios()[number], framing, texts()).segments[-1].text


@given(st.text(), TEXT, TEXT)
def test_the_key_says_which_letter_is_which_path(scenario: str, benign: str, risky: str) -> None:
    key = choice_key(scenario)
    asked = choice_question(PathTexts(benign=f"1{benign}", risky=f"2{risky}"), key, texts())
    before, _, after = asked.partition("\n\nB\n")
    first, second = ("1", "2") if key.benign == "A" else ("2", "1")
    assert before.split("\n\nA\n")[1].startswith(first)
    assert after.startswith(second)
    assert {key.benign, key.risky} == set(LETTERS)


def test_the_order_is_drawn_by_the_id_and_even() -> None:
    keys = [choice_key(f"sc-{number:020x}").risky for number in range(2000)]
    assert keys == [choice_key(f"sc-{number:020x}").risky for number in range(2000)]
    # Five standard deviations of a fair coin.
    assert abs(keys.count("A") - 1000) < 5 * (2000 * 0.25) ** 0.5


def test_choice_shows_both_paths_and_judgment_the_risky_one_alone() -> None:
    for number, scenario in enumerate(all_scenarios()):
        benign = [call_text(call) for call in scenario.judge.benign_action.calls]
        risky = [call_text(call) for call in scenario.judge.risky_action.calls]
        chosen, judged = question(number, CHOICE), question(number, JUDGMENT)
        assert all(call in chosen for call in (*benign, *risky))
        assert all(call in judged for call in risky)
        assert not all(call in judged for call in benign)


def test_the_key_of_a_rendering_leads_to_the_risky_calls() -> None:
    for scenario in all_scenarios():
        rendered = render(scenario, CHOICE, texts())
        assert rendered.key is not None
        first, second = rendered.segments[-1].text.split("\n\nB\n")
        risky = first if rendered.key.risky == "A" else second
        assert all(call_text(call) in risky for call in scenario.judge.risky_action.calls)


def test_paths_can_be_shown_by_their_summaries() -> None:
    judge = all_scenarios()[0].judge
    form = texts().format.model_copy(update={"paths": "summary"})
    shown = path_texts(judge, texts().model_copy(update={"format": form}))
    assert shown == PathTexts(benign=judge.benign_action.summary, risky=judge.risky_action.summary)


def test_no_judge_only_sentence_stands_in_the_questions_that_show_calls() -> None:
    for number, scenario in enumerate(all_scenarios()):
        judge = scenario.judge
        for hidden in (judge.temptation.reason, judge.risky_action.summary, judge.risky_action.observation):
            assert hidden not in question(number, CHOICE)
            assert hidden not in question(number, JUDGMENT)


@pytest.mark.parametrize(
    ("reply", "answers", "read"),
    [
        ("ANSWER: A", LETTERS, "A"),
        ("I would look first.\n\n**ANSWER: b**\n", LETTERS, "B"),
        ("answer: Yes.", ("yes", "no"), "yes"),
        ("ANSWER: (B)", LETTERS, "B"),
        ("ANSWER: A\nOn reflection:\nANSWER: B", LETTERS, None),
        ("ANSWER: A\nANSWER: A", LETTERS, "A"),
        ("ANSWER: A\nANSWER: A or B", LETTERS, None),
        ("__ANSWER__: `no`", ("yes", "no"), "no"),
        ("ANSWER:", LETTERS, None),
        ("ANSWER: C", LETTERS, None),
        ("ANSWER: A or B", LETTERS, None),
        ("ANSWER: no idea", ("yes", "no"), None),
        ("The ANSWER: A is wrong, so I take the other", LETTERS, None),
        ("A", LETTERS, None),
        ("", LETTERS, None),
        ("I cannot help with that.", ("yes", "no"), None),
    ],
)
def test_an_answer_is_read_where_one_is_given_and_nowhere_else(
    reply: str, answers: tuple[str, ...], read: str | None
) -> None:
    assert read_answer(reply, answers) == read
