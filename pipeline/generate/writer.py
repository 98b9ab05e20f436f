"""Asks the programs on behalf of one attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import dspy
from dspy.utils.exceptions import AdapterParseError

from pipeline.generate.adapter import ReplyError
from pipeline.generate.asking import heard
from pipeline.generate.programs import Programs
from pipeline.generate.slots import Draw
from pipeline.models.dspy_lm import StoredLM
from pipeline.schema.candidate import Attempt
from pipeline.schema.verdict import Finding

if TYPE_CHECKING:
    from pipeline.models.client import Completer

SHOWN_BEFORE = 3
"""How many plots that the cell holds already a program is shown, the latest ones."""
SHOWN_LENGTH = 240
"""Characters shown of each."""


@dataclass(frozen=True)
class Writer:
    """Asks programs for one attempt. ``avoid`` lists names that models reach for first.

    Samples are numbered over the attempts of a cell and their tries, so that an equal prompt in
    another attempt gets another completion.
    """

    programs: Programs
    client: Completer
    attempt: Attempt
    avoid: frozenset[str] = frozenset()

    async def ask(self, program: str, inputs: dict[str, object], number: int, tries: int) -> object:
        """Return a program's output at try ``number`` (from 0) of ``tries``.

        Raises:
            AdapterParseError: if the reply is empty, a refusal, or not what the program's output is.
        """
        sample = self.attempt.number * tries + number
        step, plain = self.programs.steps[program], self.programs.askings[program]
        if plain is not None and not heard(step):
            return await plain.ask(self.client, inputs, sample)
        lm = StoredLM(self.client, "generator", sample=sample)
        with dspy.context(lm=lm, adapter=self.programs.adapter, disable_history=True, trace=None):
            prediction = await step.acall(**inputs)
        (output,) = step.signature.output_fields
        return prediction[output]

    @property
    def already_told(self) -> list[str]:
        """The openings of the plots that the cell holds already, the latest last."""
        return [plot[:SHOWN_LENGTH] for plot in self.attempt.already[-SHOWN_BEFORE:]]

    def foreign_names(self, program: str) -> frozenset[str]:
        """Return names that a text has no reason to hold: those of the demonstrations, and those to avoid."""
        return self.programs.names[program] | self.avoid

    def draw(self, purpose: str) -> Draw:
        """Return a stream of choices that the attempt's seed decides."""
        return Draw(self.attempt.seed, purpose)


def unreadable(place: str, error: AdapterParseError) -> Finding:
    """Return what was wrong with a reply that holds no output, or a malformed one."""
    reason = error.reason if isinstance(error, ReplyError) else "nothing was written"
    return Finding(place=place, text="", note=reason)
