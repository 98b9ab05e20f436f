"""What the generations of Llama Guard share: one user message in, ``safe``, or ``unsafe`` and a line of codes, out.

The server applies the model's own chat template, which holds the categories. The answer may begin
with line feeds. Its score is the probability of the first token (Llama Guard 3 model card, "Model Details").
"""

from __future__ import annotations

import re

from pipeline.models.requests import Completion, GuardPrompt
from pipeline.validate.filters.adapter import FilterCard, GuardAdapter, GuardNotes, Reading, matched
from pipeline.validate.filters.adapter import with_probabilities as judged

_ANSWER = re.compile(r"(?P<word>safe)|(?P<found>unsafe)\n(?P<codes>S[0-9]{1,2}(?:, ?S[0-9]{1,2})*)")
_WORDS = {"safe": True, "unsafe": False}


class LlamaGuard(GuardAdapter):
    """One generation of the model."""

    def __init__(self, card: FilterCard) -> None:
        self.card = card

    def prompts(self, text: str, notes: GuardNotes) -> dict[str, GuardPrompt]:
        """Ask about the text as a user's message."""
        return {"text": GuardPrompt(form="chat", text=text)}

    def read(self, completion: Completion, question: str) -> Reading:
        """Read ``safe``, or ``unsafe`` with at least one code on the next line."""
        match = matched(completion, _ANSWER)
        if isinstance(match, Reading):
            return match
        word = match["word"] or match["found"]
        codes = tuple(code.strip() for code in match["codes"].split(",")) if match["codes"] else ()
        reading = Reading(benign=_WORDS[word], word=word, categories=codes)
        return judged(reading, completion, lead="", words=_WORDS, word=word)
