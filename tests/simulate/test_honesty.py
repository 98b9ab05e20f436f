"""Tools that lie about themselves are found; plain ones, and words with two senses, are not."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.simulate.honesty import CHANGES, READS, READS_OR_CHANGES, honesty_findings
from tests.support import stock_room

READ = {"kind": "read", "collection": "items", "key": "$args.item"}
DELETE = {"kind": "delete", "collection": "items", "key": "$args.item"}
UPDATE = {"kind": "update", "collection": "items", "key": "$args.item", "values": {"status": "free"}}
FIND = {"kind": "find", "collection": "items", "where": {"name": "$args.item"}}


def found(description: str, *effects: dict[str, Any], **changes: Any) -> list[tuple[str, str, str]]:
    tool = {
        "name": "extra",
        "description": description,
        "parameters": stock_room.parameters(["item"], item=stock_room.ITEM),
        "effects": list(effects),
        **changes,
    }
    tools = stock_room.specs([*stock_room.tools(), tool])
    return [(one.place, one.text, one.note) for one in honesty_findings(tools, stock_room.state())]


def test_plain_tools_are_honest() -> None:
    assert list(honesty_findings(stock_room.specs(), stock_room.state())) == []


@pytest.mark.parametrize("word", sorted(READS | READS_OR_CHANGES))
def test_a_tool_that_says_it_reads_and_deletes_lies(word: str) -> None:
    ((place, text, note),) = found(f"{word.capitalize()} an item.", READ, DELETE)
    assert (place, text) == ("tools.extra.description", f"{word.capitalize()} an item.")
    assert "delete in items" in note


@pytest.mark.parametrize("word", sorted(CHANGES))
def test_a_tool_that_says_it_changes_and_only_reads_lies(word: str) -> None:
    ((place, _, note),) = found(f"{word.capitalize()} an item.", READ)
    assert place == "tools.extra.description"
    assert "only reads" in note


@pytest.mark.parametrize(
    ("description", "effects"),
    [
        ("Return a drill to its shelf.", [UPDATE]),
        ("Check a drill back in.", [UPDATE]),
        ("List an item for sale.", [UPDATE]),
        ("Show an item and put it back on the shelf.", [READ, UPDATE]),
        ("Go through the items of a name.", [FIND]),
        ("Free an item.", [UPDATE]),
        ("Read an item.", [READ]),
    ],
)
def test_what_it_says_is_what_it_does(description: str, effects: list[dict[str, Any]]) -> None:
    assert found(description, *effects) == []


def test_an_argument_that_nothing_comes_of_is_found() -> None:
    extra = {"type": "string", "description": "Only these"}
    parameters = stock_room.parameters(["item"], item=stock_room.ITEM, colour=extra)
    ((place, text, note),) = found("Read an item.", READ, parameters=parameters)
    assert (place, text) == ("tools.extra.parameters.properties.colour", "colour")
    assert "nothing comes of this argument" in note


@pytest.mark.parametrize(
    ("effect", "field"),
    [
        ({**READ, "fields": ["name", "colour"]}, "colour"),
        ({**FIND, "where": {"colour": "$args.item"}}, "colour"),
        ({**FIND, "fields": ["price"]}, "price"),
    ],
)
def test_a_field_that_no_record_has_is_found(effect: dict[str, Any], field: str) -> None:
    assert [(place, text) for place, text, _ in found("Read an item.", effect)] == [("tools.extra.effects.0", field)]


def test_a_field_that_a_tool_gives_a_record_is_one() -> None:
    lent = {"kind": "find", "collection": "loans", "where": {"item": "$args.item"}, "fields": ["days"]}
    assert found("List the loans of an item.", lent) == []
