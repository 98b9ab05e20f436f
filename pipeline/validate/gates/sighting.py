"""What the tells of a made-up text yield: the kind of tell, and the span that shows it."""

from __future__ import annotations

import re
from typing import NamedTuple

Placed = tuple[str, str]
"""A dotted place in the scenario's JSON, and the text there."""


class Sighting(NamedTuple):
    """One tell at one place. ``kind`` is a key of ``points`` in ``prompts/gates/smells.yaml``.

    ``start`` and ``end`` are character offsets in the text at ``place``, ``None`` where the value there is no text;
    ``said`` says what was found where the span alone does not.
    """

    kind: str
    place: str
    text: str
    start: int | None = None
    end: int | None = None
    said: str = ""


def at_match(kind: str, place: str, match: re.Match[str], said: str = "") -> Sighting:
    """Return the sighting of a whole match."""
    return Sighting(kind, place, match[0], match.start(), match.end(), said)
