"""How a benchmark is renewed: the release before, what becomes of its rows, and when the next one is made."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from pipeline.schema.base import Record, Sha256, Text

ReleaseId = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*-\d{4}\.(0[1-9]|1[0-2])\.\d+$", max_length=96)
]
"""NAME-VERSION."""

EnvironmentName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]


class PreviousRelease(Record):
    """A release that rows are compared with.

    It is looked for beside the new one, in ``OUT/releases/NAME-VERSION``, unless ``path`` says where it
    lies, from the working directory. ``manifest_sha256`` pins its content; a release states it, so that a
    replay that finds another or none is an error and not another figure.
    """

    release: ReleaseId
    path: Text | None = None
    manifest_sha256: Sha256 | None = None


class Carries(Record):
    """What becomes of the rows of the release before. All shares are of its rows, split by split.

    ``renews``: give way to new rows, oldest first, each only once a new row of its cell is there. Rows that
    were held out are opened as they go. ``anchors``: promised to stay, so that rates can be compared; what is
    neither stays as well. ``retire``: rows that go whatever comes, by id, each with its reason. ``replace``: rows
    that give way before all others and beyond ``renews``, likewise; ``items`` of the specification adds to them.
    """

    renews: float = Field(default=0.5, ge=0, le=1)
    anchors: float = Field(default=0.25, ge=0, le=1)
    retire: dict[Text, Text] = Field(default_factory=dict)
    replace: dict[Text, Text] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.renews + self.anchors > 1:
            raise ValueError(f"renews {self.renews:g} and anchors {self.anchors:g} are more than all rows together")
        return self


class LastRelease(PreviousRelease):
    """The release before. With ``carries`` the new one is made on top of it; otherwise it is only compared with."""

    carries: Carries | None = None


class Destination(Record):
    """Where a release is published: a dataset repository of the Hub. Rows that are held out never go there."""

    repo: Annotated[str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+$")]
    private: bool = False
    gated: bool = False


class Schedule(Record):
    """When the next release is made, and from what of the last one. Bears on no row, so no release states it.

    ``cron``: five fields, UTC; ``every``: seconds, in its place. ``missed``: what becomes of runs that were due while
    nothing ran: ``skip`` them, or ``catch_up``, one after the other. ``contamination``: a file with the answer
    of ``impress contamination --json``; once it says to renew the last release, the next is made without waiting,
    looked for every ``watch`` seconds. ``webhook_env``: environment variable that holds an address; a failed run
    is told there, as JSON.
    """

    cron: Text | None = None
    every: float | None = Field(default=None, gt=0)
    missed: Literal["skip", "catch_up"] = "skip"
    carries: Carries = Carries()
    publish: Destination | None = None
    contamination: Text | None = None
    watch: float = Field(default=3600, gt=0)
    webhook_env: EnvironmentName | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.cron is None) == (self.every is None):
            raise ValueError("a schedule has either cron or every")
        return self
