"""Granite Guardian 3.0 to 3.2 (2B, 3B-A800M, 5B, 8B): one risk a call, a bare ``Yes`` or ``No``.

The generations share their prompt, in which ``guardian_config`` names the risk; 3.2 adds how sure it is
(ibm-granite/granite-guardian, ``evaluation/models/granite_guardian_3.py``). A ``No`` of low confidence is no answer.
"""

from __future__ import annotations

import re

from pipeline.models.requests import Completion, GuardPrompt
from pipeline.validate.filters.adapter import FilterCard, GuardAdapter, GuardNotes, Reading, matched, problem
from pipeline.validate.filters.adapter import with_probabilities as judged

_ANSWER = re.compile(r"(?P<word>Yes|No)(?:\s*<confidence>\s*(?P<sure>High|Low)\s*</confidence>)?")
_WORDS = {"No": True, "Yes": False}


class GraniteGuardian32(GuardAdapter):
    """The model's judge of harm in a user's message, risk by risk."""

    card = FilterCard(
        name="granite_guardian_3_2",
        family="granite",
        version="1",
        source="https://github.com/ibm-granite/granite-guardian",
        licence="Apache-2.0",
    )

    def prompts(self, text: str, notes: GuardNotes) -> dict[str, GuardPrompt]:
        """Ask about each risk."""
        return {
            question.id: GuardPrompt(
                form="chat",
                text=text,
                extra={"chat_template_kwargs": {"guardian_config": {"risk_name": question.id}}},
            )
            for question in notes.questions
        }

    def read(self, completion: Completion, question: str) -> Reading:
        """Read the word, and the confidence if there is one."""
        match = matched(completion, _ANSWER)
        if isinstance(match, Reading):
            return match
        word = match["word"]
        if _WORDS[word] and match["sure"] == "Low":
            return problem("the answer is No, with low confidence")
        reading = Reading(benign=_WORDS[word], word=word, categories=() if _WORDS[word] else (question,))
        return judged(reading, completion, lead="", words=_WORDS, word=word)


FILTER = GraniteGuardian32()
