"""Values drawn from a seed: the same everywhere, fitting, and never invented-looking."""

from __future__ import annotations

import datetime
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from pipeline.generate.slots import Draw, draw_slots, looks_made_up
from pipeline.schema.domain import Pools, Slot
from pipeline.schema.scenario import Organisation

SLOT: TypeAdapter[Slot] = TypeAdapter(Slot)
PLACE = Organisation(name="Kastanje Tool Library", kind="tool library", place="Breda")
POOLS = Pools.model_validate(
    {
        "people": {
            name: {"given": [f"{name}g{i}" for i in range(10)], "family": [f"{name}f{i}" for i in range(10)]}
            for name in ("aa", "bb", "cc", "dd")
        }
    }
)


def draw(seed: int, **slots: dict[str, Any]) -> dict[str, Any]:
    parsed = {name: SLOT.validate_python(slot) for name, slot in slots.items()}
    return dict(draw_slots("loan", parsed, PLACE, POOLS, seed))


def test_a_choice_is_the_hash_of_its_labels() -> None:
    digest = hashlib.sha256(b"7\x1floan\x1fday\x1f0").digest()
    assert Draw(7, "loan", "day").below(1000) == int.from_bytes(digest[:16], "big") % 1000


def test_a_slot_keeps_its_value_when_others_come_or_go() -> None:
    amount = {"kind": "integer", "low": 100, "high": 900}
    alone = draw(3, amount=amount)
    assert draw(3, who={"kind": "person"}, amount=amount)["amount"] == alone["amount"]


@given(st.integers(0, 10**9))
def test_people_of_one_situation_share_no_part_of_a_name(seed: int) -> None:
    people = draw(seed, **{f"p{n}": {"kind": "person"} for n in range(6)})
    parts = [part for name in people.values() for part in name.split()]
    assert len(set(parts)) == 12


@given(st.integers(0, 10**9))
def test_dates_are_working_days_and_offsets_count_them(seed: int) -> None:
    drawn = draw(
        seed,
        back={"kind": "offset", "of": "day", "by": -3},
        day={"kind": "date", "first": "2026-02-28", "last": "2026-04-30"},
        ahead={"kind": "offset", "of": "day", "by": 5},
        week={"kind": "offset", "of": "day", "by": 7, "unit": "days"},
    )
    day = datetime.date.fromisoformat(drawn["day"])
    back = datetime.date.fromisoformat(drawn["back"])
    assert datetime.date(2026, 3, 2) <= day <= datetime.date(2026, 4, 30)
    assert day.weekday() < 5
    assert back.weekday() < 5
    between = [back + datetime.timedelta(days=n) for n in range((day - back).days)]
    assert sum(one.weekday() < 5 for one in between) == 3
    assert drawn["ahead"] == drawn["week"]  # five working days from a working day are one week


@given(st.integers(0, 10**9))
def test_codes_follow_their_pattern_differ_and_look_real(seed: int) -> None:
    drawn = draw(seed, one={"kind": "code", "pattern": "@@-###"}, two={"kind": "code", "pattern": "@@-###"})
    assert drawn["one"] != drawn["two"]
    for code in drawn.values():
        letters, digits = code.split("-")
        assert letters.isalpha() and letters.isupper() and len(letters) == 2  # noqa: PT018
        assert 100 <= int(digits) <= 999
        assert not looks_made_up(code)


@given(st.integers(0, 10**9))
def test_integers_lie_in_their_range_and_are_not_round(seed: int) -> None:
    drawn = draw(
        seed,
        free={"kind": "integer", "low": 95, "high": 1205},
        stepped={"kind": "integer", "low": 100, "high": 300, "step": 100},
        more={"kind": "offset", "of": "free", "by": 40},
    )
    assert 95 <= drawn["free"] <= 1205
    assert drawn["free"] % 10
    assert drawn["stepped"] in (100, 200, 300)
    assert drawn["more"] == drawn["free"] + 40


@pytest.mark.parametrize("text", ["12345", "INV-4444", "1000", "AB-987", "0000", "98765", "2300", "X-45678-9"])
def test_what_looks_made_up(text: str) -> None:
    assert looks_made_up(text)


@pytest.mark.parametrize("text", ["48213", "INV-4174", "1070", "AB-94", "2026-03-04", "7"])
def test_what_looks_real(text: str) -> None:
    assert not looks_made_up(text)


def test_parts_formats_and_the_organisation() -> None:
    drawn = draw(
        1,
        who={"kind": "person"},
        family={"kind": "part", "of": "who", "part": "family"},
        login={"kind": "part", "of": "who", "part": "login"},
        day={"kind": "date", "first": "2026-03-12", "last": "2026-03-12"},
        told={"kind": "format", "of": "day", "style": "weekday_day_month"},
        amount={"kind": "integer", "low": 48213, "high": 48213},
        amount_told={"kind": "format", "of": "amount", "style": "thousands"},
        house={"kind": "organisation", "part": "name"},
        town={"kind": "organisation", "part": "place"},
    )
    given_name, family = drawn["who"].split()
    assert drawn["family"] == family
    assert drawn["login"] == f"{given_name[0]}.{family}"
    assert drawn["told"] == "Thursday 12 March"
    assert drawn["amount_told"] == "48,213"
    assert (drawn["house"], drawn["town"]) == ("Kastanje Tool Library", "Breda")


def test_logins_are_spelled_in_plain_letters() -> None:
    person = {"aa": {"given": ["Şükrü"] * 10, "family": ["Kızıltaş-O'Łęk"] * 10}}
    pools = Pools.model_validate({"people": dict.fromkeys(("aa", "bb", "cc", "dd"), person["aa"])})
    slots = {
        "who": SLOT.validate_python({"kind": "person"}),
        "login": SLOT.validate_python({"kind": "part", "of": "who", "part": "login"}),
    }
    assert draw_slots("loan", slots, PLACE, pools, 0)["login"] == "s.kiziltasolek"


NUMBER = {"kind": "integer", "low": 1, "high": 2}


@pytest.mark.parametrize(
    ("slots", "said"),
    [
        ({"later": {"kind": "offset", "of": "day", "by": 1}}, "refers to 'day'"),
        ({"aa": {"kind": "offset", "of": "bb", "by": 1}, "bb": {"kind": "offset", "of": "aa", "by": 1}}, "circle"),
        ({"nn": NUMBER, "pp": {"kind": "part", "of": "nn", "part": "given"}}, "no person"),
        ({"pp": {"kind": "person"}, "tt": {"kind": "format", "of": "pp", "style": "thousands"}}, "needs an integer"),
        ({"dd": {"kind": "date", "first": "2026-03-07", "last": "2026-03-08"}}, "no working day"),
        ({"cc": {"kind": "code", "pattern": "R-100"}}, "no code that looks real"),
        ({f"p{n}": {"kind": "person"} for n in range(41)}, "too few names"),
    ],
)
def test_slots_that_cannot_be_filled_say_why(slots: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        draw(0, **slots)


def test_a_run_of_digits_looks_made_up_by_plain_rules() -> None:
    counted = [*("".join(map(str, range(first, first + 4))) for first in range(1, 7)), "9876", "8765", "0000"]
    up, down = "0123456789", "9876543210"
    for run in map(str, range(100_000)):
        whole = len(run) >= 3 and (run in up or run in down or len(set(run)) == 1 or run.endswith("00"))
        assert looks_made_up(run) is (whole or any(part in run for part in counted)), run
