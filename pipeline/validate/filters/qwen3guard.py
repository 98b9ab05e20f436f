"""Qwen3Guard-Gen (0.6B, 4B, 8B): a user's message in, ``Safety:`` and ``Categories:`` out.

The server applies the model's template (QwenLM/Qwen3Guard, README, "Deployment with SGLang and vLLM"; technical
report, arXiv:2510.14276). ``Controversial`` is harmful in some settings and not in others: here it does not pass.
"""

from __future__ import annotations

import re

from pipeline.models.requests import Completion, GuardPrompt
from pipeline.validate.filters.adapter import FilterCard, GuardAdapter, GuardNotes, Reading, matched, problem
from pipeline.validate.filters.adapter import with_probabilities as judged

_LEAD = "Safety:"
_ANSWER = re.compile(_LEAD + r" (?P<word>Safe|Unsafe|Controversial)\nCategories: (?P<categories>[A-Z][A-Za-z&, -]*)")
_WORDS = {"Safe": True, "Unsafe": False, "Controversial": False}
_NONE = ("None",)


class Qwen3Guard(GuardAdapter):
    """The model's prompt classifier."""

    card = FilterCard(
        name="qwen3guard",
        family="qwen",
        version="1",
        source="https://github.com/QwenLM/Qwen3Guard",
        licence="Apache-2.0",
    )

    def prompts(self, text: str, notes: GuardNotes) -> dict[str, GuardPrompt]:
        """Ask about the text as a user's message."""
        return {"text": GuardPrompt(form="chat", text=text)}

    def read(self, completion: Completion, question: str) -> Reading:
        """Read both lines; they have to agree on whether there is anything to name."""
        match = matched(completion, _ANSWER)
        if isinstance(match, Reading):
            return match
        word = match["word"]
        named = tuple(part.strip() for part in match["categories"].split(","))
        if _WORDS[word] != (named == _NONE):
            return problem(f"the answer calls the text {word} and names the categories {', '.join(named)}")
        reading = Reading(benign=_WORDS[word], word=word, categories=() if named == _NONE else named)
        return judged(reading, completion, lead=_LEAD, words=_WORDS, word=word)


FILTER = Qwen3Guard()
