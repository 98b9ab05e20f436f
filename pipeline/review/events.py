"""What readers do, one record an act. Acts are only ever added: to undo one is an act of its own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from pipeline.schema.base import OptionalText, Record, Slug, Text
from pipeline.schema.label import ItemId

Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{8,64}$")]
"""The page's own name of an act, so that one that is sent twice counts once."""

LONGEST = 20_000
_Words = Annotated[OptionalText, StringConstraints(max_length=LONGEST)]


class Opened(Record):
    """The reader has an item before them; it is theirs for a while."""

    kind: Literal["open"] = "open"
    item: ItemId


class Answered(Record):
    """An answer to a question. A later one to the same question takes its place."""

    kind: Literal["answer"] = "answer"
    item: ItemId
    question: Slug
    answer: Annotated[Text, StringConstraints(max_length=100)]
    quote: _Words = ""


class Noted(Record):
    """A note on an item; a later one takes its place, an empty one takes it away."""

    kind: Literal["note"] = "note"
    item: ItemId
    text: _Words


class Suggested(Record):
    """A span of a text, and what should stand there. Offsets are in characters of the text as the page shows it."""

    kind: Literal["suggest"] = "suggest"
    item: ItemId
    place: Annotated[Text, StringConstraints(max_length=300)]
    start: int = Field(ge=0)
    end: int = Field(gt=0)
    new: _Words
    why: _Words = ""


class Finished(Record):
    """The reader is done with an item."""

    kind: Literal["finish"] = "finish"
    item: ItemId


class Skipped(Record):
    """The reader leaves an item for later, or to others."""

    kind: Literal["skip"] = "skip"
    item: ItemId


class Undone(Record):
    """An earlier act of the same reader is taken back."""

    kind: Literal["undo"] = "undo"
    item: ItemId
    event: int = Field(ge=1, description="number of the act")


Act = Annotated[
    Opened | Answered | Noted | Suggested | Finished | Skipped | Undone,
    Field(discriminator="kind"),
]
ACT: TypeAdapter[Act] = TypeAdapter(Act)


class Event(Record):
    """An act as it is kept: numbered from 1 over all readers, with its time (UTC, ISO 8601)."""

    number: int = Field(ge=1)
    at: Text
    reader: Text
    key: Key
    act: Act
