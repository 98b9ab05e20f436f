"""What every record shares: frozen, closed, and identified by its content.

An id is a prefix and the first 20 hexadecimal digits of the SHA-256 of the record's canonical JSON
(RFC 8785, JSON Canonicalization Scheme). Text is brought to Unicode NFC with line feeds as line ends
when a record is made, so that equal content has equal bytes on every machine and Python version
(for the characters of Unicode 14, which Python 3.11 knows; NFC is stable from then on).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable
from typing import Annotated, Any

import orjson
import rfc8785
from pydantic import AfterValidator, BaseModel, ConfigDict, GetCoreSchemaHandler, JsonValue, StringConstraints
from pydantic_core import CoreSchema, core_schema

ID_DIGITS = 20
LARGEST_NUMBER = 2**53 - 1
"""The largest whole number that every reader of JSON takes as it stands (RFC 8259, section 6)."""

SURROGATE = re.compile("[\ud800-\udfff]")


class Record(BaseModel):
    """Base of all records: immutable, and closed against unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, ser_json_inf_nan="strings")


def normalise_text(text: str) -> str:
    """Return ``text`` in NFC with line feeds as line ends.

    Raises:
        ValueError: if the text holds a lone surrogate or a NUL, which no file format of ours can hold.
    """
    if "\x00" in text:
        raise ValueError("text holds a NUL character")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii():
        return text
    if SURROGATE.search(text):
        raise ValueError("text holds a lone surrogate code point")
    return unicodedata.normalize("NFC", text)


def normalise_json(value: JsonValue) -> JsonValue:
    """Apply :func:`normalise_text` to every string and key of a JSON value, and check its numbers.

    Raises:
        ValueError: if a text cannot be held, two keys of one object become the same, or a number is too
            large to survive JSON unchanged (:data:`LARGEST_NUMBER`) or is none.
        TypeError: for what is not JSON.
    """
    if isinstance(value, str):
        return normalise_text(value)
    if isinstance(value, list):
        return [normalise_json(item) for item in value]
    if isinstance(value, dict):
        normal = {normalise_text(key): normalise_json(item) for key, item in value.items()}
        if len(normal) < len(value):
            raise ValueError("two keys of one object are the same text in Unicode NFC")
        return normal
    if isinstance(value, int | float):
        if not abs(value) <= LARGEST_NUMBER:
            raise ValueError(f"the number {value} is not exact in JSON, which ends at {LARGEST_NUMBER}")
    elif value is not None:
        raise TypeError(f"{type(value).__name__} is not JSON")
    return value


def _checked_json(value: Any, check: Callable[[Any], JsonValue]) -> JsonValue:
    """Normalise what is JSON in one walk; anything else goes through pydantic's check, for its errors."""
    try:
        return normalise_json(value)
    except TypeError:
        return normalise_json(check(value))


Text = Annotated[str, AfterValidator(normalise_text), StringConstraints(min_length=1)]
"""Non-empty text in NFC."""

OptionalText = Annotated[str, AfterValidator(normalise_text)]
"""Text in NFC that may be empty."""


class _OneWalk:
    """Checks and writes JSON in one walk each; pydantic's own type asks Python for the kind of every node, twice."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        written = core_schema.simple_ser_schema("any")
        return core_schema.no_info_wrap_validator_function(_checked_json, handler(source), serialization=written)


Json = Annotated[JsonValue, _OneWalk()]
"""Any JSON value, its strings in NFC."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,63}$")]
"""A name that people give to an entry, a tool or a field: lower case, digits, underscores."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Unplain(Exception):  # noqa: N818 - never leaves this module
    """A value on which orjson and RFC 8785 may differ."""


def canonical_json(value: Any) -> bytes:
    """Return RFC 8785 canonical JSON of a JSON-compatible value.

    orjson writes what it writes alike, many times as fast; anything else goes to the full serialiser.

    Raises:
        rfc8785.CanonicalizationError: for integers beyond 2**53, NaN or infinities.
    """
    try:
        return orjson.dumps(_plain(value), option=orjson.OPT_SORT_KEYS)
    except (_Unplain, orjson.JSONEncodeError):  # the latter for lone surrogates and deep nesting
        return rfc8785.dumps(value)


def _plain(value: Any) -> Any:
    """Return a value with whole floats as integers, as the RFC writes them.

    Raises:
        _Unplain: for numbers that are too large or written with an exponent, for keys that are not ASCII (the RFC
            sorts by UTF-16) and for types that are not of JSON.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is dict:
        try:
            plain_keys = "".join(value).isascii()
        except TypeError:
            plain_keys = False
        if not plain_keys:
            raise _Unplain
        return {key: item if type(item) is str else _plain(item) for key, item in value.items()}
    if kind is list:
        return [item if type(item) is str else _plain(item) for item in value]
    if kind in (int, float) and abs(value) <= LARGEST_NUMBER:
        if value == (whole := int(value)):
            return whole
        if "e" not in repr(value):
            return value
    raise _Unplain


def sha256_of(value: Any) -> str:
    """Return the SHA-256 (64 hex digits) of a JSON-compatible value's canonical JSON."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def content_id(prefix: str, value: Any) -> str:
    """Return ``prefix-`` and the first 20 hex digits of :func:`sha256_of`."""
    return f"{prefix}-{sha256_of(value)[:ID_DIGITS]}"
