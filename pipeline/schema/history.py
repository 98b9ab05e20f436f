"""What ties a release to those before it: its history, its anchors, and what was held out and is open now."""

from __future__ import annotations

from pydantic import Field

from pipeline.schema.base import Record, Sha256, Slug, Text


class Past(Record):
    """A release that came before: version, day of its first completion, hash of its manifest, rows come and gone."""

    version: Text
    created: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    manifest_sha256: Sha256
    rows: int = Field(ge=0)
    added: int = Field(ge=0)
    retired: int = Field(ge=0)


class Succession(Record):
    """How a release follows from the one before it.

    ``history`` is oldest first and ends with that release. ``anchors`` are ids of rows that were in it and are
    promised to stay; rates of the two releases are compared on them.
    """

    history: tuple[Past, ...] = Field(min_length=1)
    kept: int = Field(ge=0, description="rows that stand in both")
    added: int = Field(ge=0, description="rows that are new")
    retired: int = Field(ge=0, description="rows that were in the one before and are in this no more")
    anchors: tuple[Text, ...] = ()
    anchors_before: tuple[Text, ...] = Field(default=(), description="anchors of the release before")

    @property
    def previous(self) -> Past:
        """The release before."""
        return self.history[-1]


class Commitments(Record):
    """What the public manifest says of rows that nobody may see yet.

    Each is ``SHA-256(salt || canonical JSON of the scenario's content)`` in hexadecimal, in the order of the
    hashes, which says nothing of the rows. A salt is 32 bytes; once the row is opened anybody can check the hash.
    """

    scheme: Slug = "sha256_salted_1"
    hashes: tuple[Sha256, ...]


class Opening(Record):
    """A row that was held out and is open now: the salt under which an earlier manifest commits to it."""

    id: Text
    salt: Sha256 = Field(description="32 bytes in hexadecimal")
    version: Text = Field(description="the release that opened it")


class Withheld(Record):
    """What the public part of a release leaves out of the whole, counted."""

    whole_manifest_sha256: Sha256 = Field(description="hash of the whole release's manifest")
    rows: int = Field(ge=0)
    candidates: int = Field(ge=0)
    completions: int = Field(ge=0)
