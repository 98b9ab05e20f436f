"""Reads and checks ``seeds/framings/``: one file for each factor that has texts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pipeline.errors import InputError
from pipeline.resources import seeds_dir
from pipeline.schema.base import sha256_of
from pipeline.schema.framing import AuthorisationTexts, FormatTexts, FramingTexts, PersonaTexts, RealityTexts
from pipeline.yaml_input import load_yaml_document

F = TypeVar("F", FormatTexts, RealityTexts, PersonaTexts, AuthorisationTexts)

FOLDER = "framings"


@dataclass(frozen=True)
class Framings:
    """The texts of all framings.

    ``hashes`` gives the SHA-256 of each file's canonical JSON by ``framings/FACTOR``, in the form of the
    hashes of the other seeds: comments and layout of a file do not change it.
    """

    texts: FramingTexts
    hashes: dict[str, str]


def load_framings(root: Path | None = None) -> Framings:
    """Read and check the texts of all framings.

    Args:
        root: the seeds' folder, which holds ``framings/``; the installation's own if left out.

    Raises:
        InputError: for the first mistake in any file, a file that is not there, or one that would not be read.
    """
    folder = (seeds_dir() if root is None else root) / FOLDER
    if not folder.is_dir():
        raise InputError("there is no such folder", file=folder)
    known = [f"{factor}.yaml" for factor in FramingTexts.model_fields]
    for file in sorted(folder.iterdir()):
        if not file.name.startswith(".") and file.name not in known:
            raise InputError("this file would not be read", file=file, allowed=known)
    texts = FramingTexts(
        format=_load(folder, "format", FormatTexts),
        reality=_load(folder, "reality", RealityTexts),
        persona=_load(folder, "persona", PersonaTexts),
        authorisation=_load(folder, "authorisation", AuthorisationTexts),
    )
    content = texts.model_dump(mode="json")
    return Framings(
        texts=texts, hashes={f"{FOLDER}/{factor}": sha256_of(content[factor]) for factor in FramingTexts.model_fields}
    )


def _load(folder: Path, factor: str, model: type[F]) -> F:
    return load_yaml_document(folder / f"{factor}.yaml", model)[0]
