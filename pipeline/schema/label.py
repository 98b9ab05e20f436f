"""What people said of scenarios and runs: the lines of a labels file (JSON Lines), and what a build takes from them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from pipeline.schema.base import OptionalText, Record, Sha256, Slug, Text, sha256_of

ItemId = Annotated[str, StringConstraints(pattern=r"^(sc|run)-[0-9a-f]{20}$")]
"""A scenario by its id, or a run by the hash of what makes it that run."""

Turn = Literal["first", "third"]
"""``first``: of a reader among those that every item gets. ``third``: of the one who settles what these differ on."""

UNSURE = "unsure"


class LabelsHead(Record):
    """First line of a labels file: what was read, and how."""

    kind: Literal["labels"] = "labels"
    format: Literal[1] = 1
    release: Text
    manifest_sha256: Sha256
    readers: int = Field(ge=1, description="that every item gets")
    blind: bool = Field(description="readers saw neither verdicts of gates nor labels of others")
    rubrics: dict[Text, Sha256] = Field(description="hash of each file that the questions come from")


class Label(Record):
    """One reader's answer to one question on one item."""

    kind: Literal["label"] = "label"
    item: ItemId
    question: Slug
    answer: Text = Field(description="as given: yes, no, accept, reject, a band, the id of a motive, unsure")
    value: bool | None = Field(
        description="as it enters agreement: yes, accepted, passes the question; None for unsure"
    )
    quote: OptionalText = Field(default="", description="words of the item that show it")
    reader: Text
    turn: Turn = "first"
    at: Text = Field(description="UTC, ISO 8601")


class Suggestion(Record):
    """A span that a reader would have otherwise. Releases are never changed: it is for those who make the next."""

    kind: Literal["suggestion"] = "suggestion"
    item: ItemId
    place: Text = Field(description="dotted path into the scenario's JSON")
    start: int = Field(ge=0, description="character offset in the text there")
    end: int = Field(ge=0)
    old: Text
    new: OptionalText
    why: OptionalText = ""
    reader: Text
    at: Text

    @model_validator(mode="after")
    def _is_a_span(self) -> Self:
        if self.end - self.start != len(self.old):
            raise ValueError(f"the span {self.start} to {self.end} is not as long as `old`, {len(self.old)}")
        return self


class Remark(Record):
    """A reader's note on an item."""

    kind: Literal["note"] = "note"
    item: ItemId
    text: Text
    reader: Text
    at: Text


Line = Annotated[LabelsHead | Label | Suggestion | Remark, Field(discriminator="kind")]
"""One line of a labels file."""


class Rejected(Record):
    """A scenario that people turned away, and why. It names no reader."""

    scenario: Annotated[str, StringConstraints(pattern=r"^sc-[0-9a-f]{20}$")]
    readers: int = Field(ge=1, description="who decided")
    against: int = Field(ge=1, description="of these, those who rejected it")
    reason: Text


class Reviews(Record):
    """What people decided on the rows of a release, as a build uses it and its release keeps it (``reviews.json``)."""

    format: Literal[1] = 1
    release: Text
    manifest_sha256: Sha256
    read: int = Field(ge=0, description="scenarios that people decided on")
    rejected: tuple[Rejected, ...] = Field(description="by id of the scenario")

    @property
    def sha256(self) -> str:
        """Hash of the content."""
        return sha256_of(self.model_dump(mode="json"))

    @property
    def reasons(self) -> dict[str, str]:
        """Why each rejected scenario was turned away, by its id."""
        return {one.scenario: one.reason for one in self.rejected}


class Reviewed(Record):
    """What a manifest says of the reviews that its build went by, and of what they kept out of the release."""

    release: Text
    reviews_sha256: Sha256
    read: int = Field(ge=0)
    excluded: tuple[Rejected, ...] = Field(description="rows that retired here for it, and candidates turned away")


class ReviewsFile(Record):
    """Where reviews lie: from the folder of the specification's file. ``sha256`` pins what they say."""

    path: Text
    sha256: Sha256 | None = None
