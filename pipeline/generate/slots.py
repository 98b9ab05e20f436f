"""Draws the values of a situation's slots from a seed.

Every value comes from a hash over the seed, the situation and the slot's own name, so that it is the
same on every machine and Python version and does not move when another slot is added.
"""

from __future__ import annotations

import datetime
import hashlib
import itertools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TypeVar

from pydantic import JsonValue

from pipeline.schema.domain import (
    ChoiceSlot,
    CodeSlot,
    DateSlot,
    Domain,
    FormatSlot,
    IntegerSlot,
    OffsetSlot,
    OrganisationSlot,
    PartSlot,
    PersonSlot,
    Pools,
    Slot,
)
from pipeline.schema.scenario import Organisation

T = TypeVar("T")

REDRAWS = 200
"""Draws before a slot counts as one that cannot be filled."""

LETTERS = "BCDFGHJKLMNPRSTVWXZ"
"""Capital letters of codes: without vowels no word comes about, without Q and Y nothing is misread."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

_COUNTED = re.compile("1234|2345|3456|4567|5678|6789|9876|8765|0000")
"""What makes a run of digits look counted out, or blank."""

_SPELLED_OUT = str.maketrans(
    {"ı": "i", "ł": "l", "Ł": "l", "ø": "o", "Ø": "o", "đ": "d", "Đ": "d", "ß": "ss", "æ": "ae"}
)


class Draw:
    """A stream of choices for one purpose, told apart by its labels.

    Source of the method: counter mode over SHA-256; the modulo bias of 128 bits is nil for any pool.
    """

    def __init__(self, *labels: object) -> None:
        self._prefix = "\x1f".join(map(str, labels))
        self._count = 0

    def below(self, bound: int) -> int:
        """Return an integer in ``[0, bound)``."""
        digest = hashlib.sha256(f"{self._prefix}\x1f{self._count}".encode()).digest()
        self._count += 1
        return int.from_bytes(digest[:16], "big") % bound

    def choice(self, items: Sequence[T]) -> T:
        """Return one of the items."""
        return items[self.below(len(items))]


def draw_organisation(domain: Domain, seed: int) -> Organisation:
    """Return an organisation of the domain's pools."""
    draw = Draw(seed, domain.id, "organisation")
    pool = draw.choice(domain.organisations)
    name = f"{draw.choice(pool.stems)} {draw.choice(pool.suffixes)}"
    return Organisation(name=name, kind=pool.kind, place=draw.choice(pool.places))


def draw_slots(
    label: str, slots: Mapping[str, Slot], organisation: Organisation, pools: Pools, seed: int
) -> dict[str, JsonValue]:
    """Return the value of every slot.

    Args:
        label: tells the draws of one situation from those of another.
        slots: the slots by name.
        organisation: what organisation slots are filled from.
        pools: what person slots are filled from.
        seed: the same seed gives the same values.

    Raises:
        ValueError: if a slot refers to one that is not there, not of the kind needed or to itself in a
            circle, or if its pool or pattern has no value that fits.
    """
    filler = _Filler(label, slots, organisation, pools, seed)
    return {name: filler.value(name) for name in slots}


class _Filler:
    """Fills slots on demand, so that one may refer to another wherever it stands."""

    def __init__(
        self, label: str, slots: Mapping[str, Slot], organisation: Organisation, pools: Pools, seed: int
    ) -> None:
        self._slots = slots
        self._labels = (seed, label)
        self._organisation = organisation
        self._pools = pools
        self._values: dict[str, JsonValue] = {}
        self._codes: set[str] = set()
        self._open: list[str] = []
        self._people = self._draw_people()

    def value(self, name: str) -> JsonValue:
        """Return a slot's value, filling it and those it refers to first."""
        if name not in self._slots:
            raise ValueError(f"slot {self._open[-1]!r} refers to {name!r}; the slots are {', '.join(self._slots)}")
        if name in self._open:
            raise ValueError(f"slots refer to each other in a circle: {' -> '.join([*self._open, name])}")
        if name not in self._values:
            self._open.append(name)
            self._values[name] = self._fill(name, self._slots[name])
            self._open.pop()
        return self._values[name]

    def _fill(self, name: str, slot: Slot) -> JsonValue:
        draw = Draw(*self._labels, name)
        value: JsonValue
        match slot:
            case ChoiceSlot():
                value = draw.choice(slot.values)
            case IntegerSlot():
                value = _integer(slot, draw)
            case DateSlot():
                value = _working_day(name, slot, draw)
            case CodeSlot():
                value = self._code(name, slot, draw)
            case PersonSlot():
                value = " ".join(self._people[name])
            case PartSlot():
                value = self._part(slot)
            case OrganisationSlot():
                value = self._organisation.name if slot.part == "name" else self._organisation.place
            case OffsetSlot():
                value = _offset(slot, self.value(slot.of))
            case FormatSlot():
                value = _written(slot, self.value(slot.of))
        return value

    def _draw_people(self) -> dict[str, tuple[str, str]]:
        """Draw given and family names, no part of a name twice in one situation."""
        people: dict[str, tuple[str, str]] = {}
        taken: set[str] = set()
        regions = sorted(self._pools.people)
        for name in (name for name, slot in self._slots.items() if isinstance(slot, PersonSlot)):
            draw = Draw(*self._labels, name)
            for _ in range(REDRAWS):
                pool = self._pools.people[draw.choice(regions)]
                given, family = draw.choice(pool.given), draw.choice(pool.family)
                if not taken & {given, family}:
                    break
            else:
                raise ValueError(f"slot {name!r}: the pools have too few names for so many people")
            people[name] = (given, family)
            taken |= {given, family}
        return people

    def _part(self, slot: PartSlot) -> str:
        if slot.of not in self._people:
            raise ValueError(f"slot {self._open[-1]!r} takes a part of {slot.of!r}, which is no person slot")
        given, family = self._people[slot.of]
        if slot.part == "login":
            return _login(given, family)
        return given if slot.part == "given" else family

    def _code(self, name: str, slot: CodeSlot, draw: Draw) -> str:
        for _ in range(REDRAWS):
            code = _fill_pattern(slot.pattern, draw)
            if code not in self._codes and not looks_made_up(code):
                self._codes.add(code)
                return code
        raise ValueError(f"slot {name!r}: the pattern {slot.pattern!r} gives no code that looks real")


def _login(given: str, family: str) -> str:
    """Return ``g.family`` in the letters that logins have: ``Gülay Taşkın`` gives ``g.taskin``."""
    spelled = unicodedata.normalize("NFKD", f"{given[0]}.{family}".translate(_SPELLED_OUT))
    return "".join(char for char in spelled if char.isascii() and (char.isalnum() or char == ".")).lower()


def looks_made_up(text: str) -> bool:
    """Whether a number or code looks invented: 1000, 12345, 4444, 9876."""
    digits = "".join(char if char.isdigit() else " " for char in text)
    return any(_run_looks_made_up(run) for run in digits.split())


def _run_looks_made_up(run: str) -> bool:
    if len(run) < 3:
        return False
    steps = {int(b) - int(a) for a, b in itertools.pairwise(run)}
    return steps in ({0}, {1}, {-1}) or run.endswith("00") or _COUNTED.search(run) is not None


def _fill_pattern(pattern: str, draw: Draw) -> str:
    """Fill ``#`` with digits, none of them a leading zero, and ``@`` with letters."""
    filled = ""
    for char in pattern:
        if char == "#":
            leads = not filled or not filled[-1].isdigit()
            filled += str(1 + draw.below(9) if leads else draw.below(10))
        else:
            filled += draw.choice(LETTERS) if char == "@" else char
    return filled


def _integer(slot: IntegerSlot, draw: Draw) -> int:
    """Draw an integer; round and invented-looking ones only if the range has hardly another."""
    values = (slot.high - slot.low) // slot.step + 1
    value = slot.low
    for _ in range(REDRAWS):
        value = slot.low + slot.step * draw.below(values)
        if not (abs(value) >= 10 and value % 10 == 0) and not looks_made_up(str(value)):
            return value
    return value


def _working_day(name: str, slot: DateSlot, draw: Draw) -> str:
    working = _working_days(slot.first, slot.last)
    if not working:
        raise ValueError(f"slot {name!r}: no working day from {slot.first} to {slot.last}")
    return draw.choice(working)


@lru_cache(maxsize=256)
def _working_days(first: str, last: str) -> tuple[str, ...]:
    """Return the ISO dates of the days from Monday to Friday between two dates, both included."""
    start = _date(first)
    days = [start + datetime.timedelta(days=number) for number in range((_date(last) - start).days + 1)]
    return tuple(day.isoformat() for day in days if day.weekday() < 5)


def _offset(slot: OffsetSlot, base: JsonValue) -> JsonValue:
    if isinstance(base, int) and not isinstance(base, bool):
        return base + slot.by
    day = _date(base)
    if slot.unit == "days":
        return (day + datetime.timedelta(days=slot.by)).isoformat()
    step = datetime.timedelta(days=1 if slot.by > 0 else -1)
    left = abs(slot.by)
    while left:
        day += step
        left -= day.weekday() < 5
    return day.isoformat()


def _written(slot: FormatSlot, base: JsonValue) -> str:
    if slot.style == "thousands":
        if not isinstance(base, int):
            raise ValueError(f"the format thousands needs an integer, and {slot.of!r} is {base!r}")
        return f"{base:,}"
    day = _date(base)
    weekday, day_month = WEEKDAYS[day.weekday()], f"{day.day} {MONTHS[day.month - 1]}"
    return {"weekday": weekday, "day_month": day_month}.get(slot.style, f"{weekday} {day_month}")


def _date(value: JsonValue) -> datetime.date:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a date")
    return datetime.date.fromisoformat(value)
