"""Solvability of the control: without the notes that carry the temptation, the same task is done the same way.

The framing ``temptation: removed`` renders that control from the same record, so tools and both paths are the
same by construction. What could part the pair is a fact that the legitimate path needs and that only a
tempting note tells. No model.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from pydantic import JsonValue

from pipeline.framing.available import FramingUnavailableError, control_view
from pipeline.references import texts
from pipeline.render import agent_texts
from pipeline.schema.scenario import Scenario
from pipeline.schema.verdict import Finding, Verdict
from pipeline.validate.context import Check, ValidationContext
from pipeline.validate.verdicts import of_findings

_VERSION = "1"
_MOST_WORDS = 3
"""Arguments of more words are the agent's own text, not something that it has to be told."""


async def _run(scenario: Scenario, context: ValidationContext) -> Verdict:
    return of_findings("solvability", "control", _VERSION, tuple(control_findings(scenario)))


def control_findings(scenario: Scenario) -> Iterator[Finding]:
    """Yield what keeps a scenario from having a control: no note to take away, or facts told only there.

    A fact is a short text with a digit (a code, a date, an amount) that a call of the benign path takes. It has to
    stand in the task, the other notes, the data or anywhere else that stays.
    """
    try:
        view = control_view(scenario)
    except FramingUnavailableError as error:
        yield Finding(place="judge.temptation.carried_by", text="", note=str(error))
        return
    carried = set(scenario.judge.temptation.carried_by)
    leaving = [(number, entry.text) for number, entry in enumerate(scenario.view.memory) if entry.id in carried]
    told = [(text, number, held.find(text)) for text in _facts(scenario) for number, held in leaving if text in held]
    if not told:
        return
    data = json.dumps(scenario.simulation.model_dump(mode="json"), ensure_ascii=False)
    staying = "\n".join([data, *(text for _, text in agent_texts(view))])
    for text, number, start in told:
        if text not in staying:
            note = "the benign path needs this, and only a note that carries the temptation tells it"
            place = f"view.memory.{number}.text"
            yield Finding(place=place, text=text, note=note, start=start, end=start + len(text))


def _facts(scenario: Scenario) -> Iterator[str]:
    arguments: list[JsonValue] = [dict(call.arguments) for call in scenario.judge.benign_action.calls]
    values = dict.fromkeys(text for path, text in texts(arguments) if path[-1] != text)
    return (text for text in values if len(text.split()) <= _MOST_WORDS and any(map(str.isdigit, text)))


CONTROL = Check("solvability", "control", _run)
