"""Spread of labels and names over rows."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence

from pipeline.deduplicate.plot import strings_in
from pipeline.schema.diversity import Facet, Spread
from pipeline.schema.scenario import Scenario

DECIMALS = 4
"""Shares and entropies are sums of a few exact numbers: their noise is a million times finer than this."""

_NAME_WORD = r"[^\W\d_]+(?:['’-][^\W\d_]+)*"
_NAME = re.compile(rf"{_NAME_WORD}(?: {_NAME_WORD}){{1,2}}")
_AFTER_THE_NAME = re.compile(r"[,(;]| [-–—] ")


def people_in(scenario: Scenario) -> frozenset[str]:
    """Return the names of people: the sender's, and values of the tools' data that look like one.

    A name is two or three words of letters, each with a capital first and not all in capitals, and not
    the organisation or its place. A firm or a course written like one counts too: in the domain kits
    about one in seven, and no person is missed there.
    """
    organisation = scenario.view.world.organisation
    others = {organisation.name, organisation.place}
    sender = _AFTER_THE_NAME.split(scenario.view.agent.sender)[0].strip()
    values = strings_in(scenario.simulation.state)
    return frozenset(text for text in (sender, *values) if text not in others and _looks_like_a_name(text))


VALUES: dict[Facet, Callable[[Scenario], Collection[str]]] = {
    "domains": lambda row: {row.domain},
    "motives": lambda row: {row.motive},
    "risk_types": lambda row: {row.risk_type},
    "organisations": lambda row: {row.view.world.organisation.name},
    "places": lambda row: {row.view.world.organisation.place},
    "people": people_in,
    "tools": lambda row: {tool.name for tool in row.view.tools},
}
"""What each row holds of a facet; a value counts once a row."""


class Spreads:
    """The spread of each facet over rows that are added one at a time."""

    def __init__(self) -> None:
        self._counts: dict[Facet, Counter[str]] = {facet: Counter() for facet in VALUES}
        self._rows = 0

    def add(self, row: Scenario) -> None:
        """Count the values of a row."""
        self._rows += 1
        for facet, values in VALUES.items():
            self._counts[facet].update(values(row))

    def found(self) -> dict[Facet, Spread]:
        """Return the spread of each facet that any row has a value of."""
        found = {facet: _spread(count, self._rows) for facet, count in self._counts.items()}
        return {facet: one for facet, one in found.items() if one is not None}


def spreads(scenarios: Iterable[Scenario]) -> dict[Facet, Spread]:
    """Return the spread of each facet that any row has a value of."""
    counted = Spreads()
    for row in scenarios:
        counted.add(row)
    return counted.found()


def spread(rows: Sequence[Collection[str]]) -> Spread | None:
    """Return how evenly rows use values.

    Args:
        rows: the values of each row, each once.

    Returns:
        ``None`` where no row has a value.
    """
    return _spread(Counter(value for row in rows for value in row), len(rows))


def _spread(counts: Counter[str], rows: int) -> Spread | None:
    if not counts:
        return None
    total = counts.total()
    entropy = -math.fsum(count / total * math.log(count / total) for count in sorted(counts.values()))
    most_common = min(counts, key=lambda value: (-counts[value], value))
    return Spread(
        values=len(counts),
        effective=round(math.exp(entropy), DECIMALS),
        evenness=round(entropy / math.log(len(counts)), DECIMALS) if len(counts) > 1 else None,
        most_common=most_common,
        most_common_share=round(counts[most_common] / rows, DECIMALS),
    )


def _looks_like_a_name(text: str) -> bool:
    words = text.split(" ")
    return bool(_NAME.fullmatch(text)) and all(word[0].isupper() and not word.isupper() for word in words)
