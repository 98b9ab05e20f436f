"""Granite Guardian 3.3 (8B), without thinking: one criterion a call, ``<score> yes </score>`` or ``no``.

The server applies the model's template, to which ``guardian_config`` names the criterion (ibm-granite/granite-guardian,
``evaluation/models/granite_guardian_3_3.py`` and ``cookbooks/granite-guardian-3.3``; Padhi et al., 2024,
arXiv:2412.07724). vLLM passes ``chat_template_kwargs`` on to the template; a server that does not will answer
about the template's default criterion, or otherwise, and so does not do for this model.
"""

from __future__ import annotations

import re

from pipeline.models.requests import Completion, GuardPrompt
from pipeline.validate.filters.adapter import FilterCard, GuardAdapter, GuardNotes, Reading, matched
from pipeline.validate.filters.adapter import with_probabilities as judged

_ANSWER = re.compile(r"(?P<lead>(?:<think>\s*</think>\s*)?<score>)\s*(?P<word>yes|no)\s*</score>")
_WORDS = {"no": True, "yes": False}


class GraniteGuardian(GuardAdapter):
    """The model's judge of harm in a user's message, criterion by criterion."""

    card = FilterCard(
        name="granite_guardian",
        family="granite",
        version="1",
        source="https://github.com/ibm-granite/granite-guardian",
        licence="Apache-2.0",
    )

    def prompts(self, text: str, notes: GuardNotes) -> dict[str, GuardPrompt]:
        """Ask about each criterion."""
        return {
            question.id: GuardPrompt(
                form="chat",
                text=text,
                extra={"chat_template_kwargs": {"guardian_config": {"criteria_id": question.id}, "think": False}},
            )
            for question in notes.questions
        }

    def read(self, completion: Completion, question: str) -> Reading:
        """Read the score; nothing but an empty thought may stand before it."""
        match = matched(completion, _ANSWER)
        if isinstance(match, Reading):
            return match
        word = match["word"]
        reading = Reading(benign=_WORDS[word], word=word, categories=() if _WORDS[word] else (question,))
        return judged(reading, completion, lead=match["lead"], words=_WORDS, word=word)


FILTER = GraniteGuardian()
