"""What is judged: a scenario, or a bare text that a stranger calls one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.errors import InputError
from pipeline.schema.base import normalise_text
from pipeline.schema.scenario import Scenario

Subject = Scenario | str


def scenario_subject(value: Any, file: Path, line: int, *, field: str = "") -> Scenario:
    """Return the scenario that a JSON value is.

    Args:
        value: as ``json.loads`` gave it.
        file: where it stands, for errors.
        line: likewise, from 1.
        field: of the row, that the value stands in; the whole row if left out.

    Raises:
        InputError: if it is no scenario; names the first field that is wrong.
    """
    try:
        return Scenario.model_validate_json(json.dumps(value))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join([*([field] if field else []), *map(str, first["loc"])]) or None
        wrong = first["input"] if isinstance(first["input"], str | int | float | bool) else None
        message = f"not a scenario: {first['msg']}"
        raise InputError(message, file=file, line=line, field=place, value=wrong) from error


def text_subject(value: Any, file: Path, line: int, *, field: str) -> str:
    """Return a text in normal form.

    Args:
        value: as ``json.loads`` gave it.
        file: where it stands, for errors.
        line: likewise, from 1.
        field: of the row, that the value stands in.

    Raises:
        InputError: if it is no text, or one without words.
    """
    if not isinstance(value, str) or not value.strip():
        raise InputError("not a text with words in it", file=file, line=line, field=field, value=value)
    try:
        return normalise_text(value)
    except ValueError as error:
        raise InputError(str(error), file=file, line=line, field=field) from error
