"""What two plots of near cosine can still differ in: their amounts, which masks hide, and what they deny.

A copy with other amounts is a copy: that is what the masks are for. But 5 mg under a limit of 10 and 50 mg above it
are two plots, so amounts that differ are looked at first: the paths have to do the same, and no two amounts may have
changed places.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from pipeline.deduplicate.lexical import THRESHOLD, denials, jaccard
from pipeline.deduplicate.plot import Plot

_ORDER = re.compile(r"^(?P<less>.+) < (?P<more>.+)$")


def amounts_apart(here: Iterable[str], there: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the amounts that only the one side holds, and those that only the other holds.

    A mask hides that 5 mg became 50 mg; whoever looks at a pair should see it.
    """
    left, right = Counter(here), Counter(there)
    return tuple(sorted((left - right).elements())), tuple(sorted((right - left).elements()))


def doubt(here: Plot, there: Plot) -> str | None:
    """Return why a person has to look before two near plots are called copies; ``None`` for no reason.

    Other amounts settle nothing where both paths use the same tools with the same effects, and no two amounts of one
    unit have changed places. A text has no paths, so other amounts are always looked at; so is nearly the same text
    that denies more or less often.
    """
    if amounts_apart(here.amounts, there.amounts) != ((), ()):
        if not here.structure or here.structure != there.structure:
            return "they differ in amounts, and no paths show that the same is done"
        turned = sorted(set(map(_turned, here.orders)) & set(there.orders))
        if turned:
            return f"an amount is on the other side of another: {turned[0]}"
    if denials(here.text) != denials(there.text) and jaccard(here.text, there.text) >= THRESHOLD:
        return "nearly the same words, of which one denies more often"
    return None


def _turned(order: str) -> str:
    found = _ORDER.match(order)
    return f"{found['more']} < {found['less']}" if found else order
