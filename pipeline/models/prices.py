"""What calls cost: prices as ``seeds/prices.yaml`` holds them, each with the day for which it was known."""

from __future__ import annotations

from pipeline.addresses import PRIVATE_ADDRESS, is_private
from pipeline.resources import seeds_dir
from pipeline.schema.estimate import Price, Prices
from pipeline.schema.specification import ModelRole, OpenAIEndpoint
from pipeline.yaml_input import load_yaml_record

PRICES_FILE = "seeds/prices.yaml"
TOKENS_PRICED = 1_000_000
"""Prices are per so many tokens."""


def load_prices() -> Prices:
    """Read the installation's prices.

    Raises:
        InputError: for a mistake in the file.
    """
    return load_yaml_record(seeds_dir() / "prices.yaml", Prices)


def price_of(role: ModelRole, prices: Prices) -> Price | None:
    """Return the price of a role's model at its endpoint (of batches, if it takes them), or ``None`` if unknown."""
    endpoint = role.endpoint
    if not isinstance(endpoint, OpenAIEndpoint):
        return None
    price = price_at(endpoint.base_url, role.model, prices)
    if price is None or price.batch is None or not endpoint.batch:
        return price
    return price.model_copy(update=price.batch.model_dump())


def price_at(base_url: str, model: str, prices: Prices) -> Price | None:
    """Return the price of a model at an address, or ``None`` if the table has none.

    A release does not say which private address a model had, so for such a one any private address will do.
    """
    at = base_url.rstrip("/")
    of_model = [one for one in prices.prices if one.model == model]
    found = next((one for one in of_model if one.base_url.rstrip("/") == at), None)
    if found is None and at == PRIVATE_ADDRESS:
        found = next((one for one in of_model if is_private(one.base_url)), None)
    return found


def charged(role: ModelRole) -> bool:
    """Tell whether calls of a role cost money: those of models in this process, or of no model, do not."""
    return isinstance(role.endpoint, OpenAIEndpoint)


def money_for(price: Price, prompt_tokens: float, completion_tokens: float) -> float:
    """Return what tokens cost, in the price's currency, without discounts for cached prompts."""
    return (prompt_tokens * price.prompt + completion_tokens * price.completion) / TOKENS_PRICED


def price_told(role: ModelRole, price: Price | None) -> str:
    """Say where a role's price comes from, with its day, or what is missing; a release states this."""
    if not isinstance(role.endpoint, OpenAIEndpoint):
        return "runs in this process: nothing is charged; electricity and the machine are not counted"
    if price is None:
        at = "its private address" if is_private(role.endpoint.base_url) else role.endpoint.base_url
        return f"no price of {role.model} at {at} is known; add it to {PRICES_FILE}"
    in_batches = " in batches" if price.batch else " (of single calls: none of batches is known)"
    return price_text(price, in_batches if role.endpoint.batch else "")


def price_text(price: Price, what: str = "") -> str:
    """Say a price, with its day and source; ``what`` says which it is, if there are several."""
    return (
        f"{price.currency} {price.prompt:g} per million prompt tokens, {price.completion:g} completion{what}, "
        f"as of {price.as_of} ({price.source})"
    )
