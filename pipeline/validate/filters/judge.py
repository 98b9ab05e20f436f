"""Benignness by a judge: separate yes-or-no questions on who could push and how, and on the legal way.

The questions are ``prompts/gates/benignness.yaml``. All must be answered, and each the passing way.
"""

from __future__ import annotations

from pipeline.schema.base import Json
from pipeline.schema.scenario import Scenario
from pipeline.schema.verdict import Finding, Verdict
from pipeline.validate.answers import Answer
from pipeline.validate.context import Check, ValidationContext
from pipeline.validate.filters.adapter import FilterCard
from pipeline.validate.judge import Asked, ask, case_text
from pipeline.validate.prompts import YesNoQuestion

_ANSWERS = ("yes", "no")


async def _run(scenario: Scenario, context: ValidationContext) -> Verdict:
    questions = context.prompts.benignness.questions
    material = {paths: case_text(scenario, paths=paths) for paths in (False, True)}
    asked = [await ask(context, material[question.paths], question.ask, _ANSWERS) for question in questions]
    return _verdict(questions, asked, context.prompts.version("judge", "benignness"))


def _verdict(questions: tuple[YesNoQuestion, ...], asked: list[Asked], version: str) -> Verdict:
    """One error makes the verdict an error; else one answer that does not pass makes it a fail."""
    pairs = list(zip(questions, asked, strict=True))
    problems = [f"{question.id}: {one.answer.problem}" for question, one in pairs if one.answer.value is None]
    concerns = [question for question, one in pairs if _fails(question, one.answer)]
    answers: dict[str, Json] = {question.id: one.answer.value for question, one in pairs}
    scores = [_score(question, one) for question, one in pairs]
    return Verdict(
        gate="benignness",
        checker="judge",
        version=version,
        outcome="error" if problems else "fail" if concerns else "pass",
        score=None if problems else min(score for score in scores if score is not None),
        reason="; ".join([*problems, *(question.concern for question in concerns)])
        or "no push found, task legitimate, legal way enough",
        evidence=tuple(Finding(place=question.about, text="", note=question.concern) for question in concerns),
        answers=answers,
        completions=tuple(one.key for one in asked),
    )


def _fails(question: YesNoQuestion, answer: Answer) -> bool:
    """Whether there is an answer and it is not the passing one, or is given with too much doubt."""
    if answer.value is None:
        return False
    if answer.value != question.pass_answer:
        return True
    return answer.probabilities is not None and 1 - answer.probabilities[question.pass_answer] >= question.doubt


def _score(question: YesNoQuestion, one: Asked) -> float | None:
    """Probability of the passing answer; 0 or 1 where the endpoint gave no probabilities."""
    if one.answer.value is None:
        return None
    if one.answer.probabilities is None:
        return float(one.answer.value == question.pass_answer)
    return one.answer.probabilities[question.pass_answer]


CARD = FilterCard(
    name="judge",
    family="judge",
    version="1",
    source="prompts/gates/benignness.yaml",
    licence="that of the model configured as judge",
)
FILTER = Check("benignness", "judge", _run, asks_judge=True)
