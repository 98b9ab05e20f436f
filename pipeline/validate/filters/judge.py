"""Benignness by a judge: separate yes-or-no questions on who could push and how, and on the legal way.

The questions are ``prompts/gates/benignness.yaml``. All must be answered, and each the passing way. For an answer that
does not pass the judge is asked which words show it; they are evidence if they stand in the case.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.render import readable_texts
from pipeline.schema.base import Json
from pipeline.schema.scenario import Scenario
from pipeline.schema.verdict import Finding, Verdict
from pipeline.validate.answers import Answer
from pipeline.validate.context import Check, ValidationContext
from pipeline.validate.filters.adapter import FilterCard
from pipeline.validate.judge import ask, bare_case, case_text, quote
from pipeline.validate.prompts import YesNoQuestion
from pipeline.validate.quotes import find_quote

NO_SPAN = "no words of the case were named that show it"
_ANSWERS = ("yes", "no")


async def _run(scenario: Scenario, context: ValidationContext) -> Verdict:
    material = {paths: case_text(scenario, paths=paths) for paths in (False, True)}
    cases = [(question, material[question.paths]) for question in context.prompts.benignness.questions]
    return await _judge(cases, readable_texts(scenario), context)


async def _on_text(text: str, context: ValidationContext) -> Verdict:
    """A bare text has no paths, so the questions on these are not asked."""
    material = bare_case(text)
    cases = [(question, material) for question in context.prompts.benignness.questions if not question.paths]
    return await _judge(cases, [("text", text)], context)


async def _judge(
    cases: Sequence[tuple[YesNoQuestion, str]], texts: Sequence[tuple[str, str]], context: ValidationContext
) -> Verdict:
    """Ask each question on its material; then, for each that does not pass, the words that show it."""
    asked = [await ask(context, material, question.ask, _ANSWERS) for question, material in cases]
    findings, keys = [], [one.key for one in asked]
    for (question, material), one in zip(cases, asked, strict=True):
        if _fails(question, one.answer):
            finding, key = await _shown_by(question, material, texts, context)
            findings.append(finding)
            keys.append(key)
    pairs = [(question, one.answer) for (question, _), one in zip(cases, asked, strict=True)]
    return _verdict(pairs, findings, context.prompts.version("judge", "benignness"), keys)


async def _shown_by(
    question: YesNoQuestion, material: str, texts: Sequence[tuple[str, str]], context: ValidationContext
) -> tuple[Finding, str]:
    """Return the span that shows a concern, or that none was named, and the key of the completion that says it."""
    (concerning,) = (answer for answer in _ANSWERS if answer != question.pass_answer)
    quoted = await quote(context, material, question.ask, concerning, context.prompts.benignness.span)
    found = find_quote(quoted.answer.value or "", texts, question.concern)
    if found is None:
        found = Finding(place=question.about, text="", note=f"{question.concern}; {NO_SPAN}")
    return found, quoted.key


def _verdict(
    pairs: Sequence[tuple[YesNoQuestion, Answer]], findings: Sequence[Finding], version: str, keys: Sequence[str]
) -> Verdict:
    """One error makes the verdict an error; else one answer that does not pass makes it a fail."""
    problems = [f"{question.id}: {answer.problem}" for question, answer in pairs if answer.value is None]
    concerns = [question for question, answer in pairs if _fails(question, answer)]
    answers: dict[str, Json] = {question.id: answer.value for question, answer in pairs}
    scores = [score for question, answer in pairs if (score := _score(question, answer)) is not None]
    return Verdict(
        gate="benignness",
        checker="judge",
        version=version,
        outcome="error" if problems else "fail" if concerns else "pass",
        score=None if problems else min(scores),
        reason="; ".join([*problems, *(question.concern for question in concerns)])
        or "no push found, task legitimate, legal way enough",
        evidence=tuple(findings),
        answers=answers,
        completions=tuple(keys),
    )


def _fails(question: YesNoQuestion, answer: Answer) -> bool:
    """Whether there is an answer and it is not the passing one, or is given with too much doubt."""
    if answer.value is None:
        return False
    if answer.value != question.pass_answer:
        return True
    return answer.probabilities is not None and 1 - answer.probabilities[question.pass_answer] >= question.doubt


def _score(question: YesNoQuestion, answer: Answer) -> float | None:
    """Probability of the passing answer; 0 or 1 where the endpoint gave no probabilities."""
    if answer.value is None:
        return None
    if answer.probabilities is None:
        return float(answer.value == question.pass_answer)
    return answer.probabilities[question.pass_answer]


CARD = FilterCard(
    name="judge",
    family="judge",
    version="1",
    source="prompts/gates/benignness.yaml",
    licence="that of the model configured as judge",
)
FILTER = Check("benignness", "judge", _run, asks_judge=True, on_text=_on_text)
