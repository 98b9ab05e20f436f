"""Whether the arguments of a call fit the JSON Schema of their tool (draft 2020-12)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from pydantic import JsonValue
from referencing import Registry

from pipeline.schema.base import canonical_json
from pipeline.simulate.values import Arguments

FORMATS = FormatChecker(("date", "email"))


def argument_validator(parameters: Mapping[str, JsonValue]) -> Draft202012Validator:
    """Return the validator of a tool's arguments. References to other documents are never fetched.

    Raises:
        jsonschema.SchemaError: if the parameters are not a JSON Schema of draft 2020-12.
    """
    return _validator(canonical_json(dict(parameters)))


@lru_cache(maxsize=512)
def _validator(canonical: bytes) -> Draft202012Validator:
    parsed: dict[str, Any] = json.loads(canonical)
    Draft202012Validator.check_schema(parsed)
    return Draft202012Validator(parsed, format_checker=FORMATS, registry=Registry())


def argument_problems(validator: Draft202012Validator, arguments: Arguments) -> list[str]:
    """Say what is wrong with the arguments of a call, in a fixed order; empty when nothing is."""
    given = dict(arguments)
    if plainly_fits(given, validator.schema):
        return []

    def told(error: ValidationError) -> str:
        place = ".".join(str(part) for part in error.absolute_path)
        return f"{place}: {error.message}" if place else error.message

    return sorted(told(error) for error in validator.iter_errors(given))


def plainly_fits(value: JsonValue, schema: Any) -> bool:
    """Whether a value fits a valid schema, as far as that is plain to see; many times as fast as the validator.

    What it turns away may fit all the same: only the validator can tell, and say why not.
    """
    if type(schema) is not dict:
        return False
    return all(keyword in _PLAIN and _PLAIN[keyword](value, limit, schema) for keyword, limit in schema.items())


_KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def _of_kind(value: Any, kinds: Any, _schema: Any) -> bool:
    return any(type(value) in _KINDS[kind] for kind in (kinds if isinstance(kinds, list) else [kinds]))


def _properties_fit(value: Any, properties: Any, _schema: Any) -> bool:
    return type(value) is dict and all(
        plainly_fits(value[name], inner) for name, inner in properties.items() if name in value
    )


_PLAIN: dict[str, Callable[[Any, Any, Any], bool]] = {
    **dict.fromkeys(("title", "description", "default", "examples"), lambda _value, _limit, _schema: True),
    "type": _of_kind,
    "enum": lambda value, listed, _: type(value) is str and value in listed,
    "minimum": lambda value, least, _: type(value) in (int, float) and value >= least,
    "maximum": lambda value, most, _: type(value) in (int, float) and value <= most,
    "minLength": lambda value, least, _: type(value) is str and len(value) >= least,
    "maxLength": lambda value, most, _: type(value) is str and len(value) <= most,
    "pattern": lambda value, pattern, _: type(value) is str and re.search(pattern, value) is not None,
    "format": lambda value, name, _: type(value) is str and FORMATS.conforms(value, name),
    "minItems": lambda value, least, _: type(value) is list and len(value) >= least,
    "maxItems": lambda value, most, _: type(value) is list and len(value) <= most,
    "items": lambda value, inner, _: type(value) is list and all(plainly_fits(item, inner) for item in value),
    "uniqueItems": lambda value, _limit, _: (
        type(value) is list and all(type(item) is str for item in value) and len(set(value)) == len(value)
    ),
    "required": lambda value, names, _: type(value) is dict and all(name in value for name in names),
    "properties": _properties_fit,
    "additionalProperties": lambda value, more, schema: (
        more is False and type(value) is dict and value.keys() <= schema.get("properties", {}).keys()
    ),
}
"""What is plain to see by keyword: of the value, what the keyword says, and the whole schema."""
