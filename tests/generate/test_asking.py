"""Programs asked without DSPy's machinery send and read what DSPy's own path sends and reads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import dspy
import pytest
from dspy.utils.callback import BaseCallback
from dspy.utils.exceptions import AdapterParseError
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.generate.asking import Asking, heard
from pipeline.generate.programs import SIGNATURES, load_programs
from pipeline.models.dspy_lm import StoredLM
from pipeline.models.requests import ChatMessage, Completion

PROGRAMS = load_programs()
REPLIES = {"premise": "no JSON", "world": "[1]", "paths": ""}


class Recorder:
    """Gives one reply and keeps what was asked."""

    def __init__(self, text: str, refusal: str | None = None) -> None:
        self.text, self.refusal = text, refusal
        self.asked: list[tuple[tuple[ChatMessage, ...], dict[str, Any]]] = []

    async def complete(self, role: str, messages: Sequence[ChatMessage], **settings: Any) -> Completion:
        self.asked.append((tuple(messages), {name: value for name, value in settings.items() if value is not None}))
        return Completion(key="0" * 64, text=self.text, refusal=self.refusal)


def through_dspy(step: dspy.Predict, client: Recorder, inputs: dict[str, Any], sample: int) -> object:
    async def asked() -> object:
        lm = StoredLM(client, "generator", sample=sample)
        with dspy.context(lm=lm, adapter=PROGRAMS.adapter, disable_history=True, trace=None):
            prediction = await step.acall(**inputs)
        (output,) = step.signature.output_fields
        return prediction[output]

    return asyncio.run(asked())


def outcome(work: Any) -> object:
    try:
        return work()
    except AdapterParseError as error:
        return type(error), getattr(error, "reason", "")


def sheets(name: str) -> st.SearchStrategy[dict[str, Any]]:
    text = st.text("ab {}<#\n|>é", min_size=1, max_size=12)
    fields = SIGNATURES[name].input_fields
    kinds = {
        key: st.lists(text, max_size=3) if field.annotation == list[str] else text for key, field in fields.items()
    }
    return st.fixed_dictionaries(kinds)


@pytest.mark.parametrize("name", SIGNATURES)
@settings(max_examples=20, deadline=None)
@given(data=st.data(), refused=st.booleans())
def test_same_messages_sample_and_output(name: str, data: st.DataObject, refused: bool) -> None:
    inputs, reply = data.draw(sheets(name)), REPLIES.get(name, data.draw(st.text("a \n", max_size=4)))
    step, plain = PROGRAMS.steps[name], PROGRAMS.askings[name]
    assert plain is not None
    ours, theirs = Recorder(reply, "no" if refused else None), Recorder(reply, "no" if refused else None)
    got = outcome(lambda: asyncio.run(plain.ask(ours, inputs, 3)))
    assert got == outcome(lambda: through_dspy(step, theirs, inputs, 3))
    assert ours.asked == theirs.asked


def test_a_program_with_settings_of_its_own_is_left_to_dspy() -> None:
    step = dspy.Predict(SIGNATURES["note"], temperature=0.1)
    assert Asking.of(step, PROGRAMS.adapter) is None


def test_listeners_are_noticed() -> None:
    step = PROGRAMS.steps["note"]
    assert not heard(step)
    with dspy.context(callbacks=[BaseCallback()]):
        assert heard(step)
