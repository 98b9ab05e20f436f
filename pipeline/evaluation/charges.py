"""What models of an evaluation cost, by the names under which Inspect knows them and their endpoint's address."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.models.prices import PRICES_FILE, price_at, price_text
from pipeline.schema.estimate import Price, Prices

IN_PROCESS = ("embedded", "mockllm")
"""Providers whose models run in this process, or are none."""


@dataclass(frozen=True)
class Charge:
    """``price`` is ``None`` where none is known, and where ``free``; ``told`` says which, or where it comes from."""

    price: Price | None
    free: bool
    told: str

    def money(self, prompt_tokens: float | None, completion_tokens: float | None) -> float | None:
        """Return what tokens cost in the price's currency; ``None`` where price or tokens are not known."""
        from pipeline.models.prices import money_for

        if self.free:
            return 0.0
        if self.price is None or prompt_tokens is None or completion_tokens is None:
            return None
        return money_for(self.price, prompt_tokens, completion_tokens)

    @property
    def currency(self) -> str | None:
        """Of its money; ``None`` where nothing is charged or known."""
        return None if self.price is None else self.price.currency


def in_process(model: str) -> bool:
    """Tell whether a model, as Inspect names it, runs in this process: an address of its is nobody's price list."""
    return model.partition("/")[0] in IN_PROCESS


def charge_of(model: str, base_url: str | None, prices: Prices) -> Charge:
    """Return what a model costs.

    Args:
        model: as Inspect names it, ``PROVIDER/NAME``.
        base_url: of its endpoint; ``None`` where the provider knows it alone.
        prices: as ``seeds/prices.yaml`` has them, by endpoint and name.
    """
    name = model.partition("/")[2]
    if in_process(model):
        return Charge(None, free=True, told="runs in this process: nothing is charged")
    if base_url is None:
        return Charge(None, free=False, told=f"no price of {model} is known: its address is not named")
    found = price_at(base_url, name, prices)
    unknown = f"no price of {name} at {base_url} is known; add it to {PRICES_FILE}"
    return Charge(found, free=False, told=unknown if found is None else price_text(found))
