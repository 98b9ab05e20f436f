"""Every item gets its readers and no more, nobody reads one twice, and what two differ on goes to a third."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from pipeline.review.events import Act, Answered, Event, Finished, Opened, Skipped
from pipeline.review.items import Item, in_turns
from pipeline.review.questions import ACCEPT, REJECT, Question, yes_or_no
from pipeline.review.state import State
from pipeline.review.turns import HELD, Turns

ITEMS = [Item(f"sc-{at:020}", "scenario", f"t{at}", "p", "d", "m", "r", f"s{at % 3}") for at in range(6)]
DECISION = Question("decision", "decision", "stay?", yes_or_no()[0], frozenset({ACCEPT}), must=True)
FIRST, SECOND = ITEMS[0].id, ITEMS[1].id


class Desk:
    """Readers at a queue, with a clock of their own."""

    def __init__(self, readers: int = 2) -> None:
        self.state = State()
        self.now = datetime(2026, 11, 28, tzinfo=UTC)
        self.turns = Turns(ITEMS, lambda _: [DECISION], readers, self.state, lambda: self.now)

    def act(self, reader: str, act: Act) -> None:
        number = self.state.last + 1
        self.state.add(Event(number=number, at=self.now.isoformat(), reader=reader, key=f"key-{number:05}", act=act))

    def next(self, reader: str) -> str | None:
        found = self.turns.next_for(reader)
        if found is not None:
            self.act(reader, Opened(item=found))
        return found

    def say(self, reader: str, item: str, answer: str) -> None:
        self.act(reader, Answered(item=item, question="decision", answer=answer))
        self.act(reader, Finished(item=item))


def test_two_read_what_the_third_does_not_get_unless_they_differ() -> None:
    desk = Desk()
    assert [desk.next(reader) for reader in ("Ada", "Ben", "Eve")] == [FIRST, FIRST, SECOND]
    desk.say("Ada", FIRST, ACCEPT)
    desk.say("Ben", FIRST, REJECT)
    assert desk.turns.standing(FIRST).stage == "third"
    assert desk.turns.standing(FIRST).disputed == ("decision",)
    desk.say("Eve", SECOND, ACCEPT)
    assert desk.next("Eve") == FIRST, "what waits for a third comes first"
    assert desk.next("Ada") == SECOND
    desk.say("Eve", FIRST, ACCEPT)
    assert desk.turns.standing(FIRST).stage == "settled"
    assert desk.turns.standing(FIRST).says(DECISION) is True


@pytest.mark.parametrize(
    ("said", "stage"),
    [
        ((ACCEPT, ACCEPT), "settled"),
        ((ACCEPT, REJECT), "third"),
        ((ACCEPT, "unsure"), "third"),
        (("unsure",) * 2, "third"),
    ],
)
def test_who_is_unsure_of_what_must_be_said_leaves_it_to_a_third(said: tuple[str, str], stage: str) -> None:
    desk = Desk()
    for reader, answer in zip(("Ada", "Ben"), said, strict=True):
        desk.say(reader, FIRST, answer)
    assert desk.turns.standing(FIRST).stage == stage


def test_one_reader_alone_settles_an_item_where_every_item_gets_one() -> None:
    desk = Desk(readers=1)
    desk.say("Ada", FIRST, "unsure")
    assert desk.turns.standing(FIRST).stage == "settled"
    assert desk.next("Ben") == SECOND


def test_what_is_skipped_comes_last_and_what_is_begun_first() -> None:
    desk = Desk()
    desk.next("Ada")
    assert desk.next("Ada") == FIRST, "asking again gives the same"
    desk.act("Ada", Skipped(item=FIRST))
    for item in ITEMS[1:]:
        assert desk.next("Ada") == item.id
        desk.say("Ada", item.id, ACCEPT)
    assert desk.next("Ada") == FIRST
    desk.say("Ada", FIRST, ACCEPT)
    assert desk.next("Ada") is None


def test_an_item_that_was_left_open_goes_to_others_after_a_while() -> None:
    desk = Desk()
    desk.next("Ada")
    desk.next("Ben")
    assert desk.next("Eve") == SECOND
    desk.act("Eve", Skipped(item=SECOND))
    desk.now += HELD + timedelta(seconds=1)
    assert desk.next("Eve") == FIRST


def test_whoever_left_an_item_long_ago_it_comes_in_its_place_among_those_that_nobody_has_read() -> None:
    desk = Desk()
    for reader, item in (("Ada", ITEMS[0]), ("Ben", ITEMS[0]), ("Ada", ITEMS[3])):
        desk.act(reader, Opened(item=item.id))
    desk.now += HELD + timedelta(seconds=1)
    for item in (ITEMS[0], ITEMS[1], ITEMS[2], ITEMS[3], ITEMS[4]):
        assert desk.next("Eve") == item.id
        desk.say("Eve", item.id, ACCEPT)


def test_the_next_of_very_many_is_found_among_those_that_were_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [Item(f"sc-{at:020}", "scenario", "t", "p", "d", "m", "r", "s") for at in range(50_000)]
    state = State()
    for number in range(30):
        event = Opened(item=many[2 * number].id)
        now = datetime(2026, 11, 28, tzinfo=UTC).isoformat()
        state.add(Event(number=number + 1, at=now, reader="Ada", key=f"key-{number:05}", act=event))
    turns = Turns(many, lambda _: [DECISION], 1, state, lambda: datetime(2026, 11, 28, tzinfo=UTC))
    looked_at = []
    standing = turns.standing
    monkeypatch.setattr(turns, "standing", lambda item: looked_at.append(item) or standing(item))
    assert turns.next_for("Ben") == many[1].id, "the others are in somebody's hands"
    assert len(looked_at) == 30


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["Ada", "Ben", "Eve", "Ida"]), st.sampled_from([ACCEPT, REJECT, "unsure", "leave", "skip"])
    ),
    max_size=60,
)


@settings(max_examples=60)
@given(STEPS, st.integers(1, 3))
def test_no_item_gets_a_reader_too_many_or_one_twice(steps: list[tuple[str, str]], readers: int) -> None:
    desk = Desk(readers)
    finished: Counter[tuple[str, str]] = Counter()
    for reader, step in steps:
        item = desk.next(reader)
        if item is None or step == "leave":
            continue
        if step == "skip":
            desk.act(reader, Skipped(item=item))
            continue
        desk.say(reader, item, step)
        finished[reader, item] += 1
    assert max(finished.values(), default=0) <= 1
    for item in ITEMS:
        standing = desk.turns.standing(item.id)
        assert len(standing.first) <= readers
        assert len(standing.third) <= 1
        assert not standing.third or standing.disputed


def test_strata_take_turns_in_an_order_that_follows_from_the_seed() -> None:
    many = [
        Item(f"sc-{at:020}", "scenario", "t", "p", "d", "m", "r", "big" if at > 3 else f"s{at}") for at in range(20)
    ]
    ordered = in_turns(many, seed=4)
    assert ordered == in_turns(list(reversed(many)), seed=4)
    assert sorted(one.id for one in ordered) == sorted(one.id for one in many)
    assert {one.stratum for one in ordered[:5]} == {"big", "s0", "s1", "s2", "s3"}
    assert ordered != in_turns(many, seed=5)
