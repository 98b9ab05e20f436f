"""Who reads what next: every item gets its readers, what two differ on goes to a third, nobody reads an item twice.

An item that someone has open is theirs for half an hour after their last act; then others may have it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from pipeline.label_files import majority
from pipeline.review.items import Item
from pipeline.review.questions import Question
from pipeline.review.state import Reading, State

HELD = timedelta(minutes=30)

Stage = Literal["first", "third", "settled"]


@dataclass(frozen=True)
class Standing:
    """Where an item stands.

    Args:
        stage: ``first`` while it lacks a reader, ``third`` while it waits for the third, else ``settled``.
        first: finished readings of the readers that every item gets, in the order in which they finished.
        third: those of readers who settled what these differ on.
        disputed: the questions that they differ on.
    """

    stage: Stage
    first: tuple[Reading, ...]
    third: tuple[Reading, ...]
    disputed: tuple[str, ...]

    def says(self, question: Question) -> bool | None:
        """Return what most readers say to a question; ``None`` for a tie, and while nobody has answered."""
        return majority(self.values(question))

    def values(self, question: Question) -> list[bool | None]:
        """Return what each reader says, the first ones first."""
        return [value_of(one, question) for one in (*self.first, *self.third)]


def value_of(reading: Reading, question: Question) -> bool | None:
    """Return a reading's answer as it enters agreement; ``None`` for unsure and for none."""
    given = reading.answers.get(question.id)
    return None if given is None else question.value(given.answer)


def standing_of(readings: Iterable[Reading], questions: Sequence[Question], readers: int) -> Standing:
    """Return where an item stands, given all readings of it and the number of readers that every item gets."""
    done = sorted((one for one in readings if one.done), key=lambda one: one.came or 0)
    first, third = tuple(done[:readers]), tuple(done[readers:])
    if len(first) < readers:
        return Standing("first", first, third, ())
    disputed = tuple(one.id for one in questions if readers > 1 and _differ(first, one))
    return Standing("third" if disputed and not third else "settled", first, third, disputed)


def _differ(readings: Sequence[Reading], question: Question) -> bool:
    """Whether readers contradict each other, or leave open what they must say."""
    values = {value_of(one, question) for one in readings}
    return {True, False} <= values or (question.must and len(values) > 1) or (question.must and values == {None})


FRESH = 3
"""The rank of an item that nobody has read; what a reader skipped comes after."""

NOBODY = Standing("first", (), (), ())
"""Of an item that nobody has read."""


class Turns:
    """The queue.

    Args:
        items: in their order.
        questions: gives the questions on an item.
        readers: that every item gets.
        state: of all readings.
        now: the time, UTC.
    """

    def __init__(
        self,
        items: Sequence[Item],
        questions: Callable[[str], Sequence[Question]],
        readers: int,
        state: State,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.items = items
        self.readers = readers
        self._questions = questions
        self._state = state
        self._now = now
        self._known: dict[str, tuple[int, Standing]] = {}
        self._at = {item.id: at for at, item in enumerate(items)}

    def touched(self) -> list[Item]:
        """Return the items that somebody did something with, in their order."""
        places = sorted(self._at[name] for name in self._state.items if name in self._at)
        return [self.items[at] for at in places]

    def standing(self, item: str) -> Standing:
        """Return where an item stands."""
        version = self._state.versions[item]
        known = self._known.get(item)
        if known is None or known[0] != version:
            readings = self._state.of_item(item).values()
            read = any(one.done for one in readings)
            found = standing_of(readings, self._questions(item), self.readers) if read else NOBODY
            self._known[item] = known = (version, found)
        return known[1]

    def next_for(self, reader: str, wanted: Callable[[Item], bool] = lambda item: True) -> str | None:
        """Return the item that a reader is to read next; ``None`` if there is none for them.

        First what they have begun, then what waits for a third reader, then what one other has read, then what nobody
        has, and last what they skipped.
        """
        since = self._now() - HELD
        ranked = []
        for item in self.touched():
            rank = self._rank(item, reader, since) if wanted(item) else None
            if rank == 0:
                return item.id
            if rank is not None:
                ranked.append((rank, self._at[item.id], item.id))
        known = self._state.items
        fresh = next((item.id for item in self.items if item.id not in known and wanted(item)), None)
        if fresh is not None:
            ranked.append((FRESH, self._at[fresh], fresh))
        return min(ranked)[2] if ranked else None

    def _rank(self, item: Item, reader: str, since: datetime) -> int | None:
        """Return how soon an item comes to a reader, 0 first; ``None`` if it is not for them now."""
        readings = self._state.of_item(item.id)
        standing, mine = self.standing(item.id), readings.get(reader)
        if standing.stage == "settled" or (mine is not None and mine.done):
            return None
        if mine is not None and not mine.skipped:
            return 0
        held = sum(one.open_since(since) for one in readings.values() if one.reader != reader)
        room = 1 if standing.stage == "third" else self.readers - len(standing.first)
        if held >= room:
            return None
        if mine is not None:
            return 4
        return 1 if standing.stage == "third" else 2 if standing.first or held else FRESH
