"""Data inside a page: JSON that no text can break out of, plain or packed.

Packed data are gzip in base64, which a browser reads with ``DecompressionStream``. The bytes follow from the data:
pyarrow compresses, as it does for the tables, and the header names no system and no time.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

LEVEL = 6
"""Of gzip. Level 9 makes packs 1% smaller and takes twice as long."""
_OS_BYTE, _UNKNOWN_OS = 9, 255
_PACKED = re.compile(r'<script type="application/gzip"[^>]*>([A-Za-z0-9+/=\s]*)</script>')


def plain_json(value: Any) -> str:
    """Return compact JSON in ASCII for a ``script`` element of type ``application/json``."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def packed(value: Any) -> str:
    """Return JSON as gzip in base64 for a ``script`` element of type ``application/gzip``."""
    import pyarrow as pa

    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    compressed = bytearray(pa.Codec("gzip", compression_level=LEVEL).compress(text.encode("utf-8"), asbytes=True))
    compressed[_OS_BYTE] = _UNKNOWN_OS
    return base64.b64encode(compressed).decode("ascii")


def packed_records(records: Sequence[Any]) -> str:
    """Return records packed by columns: strings at one place of all records stand together, which packs them denser.

    ``shape`` holds the records with an empty text for each text, ``texts`` these by place in the order of the shape.
    """
    top = _Place()
    shape = _shape(records, top)
    return packed({"shape": shape, "texts": dict(top.columns(""))})


class _Place(dict[str | None, "_Place"]):
    """A place in records: the texts that stand there, and the places under it, by key, or ``None`` for items."""

    __slots__ = ("texts",)

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def __missing__(self, step: str | None) -> _Place:
        found = self[step] = _Place()
        return found

    def columns(self, name: str) -> Iterator[tuple[str, list[str]]]:
        """Give the texts of every place that has any, by name."""
        if self.texts:
            yield name, self.texts
        for step, under in self.items():
            yield from under.columns(f"{name}*" if step is None else f"{name}.{step}")


def _shape(value: Any, place: _Place) -> Any:
    if isinstance(value, str):
        place.texts.append(value)
        return ""
    if isinstance(value, dict):
        return {name: _shape(inner, place[name]) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        under = place[None]
        return [_shape(inner, under) for inner in value]
    return value


def records_of(found: dict[str, Any]) -> Any:
    """Return the records of an unpacked pack, as ``report/script/store.js`` does."""
    texts = {place: iter(column) for place, column in found["texts"].items()}

    def filled(value: Any, place: str) -> Any:
        if isinstance(value, str):
            return next(texts[place])
        if isinstance(value, dict):
            return {name: filled(inner, f"{place}.{name}") for name, inner in value.items()}
        return [filled(inner, f"{place}*") for inner in value] if isinstance(value, list) else value

    return filled(found["shape"], "")


def unpacked(page: str) -> Iterator[Any]:
    """Give the packed data of a page, in their order."""
    for match in _PACKED.finditer(page):
        yield json.loads(gzip.decompress(base64.b64decode(match[1])))
