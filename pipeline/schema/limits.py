"""Limits of providers, as ``seeds/limits.yaml`` holds them."""

from __future__ import annotations

from pydantic import Field

from pipeline.schema.base import Record, Text
from pipeline.schema.estimate import Day


class ProviderLimit(Record):
    """What a provider lets one account ask of one model in any minute.

    ``stated_in_headers``: its replies state the account's own limits per minute (``x-ratelimit-limit-requests`` and
    ``-tokens``); they take the place of these from the first reply on.
    """

    base_url: Text = Field(description="the endpoint, as the specification writes it")
    model: Text
    requests_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_minute: int | None = Field(default=None, ge=1)
    stated_in_headers: bool = False
    as_of: Day = Field(description="the day for which the limits were known")
    source: Text


class ProviderLimits(Record):
    """The contents of ``seeds/limits.yaml``."""

    limits: tuple[ProviderLimit, ...] = ()

    def of(self, base_url: str, model: str) -> ProviderLimit | None:
        """Return the entry of a model at an endpoint, ``None`` if there is none."""
        at = base_url.rstrip("/")
        matching = (one for one in self.limits if (one.base_url.rstrip("/"), one.model) == (at, model))
        return next(matching, None)
