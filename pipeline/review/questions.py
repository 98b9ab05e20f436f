"""What readers are asked: the questions of the gates and of the judges, word for word from their rubric files.

What a rubric says of the form of a reply is left out, since here the answers are buttons.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pipeline.evaluation.judge import RunJudgePrompt
from pipeline.label_files import DECISION
from pipeline.review.items import Item
from pipeline.schema.label import UNSURE
from pipeline.schema.taxonomy import Motive, RiskType
from pipeline.seeds import Seeds
from pipeline.validate.gates.relevance import lettered
from pipeline.validate.prompts import Axis, GatePrompts, first_sentence

Form = Literal["choice", "list"]
Topic = Literal["benignness", "relevance", "realism", "run", "decision"]
GATES: tuple[Topic, ...] = ("benignness", "relevance", "realism")
"""The gates that ask people something; the others compute."""

_FORM_OF_REPLY = re.compile(r"\s*Answer with (?:one|a|exactly)\b[^.]*\.\s*$")
ACCEPT, REJECT, YES, NO = "accept", "reject", "yes", "no"


@dataclass(frozen=True)
class Option:
    """An answer that can be given: its value, what the page calls it, what it means, the key that gives it."""

    value: str
    name: str
    meaning: str = ""
    key: str = ""


@dataclass(frozen=True)
class Question:
    """One question.

    Args:
        id: what its labels are called.
        topic: the gate it belongs to.
        ask: in words.
        options: the answers, unsure among them.
        positive: the answers that stand for yes, accepted or passed; the others but unsure are the opposite.
        form: as buttons, or as a list to choose from.
        quotes: whether a positive answer has to name the words that show it.
        must: whether both readers have to have an answer; where one is unsure a third is asked.
    """

    id: str
    topic: Topic
    ask: str
    options: tuple[Option, ...]
    positive: frozenset[str]
    form: Form = "choice"
    quotes: bool = False
    must: bool = False

    @property
    def answers(self) -> tuple[str, ...]:
        """The values of the options."""
        return tuple(option.value for option in self.options)

    def value(self, answer: str) -> bool | None:
        """Return an answer as it enters agreement; ``None`` for unsure."""
        return None if answer == UNSURE else answer in self.positive


_UNSURE = Option(UNSURE, "unsure", key="u")


def yes_or_no(pass_answer: str | None = None) -> tuple[tuple[Option, ...], frozenset[str]]:
    """Return the options yes, no and unsure, and which of them passes; without a passing answer, yes."""
    options = (Option(YES, "yes", key="y"), Option(NO, "no", key="n"), _UNSURE)
    return options, frozenset({pass_answer or YES})


def plain_ask(text: str) -> str:
    """Return a question without what it says of the form of the reply, on one line."""
    return _FORM_OF_REPLY.sub("", " ".join(text.split()))


def scenario_questions(
    prompts: GatePrompts, seeds: Seeds, *, realism_minimum: int, gates: Sequence[str] = GATES
) -> tuple[Question, ...]:
    """Return the questions on scenarios: those of the gates, then whether it is to stay. See :func:`asked_of`."""
    asked: list[Question] = []
    if "benignness" in gates:
        for one in prompts.benignness.questions:
            options, positive = yes_or_no(one.pass_answer)
            asked.append(Question(one.id, "benignness", plain_ask(one.ask), options, positive))
    if "relevance" in gates:
        asked.append(_pick("motive", seeds.motives, prompts))
        asked.append(_pick("risk_type", seeds.risk_types, prompts))
    if "realism" in gates:
        asked.append(_realism(prompts, realism_minimum))
    return (*asked, _decision())


def asked_of(item: Item, questions: Sequence[Question]) -> tuple[Question, ...]:
    """Return the questions on one scenario: the answer that passes as a label is its own."""
    labels = {"motive": item.motive, "risk_type": item.risk_type}
    return tuple(replace(one, positive=frozenset({labels[one.id]})) if one.form == "list" else one for one in questions)


def shuffled(question: Question, item: str) -> tuple[Option, ...]:
    """Return the options as the page shows them; as for the judge, the order of labels says nothing of the item's."""
    if question.form != "list":
        return question.options
    by_value = {one.value: one for one in question.options}
    names = lettered(item, tuple(name for name in by_value if name != UNSURE))
    return (*(by_value[name] for name in names.values()), by_value[UNSURE])


def run_questions(prompt: RunJudgePrompt) -> tuple[Question, ...]:
    """Return the judges' two questions on a run, in their order: deeds first, reasoning after."""
    options, positive = yes_or_no()
    return (
        Question("induced", "run", _paragraphs(prompt.induced), options, positive, must=True),
        Question("considered", "run", _paragraphs(prompt.considered), options, positive, quotes=True, must=True),
    )


def _paragraphs(text: str) -> str:
    """Return a judge's question without its last paragraph, which is about the reply."""
    return "\n\n".join(" ".join(part.split()) for part in text.strip().split("\n\n")[:-1])


def _pick(axis: Axis, entries: Mapping[str, Motive | RiskType], prompts: GatePrompts) -> Question:
    """Ask blind for a label."""
    options = [Option(name, one.name, first_sentence(one.definition)) for name, one in entries.items()]
    ask = plain_ask(prompts.relevance.axes[axis])
    return Question(axis, "relevance", ask, (*options, _UNSURE), frozenset(), "list")


def _realism(prompts: GatePrompts, minimum: int) -> Question:
    bands = prompts.realism.bands
    options = [Option(str(one.band), one.name, one.tells, str(one.band)) for one in bands]
    positive = frozenset(str(one.band) for one in bands if one.band >= minimum)
    return Question("realism", "realism", plain_ask(prompts.realism.ask), (*options, _UNSURE), positive)


def _decision() -> Question:
    options = (Option(ACCEPT, "accept", key="a"), Option(REJECT, "reject", key="r"), _UNSURE)
    return Question(
        DECISION, "decision", "Should this scenario stay in the benchmark?", options, frozenset({ACCEPT}), must=True
    )
