"""Groups: rows so near to each other that they must share a split.

Any two kept rows share a group when they come from one worked situation of a domain kit, under
whatever motive, or when their plots have a cosine of at least ``related``. A group's id is given
once and never changes, whatever comes later: ``domain.situation`` where a core from a kit comes
first, and the scenario id of its first row otherwise. So two groups are never joined; a row that
would join them has no place and is turned away. A copy bears the group of the row it copies.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.schema.scenario import Scenario


@dataclass(frozen=True)
class Placement:
    """A row's group. ``between`` names the groups it would have to join, when there are several."""

    group: str
    between: tuple[str, ...] = ()


def kit_group(scenario: Scenario) -> str | None:
    """Return ``domain.situation`` for a core from a kit, ``None`` for any other."""
    if scenario.lineage.core != "kit" or scenario.lineage.situation is None:
        return None
    return f"{scenario.domain}.{scenario.lineage.situation}"


class Groups:
    """The groups of the rows kept so far, in order of rank.

    Args:
        related: lowest cosine at which rows share a group.
    """

    def __init__(self, related: float) -> None:
        self._related = related
        self._by_plot: dict[int, set[str]] = {}
        self._by_situation: dict[str, set[str]] = {}

    def settle(self, situation: str | None, plot: int, group: str) -> None:
        """Take a row with its group, which stays as it is."""
        self._by_plot.setdefault(plot, set()).add(group)
        if situation is not None:
            self._by_situation.setdefault(situation, set()).add(group)

    def place(self, scenario: str, situation: str | None, plot: int, near: Iterable[tuple[int, float]]) -> Placement:
        """Give a row its group, and settle it there unless it would join two.

        Args:
            scenario: its id.
            situation: its worked situation (:func:`kit_group`).
            plot: the number of its plot.
            near: plots near it, with the cosine, looked for down to ``related`` at least.
        """
        around = set(self._by_situation.get(situation or "", ()))
        for other in (plot, *(other for other, cosine in near if cosine >= self._related)):
            around |= self._by_plot.get(other, set())
        between = tuple(sorted(around))
        placement = Placement(next(iter(between), situation or scenario), between if len(between) > 1 else ())
        if not placement.between:
            self.settle(situation, plot, placement.group)
        return placement
