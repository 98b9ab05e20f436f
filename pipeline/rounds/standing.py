"""The standing of a build as it begins, and what a decision says to it."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.models.prices import charged, load_prices, money_for, price_of
from pipeline.schema.candidate import Candidate, Usage
from pipeline.schema.cell import Plan
from pipeline.schema.estimate import Prices
from pipeline.schema.specification import ModelRole, Specification
from pipeline.standing import CellStanding, StageName, Standing, Tariff


def standing_of(plan: Plan, specification: Specification, prices: Prices | None = None) -> Standing:
    """Return the standing of a build that has made nothing yet.

    Args:
        plan: cells and quotas.
        specification: attempts per cell, and the models with their endpoints.
        prices: what models cost; the installation's own if left out.

    Raises:
        InputError: for a mistake in the file of prices.
    """
    known = load_prices() if prices is None else prices
    models = specification.models
    guarded = any(charged(guard) for guard in models.guards.values())
    tariffs: dict[StageName, Tariff] = {"generate": _tariff(models.generator, known)}
    tariffs["validate"] = (lambda _: None) if guarded else _tariff(models.judge, known)
    found = [price_of(role, known) for role in (models.generator, models.judge) if charged(role)]
    currencies = {price.currency for price in found if price is not None}
    most = specification.attempts_per_cell
    cells = {one.cell.id: CellStanding(one.cell.id, one.quota, most if one.quota else 0) for one in plan.cells}
    mixed: Mapping[StageName, Tariff] = dict.fromkeys(tariffs, lambda _: None)
    return Standing(
        cells,
        tariffs if len(currencies) < 2 else mixed,
        next(iter(currencies), None) if len(currencies) < 2 else None,
    )


def turned_away_by(candidate: Candidate) -> str | None:
    """Return the gate that turned a candidate away; ``None`` if it is accepted."""
    decision = candidate.decision
    if candidate.accepted or decision is None:
        return None
    return decision.gate or decision.outcome


def _tariff(role: ModelRole, prices: Prices) -> Tariff:
    if not charged(role):
        return lambda _: 0.0
    price = price_of(role, prices)

    def worth(usage: Usage) -> float | None:
        if price is None or usage.prompt_tokens is None or usage.completion_tokens is None:
            return None if price is None or usage.calls else 0.0
        return money_for(price, usage.prompt_tokens, usage.completion_tokens)

    return worth
