"""Progress on a terminal: a bar for each stage at work, and under them where the build stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

    from pipeline.standing import CellStanding, Standing

CELLS_SHOWN = 8
"""Cells that are told one by one; of the others there is a count."""

_Key = tuple[str, int | None]
"""A stage and its round."""


class Bars(Progress):
    """Bars with a board under them."""

    def __init__(self, console: Console) -> None:
        self._board: RenderableType | None = None
        super().__init__(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )

    def get_renderables(self) -> Iterable[RenderableType]:
        """Give the bars, then the board."""
        yield from super().get_renderables()
        if self._board is not None:
            yield self._board

    def stand(self, standing: Standing) -> None:
        """Show a board of it. It is drawn once for each change of the counts, however often the bars are."""
        self._board = board(standing)


class RichProgress:
    """Bars of the stages at work; of one that is done a line stays above them.

    Args:
        bars: started; who made them stops them.
    """

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[_Key, tuple[TaskID, str]] = {}

    def start(self, stage: str, *, total: int | None = None, round: int | None = None) -> None:
        """Show a bar."""
        if (stage, round) in self._tasks:
            self._bars.update(self._tasks[stage, round][0], total=total)
            return
        label = stage if round is None else f"round {round + 1} {stage}"
        self._tasks[stage, round] = (self._bars.add_task(label, total=total), label)

    def advance(self, stage: str, by: int = 1, *, round: int | None = None) -> None:
        """Move the stage's bar."""
        self._bars.advance(self._tasks[stage, round][0], by)

    def finish(self, stage: str, counts: Mapping[str, int] | None = None, *, round: int | None = None) -> None:
        """Take the stage's bar away and leave a line with what came of it."""
        task, label = self._tasks.pop((stage, round))
        shown = next(one for one in self._bars.tasks if one.id == task)
        told = [f"{count:,} {name.replace('_', ' ')}" for name, count in (counts or {}).items()]
        self._bars.remove_task(task)
        took = duration(shown.elapsed or 0.0)
        self.note(f"{label}: {', '.join([f'{int(shown.completed):,} done', *told])} in {took}")

    def stand(self, standing: Standing) -> None:
        """Show where the build stands."""
        self._bars.stand(standing)

    def note(self, message: str) -> None:
        """Write a message above the bars."""
        self._bars.console.print(message, markup=False, highlight=False)


def board(standing: Standing) -> RenderableType:
    """Return the figures of a build, and its cells, those first that lack most."""
    return Group(Text(summary(standing)), _cells(standing))


def summary(standing: Standing) -> str:
    """Return the figures of a build in two lines; what is not known is said to be."""
    by_gate = ", ".join(f"{count:,} at {gate}" for gate, count in standing.turned_away.most_common())
    away = standing.turned_away.total()
    rows = [
        f"{standing.accepted:,} of {standing.quota:,} rows",
        f"{standing.full:,} of {len(standing.cells):,} cells full",
        *([f"{standing.short:,} short"] if standing.short else []),
        f"{away:,} turned away" + (f" ({by_gate})" if away else ""),
    ]
    usage, money, ends_in = standing.usage, standing.money, standing.ends_in
    worth = "cost unknown" if money is None else f"{standing.currency} {money:,.2f}" if standing.currency else ""
    spent = [
        f"{usage.calls:,} calls",
        "tokens unknown" if usage.tokens is None else f"{usage.tokens:,} tokens",
        *([worth] if worth else []),
        "end not known yet" if ends_in is None else f"about {duration(ends_in)} to go",
    ]
    return f"{' · '.join(rows)}\n{' · '.join(spent)}"


def _cells(standing: Standing) -> RenderableType:
    waiting = sorted((cell for cell in standing.cells.values() if not cell.full), key=_need)
    table = Table.grid(padding=(0, 2))
    for cell in waiting[:CELLS_SHOWN]:
        said = "short: its attempts are used up" if cell.short and not cell.left else f"{cell.left:,} attempts left"
        table.add_row(Text(cell.cell), f"{cell.accepted:,}/{cell.quota:,}", f"{cell.decided:,} decided", said)
    if len(waiting) > CELLS_SHOWN:
        table.add_row(Text(f"and {len(waiting) - CELLS_SHOWN:,} more cells that are not full"))
    return table


def _need(cell: CellStanding) -> tuple[int, int, str]:
    return cell.left - cell.lacking, -cell.lacking, cell.cell


def duration(seconds: float) -> str:
    """Return a length of time as people say it: ``12 s``, ``3 min``, ``2 h 05 min``."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
