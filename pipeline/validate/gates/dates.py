"""Days and times that cannot be: on no calendar, on another day of the week, after the moment of the case.

All days are read by the Gregorian calendar. A day and month without a year is taken in the years that bring it within
200 days of the moment of the case; it is wrong only if it is wrong in each of them.
"""

from __future__ import annotations

import calendar
import itertools
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from pydantic import JsonValue

from pipeline.schema.scenario import AgentView
from pipeline.schema.tool import State
from pipeline.validate.gates.sighting import Sighting, at_match
from pipeline.validate.sieve import Sieve

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NEAR = timedelta(days=200)
_LEAP_YEAR = 2024
_ENOUGH_OTHERS = 3

_WEEKDAY = r"(?P<weekday>Mon|Tues?|Wed(?:nes)?|Thu(?:rs?)?|Fri|Sat(?:ur)?|Sun)(?:day)?"
_FULL_WEEKDAY = rf"(?P<weekday>{'|'.join(_WEEKDAYS)})"
_MONTH = (
    r"(?P<month>Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?"
    r"|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)(?![a-z])\.?"
)
_DAY = r"(?<!\d)(?P<day>\d{1,2})(?:st|nd|rd|th)?(?!\d)"
_YEAR = r"(?:,? (?P<year>(?:19|20)\d\d)(?!\d))?"
_ISO = r"(?<!\d)(?P<year>(?:19|20)\d\d)-(?P<number>\d\d)-(?P<day>\d\d)(?!\d)"
_WEEKDAY_AFTER = re.compile(rf" ?\(a? ?{_WEEKDAY}\)|, a {_WEEKDAY.replace('weekday', 'other')}\b")
_DAY_WORD = re.compile(
    rf"\b(?P<word>today|tomorrow|yesterday)(?:(?:,? (?:is|was|being)|,)? (?:a )?| \(){_FULL_WEEKDAY}"
    r"(?=[).;!?]|, | (?:morning|afternoon|evening|night)\b|$)",
    re.IGNORECASE,
)
_SAID_DAYS = Sieve({"day word": _DAY_WORD})
_DAY_WORDS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_TIME = re.compile(
    r"\b(?:at|by|from|until|till|before|after|since) (?P<hour>\d\d):(?P<minute>\d\d)(?![:\d])"
    r"|(?<=\dT)(?P<iso_hour>\d\d):(?P<iso_minute>\d\d)"
)
_DAYS_AND_TIMES = Sieve(
    {
        "day first": re.compile(rf"(?:\b{_WEEKDAY}\b[.,]? (?:the )?)?{_DAY} (?:of )?{_MONTH}{_YEAR}"),
        "month first": re.compile(rf"(?:\b{_WEEKDAY}\b[.,]? )?\b{_MONTH} (?:the )?{_DAY}{_YEAR}(?![:.]\d)"),
        "ISO": re.compile(rf"(?:\b{_WEEKDAY}\b[.,]? )?{_ISO}"),
        "time": _TIME,
    }
)
_ISO_START = re.compile(r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2})?")
_PAST = re.compile(
    r"(?:^|_)(received|posted|signed|opened|counted|closed|paid|delivered|hired|born|completed|sent|reported|approved"
    r"|created|logged|entered|noted|shipped|collected|registered|inspected|tested|returned|resolved)(?:_on|_at|_date)?$"
)
_STARTS_AND_ENDS = (
    ("from", "until"),
    ("from", "to"),
    ("start", "end"),
    ("starts", "ends"),
    ("start_date", "end_date"),
    ("valid_from", "valid_until"),
    ("opened", "closed"),
    ("ordered", "delivered"),
    ("ordered", "received"),
    ("hired", "left"),
    ("check_in", "check_out"),
    ("admitted", "discharged"),
    ("sent", "received"),
)


def day_of(text: str) -> date | None:
    """Return the day that an ISO date or date and time starts with; ``None`` if there is no such day."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def days_and_times_in(place: str, text: str, now: date | None) -> Iterator[Sighting]:
    """Yield days that are on no calendar, days of the week that are others, and times that no day has.

    Args:
        place: where the text stands.
        text: any text.
        now: the day of the case, to find the year of days that have none; those are not checked if it is unknown.
    """
    for name, match in _DAYS_AND_TIMES.matches(text):
        yield from _time(place, match) if name == "time" else _day(place, text, match, now)


def day_words_in(place: str, text: str, day: date) -> Iterator[Sighting]:
    """Yield each "today", "tomorrow" and "yesterday" that is given another day of the week than it has.

    Args:
        place: where the text stands.
        text: what was written on ``day``.
        day: the day on which it was written.
    """
    for _, match in _SAID_DAYS.matches(text):
        meant = day + timedelta(days=_DAY_WORDS[match["word"].lower()])
        if _WEEKDAYS[meant.weekday()] != match["weekday"].capitalize():
            yield at_match("wrong_day_word", place, match, f"{meant} is a {_WEEKDAYS[meant.weekday()]}")


def days_of_view(view: AgentView) -> Iterator[Sighting]:
    """Yield notes from after the moment of the case, and texts that mistake the day on which they were written."""
    now = day_of(view.world.now)
    if now is None:
        yield Sighting("no_such_day", "view.world.now", view.world.now, 0, len(view.world.now))
        return
    for place, text in (("view.agent.request", view.agent.request), ("view.world.background", view.world.background)):
        yield from day_words_in(place, text, now)
    for number, entry in enumerate(view.memory):
        day = day_of(entry.date)
        if day is None:
            yield Sighting("no_such_day", f"view.memory.{number}.date", entry.date, 0, len(entry.date))
            continue
        if day > now:
            said = f"the case plays on {now}"
            yield Sighting("note_from_later", f"view.memory.{number}.date", entry.date, 0, len(entry.date), said)
        yield from day_words_in(f"view.memory.{number}.text", entry.text, day)


def days_of_records(state: State, now: date | None) -> Iterator[Sighting]:
    """Yield records that end before they start, whose days stand against those of the others, or were and are to come.

    Args:
        state: collections of records.
        now: the day of the case.
    """
    for collection, records in state.items():
        dated = {key: _days(record) for key, record in records.items()}
        yield from _against_the_others(collection, dated)
        for key, days in dated.items():
            place = f"simulation.state.{collection}.{key}"
            if now is not None:
                yield from _done_later(place, days, now)
            for start, end in _STARTS_AND_ENDS if len(days) > 1 else ():
                first, last = days.get(start), days.get(end)
                if first and last and len(first) == len(last) and last < first:
                    said = f"`{start}` is {first}"
                    yield Sighting("ends_before_it_starts", f"{place}.{end}", last, 0, len(last), said)


def _days(record: Mapping[str, JsonValue]) -> dict[str, str]:
    return {name: value for name, value in record.items() if isinstance(value, str) and _ISO_START.fullmatch(value)}


def _against_the_others(collection: str, dated: Mapping[str, Mapping[str, str]]) -> Iterator[Sighting]:
    """Yield each day that comes before another field's day where in all other records of the collection it follows."""
    if len(dated) <= _ENOUGH_OTHERS:
        return
    fields = sorted({name for days in dated.values() for name in days})
    for first, second in itertools.permutations(fields, 2):
        pairs = {key: (days[first], days[second]) for key, days in dated.items() if first in days and second in days}
        reversed_in = [key for key, (one, other) in pairs.items() if len(one) == len(other) and other < one]
        ordered = sum(len(one) == len(other) and one < other for one, other in pairs.values())
        if len(reversed_in) == 1 and ordered >= _ENOUGH_OTHERS and ordered + 1 == len(pairs):
            one, other = pairs[reversed_in[0]]
            place = f"simulation.state.{collection}.{reversed_in[0]}.{second}"
            said = f"`{first}` is {one}, and comes first in the {ordered} other records"
            yield Sighting("against_the_others", place, other, 0, len(other), said)


def _done_later(place: str, days: Mapping[str, str], now: date) -> Iterator[Sighting]:
    for name, value in days.items():
        day = day_of(value)
        if day is not None and day > now and _PAST.search(name):
            yield Sighting("done_later", f"{place}.{name}", value, 0, len(value), f"the case plays on {now}")


def _time(place: str, match: re.Match[str]) -> Iterator[Sighting]:
    """Judge a time of day that the words around say is one: none is past 24:00 or has more than 59 minutes."""
    hour, minute = (int(match[name] or match[f"iso_{name}"]) for name in ("hour", "minute"))
    if minute > 59 or hour * 60 + minute > 24 * 60:
        yield at_match("no_such_time", place, match)


def _day(place: str, text: str, match: re.Match[str], now: date | None) -> Iterator[Sighting]:
    """Judge one date: whether it is on the calendar, and its day of the week if one stands beside it."""
    parts = match.groupdict()
    month = int(parts["number"]) if parts.get("number") else _MONTHS.index(parts["month"][:3].lower()) + 1
    number, year = int(parts["day"]), parts.get("year")
    if not 1 <= month <= 12 or not 1 <= number <= _longest(month, None if year is None else int(year)):
        yield at_match("no_such_day", place, match)
        return
    named = parts["weekday"]
    after = None if named else _WEEKDAY_AFTER.match(text, match.end())
    if after is not None:
        named = after["weekday"] or after["other"]
    if named is None:
        return
    possible = _candidates(number, month, year, now)
    if possible and all(_WEEKDAYS[one.weekday()][:3] != named[:3] for one in possible):
        end = match.end() if after is None else after.end()
        said = f"{possible[0]} is a {_WEEKDAYS[possible[0].weekday()]}"
        yield Sighting("wrong_weekday", place, text[match.start() : end], match.start(), end, said)


def _candidates(number: int, month: int, year: str | None, now: date | None) -> list[date]:
    """Return the days that a date can mean; none where its year cannot be told."""
    if year is not None:
        return [date(int(year), month, number)]
    if now is None:
        return []
    years = (one for one in (now.year, now.year - 1, now.year + 1) if number <= _longest(month, one))
    return [one for one in (date(each, month, number) for each in years) if abs(one - now) <= _NEAR]


def _longest(month: int, year: int | None) -> int:
    """Return the last day of a month, in the longest such month where the year is not known."""
    return calendar.monthrange(year or _LEAP_YEAR, month)[1]
