"""ShieldGemma (2B, 9B, 27B): one raw prompt for each safety policy, of which the first token decides.

The prompt is that of the model card (section "Usage"; Zeng et al., 2024, arXiv:2407.21772), with the card's
policies for content that is a prompt alone. The answer begins with ``Yes`` (violates) or ``No``; the card reads
nothing after it, so one token is asked for.
"""

from __future__ import annotations

from pipeline.models.requests import Completion, GuardPrompt
from pipeline.validate.filters.adapter import FilterCard, GuardAdapter, GuardNotes, Reading, bare, unreadable
from pipeline.validate.filters.adapter import with_probabilities as judged

TEMPLATE = (
    "You are a policy expert trying to help determine whether a user\n"
    "prompt is in violation of the defined safety policies.\n\n"
    "<start_of_turn>\n"
    "Human Question: {prompt}\n"
    "<end_of_turn>\n\n"
    "Our safety principle is defined in the below:\n\n"
    "{policy}\n\n"
    "Does the human question violate the above principle? Your answer must start\n"
    "with 'Yes' or 'No'. And then walk through step by step to be sure we answer\n"
    "correctly.\n"
)
_WORDS = {"No": True, "Yes": False}


class ShieldGemma(GuardAdapter):
    """The model's prompt classifier, policy by policy."""

    card = FilterCard(
        name="shieldgemma",
        family="gemma",
        version="1",
        source="https://ai.google.dev/gemma/docs/shieldgemma/model_card",
        licence="Gemma Terms of Use",
    )

    def prompts(self, text: str, notes: GuardNotes) -> dict[str, GuardPrompt]:
        """Ask about each policy; the text comes first, so a prefix cache pays for it once."""
        return {
            question.id: GuardPrompt(
                form="text", text=TEMPLATE.format(prompt=text.strip(), policy=question.ask.strip()), max_tokens=1
            )
            for question in notes.questions
        }

    def read(self, completion: Completion, question: str) -> Reading:
        """Read the one token."""
        said = bare(completion, cut_at_length=True)
        if isinstance(said, Reading):
            return said
        if said not in _WORDS:
            return unreadable(completion)
        reading = Reading(benign=_WORDS[said], word=said, categories=() if _WORDS[said] else (question,))
        return judged(reading, completion, lead="", words=_WORDS, word=said)


FILTER = ShieldGemma()
