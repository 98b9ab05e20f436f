"""Reads the calibration that a specification names."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from pipeline.errors import InputError
from pipeline.schema.calibration import Calibration
from pipeline.schema.specification import GateSettings


def load_calibration(settings: GateSettings) -> Calibration | None:
    """Return the calibration that ``gates.calibration`` names; ``None`` if it names none.

    Raises:
        InputError: if it is not there, is no calibration, or another than the one that is pinned.
    """
    named = settings.calibration
    if named is None:
        return None
    path = Path(named.path)
    if not path.is_file():
        raise InputError("the calibration that `gates.calibration` names is not there", file=path)
    try:
        calibration = Calibration.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or None
        raise InputError(f"not a calibration: {first['msg']}", file=path, field=place) from error
    if named.sha256 not in (None, calibration.sha256):
        raise InputError(
            "another calibration than `gates.calibration.sha256` asks for",
            file=path,
            value=calibration.sha256,
            allowed=named.sha256,
        )
    return calibration


def pinned(settings: GateSettings, calibration: Calibration | None) -> GateSettings:
    """Return settings that state the content of their calibration."""
    if settings.calibration is None or calibration is None:
        return settings
    stated = settings.calibration.model_copy(update={"sha256": calibration.sha256})
    return settings.model_copy(update={"calibration": stated})
