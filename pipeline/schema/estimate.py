"""Sizes of calls and prices of models as files hold them, and amounts as an estimate gives them."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from pipeline.schema.base import Record, Slug, Text

Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 code."""
ProgramName = Literal["background", "opening", "note", "premise", "world", "paths"]
QuestionName = Literal["benignness.judge", "relevance.motive", "relevance.risk_type", "realism.rubric"]
StageName = Literal["generate", "validate"]


class Amount(Record):
    """A number that is not known in advance: lowest expected, typical, highest expected."""

    low: float = Field(ge=0)
    typical: float = Field(ge=0)
    high: float = Field(ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low <= self.typical <= self.high:
            raise ValueError(f"low, typical and high are out of order: {self.low:g}, {self.typical:g}, {self.high:g}")
        return self

    def __add__(self, other: Amount) -> Amount:
        """Return the sum, end by end: the parts are taken to be low or high together."""
        return Amount(low=self.low + other.low, typical=self.typical + other.typical, high=self.high + other.high)

    def __mul__(self, other: Amount) -> Amount:
        """Return the product, end by end."""
        return Amount(low=self.low * other.low, typical=self.typical * other.typical, high=self.high * other.high)

    def up_to(self, limit: float) -> Amount:
        """Return the amount with every end cut at ``limit``."""
        return Amount(low=min(self.low, limit), typical=min(self.typical, limit), high=min(self.high, limit))

    def rounded_up(self) -> Amount:
        """Return the amount in whole numbers, each the next above."""
        return Amount(low=math.ceil(self.low), typical=math.ceil(self.typical), high=math.ceil(self.high))

    @classmethod
    def flat(cls, number: float) -> Amount:
        """Return an amount that is known."""
        return cls(low=number, typical=number, high=number)


NOTHING = Amount.flat(0)


class CallSize(Record):
    """Tokens of one call, and where the numbers come from."""

    prompt: Amount
    completion: Amount
    source: Text


class ProgramSize(CallSize):
    """Tokens of one call of a generating program; ``tries``: calls until one holds, typically."""

    tries: float = Field(ge=1)


class FollowUpSize(CallSize):
    """Tokens of what is asked after an answer; ``number``: how often, about one scenario, typically."""

    number: float = Field(ge=0)


class QuestionSize(CallSize):
    """Tokens of one question to a judge or a guard model.

    ``count``: questions of the check about one scenario. ``follow_up``: what may be asked after each of them.
    """

    count: int = Field(ge=1)
    follow_up: FollowUpSize | None = None


class CallSizes(Record):
    """The contents of ``seeds/estimates.yaml``.

    ``acceptance``: share of attempts expected to be accepted. ``notes``: memory entries that a core by
    the model is expected to have. ``guards`` are by the name of their adapter.
    """

    acceptance: float = Field(gt=0, le=1)
    notes: int = Field(ge=0)
    programs: dict[ProgramName, ProgramSize]
    questions: dict[QuestionName, QuestionSize]
    guards: dict[Slug, QuestionSize] = Field(default_factory=dict)


class BatchPrice(Record):
    """What a million tokens cost in a batch."""

    prompt: float = Field(ge=0)
    completion: float = Field(ge=0)


class Price(Record):
    """What a model costs at an endpoint, per million tokens.

    ``cached_prompt``: of a prompt's cached part, if known. ``batch``: of calls in batches; without it these are taken
    to cost what others do.
    """

    base_url: Text = Field(description="the endpoint, as the specification writes it")
    model: Text
    currency: Currency
    prompt: float = Field(ge=0)
    cached_prompt: float | None = Field(default=None, ge=0)
    completion: float = Field(ge=0)
    batch: BatchPrice | None = None
    as_of: Day = Field(description="the day for which the price was known")
    source: Text


class Prices(Record):
    """The contents of ``seeds/prices.yaml``."""

    prices: tuple[Price, ...] = ()


class EstimatePart(Record):
    """What one role is expected to take in one stage.

    ``cost`` is ``None`` where the price is unknown; ``price`` says where the price comes from, or what is missing.
    """

    stage: StageName
    role: Text
    model: Text
    calls: Amount
    prompt_tokens: Amount
    completion_tokens: Amount
    cost: Amount | None = None
    currency: Currency | None = None
    price: Text
