"""What stands after all acts: for each item and reader the answers, the note, the suggestions, whether they are done.

Kept in memory and made from the acts alone, in their order; an act that was undone is as if it had never been.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.review.events import Answered, Event, Finished, Noted, Opened, Skipped, Suggested, Undone


@dataclass(frozen=True)
class Given:
    """An answer that stands, with its time."""

    answer: str
    quote: str
    at: str


@dataclass
class Reading:
    """One reader's work on one item.

    ``touched``: the time of the last act. ``came``: number of the act by which the reader was first done with the item.
    It stays though they take that back, and says whether they are among the first or settle what these differ on.
    """

    reader: str
    item: str
    answers: dict[str, Given] = field(default_factory=dict)
    note: tuple[str, str] | None = None
    suggestions: list[Event] = field(default_factory=list)
    done: bool = False
    came: int | None = None
    skipped: bool = False
    touched: str = ""
    acts: int = 0

    def open_since(self, moment: datetime) -> bool:
        """Whether the item is in the reader's hands, last touched after a moment."""
        return not self.done and not self.skipped and datetime.fromisoformat(self.touched) > moment


class State:
    """All readings. ``versions`` counts the acts on each item, ``last`` is the number of the last act."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._events: dict[tuple[str, str], list[Event]] = defaultdict(list)
        self._by_reader: dict[str, list[Event]] = defaultdict(list)
        self._undone: set[int] = set()
        self._readings: dict[str, dict[str, Reading]] = defaultdict(dict)
        self.versions: Counter[str] = Counter()
        self.last = 0
        for event in events:
            self._note(event)
        for item, reader in self._events:
            self._fold(item, reader)

    @property
    def readers(self) -> list[str]:
        """Everyone who did something, by name."""
        return sorted(self._by_reader)

    def add(self, event: Event) -> Reading:
        """Take in an act that has been kept; return the reading that it changed."""
        self._note(event)
        return self._fold(event.act.item, event.reader)

    @property
    def items(self) -> Set[str]:
        """The items that somebody did something with."""
        return self._readings.keys()

    def of_item(self, item: str) -> Mapping[str, Reading]:
        """Return the readings of an item, by reader; those of which nothing stands are not among them."""
        return self._readings.get(item, {})

    def reading(self, item: str, reader: str) -> Reading:
        """Return a reader's reading of an item; an empty one if there is none."""
        return self.of_item(item).get(reader) or Reading(reader, item)

    def last_act(self, reader: str) -> Event | None:
        """Return the reader's last act that stands and can be undone."""
        for event in reversed(self._by_reader.get(reader, ())):
            if not isinstance(event.act, Opened | Undone) and event.number not in self._undone:
                return event
        return None

    def _note(self, event: Event) -> None:
        self._events[event.act.item, event.reader].append(event)
        self._by_reader[event.reader].append(event)
        self.versions[event.act.item] += 1
        self.last = max(self.last, event.number)
        if isinstance(event.act, Undone):
            self._undone.add(event.act.event)

    def _fold(self, item: str, reader: str) -> Reading:
        reading = Reading(reader, item)
        for event in self._events[item, reader]:
            reading.touched = event.at
            if reading.came is None and isinstance(event.act, Finished):
                reading.came = event.number
            if event.number not in self._undone:
                _apply(reading, event)
        self._readings[item][reader] = reading
        return reading


def _apply(reading: Reading, event: Event) -> None:
    act = event.act
    reading.acts += not isinstance(act, Opened | Undone)
    if isinstance(act, Answered):
        reading.answers[act.question] = Given(act.answer, act.quote, event.at)
    elif isinstance(act, Noted):
        reading.note = (act.text, event.at) if act.text.strip() else None
    elif isinstance(act, Suggested):
        reading.suggestions.append(event)
    elif isinstance(act, Finished):
        reading.done, reading.skipped = True, False
    elif isinstance(act, Skipped):
        reading.skipped = True
    elif isinstance(act, Opened):
        reading.skipped = False
