"""Reads folders of YAML in which each file is one entry, named after its id."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from pipeline.errors import InputError
from pipeline.mistakes import Mistake
from pipeline.yaml_input import LineLookup, load_yaml_document

E = TypeVar("E", bound=BaseModel)


def load_entries(folder: Path, model: type[E]) -> dict[str, tuple[E, LineLookup]]:
    """Read every ``ID.yaml`` of a folder, in the order of the ids, each with its lines.

    Raises:
        InputError: if the folder is missing or holds no entry, or for the first mistake in a file.
    """
    if not folder.is_dir():
        raise InputError("there is no such folder", file=folder)
    entries: dict[str, tuple[E, LineLookup]] = {}
    for file in sorted(folder.iterdir()):
        if file.suffix == ".yml":
            raise InputError("this file would not be read", file=file, allowed="names that end in .yaml")
        if file.suffix != ".yaml" or file.name.startswith("."):
            continue
        entry, lines = load_yaml_document(file, model)
        name: str = entry.id  # type: ignore[attr-defined]
        if name != file.stem:
            raise lines.error("the id has to equal the file's name", ("id",), value=name, allowed=file.stem)
        entries[name] = entry, lines
    if not entries:
        raise InputError("this folder holds no entry", file=folder, allowed="one file ID.yaml for each entry")
    return entries


def raise_first(lines: LineLookup, mistakes: Iterator[Mistake]) -> None:
    """Raise the first of the mistakes, if there is any, with the number of the others.

    Raises:
        InputError: at the line of the first mistake.
    """
    found = list(mistakes)
    if found:
        raise lines.first(found)
