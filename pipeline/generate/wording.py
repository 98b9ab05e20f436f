"""``prompts/generate/wording.yaml``: voices to draw from, and wordings that prose must not have."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from pydantic import Field

from pipeline.schema.base import Record, Slug, Text
from pipeline.yaml_input import load_yaml_record


class Claim(Record):
    """Words that state something which only the facts can give: an approval, praise, a deadline.

    ``note`` says what, to the writer. The words may stand in prose in just the form in which the facts
    have them, so that "needs approval" does not become "approved". With ``tied``, the word before them
    has to be the facts' own too, so that "are approved" does not become "has been approved".
    """

    note: Text
    tied: bool = False
    phrases: tuple[Text, ...] = Field(min_length=1)


class Wording(Record):
    """Words that people tune.

    ``tellings`` and ``voices``: how a background is told and how a sender writes; one of each is
    drawn by seed. ``banned``: phrases that give generated prose away. ``claims``: phrases that need
    the facts behind them, by kind. Phrases are matched as :func:`phrase_pattern` says.
    """

    tellings: tuple[Text, ...] = Field(min_length=2)
    voices: tuple[Text, ...] = Field(min_length=2)
    banned: tuple[Text, ...] = ()
    claims: dict[Slug, Claim] = Field(default_factory=dict)


@cache
def phrase_pattern(phrase: str) -> re.Pattern[str]:
    """Return the pattern of a phrase: whole words, any case and white space; a final ``*`` matches any ending."""
    body = r"\s+".join(re.escape(word) for word in phrase.removesuffix("*").split())
    ending = r"\w*" if phrase.endswith("*") else ""
    return re.compile(rf"(?<!\w){body}{ending}(?!\w)", re.IGNORECASE)


def load_wording(path: Path) -> Wording:
    """Read the file.

    Raises:
        InputError: for any mistake in it.
    """
    return load_yaml_record(path, Wording)
