"""Figures of speech that everyone uses and machines use more: what counts is how many stand in so many words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pipeline.validate.gates.sighting import Placed, Sighting
from pipeline.validate.prompts import Density

PROSE_WORDS = 4
"""A text is prose from so many words on; shorter ones are names, codes and headings."""

_WORD = re.compile(r"\w[\w'\u2019]*")


def densities_in(densities: Mapping[str, Density], texts: Sequence[Placed]) -> Iterator[Sighting]:
    """Yield each figure of speech that stands too thick in all the prose together, at its first place.

    Args:
        densities: what to look for, by kind.
        texts: dotted places and texts; those that are no prose are left out.
    """
    prose = [(place, text) for place, text in texts if len(text.split()) >= PROSE_WORDS]
    words = sum(len(_WORD.findall(text)) for _, text in prose)
    for kind, density in densities.items():
        found = [(place, match) for place, text in prose for match in density.compiled.finditer(text)]
        if len(found) >= density.at_least and 1000 * len(found) >= density.per_thousand * words:
            place, match = found[0]
            said = f"{len(found)} in {words} words"
            yield Sighting(kind, place, match[0], match.start(), match.end(), said)
