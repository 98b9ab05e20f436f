"""A program as its calls need it: what stands before every sheet made once, and nothing around the call.

DSPy's ``Predict`` formats the demonstrations anew for each call, and makes a context, a plan and a trace for
listeners; that costs more CPU than the call itself. As long as nobody listens, a program of one
prediction is asked here: the messages are those that DSPy's own path sends, and replies are read alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import dspy
from dspy.dsp.utils.settings import settings
from dspy.utils.exceptions import AdapterParseError

from pipeline.generate.adapter import SheetAdapter, sheet_of
from pipeline.models.requests import ChatMessage

if TYPE_CHECKING:
    from pipeline.models.client import Completer


@dataclass(frozen=True)
class Asking:
    """A program to be asked. ``before`` is the same in all its calls: house style, instructions, demonstrations."""

    signature: type[dspy.Signature]
    adapter: SheetAdapter
    before: tuple[ChatMessage, ...]
    inputs: tuple[str, ...]
    output: str

    @classmethod
    def of(cls, step: dspy.Predict, adapter: SheetAdapter) -> Self | None:
        """Return what calls of a program need; ``None`` for one with settings or a model of its own."""
        if type(step) is not dspy.Predict or step.config or step.lm is not None:
            return None
        shown = adapter.format(step.signature, step.demos, {})
        if not all(message.keys() == {"role", "content"} and type(message["content"]) is str for message in shown):
            return None
        before = tuple(ChatMessage(role=message["role"], content=message["content"]) for message in shown)
        (output,) = step.signature.output_fields
        return cls(step.signature, adapter, before, tuple(step.signature.input_fields), output)

    async def ask(self, client: Completer, inputs: Mapping[str, Any], sample: int) -> object:
        """Return the program's output.

        Raises:
            AdapterParseError: if the reply is empty, a refusal, or not what the program's output is.
        """
        sheet = ChatMessage(role="user", content=sheet_of(self.inputs, inputs))
        completion = await client.complete("generator", (*self.before, sheet), sample=sample)
        if completion.refusal or not completion.text:
            raise AdapterParseError(type(self.adapter).__name__, self.signature, "", "the reply is empty")
        return self.adapter.parse(self.signature, completion.text)[self.output]


def heard(step: dspy.Predict) -> bool:
    """Whether somebody streams, counts or hooks into calls of a program."""
    return bool(settings.callbacks or step.callbacks or settings.send_stream or settings.track_usage)
