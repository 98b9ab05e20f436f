"""The manifest of a release: what it is made of, so that it can be checked and rebuilt."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipeline.schema.base import Record, Sha256, Slug, Text
from pipeline.schema.candidate import Usage
from pipeline.schema.cell import Cell, ExcludedCell, Plan
from pipeline.schema.cost import Costs
from pipeline.schema.diversity import Diversity
from pipeline.schema.history import Commitments, Opening, Succession, Withheld
from pipeline.schema.label import Reviewed
from pipeline.schema.specification import Specification


class FileEntry(Record):
    """One file of the release: path relative to the folder with ``/``, bytes, hash."""

    path: Text
    bytes: int = Field(ge=0)
    sha256: Sha256


class FunnelStep(Record):
    """How many candidates came to a step and what it did with them."""

    step: Text
    entered: int
    passed: int
    turned_away: int
    errors: int = Field(default=0, description="among those turned away: the check itself failed")


class CellResult(Record):
    """What a cell was to hold and what it holds. ``short_because`` is empty for a full cell."""

    cell: Cell
    quota: int
    accepted: int
    attempts: int
    short_because: str = ""
    carried: int = Field(default=0, description="of the accepted rows, those from the release before")


class ModelUse(Record):
    """A model that wrote or judged, and what it took. ``reported`` is the name the endpoint gave."""

    role: Text
    endpoint_kind: Text
    model: Text
    reported: tuple[Text, ...] = ()
    usage: Usage


class Manifest(Record):
    """The contents of ``manifest.json``. Nothing in it depends on when or where it was replayed.

    The release that ``diversity`` compares with is named in ``specification.previous``, with the hash of
    its manifest. The specification is without its budget: what it allowed to be spent bears on no row.
    """

    format: Literal[1] = 1
    name: Text
    version: Text
    created: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="the day of the first completion, UTC")
    specification: Specification
    specification_hash: Sha256
    seeds: dict[Text, Sha256] = Field(description="hash of each seed entry, by kind/id")
    prompts: dict[Text, Sha256] = Field(description="hash of each prompt file, by path")
    programs: dict[Slug, Sha256]
    models: tuple[ModelUse, ...]
    libraries: dict[Text, Text]
    plan: Plan
    excluded: tuple[ExcludedCell, ...] = ()
    funnel: tuple[FunnelStep, ...]
    cells: tuple[CellResult, ...]
    splits: dict[Slug, int]
    diversity: Diversity
    costs: Costs | None = Field(default=None, description="None for rows written by hand, and in older releases")
    stopped_by: Text = Field(description="full or attempts: what ended the build; budget in older releases")
    canary: Text | None = Field(default=None, description="GUID that stands in every table; null in older releases")
    succession: Succession | None = Field(default=None, description="null for a release that carries nothing over")
    held_out: Commitments | None = Field(default=None, description="of the rows that are held out")
    opened: tuple[Opening, ...] = Field(default=(), description="rows that were held out once and are open now")
    reviewed: Reviewed | None = Field(
        default=None, exclude_if=lambda value: value is None, description="where the specification names reviews"
    )
    withheld: Withheld | None = Field(default=None, description="in the public part of a release: what it leaves out")
    files: tuple[FileEntry, ...]
