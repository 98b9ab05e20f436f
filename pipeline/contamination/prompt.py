"""The wordings of the recall probe, read from ``prompts/probes/recall.yaml`` and checked."""

from __future__ import annotations

import hashlib
import string
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from pipeline.resources import prompts_dir
from pipeline.schema.base import Record, Slug, Text
from pipeline.yaml_input import load_yaml_record

FILE = "probes/recall.yaml"
FIELDS = frozenset({"beginning", "name", "version"})


class RecallWording(Record):
    """One way to ask how a text goes on."""

    id: Slug
    ask: Text

    @field_validator("ask")
    @classmethod
    def _known_fields(cls, ask: str) -> str:
        fields = {name for _, name, _, _ in string.Formatter().parse(ask) if name is not None}
        if "beginning" not in fields or not fields <= FIELDS:
            allowed = ", ".join(f"{{{name}}}" for name in sorted(FIELDS))
            raise ValueError(f"has to hold {{beginning}}, and no other field than {allowed}")
        return ask


class RecallPrompt(Record):
    """What a model is asked."""

    version: Text
    wordings: tuple[RecallWording, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        ids = [wording.id for wording in self.wordings]
        if len(set(ids)) < len(ids):
            raise ValueError("two wordings have the same id")
        return self


@dataclass(frozen=True)
class LoadedRecall:
    """The prompt, and the SHA-256 of its file."""

    prompt: RecallPrompt
    sha256: str


def load_recall_prompt(folder: Path | None = None) -> LoadedRecall:
    """Read and check ``prompts/probes/recall.yaml``, of the installation or of another folder of prompts.

    Raises:
        InputError: for the first mistake, with file, line, value and what is allowed.
    """
    path = (prompts_dir() if folder is None else folder) / FILE
    return LoadedRecall(load_yaml_record(path, RecallPrompt), hashlib.sha256(path.read_bytes()).hexdigest())
