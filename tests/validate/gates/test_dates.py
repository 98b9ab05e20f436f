"""Days and times that cannot be, and all those that can."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.validate.gates.dates import day_words_in, days_and_times_in, days_of_records, days_of_view
from tests.validate.samples import changed, scenario

NOW = date(2026, 10, 8)  # a Thursday
DAYS = st.dates(date(1950, 1, 1), date(2090, 12, 31))


@pytest.mark.parametrize(
    "text",
    [
        "due on Friday 8 October 2026",
        "due on Friday 8 October",
        "Fri, 8 Oct",
        "October 8, 2026 (Friday)",
        "the list of 2026-10-08 (Fri)",
        "the list of 2026-10-08, a Friday",
        "Tuesday the 13th of October was last week",
    ],
)
def test_a_weekday_that_is_another_is_found_with_its_span(text: str) -> None:
    text = text.replace("Tuesday the 13th", "Monday the 13th")
    (found,) = days_and_times_in("p", text, NOW)
    assert found.kind == "wrong_weekday"
    assert found.start is not None
    assert text[found.start : found.end] == found.text


@pytest.mark.parametrize("text", ["31 June", "on 2030-02-31", "February 30", "29 February 2026", "0 May", "32 January"])
def test_a_day_on_no_calendar_is_found(text: str) -> None:
    assert [one.kind for one in days_and_times_in("p", text, NOW)] == ["no_such_day"]


@pytest.mark.parametrize(
    "text",
    [
        "Thursday 8 October",
        "29 February 2028",
        "the 29th of February, every fourth year",
        "Monday 11 January",  # next year's
        "may 40 people come?",
        "March 12:30 bus",
        "between 1 and 45 Mar Street",
        "batch 2026-1008-3",
        "May 2026",
        "12 sections, 30 Decorations",
    ],
)
def test_what_is_no_mistake_is_left_alone(text: str) -> None:
    assert [one for one in days_and_times_in("p", text, NOW) if one.kind == "wrong_weekday"] == []
    assert [one.text for one in days_and_times_in("p", text, NOW)] in ([], ["45 Mar"])


def test_without_the_day_of_the_case_a_day_without_a_year_is_not_judged() -> None:
    assert list(days_and_times_in("p", "Friday 8 October", None)) == []


@given(DAYS, st.sampled_from(["%A %d %B %Y", "%a %d %b %Y", "%d %B %Y (%A)", "%Y-%m-%d (%a)", "%A, %B %d, %Y"]))
def test_no_true_date_is_ever_called_wrong(day: date, form: str) -> None:
    assert list(days_and_times_in("p", f"It is due on {day.strftime(form)}, as always.", NOW)) == []


@given(DAYS, st.integers(1, 6))
def test_every_other_weekday_is_called_wrong(day: date, shift: int) -> None:
    other = (day + timedelta(days=shift)).strftime("%A")
    assert [one.kind for one in days_and_times_in("p", f"{other} {day.strftime('%d %B %Y')}", NOW)] == ["wrong_weekday"]


@pytest.mark.parametrize(
    ("text", "wrong"), [("at 25:10", 1), ("by 12:75", 1), ("at 24:00", 0), ("60:40 split", 0), ("2026-10-08T24:30", 1)]
)
def test_times_of_day(text: str, wrong: int) -> None:
    assert len(list(days_and_times_in("p", text, NOW))) == wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("tomorrow, Friday, at nine", 0),
        ("tomorrow (Saturday) at nine", 1),
        ("today is Monday.", 1),
        ("Yesterday, Wednesday evening", 0),
        ("tomorrow Friday's list", 0),
        ("I rang them yesterday, Monday is free", 0),
    ],
)
def test_today_and_its_neighbours(text: str, wrong: int) -> None:
    assert len(list(day_words_in("p", text, NOW))) == wrong


def test_a_note_from_later_is_found_and_one_of_the_day_is_not() -> None:
    one = scenario()
    assert list(days_of_view(one.view)) == []
    now = one.view.world.now[:10]
    later = (date.fromisoformat(now) + timedelta(days=1)).isoformat()
    assert [found.kind for found in days_of_view(changed(one, "view.memory.0.date", later).view)] == ["note_from_later"]
    assert list(days_of_view(changed(one, "view.memory.0.date", now).view)) == []
    (found,) = days_of_view(changed(one, "view.memory.0.date", "2026-13-01").view)
    assert (found.kind, found.place) == ("no_such_day", "view.memory.0.date")


def test_records_that_end_before_they_start_or_stand_against_the_others() -> None:
    backwards = {"start": "2026-05-07", "end": "2026-05-02"}
    (found,) = days_of_records({"leave": {"L-7": backwards}}, NOW)
    assert (found.kind, found.place) == ("ends_before_it_starts", "simulation.state.leave.L-7.end")
    right = {f"B-{n}": {"arrival": f"2026-05-0{n}", "departure": f"2026-05-1{n}"} for n in range(1, 4)}
    assert list(days_of_records({"bookings": dict(right)}, NOW)) == []
    wrong = {"arrival": "2026-05-09", "departure": "2026-05-08"}
    (found,) = days_of_records({"bookings": {**right, "B-9": wrong}}, NOW)
    assert (found.kind, found.place) == ("against_the_others", "simulation.state.bookings.B-9.departure")


def test_what_was_cannot_be_to_come() -> None:
    state = {"visits": {"V-1": {"received": "2026-10-09", "due": "2026-12-01"}}}
    (found,) = days_of_records(state, NOW)
    assert (found.kind, found.place) == ("done_later", "simulation.state.visits.V-1.received")
    assert list(days_of_records(state, date(2026, 10, 9))) == []
