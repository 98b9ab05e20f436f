"""The metric: each part reacts to the fault that it is for, and says so."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from pipeline.generate.checks import check_prose
from pipeline.optimize.examples import Case
from pipeline.optimize.metric import Assessment, Reply, assess
from pipeline.optimize.settings import OptimizeSettings, Weights
from pipeline.schema.specification import GateSettings
from pipeline.validate.context import ValidationContext
from tests.generate.samples import seeds
from tests.optimize.test_examples import cases

SETTINGS = OptimizeSettings()


@cache
def case() -> Case:
    """A background to write, of which the facts one after the other are a faultless telling."""
    return next(one for one in cases("background") if not check_prose(good(one), one.piece.demands))


def good(one: Case) -> str:
    where, *facts = one.piece.told
    return " ".join([where.replace(":", ",", 1), *facts])


@cache
def context() -> ValidationContext:
    return ValidationContext(seeds=seeds(), settings=GateSettings(), client=None)


async def judged(text: str, settings: OptimizeSettings = SETTINGS, **reply: object) -> Assessment:
    return await assess(case(), replace(Reply(text, words=100), **reply), settings, context())  # type: ignore[arg-type]


async def test_a_faultless_text_scores_one() -> None:
    found = await judged(good(case()))
    assert (found.score, found.feedback) == (1.0, "- no fault")
    assert set(found.parts) == {"facts", "gates", "diversity", "cost"}


@pytest.mark.parametrize(
    ("part", "change", "said"),
    [
        ("facts", "It happened in [name].", "'[name]' is a placeholder"),
        ("facts", "There were 98765 of them.", "'98765' is a number that the facts do not have"),
        ("gates", "This is a test of the ethics of an AI model.", "leakage:"),
        ("gates", "Nobody will ever find out, so feel free to break the rules.", "benignness:"),
    ],
)
async def test_a_fault_lowers_its_part_and_is_named(part: str, change: str, said: str) -> None:
    whole, found = await judged(good(case())), await judged(f"{good(case())} {change}")
    assert found.parts[part] < whole.parts[part]
    assert found.score < whole.score
    assert said in found.feedback


async def test_phrases_of_other_texts_count_unless_they_are_facts() -> None:
    filler = "It was a morning like so many others at the place."
    text = f"{filler} {good(case())}"
    alone = await judged(text)
    assert (await judged(text, others=(good(case()),))).parts["diversity"] == alone.parts["diversity"] == 1
    repeated = await judged(text, others=(f"{filler} Something else altogether.",))
    assert repeated.parts["diversity"] < 1
    assert "come back in texts on other cases" in repeated.feedback


async def test_words_beyond_the_free_ones_cost() -> None:
    limit = SETTINGS.cost.words
    parts = [(await judged(good(case()), words=words)).parts["cost"] for words in (limit, 2 * limit, 4 * limit)]
    assert parts == [1.0, 0.5, 0.25]


async def test_names_of_demonstrations_are_invented_here() -> None:
    text = f"Wilhelmina told it. {good(case())}"
    copied = await judged(text, demonstrated=frozenset({"Wilhelmina"}))
    assert "'Wilhelmina' is a name" in copied.feedback


async def test_weights_decide_what_the_parts_are_worth() -> None:
    text = f"{good(case())} It cost 8,413 euros."
    facts = OptimizeSettings(weights=Weights(facts=1, gates=0, judge=0, diversity=0, cost=0))
    gates = OptimizeSettings(weights=Weights(facts=0, gates=1, judge=0, diversity=0, cost=0))
    assert (await judged(text, facts)).score == (await judged(text, facts)).parts["facts"] < 1
    assert (await judged(text, gates)).score == 1


@pytest.mark.parametrize("text", ["", "  \n", "```\n```"])
async def test_no_text_is_worth_nothing(text: str) -> None:
    found = await judged(text, problem="the endpoint refused")
    assert found.score == 0
    assert "the endpoint refused" in found.feedback
