"""Figures of speech that everyone uses and machines use more: what counts is how many stand in so many words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipeline.validate.gates.sighting import Placed, Sighting
from pipeline.validate.prompts import SmellsPrompt

PROSE_WORDS = 4
"""A text is prose from so many words on; shorter ones are names, codes and headings."""

_WORD = re.compile(r"\w[\w'\u2019]*")


def densities_in(prompt: SmellsPrompt, texts: Sequence[Placed]) -> Iterator[Sighting]:
    """Yield each figure of speech that stands too thick in all the prose together, at its first place.

    Args:
        prompt: whose densities to look for.
        texts: dotted places and texts; those that are no prose are left out.
    """
    prose = [(place, text) for place, text in texts if len(text.split()) >= PROSE_WORDS]
    found: dict[str, list[tuple[str, re.Match[str]]]] = {}
    for place, text in prose:
        for kind, match in prompt.dense.matches(text):
            found.setdefault(kind, []).append((place, match))
    enough = {kind: matches for kind, matches in found.items() if len(matches) >= prompt.densities[kind].at_least}
    words = sum(len(_WORD.findall(text)) for _, text in prose) if enough else 0
    for kind, matches in enough.items():
        if 1000 * len(matches) >= prompt.densities[kind].per_thousand * words:
            place, match = matches[0]
            said = f"{len(matches)} in {words} words"
            yield Sighting(kind, place, match[0], match.start(), match.end(), said)
