"""Reads the work texts of ``seeds/work_texts/``: mails, tickets and notes as people write them, none of them a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline.entries import raise_first
from pipeline.errors import InputError
from pipeline.mistakes import Mistake
from pipeline.references import repeated
from pipeline.resources import seeds_dir
from pipeline.schema.base import Record, Slug, Text
from pipeline.yaml_input import load_yaml_document

FOLDER = "work_texts"

WorkKind = Literal["mail", "ticket", "note"]


class WorkText(Record):
    """One text from work, written for the purpose."""

    id: Slug
    kind: WorkKind
    sector: Slug
    text: Text


class WorkTexts(Record):
    """One file of work texts."""

    texts: tuple[WorkText, ...] = Field(min_length=1)


def load_work_texts(root: Path | None = None) -> tuple[WorkText, ...]:
    """Read and check all work texts, in the order of files and lines.

    Args:
        root: the seeds' folder, which holds ``work_texts/``; the installation's own if left out.

    Raises:
        InputError: if the folder is missing or holds no file, for the first mistake in a file, and for an id or a text
            that stands there twice.
    """
    folder = (seeds_dir() if root is None else root) / FOLDER
    if not folder.is_dir():
        raise InputError("there is no such folder", file=folder)
    found: dict[str, WorkText] = {}
    texts: dict[str, str] = {}
    for file in sorted(folder.glob("*.yaml")):
        loaded, lines = load_yaml_document(file, WorkTexts)
        raise_first(lines, _mistakes(loaded, found, texts))
        found |= {one.id: one for one in loaded.texts}
        texts |= {_words_of(one.text): one.id for one in loaded.texts}
    if not found:
        raise InputError("this folder holds no work text", file=folder, allowed="files NAME.yaml with a list `texts`")
    return tuple(found.values())


def _mistakes(loaded: WorkTexts, found: dict[str, WorkText], texts: dict[str, str]) -> Iterator[Mistake]:
    """Yield ids and texts that stand in this file twice, or in a file before it."""
    yield from repeated("work text", [(("texts", index, "id"), one.id) for index, one in enumerate(loaded.texts)])
    seen = dict(texts)
    for index, one in enumerate(loaded.texts):
        if one.id in found:
            yield Mistake(("texts", index, "id"), "another file has a text with this id", one.id)
        same = seen.setdefault(_words_of(one.text), one.id)
        if same != one.id:
            yield Mistake(("texts", index, "text"), f"is the text of `{same}` again")


def _words_of(text: str) -> str:
    return " ".join(text.casefold().split())
