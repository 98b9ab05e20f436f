"""Every kind of mistake that a core can hold, planted one at a time, is found; a sound one is proven."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pipeline.simulate import proof, prove
from tests.support import stock_room

Core = dict[str, Any]
Plant = Callable[[Core], Any]


def core() -> Core:
    return {
        "state": stock_room.state(),
        "tools": stock_room.tools(),
        "benign": stock_room.benign(),
        "risky": stock_room.risky(),
    }


def findings(planted: Core) -> list[tuple[str, str]]:
    good, bad = stock_room.paths(planted["benign"], planted["risky"])
    found = prove(stock_room.specs(planted["tools"]), planted["state"], good, bad)
    return [(finding.place, f"{finding.note} {finding.text}") for finding in found]


def lend(planted: Core) -> Any:
    return planted["tools"][2]


def property_of_lend(planted: Core, name: str) -> Any:
    return lend(planted)["parameters"]["properties"][name]


def extra_tool(**changes: Any) -> dict[str, Any]:
    return {
        "name": "extra", "description": "Extra.", "parameters": stock_room.parameters(["item"], item=stock_room.ITEM),
        "effects": [{"kind": "read", "collection": "items", "key": "$args.item"}], **changes,
    }  # fmt: skip


def test_a_sound_core_is_proven() -> None:
    assert findings(core()) == []


PLANTED: list[tuple[str, Plant, str, str]] = [
    (
        "invalid schema",
        lambda c: property_of_lend(c, "days").update(type="whole"),
        "tools.lend.parameters",
        "not a JSON Schema",
    ),
    (
        "invalid pattern",
        lambda c: property_of_lend(c, "note").update(pattern="["),
        "tools.lend.parameters",
        "not a JSON Schema",
    ),
    (
        "no object",
        lambda c: lend(c).update(parameters={"type": "array"}),
        "tools.lend.parameters.type",
        "must be an object",
    ),
    (
        "open schema",
        lambda c: lend(c)["parameters"].pop("additionalProperties"),
        "tools.lend.parameters",
        "additionalProperties",
    ),
    (
        "undocumented",
        lambda c: property_of_lend(c, "days").pop("description"),
        "tools.lend.parameters.properties.days",
        "no description",
    ),
    (
        "open object inside",
        lambda c: property_of_lend(c, "note").update(type="object"),
        "tools.lend.parameters.properties.note",
        "additionalProperties",
    ),
    (
        "required unknown",
        lambda c: lend(c)["parameters"]["required"].append("who"),
        "tools.lend.parameters.required",
        "not among",
    ),
    (
        "reference elsewhere",
        lambda c: property_of_lend(c, "note").update({"$ref": "https://x.example/s"}),
        "tools.lend.parameters.properties.note.$ref",
        "not used",
    ),
    (
        "argument not in the schema",
        lambda c: lend(c)["effects"][0]["values"].update(who="$args.who"),
        "tools.lend",
        "do not have $args.who",
    ),
    (
        "argument inside a text",
        lambda c: lend(c)["effects"][0]["values"].update(who="for $args.item"),
        "tools.lend",
        "neither $args.NAME",
    ),
    ("two tools of one name", lambda c: c["tools"].append(c["tools"][0]), "tools.find_items", "2 tools"),
    (
        "effect on an absent collection",
        lambda c: lend(c)["effects"][0].update(collection="ghosts"),
        "tools.lend.effects",
        "no such collection",
    ),
    (
        "check of an absent collection",
        lambda c: lend(c)["requires"][0].update(collection="ghosts"),
        "tools.lend.requires",
        "no such collection",
    ),
    (
        "end state in an absent collection",
        lambda c: c["benign"]["end_state"][0].update(collection="ghosts"),
        "benign_action.end_state.0",
        "no such collection",
    ),
    (
        "end state with an argument",
        lambda c: c["benign"]["end_state"][0].update(value="$args.item"),
        "benign_action.end_state.0",
        "no arguments",
    ),
    (
        "unknown tool, benign",
        lambda c: c["benign"]["calls"].append({"tool": "borrow"}),
        "benign_action.calls.2",
        "unknown tool",
    ),
    (
        "unknown tool, risky",
        lambda c: c["risky"]["calls"].insert(0, {"tool": "borrow"}),
        "risky_action.calls.0",
        "unknown tool",
    ),
    (
        "invalid arguments, benign",
        lambda c: c["benign"]["calls"][1]["arguments"].update(days="3"),
        "benign_action.calls.1",
        "is not of type",
    ),
    (
        "invalid arguments, risky",
        lambda c: c["risky"]["calls"][0]["arguments"].update(when=1),
        "risky_action.calls.0",
        "unexpected",
    ),
    (
        "refused call, benign",
        lambda c: c["benign"]["calls"][0]["arguments"].update(person="P-6"),
        "benign_action.calls.0",
        "Nobody known.",
    ),
    (
        "refused call, risky",
        lambda c: c["state"]["items"]["D-71"].update(status="out"),
        "risky_action.calls.0",
        "The item is out.",
    ),
    (
        "end state not reached",
        lambda c: c["benign"]["end_state"][0].update(value="scrapped"),
        "benign_action.end_state.0",
        "does not hold",
    ),
    (
        "end state from the start",
        lambda c: c["benign"]["end_state"][0].update(value="free"),
        "benign_action.end_state",
        "before any call",
    ),
    (
        "benign path recognised",
        lambda c: c["risky"]["recognised_by"][0].pop("unless_after"),
        "benign_action.calls.1",
        "recognised as the risky",
    ),
    (
        "risky path not recognised",
        lambda c: c["risky"]["recognised_by"][0]["arguments"]["item"].update(value="S-18"),
        "risky_action.recognised_by",
        "no call",
    ),
    ("equal paths", lambda c: c["risky"].update(calls=c["benign"]["calls"]), "risky_action.calls", "same calls"),
    (
        "pattern of an unknown tool",
        lambda c: c["risky"]["recognised_by"].append({"tool": "borrow"}),
        "risky_action.recognised_by.1",
        "no such tool",
    ),
    (
        "pattern on an unknown argument",
        lambda c: c["risky"]["recognised_by"][0]["arguments"].update(who={"value": 1}),
        "risky_action.recognised_by.0",
        "no such argument who",
    ),
    (
        "excuse by an unknown tool",
        lambda c: c["risky"]["recognised_by"][0]["unless_after"].append({"tool": "borrow"}),
        "risky_action.recognised_by.0.unless_after.1",
        "no such tool",
    ),
    (
        "tool that says it reads and deletes",
        lambda c: c["tools"].append(
            extra_tool(
                description="Show an item.",
                effects=[
                    {"kind": "read", "collection": "items", "key": "$args.item"},
                    {"kind": "delete", "collection": "items", "key": "$args.item"},
                ],
            )
        ),
        "tools.extra.description",
        "says that it reads",
    ),
    (
        "tool with a key that is nowhere",
        lambda c: c["tools"].append(extra_tool(effects=[{"kind": "read", "collection": "items", "key": "X-9"}])),
        "tools.extra",
        "no arguments were found",
    ),
    (
        "tool whose check never holds",
        lambda c: c["tools"].append(
            extra_tool(requires=[{"collection": "items", "key": "$args.item", "field": "status", "value": "lost"}])
        ),
        "tools.extra",
        "no arguments were found",
    ),
    (
        "tool that wants a contradiction",
        lambda c: c["tools"].append(
            extra_tool(
                parameters=stock_room.parameters(["item"], item={"type": "string", "enum": ["X-9"], "description": "d"})
            )
        ),
        "tools.extra",
        "no arguments were found",
    ),
]


@pytest.mark.parametrize(("plant", "place", "note"), [case[1:] for case in PLANTED], ids=[case[0] for case in PLANTED])
def test_a_planted_mistake_is_found(plant: Plant, place: str, note: str) -> None:
    planted = core()
    plant(planted)
    assert any(found == place and note in said for found, said in findings(planted)), findings(planted)


def test_a_tool_off_both_paths_counts_as_reachable_when_some_arguments_work() -> None:
    needs = [
        {"collection": "items", "key": "$args.item", "field": "value", "operator": "at_most", "value": "$args.limit"}
    ]
    limit = {"type": "integer", "description": "Highest value"}
    parameters = stock_room.parameters(["item", "limit"], item=stock_room.ITEM, limit=limit)
    planted = core()
    planted["tools"].append(extra_tool(parameters=parameters, requires=needs))
    assert findings(planted) == []


def test_a_tool_that_works_only_after_the_benign_path_counts_as_reachable() -> None:
    planted = core()
    out = [{"collection": "items", "key": "$args.item", "field": "status", "value": "out"}]
    planted["tools"].append(extra_tool(requires=out))
    assert findings(planted) == []


def test_proving_leaves_the_state_as_it_was() -> None:
    given = stock_room.state()
    prove(stock_room.specs(), given, *stock_room.paths())
    assert given == stock_room.state()


def test_what_was_proven_is_not_run_again_and_anything_else_is(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def noted(*content: Any) -> tuple[()]:
        asked.append(content)
        return ()

    monkeypatch.setattr(proof, "findings_of", noted)
    monkeypatch.setattr(proof, "_proven", set())
    for _ in range(2):
        assert findings(core()) == []
    assert len(asked) == 1
    for number, (_, plant, _, _) in enumerate(PLANTED, start=2):
        planted = core()
        plant(planted)
        findings(planted)
        assert len(asked) == number


def test_faults_are_found_as_often_as_they_are_asked_for() -> None:
    planted = core()
    planted["benign"]["end_state"][0].update(value="free")
    assert findings(planted) == findings(planted) != []


def test_no_more_than_so_many_proofs_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    known: set[bytes] = set()
    monkeypatch.setattr(proof, "_proven", known)
    monkeypatch.setattr(proof, "MOST", 2)
    for name in ("Mallet", "Chisel", "Plane", "Rasp"):
        renamed = core()
        renamed["state"]["items"]["S-18"]["name"] = name
        assert findings(renamed) == []
        assert 0 < len(known) <= 2
