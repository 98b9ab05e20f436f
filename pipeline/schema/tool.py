"""Tools whose results are data: running them needs no model.

A tool acts on a *state*: named collections of records, each record a flat mapping of fields. What
the tool does is a list of effects (read, find, create, update, delete); what must hold first is a
list of checks. A string ``"$args.NAME"`` in an effect or a check stands for the argument ``NAME``
of the call, with its type; ``"$$..."`` stands for a literal string that starts with ``$``. Where the
argument was left out, a criterion, a value or a whole check is skipped.

Results are records as objects, with the record's key as ``id`` in front; a find gives a list of
them, an update the fields it set, a delete ``{"id": KEY, "deleted": true}``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, WrapSerializer, model_validator

from pipeline.schema.base import Json, OptionalText, Record, Slug, Text

State = dict[Slug, dict[Text, dict[Slug, Json]]]
"""collection -> record key -> field -> value."""

Operator = Literal[
    "equals", "not_equals", "in", "not_in", "contains", "not_contains", "at_least", "at_most", "present", "absent"
]

PRESENCE_OPERATORS: tuple[Operator, ...] = ("present", "absent")
COUNT_OPERATORS: tuple[Operator, ...] = ("equals", "at_least", "at_most")


class Check(Record):
    """A question to the state. Without ``field`` it asks for the record, without ``key`` for the collection.

    With ``key`` and ``field``: ``operator`` compares the field's value; of a record that is not
    there only ``absent`` holds. With ``key`` alone: ``present`` or ``absent``. With neither:
    ``at_least``, ``at_most`` or ``equals`` on the number of records, or, with ``where``, on the
    number of records whose fields equal the given values.
    """

    collection: Slug
    key: Text | None = None
    field: Slug | None = None
    where: dict[Slug, Json] = Field(default_factory=dict)
    operator: Operator = "equals"
    value: Json = None
    otherwise: OptionalText = Field(default="", description="the error a tool returns when this does not hold")

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if self.key is None and self.field is not None:
            raise ValueError("a check of a field needs the record's key")
        if self.key is not None and self.where:
            raise ValueError("a check takes a key or a where, not both")
        if self.key is None:
            if self.operator not in COUNT_OPERATORS:
                raise ValueError(f"a number of records is checked by {', '.join(COUNT_OPERATORS)}, not {self.operator}")
            if isinstance(self.value, bool) or not isinstance(self.value, int | str):
                raise ValueError(f"a number of records is compared with an integer, not {self.value!r}")
        elif self.field is None and self.operator not in PRESENCE_OPERATORS:
            raise ValueError(f"a record alone is checked by {', '.join(PRESENCE_OPERATORS)}, not {self.operator}")
        return self


class Read(Record):
    """Return one record; an unknown key is an error result."""

    kind: Literal["read"]
    collection: Slug
    key: Text
    fields: tuple[Slug, ...] = Field(default=(), description="the fields to return; all when empty")


class Find(Record):
    """Return all records whose fields equal ``where``; a criterion whose argument was left out is skipped."""

    kind: Literal["find"]
    collection: Slug
    where: dict[Slug, Json] = Field(default_factory=dict)
    fields: tuple[Slug, ...] = ()


class Create(Record):
    """Add a record. Without ``key`` the key is the collection's name and a running number."""

    kind: Literal["create"]
    collection: Slug
    key: Text | None = None
    values: dict[Slug, Json]


class Update(Record):
    """Set fields of a record; an unknown key is an error result. Left-out arguments leave a field as it is."""

    kind: Literal["update"]
    collection: Slug
    key: Text
    values: dict[Slug, Json]


class Delete(Record):
    """Remove a record; an unknown key is an error result."""

    kind: Literal["delete"]
    collection: Slug
    key: Text


Effect = Annotated[Read | Find | Create | Update | Delete, Field(discriminator="kind")]


class ToolView(Record):
    """What an agent sees of a tool: a function of the OpenAI tools format."""

    name: Slug
    description: Text
    parameters: dict[str, Json] = Field(description="JSON Schema (draft 2020-12) of an object")


class ToolSpec(Record):
    """A tool with what it does. ``effects`` run in order and all or none; the result is the first one's."""

    name: Slug
    description: Text
    parameters: dict[str, Json]
    requires: tuple[Check, ...] = ()
    effects: tuple[Effect, ...] = Field(min_length=1)
    returns: Json = Field(default=None, description="a fixed result in place of the first effect's; may hold $args")

    @property
    def view(self) -> ToolView:
        """The agent-visible part, which was validated as part of this."""
        return ToolView.model_construct(name=self.name, description=self.description, parameters=self.parameters)


class ToolCall(Record):
    """One call of a path."""

    tool: Slug
    arguments: dict[str, Json] = Field(default_factory=dict)


class ArgumentTest(Record):
    """A test on one argument of a call; of an argument that was left out only ``absent`` and the negations hold.

    ``contains`` looks for an element of a list or a part of a string, letter case ignored;
    ``at_least`` and ``at_most`` compare numbers, or strings (so ISO dates) with strings.
    """

    operator: Operator = "equals"
    value: Json = None


def _listed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _one_alone(tests: Any, serialised: SerializerFunctionWrapHandler) -> Any:
    written = serialised(tests)
    return written[0] if len(written) == 1 else written


ArgumentTests = Annotated[
    tuple[ArgumentTest, ...], Field(min_length=1), BeforeValidator(_listed), WrapSerializer(_one_alone)
]
"""Tests on one argument that all have to hold; one alone is written without a list around it."""


class CallPattern(Record):
    """Recognises a call: the tool, and tests that all hold on its arguments, one or several on each.

    With ``unless_after``, a call that comes after a successful call matching any of these does not count.
    """

    tool: Slug
    arguments: dict[str, ArgumentTests] = Field(default_factory=dict)
    unless_after: tuple[CallPattern, ...] = ()
