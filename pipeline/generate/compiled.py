"""Compiled states of programs: JSON as DSPy saves it, with our provenance under ``metadata.impress``.

``dspy.Predict.load`` reads such a file too. DSPy itself takes nearly anything for a state and fills
fields by position, so a file is checked here before it is used.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dspy
from dspy.utils.saving import get_dependency_versions
from pydantic import JsonValue, TypeAdapter, ValidationError

from pipeline.atomic import write_text_atomic
from pipeline.errors import InputError
from pipeline.schema.base import sha256_of
from pipeline.schema.compiled import Provenance

PROVENANCE = "impress"


def compiled_path(folder: Path, name: str) -> Path:
    """Return where the compiled state of a program stands below ``prompts/compiled/``."""
    return folder / f"{name}.json"


def state_hash(program: dspy.Predict) -> str:
    """Return the SHA-256 over what compiling decides: instructions and demonstrations."""
    demonstrations = [TypeAdapter(Any).dump_python(dict(demo), mode="json") for demo in program.demos]
    return sha256_of([program.signature.instructions, demonstrations])


def write_compiled(path: Path, program: dspy.Predict, provenance: Provenance) -> None:
    """Write a program's state with its provenance, in one step."""
    state = program.dump_state()
    state |= {"lm": None, "traces": [], "train": []}
    versions = get_dependency_versions()
    state["metadata"] = {"dependency_versions": versions, PROVENANCE: provenance.model_dump(mode="json")}
    write_text_atomic(path, json.dumps(state, indent=2, ensure_ascii=False, sort_keys=True) + "\n")


def load_compiled(path: Path, name: str, program: dspy.Predict) -> Provenance | None:
    """Put a program into the state of a file.

    Args:
        path: the file.
        name: the program's name.
        program: with the signature that the state has to fit; it is changed.

    Returns:
        The state's provenance; ``None`` for a state that DSPy saved by itself.

    Raises:
        InputError: if the file is no state of this program, or was changed since it was compiled.
    """
    state = _read(path)
    metadata = state.pop("metadata", {})
    _check_fields(state, program, path, name)
    try:
        program.load_state({**state, "lm": None})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"not a state that DSPy saved of the program {name!r}: {error}", file=path) from error
    written = metadata.get(PROVENANCE) if isinstance(metadata, dict) else None
    return None if written is None else _checked(written, path, name, program)


def _read(path: Path) -> dict[str, Any]:
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"not JSON: {error}", file=path) from error
    if not isinstance(state, dict):
        raise InputError("not a state that DSPy saved, which is a JSON object", file=path)
    return state


def _check_fields(state: dict[str, Any], program: dspy.Predict, path: Path, name: str) -> None:
    """Check what DSPy does not: that fields and demonstrations are those of the signature."""
    signature = state.get("signature")
    if not isinstance(signature, dict) or not isinstance(signature.get("fields"), list):
        raise InputError(f"not a state that DSPy saved of the program {name!r}: no signature", file=path)
    if not isinstance(signature.get("instructions"), str) or not signature["instructions"].strip():
        raise InputError("the instructions are missing or empty", file=path, field="signature.instructions")
    prefixes = [field.get("prefix") for field in signature["fields"] if isinstance(field, dict)]
    own = [field["prefix"] for field in program.signature.dump_state()["fields"]]
    if prefixes != own:
        problem = f"the fields are not those of the program {name!r}"
        raise InputError(problem, file=path, field="signature.fields", value=prefixes, allowed=", ".join(own))
    demonstrations = state.get("demos")
    if not isinstance(demonstrations, list) or not all(isinstance(one, dict) for one in demonstrations):
        raise InputError("has to be a list of demonstrations", file=path, field="demos")
    known = {*program.signature.fields, "augmented"}
    for index, demonstration in enumerate(demonstrations):
        for key in demonstration.keys() - known:
            problem = f"the program {name!r} has no such field"
            raise InputError(problem, file=path, field=f"demos.{index}", value=key, allowed=known)


def _checked(written: JsonValue, path: Path, name: str, program: dspy.Predict) -> Provenance:
    place = f"metadata.{PROVENANCE}"
    try:
        provenance = Provenance.model_validate(written)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join((place, *map(str, first["loc"])))
        raise InputError(first["msg"], file=path, field=field) from error
    if provenance.program != name:
        problem = "compiled for another program"
        raise InputError(problem, file=path, field=f"{place}.program", value=provenance.program, allowed=name)
    fields = tuple(program.signature.fields)
    if provenance.fields != fields:
        problem = "compiled for other fields than the program has; compile it again"
        raise InputError(
            problem, file=path, field=f"{place}.fields", value=provenance.fields, allowed=", ".join(fields)
        )
    if provenance.state != state_hash(program):
        problem = "the state was changed after it was compiled, so its scores are not its own; compile it again"
        raise InputError(problem, file=path, field=f"{place}.state")
    return provenance
