"""An act that was undone is as if it had never been, and what stands after a restart is what stood before it."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from pipeline.review.events import Act, Answered, Event, Finished, Noted, Skipped, Undone
from pipeline.review.state import State

ITEMS = ["sc-" + digit * 20 for digit in "01"]
READERS = ["Ada", "Ben"]
ACTS: st.SearchStrategy[Act] = st.one_of(
    st.builds(
        Answered, item=st.sampled_from(ITEMS), question=st.sampled_from(["one", "two"]), answer=st.sampled_from("yn")
    ),
    st.builds(Noted, item=st.sampled_from(ITEMS), text=st.sampled_from(["", "odd", "fine"])),
    st.builds(Finished, item=st.sampled_from(ITEMS)),
    st.builds(Skipped, item=st.sampled_from(ITEMS)),
)
STEPS = st.lists(st.tuples(st.sampled_from(READERS), st.one_of(ACTS, st.just("undo"))), max_size=25)


def played(steps: list[tuple[str, Act | str]]) -> tuple[State, list[Event]]:
    """Take the acts one after the other, as the server does."""
    state, events = State(), list[Event]()
    for reader, step in steps:
        if isinstance(step, str):
            last = state.last_act(reader)
            if last is None:
                continue
            taken: Act = Undone(item=last.act.item, event=last.number)
        else:
            taken = step
        number = len(events) + 1
        events.append(
            Event(
                number=number,
                at=f"2026-11-28T10:00:{number:02}+00:00",
                reader=reader,
                key=f"key-{number:05}",
                act=taken,
            )
        )
        state.add(events[-1])
    return state, events


def standing(state: State) -> dict[tuple[str, str], object]:
    found = {}
    for item in ITEMS:
        for reader in READERS:
            one = state.reading(item, reader)
            given = {name: (answer.answer, answer.quote) for name, answer in one.answers.items()}
            found[item, reader] = (given, one.note and one.note[0], one.done, one.skipped, one.acts)
    return found


@given(STEPS)
def test_a_restart_changes_nothing(steps: list[tuple[str, Act | str]]) -> None:
    state, events = played(steps)
    assert standing(State(events)) == standing(state)
    assert State(events).last == len(events)


@given(STEPS, st.sampled_from(READERS), ACTS)
def test_an_act_that_is_undone_had_never_been(steps: list[tuple[str, Act | str]], reader: str, act: Act) -> None:
    before, _ = played(steps)
    after, _ = played([*steps, (reader, act), (reader, "undo")])
    assert standing(after) == standing(before)


@given(STEPS)
def test_undo_goes_back_to_the_beginning_and_touches_nobody_else(steps: list[tuple[str, Act | str]]) -> None:
    state, _ = played([*steps, *[("Ada", "undo")] * 30])
    assert state.last_act("Ada") is None
    alone, _ = played([step for step in steps if step[0] == "Ben"])
    for item in ITEMS:
        assert standing(state)[item, "Ada"] == ({}, None, False, False, 0)
        assert standing(state)[item, "Ben"] == standing(alone)[item, "Ben"]
