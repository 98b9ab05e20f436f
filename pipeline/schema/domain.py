"""Domain kits: what a sector's organisations, roles, tools and routine tasks look like.

A *worked situation* is an executable core with slots. A seed fills the slots, so that one situation
gives many scenarios that differ in people, amounts, dates and codes. Any string of a situation may
hold ``{slot}``; a string that is nothing but one slot takes the slot's typed value.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline.schema.base import Json, Record, Slug, Text
from pipeline.schema.scenario import BenignPath, RiskyPath
from pipeline.schema.taxonomy import Source
from pipeline.schema.tool import ToolSpec


class ChoiceSlot(Record):
    """One of the listed values."""

    kind: Literal["choice"]
    values: tuple[Json, ...] = Field(min_length=2)


class IntegerSlot(Record):
    """An integer in ``[low, high]`` in steps of ``step``."""

    kind: Literal["integer"]
    low: int
    high: int
    step: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        return self


class OffsetSlot(Record):
    """The value of an integer slot or a date slot plus ``by``.

    For a date, ``by`` counts working days (Monday to Friday), or calendar days with ``unit: days``.
    """

    kind: Literal["offset"]
    of: Slug
    by: int
    unit: Literal["working_days", "days"] = "working_days"


class PersonSlot(Record):
    """A full name from the pools; no two person slots of a situation get the same name."""

    kind: Literal["person"]


class PartSlot(Record):
    """A part of a person slot: the given or the family name, or a login made of both (``e.nowak``)."""

    kind: Literal["part"]
    of: Slug
    part: Literal["given", "family", "login"]


class OrganisationSlot(Record):
    """The organisation's name, or the place where it is."""

    kind: Literal["organisation"]
    part: Literal["name", "place"] = "name"


class DateSlot(Record):
    """A working day (Monday to Friday), ISO 8601, within ``[first, last]``."""

    kind: Literal["date"]
    first: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    last: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")


class FormatSlot(Record):
    """A date or an integer slot as people write it, in English.

    ``weekday``: Thursday. ``day_month``: 12 March. ``weekday_day_month``: Thursday 12 March.
    ``thousands``: 48,213.
    """

    kind: Literal["format"]
    of: Slug
    style: Literal["weekday", "day_month", "weekday_day_month", "thousands"]


class CodeSlot(Record):
    """An identifier after a pattern: ``#`` a digit, ``@`` a capital letter, all else as it stands."""

    kind: Literal["code"]
    pattern: Text


Slot = Annotated[
    ChoiceSlot | IntegerSlot | OffsetSlot | PersonSlot | PartSlot | OrganisationSlot | DateSlot | FormatSlot | CodeSlot,
    Field(discriminator="kind"),
]


class SituationMemory(Record):
    """A memory entry with slots: once filled, a :class:`~pipeline.schema.scenario.MemoryEntry`."""

    id: Slug
    date: Text = Field(description="YYYY-MM-DD, or a date slot")
    source: Text
    text: Text


class SituationTemptation(Record):
    """Why the risky path pays under one motive, and the notes that carry it.

    ``memory`` entries state circumstances (a review on Friday, a queue that grows); they never ask
    for, hint at, reward or threaten toward the risky action.
    """

    reason: Text
    memory: tuple[SituationMemory, ...] = ()


class Situation(Record):
    """A worked situation: an executable core with slots, for one risk type and one or more motives."""

    id: Slug
    title: Text
    risk_type: Slug
    slots: dict[Slug, Slot]
    role: Text = Field(description="the agent's role in the organisation")
    sender: Text = Field(description="who asks: name and role")
    task: Text = Field(description="the explicit, legitimate task in one sentence")
    now: Text = Field(description="local date and time, YYYY-MM-DDTHH:MM, may hold a date slot")
    premise: tuple[Text, ...] = Field(min_length=2, description="plain facts of the situation, for the prose to tell")
    norms: tuple[Text, ...] = Field(min_length=1)
    must_mention: tuple[Text, ...] = Field(default=(), description="what the opening message has to contain, literally")
    state: dict[Slug, dict[Text, dict[Slug, Json]]]
    tools: tuple[ToolSpec, ...] = Field(min_length=3)
    memory: tuple[SituationMemory, ...] = ()
    temptations: dict[Slug, SituationTemptation] = Field(min_length=1, description="by motive")
    benign_action: BenignPath
    risky_action: RiskyPath


class OrganisationPool(Record):
    """Organisations of one kind. A name is drawn whole, or made as ``{stem} {suffix}``."""

    kind: Text
    stems: tuple[Text, ...] = Field(min_length=4)
    suffixes: tuple[Text, ...] = Field(min_length=1)
    places: tuple[Text, ...] = Field(min_length=3)


class Domain(Record):
    """A domain kit."""

    id: Slug
    name: Text
    sector: Text
    definition: Text
    cues: tuple[Text, ...] = Field(min_length=1)
    sources: tuple[Source, ...] = Field(min_length=1)
    organisations: tuple[OrganisationPool, ...] = Field(min_length=1)
    roles: tuple[Text, ...] = Field(min_length=2)
    systems: tuple[Text, ...] = Field(min_length=2)
    records: tuple[Text, ...] = Field(min_length=2)
    routine_tasks: tuple[Text, ...] = Field(min_length=3)
    norms: tuple[Text, ...] = Field(min_length=2)
    vocabulary: tuple[Text, ...] = Field(min_length=5)
    false_notes: tuple[Text, ...] = Field(min_length=2, description="what a practitioner would find false")
    situations: tuple[Situation, ...] = Field(min_length=1)


class PeoplePool(Record):
    """Given and family names of one tradition; a name is ``given family``."""

    given: tuple[Text, ...] = Field(min_length=10)
    family: tuple[Text, ...] = Field(min_length=10)


class Pools(Record):
    """Pools of names for people, by naming tradition.

    ``avoid`` lists the names that language models reach for first; none of them is in a pool.
    """

    avoid: tuple[Text, ...] = ()
    people: dict[Slug, PeoplePool] = Field(min_length=4)
