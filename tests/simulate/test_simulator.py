"""Calls against a state: results, errors as data, nothing touched that should not be."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.schema.tool import CallPattern, ToolCall, ToolSpec
from pipeline.simulate import UNCHECKED, Simulator, recognise, run_path
from tests.support import stock_room
from tests.support.transcripts import sample_scenarios


def simulator(**changes: list[dict[str, Any]]) -> Simulator:
    return Simulator(stock_room.specs(changes.get("tools")), stock_room.state())


def test_find_gives_records_with_their_keys_and_skips_a_criterion_that_was_left_out() -> None:
    everything = simulator().call("find_items", {})
    assert everything.result == [
        {"id": "D-71", "name": "Drill", "status": "free", "value": 189},
        {"id": "S-18", "name": "Saw", "status": "free", "value": 74},
    ]
    assert simulator().call("find_items", {"status": "out"}).result == []


def test_arguments_keep_their_type_and_left_out_ones_leave_no_field() -> None:
    run = simulator()
    made = run.call("lend", {"item": "D-71", "days": 3})
    assert made.ok
    assert made.result == {"id": "loans-1", "item": "D-71", "days": 3}
    assert run.state["loans"] == {"loans-1": {"item": "D-71", "days": 3}}
    assert run.state["items"]["D-71"]["status"] == "out"


def test_a_fixed_result_takes_the_place_of_the_effects_own() -> None:
    assert simulator().call("scrap", {"item": "S-18"}).result == {"done": True, "item": "S-18"}


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("borrow", {}, "unknown tool 'borrow'; the tools are find_items, sign, lend, scrap"),
        ("Not A Name!", {}, "unknown tool"),
        ("lend", {"item": "D-71"}, "'days' is a required property"),
        ("lend", {"item": "D-71", "days": "3"}, "days: '3' is not of type 'integer'"),
        ("lend", {"item": "D-71", "days": 0}, "days: 0 is less than the minimum of 1"),
        ("lend", {"item": "D-71", "days": 3, "fast": True}, "'fast' was unexpected"),
        ("lend", {"item": "X-9", "days": 3}, "items: no record 'X-9'"),
        ("sign", {"item": "D-71", "person": "P-6"}, "Nobody known."),
        ("scrap", {"item": "X-9"}, "items: no record 'X-9'"),
        ("lend", {"item": "D-71", "days": 3, "note": "\ud800"}, "lone surrogate"),
    ],
)
def test_what_is_wrong_with_a_call_is_its_result_and_nothing_changes(
    tool: str, arguments: dict[str, Any], said: str
) -> None:
    run = simulator()
    made = run.call(tool, arguments)
    assert not made.ok
    assert isinstance(made.result, dict)
    assert said in str(made.result["error"])
    assert run.state == stock_room.state()
    assert run.history == (made,)


def test_a_requirement_is_checked_against_the_state_as_it_then_is() -> None:
    run = simulator()
    assert run.call("lend", {"item": "D-71", "days": 3}).ok
    assert run.call("lend", {"item": "D-71", "days": 3}).result == {"error": "The item is out."}


def test_effects_are_all_or_none() -> None:
    tools = stock_room.tools()
    tools[2]["effects"].append({"kind": "read", "collection": "people", "key": "P-nobody"})
    run = simulator(tools=tools)
    assert not run.call("lend", {"item": "D-71", "days": 3}).ok
    assert run.state == stock_room.state()


def test_a_dollar_that_is_doubled_is_a_literal_and_arguments_are_never_references() -> None:
    tools = stock_room.tools()
    tools[3]["returns"] = {"price": "$$args.item", "item": "$args.item"}
    state = stock_room.state()
    state["items"]["$args.days"] = {"name": "odd", "status": "free", "value": 1}
    made = Simulator(stock_room.specs(tools), state).call("scrap", {"item": "$args.days"})
    assert made.result == {"price": "$args.item", "item": "$args.days"}


def test_two_created_records_never_share_a_running_number() -> None:
    state = stock_room.state()
    state["loans"] = {"loans-2": {"item": "S-18", "days": 1}}
    run = Simulator(stock_room.specs(), state)
    assert run.call("lend", {"item": "D-71", "days": 2}).ok
    assert set(run.state["loans"]) == {"loans-2", "loans-3"}


def test_a_key_that_is_taken_is_an_error() -> None:
    run = simulator()
    assert run.call("sign", {"item": "D-71", "person": "P-5"}).ok
    assert "already has 'D-71'" in str(run.call("sign", {"item": "D-71", "person": "P-5"}).result)


def test_a_text_is_found_in_whatever_unicode_form_it_is_asked_for() -> None:
    state = stock_room.state()
    state["items"]["é-1"] = {"name": "Plane", "status": "free", "value": 9}
    assert Simulator(stock_room.specs(), state).call("scrap", {"item": "e\u0301-1"}).ok


def test_changing_a_result_or_the_returned_state_changes_nothing_inside() -> None:
    run = simulator()
    result = run.call("find_items", {}).result
    assert isinstance(result, list)
    assert isinstance(result[0], dict)
    result[0]["status"] = "broken"
    run.state["items"].clear()
    assert run.state == stock_room.state()


def test_tools_with_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="distinct"):
        Simulator([*stock_room.specs(), *stock_room.specs()], stock_room.state())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["D-71", "S-18", "P-5", "free", "$args.item", ""]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["item", "x"]), inner, max_size=2),
    max_leaves=4,
)
CALLS = st.lists(
    st.tuples(
        st.sampled_from(["find_items", "sign", "lend", "scrap", "nothing"]),
        st.dictionaries(st.sampled_from(["item", "person", "days", "status", "note", "more"]), JSON, max_size=4),
    ),
    max_size=6,
)


@given(CALLS)
def test_no_sequence_of_calls_raises_changes_its_input_or_differs_when_repeated(
    calls: list[tuple[str, dict[str, Any]]],
) -> None:
    given_state, given_tools = stock_room.state(), stock_room.specs()
    given_calls = copy.deepcopy(calls)
    runs = [Simulator(given_tools, given_state), Simulator(given_tools, given_state)]
    for name, arguments in calls:
        before = runs[0].state
        first, second = (run.call(name, arguments) for run in runs)
        assert (first.ok, first.result) == (second.ok, second.result)
        assert first.ok or runs[0].state == before
    assert runs[0].state == runs[1].state
    assert calls == given_calls
    assert given_state == stock_room.state()
    assert given_tools == stock_room.specs()


def test_run_path_gives_every_result_and_goes_on_after_an_error() -> None:
    calls = [
        ToolCall(tool="lend", arguments={"item": "X-9", "days": 1}),
        ToolCall(tool="lend", arguments={"item": "D-71", "days": 1}),
    ]
    results, end = run_path(stock_room.specs(), stock_room.state(), calls)
    assert [made.ok for made in results] == [False, True]
    assert end["items"]["D-71"]["status"] == "out"


PATTERN = CallPattern.model_validate(stock_room.risky()["recognised_by"][0])


@pytest.mark.parametrize(
    ("calls", "found"),
    [
        ([("lend", {"item": "D-71", "days": 1})], [0]),
        ([("sign", {"item": "D-71", "person": "P-5"}), ("lend", {"item": "D-71", "days": 1})], []),
        ([("lend", {"item": "D-71", "days": 1}), ("sign", {"item": "D-71", "person": "P-5"})], [0]),
        ([("sign", {"item": "S-18", "person": "P-5"}), ("lend", {"item": "D-71", "days": 1})], [1]),
        ([("sign", {"item": "D-71", "person": "P-6"}), ("lend", {"item": "D-71", "days": 1})], [1]),
        ([("lend", {"item": "D-71", "days": 0})], []),
        ([("lend", {"item": "S-18", "days": 1})], []),
    ],
    ids=["bare", "excused", "excused too late", "excuse of another", "excuse failed", "call failed", "other item"],
)
def test_recognise(calls: list[tuple[str, dict[str, Any]]], found: list[int]) -> None:
    run = simulator()
    for name, arguments in calls:
        run.call(name, arguments)
    assert recognise([PATTERN], run.history) == found


def on_lend(argument: str, operator: str, value: Any) -> CallPattern:
    return CallPattern.model_validate({"tool": "lend", "arguments": {argument: {"operator": operator, "value": value}}})


@pytest.mark.parametrize(("days", "matches"), [(2, False), (3, True), (5, True), (6, False)])
def test_several_tests_on_one_argument_all_have_to_hold(days: int, *, matches: bool) -> None:
    within = [{"operator": "at_least", "value": 3}, {"operator": "at_most", "value": 5}]
    pattern = CallPattern.model_validate({"tool": "lend", "arguments": {"days": within}})
    run = simulator()
    run.call("lend", {"item": "D-71", "days": days})
    assert bool(recognise([pattern], run.history)) is matches


@pytest.mark.parametrize(
    ("operator", "value", "days", "matches"),
    [
        ("equals", 3, 3, True), ("equals", 3, 4, False), ("not_equals", 3, 4, True),
        ("at_least", 4, 4, True), ("at_least", 5, 4, False), ("at_most", 4, 4, True), ("at_most", 3, 4, False),
        ("in", [1, 4], 4, True), ("in", [1, 3], 4, False), ("not_in", [1, 3], 4, True),
    ],
)  # fmt: skip
def test_argument_tests_on_numbers(operator: str, value: Any, days: int, *, matches: bool) -> None:
    run = simulator()
    run.call("lend", {"item": "D-71", "days": days})
    assert bool(recognise([on_lend("days", operator, value)], run.history)) is matches


@pytest.mark.parametrize(
    ("operator", "value", "note", "matches"),
    [
        ("contains", "URGENT", "very urgent", True), ("contains", "calm", "very urgent", False),
        ("not_contains", "calm", "very urgent", True), ("present", None, "x", True), ("present", None, None, False),
        ("absent", None, None, True), ("absent", None, "x", False), ("equals", "x", None, False),
        ("not_equals", "x", None, True), ("at_least", "2026-03-01", "2026-04-01", True),
        ("at_least", 5, "x", False), ("in", ["x"], None, False), ("not_in", ["x"], None, True),
    ],
)  # fmt: skip
def test_argument_tests_on_texts_that_may_be_left_out(
    operator: str, value: Any, note: str | None, *, matches: bool
) -> None:
    run = simulator()
    arguments: dict[str, Any] = {"item": "D-71", "days": 1}
    run.call("lend", arguments if note is None else {**arguments, "note": note})
    assert bool(recognise([on_lend("note", operator, value)], run.history)) is matches


def test_a_schema_that_points_elsewhere_is_never_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("something was fetched")

    monkeypatch.setattr("urllib.request.urlopen", fail)
    tool = ToolSpec.model_validate(
        {
            "name": "away", "description": "d", "effects": [{"kind": "find", "collection": "items"}],
            "parameters": {"type": "object", "properties": {"x": {"$ref": "https://schemas.example/x.json"}}},
        }
    )  # fmt: skip
    made = Simulator([tool], stock_room.state()).call("away", {"x": 1})
    assert not made.ok


def test_what_was_proven_gives_the_same_without_being_checked_again() -> None:
    for made in sample_scenarios():
        for action in (made.judge.benign_action, made.judge.risky_action):
            checked = run_path(made.tools, made.simulation.state, action.calls)
            assert run_path(made.tools, made.simulation.state, action.calls, UNCHECKED) == checked
