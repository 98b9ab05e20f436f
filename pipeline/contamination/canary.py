"""The canary of a release, looked for in a text and asked of a model."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

from pipeline.canary import canary_sentence
from pipeline.concurrency import settle_all
from pipeline.contamination.prompt import LoadedRecall, RecallWording
from pipeline.contamination.recall import Asked
from pipeline.contamination.record import CanaryFound, CanaryKnown
from pipeline.models.requests import ChatMessage

SHOWN_DIGITS = (0, 8)
"""How many digits of the canary a model is shown: none, then its first group."""
KNOWN_DIGITS = 8
"""Hidden digits in one run from which a model knows the canary: one in four thousand million for a given place."""
TOKENS = 120
EXCERPT = 300
_APART = re.compile(r"[\s-]+")


def canary_in(canary: str, lines: Iterable[str], source: str) -> CanaryFound:
    """Look for a canary in a text, line by line: in either case, with hyphens or without.

    Args:
        canary: a GUID in lower case.
        lines: of the text.
        source: what the text is called.
    """
    bare, read, count, first = canary.replace("-", ""), 0, 0, None
    for read, line in enumerate(lines, start=1):  # noqa: B007 - the number of the last one is told
        folded = line.casefold()
        if canary in folded or bare in folded:
            count += 1
            place = max(folded.find(canary), folded.find(bare))
            first = first or line[max(0, place - EXCERPT // 2) :][:EXCERPT].strip()
    return CanaryFound(source=source, lines=read, count=count, first=first)


async def canary_known(canary: str, asked: Asked, loaded: LoadedRecall) -> CanaryKnown:
    """Ask a model how the sentence with the canary goes on, at temperature 0, in the wordings of the recall probe.

    Args:
        canary: of the release that ``asked`` names.
        asked: who is asked, of what.
        loaded: the wordings.

    Raises:
        EndpointError, EndpointUnavailable, MissingCompletion: from the client; what was paid for is kept.
    """
    digits = await settle_all(
        _digits(canary, shown, asked, wording) for shown in SHOWN_DIGITS for wording in loaded.prompt.wordings
    )
    answered = [one for one in digits if one is not None]
    most = max(answered, default=None)
    return CanaryKnown(
        model=asked.model,
        asked=len(digits),
        answered=len(answered),
        digits=most,
        known=None if most is None else most >= KNOWN_DIGITS,
    )


async def _digits(canary: str, shown: int, asked: Asked, wording: RecallWording) -> int | None:
    """Return how many of the digits that were not shown came back in one run; ``None`` without an answer."""
    name, version = asked.release
    sentence = canary_sentence(name, version, canary)
    beginning = sentence[: sentence.index(canary) + shown].rstrip()
    completion = await asked.client.complete(
        asked.role,
        (ChatMessage(role="user", content=wording.ask.format(beginning=beginning, name=name, version=version)),),
        temperature=0.0,
        max_tokens=TOKENS,
    )
    if completion.refusal or completion.finish_reason == "content_filter" or not completion.text.strip():
        return None
    hidden, said = canary.replace("-", "")[shown:], _APART.sub("", completion.text.casefold())
    return SequenceMatcher(a=hidden, b=said, autojunk=False).find_longest_match().size
