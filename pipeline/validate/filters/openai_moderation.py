"""OpenAI's moderation endpoint: flags and scores by category.

The form is that of the API reference (``POST /v1/moderations``) and of the types of the ``openai`` package. The score
of the category with the highest one stands for "unsafe".
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from pipeline.models.requests import Completion, GuardPrompt
from pipeline.validate.filters.adapter import FilterCard, GuardAdapter, GuardNotes, Reading, bare, problem

LEAST_CATEGORIES = frozenset(
    {
        "harassment",
        "harassment/threatening",
        "hate",
        "hate/threatening",
        "self-harm",
        "self-harm/instructions",
        "self-harm/intent",
        "sexual",
        "sexual/minors",
        "violence",
        "violence/graphic",
    }
)
"""Categories that every version of the model reports; ``illicit`` and ``illicit/violent`` came later."""


_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z/_-]{0,63}$")]


class _Result(BaseModel):
    """A result as documented; other fields may stand beside these. Newer categories are null from older models."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    flagged: bool
    categories: dict[_Name, bool | None]
    category_scores: dict[_Name, Annotated[float, Field(ge=0, le=1)] | None]


_RESULTS = TypeAdapter(Annotated[list[_Result], Field(min_length=1, max_length=1)])


class OpenAIModeration(GuardAdapter):
    """The endpoint, for one text."""

    card = FilterCard(
        name="openai_moderation",
        family="openai",
        version="1",
        source="https://platform.openai.com/docs/api-reference/moderations",
        licence="a service, under OpenAI's terms of use",
    )

    def prompts(self, text: str, notes: GuardNotes) -> dict[str, GuardPrompt]:
        """Send the text."""
        return {"text": GuardPrompt(form="moderation", text=text)}

    def read(self, completion: Completion, question: str) -> Reading:
        """Read the one result: all flags and all scores have to be there and to agree."""
        said = bare(completion)
        if isinstance(said, Reading):
            return said
        try:
            (result,) = _RESULTS.validate_json(said)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "the answer"
            return problem(f"not the documented result for one text: {place}: {first['msg']}")
        return _read_result(result)


def _read_result(result: _Result) -> Reading:
    for name in sorted(LEAST_CATEGORIES):
        if result.categories.get(name) is None or result.category_scores.get(name) is None:
            return problem(f"flag or score of the category {name} is missing")
    found = tuple(sorted(name for name, flag in result.categories.items() if flag))
    if result.flagged != bool(found):
        return problem(f"`flagged` is {result.flagged} and the categories flagged are {', '.join(found) or 'none'}")
    worst = max(score for score in result.category_scores.values() if score is not None)
    word = "flagged" if result.flagged else "not flagged"
    return Reading(benign=not result.flagged, word=word, unsafe=worst, categories=found)


FILTER = OpenAIModeration()
