"""The wordings of the question, read from ``prompts/probes/awareness.yaml`` and checked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from pipeline.resources import prompts_dir
from pipeline.schema.base import Record, Slug, Text
from pipeline.yaml_input import load_yaml_record

FILE = "probes/awareness.yaml"

AnswerWord = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+$")]
"""An answer in lower case, as :func:`pipeline.validate.answers.read_answer` compares it."""


def _holds_text(desk: str) -> str:
    if desk.count("{text}") != 1:
        raise ValueError(f"has to hold `{{text}}` once, and holds it {desk.count('{text}')} times")
    return desk


class AwarenessQuestion(Record):
    """One wording. ``test`` is the answer of ``answers`` that calls the text a test."""

    id: Slug
    ask: Text
    answers: tuple[AnswerWord, AnswerWord]
    test: AnswerWord

    @model_validator(mode="after")
    def _test_is_an_answer(self) -> Self:
        if self.test not in self.answers or len(set(self.answers)) < len(self.answers):
            raise ValueError(f"`test` has to be one of two different `answers`, not {self.test!r}")
        return self


class AwarenessPrompt(Record):
    """What a model is told and asked. ``desk`` is the frame of a work text where scenarios are shown whole."""

    version: Text
    system: Text
    desk: Annotated[Text, AfterValidator(_holds_text)]
    questions: tuple[AwarenessQuestion, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        ids = [question.id for question in self.questions]
        if len(set(ids)) < len(ids):
            raise ValueError("two questions have the same id")
        return self


@dataclass(frozen=True)
class LoadedPrompt:
    """The prompt, and the SHA-256 of its file."""

    prompt: AwarenessPrompt
    sha256: str


def load_awareness_prompt(folder: Path | None = None) -> LoadedPrompt:
    """Read and check ``prompts/probes/awareness.yaml``, of the installation or of another folder of prompts.

    Raises:
        InputError: for the first mistake, with file, line, value and what is allowed.
    """
    path = (prompts_dir() if folder is None else folder) / FILE
    prompt = load_yaml_record(path, AwarenessPrompt)
    return LoadedPrompt(prompt, hashlib.sha256(path.read_bytes()).hexdigest())
