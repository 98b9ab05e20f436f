"""Reads YAML that people write, and says of every mistake in which line it stands.

Plain values follow YAML 1.2's core schema: ``no`` and ``on`` are text, ``true`` and ``false`` are
not; a date is text. What can be read in two ways is refused: anchors and aliases, tags, merge keys,
duplicate keys, numbers with leading zeros or in other bases, ``{slot}`` without quotes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import yaml
from pydantic import BaseModel, JsonValue, ValidationError

from pipeline import mistakes
from pipeline.errors import InputError

R = TypeVar("R", bound=BaseModel)

MAXIMUM_BYTES = 2**20
MAXIMUM_DEPTH = 40
LARGEST_NUMBER = 2**53 - 1

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]*|(?=\.[0-9]))(\.[0-9]*)?([eE][-+]?[0-9]+)?")
_AMBIGUOUS = re.compile(r"[-+]?0[0-9]+(\.[0-9]*)?|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, JsonValue] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_SYNTAX_IN_WORDS = {
    "mapping values are not allowed": "a second `: ` in one line, or an indentation that is off; "
    "text that holds `: ` has to be put in quotes",
    "could not find expected ':'": "a colon is missing, or the indentation is off",
    "unexpected end of stream": "a quote is opened here and never closed",
    "did not find expected key": "the indentation is off, or a quote ends too early",
    "tab character that violates": "a tab indents this line; YAML takes spaces only",
    "did not find expected '-' indicator": "the indentation of this list is off",
    "did not find expected ',' or": "a bracket or brace is opened before this and never closed, or a comma is missing",
    "unknown escape character": "an unknown escape after `\\`; use single quotes for text with backslashes",
}

_PLACES = 5
"""How many further mistakes an error names the places of."""


class LineLookup:
    """Where the parts of a document stand in its file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._values: dict[mistakes.Place, int] = {(): 1}
        self._keys: dict[mistakes.Place, int] = {}

    def record(self, path: mistakes.Place, value: int, key: int | None = None) -> None:
        """Note the line (1-based) of a value, and of the key that leads to it."""
        self._values[path] = value
        if key is not None:
            self._keys[path] = key

    def line(self, path: mistakes.Place, *, at_key: bool = False) -> int:
        """Return the line (1-based) of a value, or of the nearest mapping or list around what is not there."""
        while path not in self._values:
            path = path[:-1]
        return self._keys.get(path, self._values[path]) if at_key else self._values[path]

    def error(
        self, problem: str, path: mistakes.Place = (), *, value: object = None, allowed: str | None = None
    ) -> InputError:
        """Make the error for one mistake at ``path``, to be raised by the caller."""
        return self.first([mistakes.Mistake(path, problem, value, allowed)])

    def first(self, found: Sequence[mistakes.Mistake]) -> InputError:
        """Make one error of one or more mistakes: the first in the file, and where the others are."""
        # A key that is missing is often one that is misspelt: the unknown key says more.
        mistake, *others = sorted(found, key=lambda one: (one.missing, self.line(one.path, at_key=one.at_key)))
        return InputError(
            mistake.problem + self._rest(others),
            file=self.file,
            line=self.line(mistake.path, at_key=mistake.at_key),
            field=mistakes.dotted(mistake.path),
            value=mistake.value,
            allowed=mistake.allowed,
        )

    def _rest(self, others: Sequence[mistakes.Mistake]) -> str:
        """Return where the mistakes are that an error does not tell; nothing if there are none."""
        if not others:
            return ""
        places = [
            f"line {self.line(one.path, at_key=one.at_key)} `{mistakes.dotted(one.path)}`" for one in others[:_PLACES]
        ]
        unnamed = [f"{len(others) - _PLACES} others"] if len(others) > _PLACES else []
        plural = "s" if len(others) > 1 else ""
        return f" (and {len(others)} more mistake{plural} in this file: {', '.join([*places, *unnamed])})"


def load_yaml(path: Path) -> tuple[JsonValue, LineLookup]:
    """Read a YAML file as JSON values, with the lines they stand in.

    Raises:
        InputError: for the first mistake in the file's syntax.
    """
    text = _read(path)
    lookup = LineLookup(path)
    try:
        return _Builder(text, lookup).document(), lookup
    except yaml.YAMLError as error:
        _raise_syntax_error(error, text, path)


def load_yaml_document(path: Path, model: type[R], *, context: Any = None) -> tuple[R, LineLookup]:
    """Read a YAML file as a record, with the lines its parts stand in, for checks beyond the record.

    Raises:
        InputError: for the first mistake in the file, with the places of the others.
    """
    data, lookup = load_yaml(path)
    if not isinstance(data, dict):
        raise InputError("the file has to hold a mapping (`key: value` lines)", file=path, line=1)
    try:
        return model.model_validate_json(json.dumps(data), strict=True, context=context), lookup
    except ValidationError as error:
        schema = model.model_json_schema()
        details = error.errors(include_url=False)
        found = [mistakes.explain(detail, schema) for detail in details if not mistakes.is_echo(detail)]
    raise lookup.first(found)


def load_yaml_record(path: Path, model: type[R], *, context: Any = None) -> R:
    """Read a YAML file as a record.

    Raises:
        InputError: for the first mistake in the file, with the places of the others.
    """
    return load_yaml_document(path, model, context=context)[0]


class _Builder:
    """Makes JSON values from the parser's events and notes their lines.

    Works on events and not on PyYAML's node tree, whose making recurses without a limit.
    """

    def __init__(self, text: str, lookup: LineLookup) -> None:
        self._events = yaml.parse(text, Loader=yaml.CBaseLoader)
        self._lookup = lookup

    def document(self) -> JsonValue:
        next(self._events)  # the stream starts
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            raise InputError("the file is empty", file=self._lookup.file, line=1)
        value = self._value(next(self._events), ())
        next(self._events)  # the document ends
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            line = _line(event)
            raise InputError("a second document starts here; one file holds one", file=self._lookup.file, line=line)
        return value

    def _value(self, event: yaml.Event, path: mistakes.Place, key: yaml.Event | None = None) -> JsonValue:
        own = _line(event)
        above = own if key is None else _line(key)
        self._lookup.record(path, own if isinstance(event, yaml.ScalarEvent) else above, above)
        self._refuse_references(event, path)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        if len(path) >= MAXIMUM_DEPTH:
            raise self._lookup.error(f"is nested more than {MAXIMUM_DEPTH} levels deep", path[:3])
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, path)
        return self._sequence(path)

    def _refuse_references(self, event: yaml.Event, path: mistakes.Place) -> None:
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            problem = "anchors and aliases (`&`, `*`) are not allowed; write the value out, or put it in quotes"
            raise self._lookup.error(problem, path)
        if getattr(event, "tag", None) is not None:
            raise self._lookup.error("tags (`!`) are not allowed; put text that starts with `!` in quotes", path)

    def _sequence(self, path: mistakes.Place) -> JsonValue:
        result: list[JsonValue] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            result.append(self._value(event, (*path, len(result))))
        return result

    def _mapping(self, start: yaml.MappingStartEvent, path: mistakes.Place) -> JsonValue:
        lines: dict[str, int] = {}
        result: dict[str, JsonValue] = {}
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            line = _line(key)
            if not isinstance(key, yaml.ScalarEvent):
                raise self._misplaced("a key has to be text", (*path, "?"), line)
            here = (*path, key.value)
            self._refuse_references(key, path)
            if key.value == "<<" and not key.style:
                raise self._misplaced("merge keys (`<<`) are not allowed; write the keys out", here, line)
            if key.value in lines:
                first = lines[key.value]
                raise self._misplaced(f"this key stands twice in one mapping, first in line {first}", here, line)
            lines[key.value] = line
            value = next(self._events)
            if start.flow_style and isinstance(value, yaml.ScalarEvent) and not value.style and value.value == "":
                quoted = f"text in braces has to be put in quotes: '{{{key.value}}}'"
                raise self._misplaced(quoted, path or here, line)
            result[key.value] = self._value(value, here, key)
        return result

    def _misplaced(self, problem: str, path: mistakes.Place, line: int) -> InputError:
        self._lookup.record(path, line, line)
        return self._lookup.error(problem, path)

    def _scalar(self, event: yaml.ScalarEvent, path: mistakes.Place) -> JsonValue:
        text: str = event.value
        if event.style:  # quoted or a block: text as it stands
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _AMBIGUOUS.fullmatch(text):
            problem = "can be read as a number in more than one way, or is none; put it in quotes if text is meant"
            raise self._lookup.error(problem, path, value=text, allowed="decimal numbers without leading zeros")
        if not _FLOAT.fullmatch(text):
            return text
        if abs(float(text)) > LARGEST_NUMBER:
            allowed = f"numbers up to {LARGEST_NUMBER}, or text in quotes"
            raise self._lookup.error("a number too large to be exact", path, value=text, allowed=allowed)
        return int(text) if _INTEGER.fullmatch(text) else float(text)


def _line(event: yaml.Event) -> int:
    return 1 if event.start_mark is None else event.start_mark.line + 1


def _read(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputError("there is no such file", file=path) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=path) from None
    if len(raw) > MAXIMUM_BYTES:
        raise InputError(f"the file has {len(raw):,} bytes", file=path, allowed=f"at most {MAXIMUM_BYTES:,} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{raw[error.start]:02x}"
        raise InputError("the file is not UTF-8", file=path, line=line, value=found, allowed="UTF-8 text") from None


def _raise_syntax_error(error: yaml.YAMLError, text: str, path: Path) -> NoReturn:
    """Raise what the YAML parser found as an error in plain words."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    if mark is None:
        position = getattr(error, "position", 0)
        line = text.encode()[:position].count(b"\n") + 1
        raise InputError("a control character, which YAML does not allow", file=path, line=line) from None
    if "unexpected end of stream" in problem and getattr(error, "context_mark", None) is not None:
        mark = error.context_mark  # type: ignore[attr-defined]
    at = text[mark.index : mark.index + 1]
    words = next((said for heard, said in _SYNTAX_IN_WORDS.items() if heard in problem), problem)
    if "cannot start any token" in problem:
        tab, other = _SYNTAX_IN_WORDS["tab character that violates"], f"text that starts with `{at}` needs quotes"
        words = tab if at == "\t" else other
    raise InputError(f"not valid YAML: {words}", file=path, line=mark.line + 1) from None
