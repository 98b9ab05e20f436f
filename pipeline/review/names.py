"""Names of readers: short, of letters that can be seen, and one person under one spelling."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

from pipeline.errors import UsageError
from pipeline.pages.text import visible
from pipeline.schema.base import normalise_text

LONGEST = 40


class NameRefusedError(UsageError):
    """A name that cannot be a reader's."""


def checked_name(value: Any, known: Iterable[str]) -> str:
    """Return a reader's name in normal form; one that is known but for its case is that reader's.

    Raises:
        NameRefusedError: if it is no name.
    """
    if not isinstance(value, str):
        raise NameRefusedError("a name is a text")
    try:
        name = " ".join(normalise_text(value).split())
    except ValueError as error:
        raise NameRefusedError(f"not a name: {error}") from error
    if not name or len(name) > LONGEST:
        raise NameRefusedError(f"a name has 1 to {LONGEST} characters")
    if visible(name) != name or not any(unicodedata.category(char)[0] == "L" for char in name):
        raise NameRefusedError("a name has letters, and nothing that cannot be seen")
    return next((one for one in known if one.casefold() == name.casefold()), name)
