"""Data inside a page: JSON that no text can break out of, plain or packed.

Packed data are gzip in base64, which a browser reads with ``DecompressionStream``. The bytes follow from the data:
pyarrow compresses, as it does for the tables, and the header names no system and no time.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterator
from typing import Any

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
    compressed = bytearray(pa.Codec("gzip", compression_level=9).compress(text.encode("utf-8"), asbytes=True))
    compressed[_OS_BYTE] = _UNKNOWN_OS
    return base64.b64encode(compressed).decode("ascii")


def unpacked(page: str) -> Iterator[Any]:
    """Give the packed data of a page, in their order."""
    for match in _PACKED.finditer(page):
        yield json.loads(gzip.decompress(base64.b64decode(match[1])))
