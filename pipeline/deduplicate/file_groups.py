"""Groups of a file's rows, with those of other files and releases: rows so near that they must share a split."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.deduplicate.groups import Groups
from pipeline.deduplicate.survivors import Comparison


def grouped(
    before: Sequence[str], rows: Sequence[tuple[str, bool]], comparison: Comparison
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return the groups that hold more than one row, and the rows that lie between groups.

    Args:
        before: the group of each row that was accepted before; they are the first rows of the comparison.
        rows: name of each other row, and whether it stays; one that does not is in no group.
        comparison: of all of them. Rows are near from its floor on.

    Returns:
        Names of rows by group, of groups from before and of those with two rows or more; and by row the groups that it
        would join, which have to stay apart.
    """
    groups = Groups(comparison.floor)
    for number, group in enumerate(before):
        groups.settle(None, comparison.plots[number], group)
    members: dict[str, list[str]] = {}
    between: dict[str, list[str]] = {}
    for number, (name, stays) in enumerate(rows, start=len(before)):
        if not stays:
            continue
        plot = comparison.plots[number]
        placement = groups.place(name, None, plot, comparison.near[plot])
        if placement.between:
            between[name] = list(placement.between)
        else:
            members.setdefault(placement.group, []).append(name)
    known = set(before)
    return {group: held for group, held in members.items() if group in known or len(held) > 1}, between
