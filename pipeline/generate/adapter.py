"""How a DSPy signature becomes a prompt, and a reply its one output.

What is the same in every call of a program stands first: house style, instructions, demonstrations
as earlier turns. A server's prefix cache pays for it once. The last turn is a sheet of headed inputs.
The reply is the output field itself, without markers, so free text costs no tokens but its own.
Outputs that are not text are JSON, bare or in one fenced block.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import dspy
from dspy.utils.exceptions import AdapterParseError
from pydantic import JsonValue, TypeAdapter, ValidationError

LAYOUT_VERSION = 1
"""Goes up when the layout of prompts or the reading of replies changes; part of every program's version."""

_FENCED = re.compile(r"```[a-zA-Z]*[ \t]*\n(.*?)\n?```", re.DOTALL)


class ReplyError(AdapterParseError):  # type: ignore[misc]
    """A reply from which the output cannot be read. ``reason`` says why, in words for the writer."""

    def __init__(self, signature: type[dspy.Signature], reply: str, reason: str) -> None:
        super().__init__(adapter_name="SheetAdapter", signature=signature, lm_response=reply, message=reason)
        self.reason = reason


class SheetAdapter(dspy.Adapter):  # type: ignore[misc]
    """Adapter for signatures with exactly one output field.

    Args:
        system: the house style; begins the system message of every prompt.
    """

    def __init__(self, system: str) -> None:
        super().__init__()
        self._system = system

    def format_system_message(self, signature: type[dspy.Signature]) -> str:
        """Return the house style and the program's instructions."""
        return f"{self._system}\n\n{signature.instructions}"

    def format_user_message_content(
        self,
        signature: type[dspy.Signature],
        inputs: dict[str, Any],
        prefix: str = "",
        suffix: str = "",
        main_request: bool = False,
    ) -> str:
        """Return the sheet of the inputs that are not empty."""
        return "\n\n".join(part for part in (prefix, sheet_of(signature.input_fields, inputs), suffix) if part)

    def format_assistant_message_content(
        self, signature: type[dspy.Signature], outputs: dict[str, Any], missing_field_message: str | None = None
    ) -> str:
        """Return a demonstration's output as a reply would hold it."""
        value = outputs.get(_output(signature), missing_field_message)
        return value if isinstance(value, str) else json.dumps(_jsonable(value), ensure_ascii=False)

    def parse(self, signature: type[dspy.Signature], completion: str) -> dict[str, Any]:
        """Read the output out of a reply.

        Raises:
            ReplyError: if the reply is not JSON where JSON is due, or not of the field's type.
        """
        name = _output(signature)
        annotation = signature.output_fields[name].annotation
        if annotation is str:
            return {name: completion.strip()}
        try:
            value = read_json(completion)
            return {name: _reader(annotation).validate_python(value)}
        except ValidationError as error:
            raise ReplyError(signature, completion, _validation_reason(error)) from error
        except ValueError as error:
            raise ReplyError(signature, completion, f"the reply is not the JSON that was asked for: {error}") from error


def sheet_of(names: Iterable[str], inputs: Mapping[str, Any]) -> str:
    """Return the inputs that are not empty, each under its name, in the order of ``names``."""
    return "\n\n".join(f"# {_title(name)}\n{_shown(inputs[name])}" for name in names if inputs.get(name))


@lru_cache(maxsize=64)
def _reader(annotation: Any) -> TypeAdapter[Any]:
    return TypeAdapter(annotation)


def read_json(reply: str) -> JsonValue:
    """Return the JSON value that a reply consists of, or that its only fenced block holds.

    Raises:
        ValueError: if there is other text, more than one block, a key twice in an object, or no valid JSON.
    """
    blocks = _FENCED.findall(reply)
    if len(blocks) > 1:
        raise ValueError(f"{len(blocks)} fenced blocks where one is due")
    source = blocks[0] if blocks else reply.strip()
    value: JsonValue = json.loads(source, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    return value


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError(f"key {next(key for key in keys if keys.count(key) > 1)!r} stands twice in an object")
    return dict(pairs)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _validation_reason(error: ValidationError) -> str:
    """Return up to five mistakes of a reply, each with its place."""
    places = [
        f"{'.'.join(map(str, item['loc'])) or 'the whole'}: {item['msg']}" for item in error.errors(include_url=False)
    ]
    more = f" (and {len(places) - 5} more)" if len(places) > 5 else ""
    return "; ".join(places[:5]) + more


def _output(signature: type[dspy.Signature]) -> str:
    names = list(signature.output_fields)
    if len(names) != 1:
        raise TypeError(f"{signature.__name__} has {len(names)} output fields; this adapter takes exactly one")
    return str(names[0])


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _shown(value: Any) -> str:
    """Return an input as text: strings as they are, lists of strings as items, all else as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        return "\n".join(f"- {item}" for item in value)
    return json.dumps(_jsonable(value), ensure_ascii=False, indent=1)


def _jsonable(value: Any) -> JsonValue:
    dumped: JsonValue = _reader(Any).dump_python(value, mode="json")
    return dumped
