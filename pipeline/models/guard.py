"""A hard budget over the whole life of a completion store: a call that it may not pay for is not made.

Before a call its most is set aside (:func:`pipeline.models.taken.most_of`); what was spent, in this
run or an earlier one, and what is set aside for calls in flight stay within the limits together. A call
that does not fit while others are in flight waits for what these really take. One that fits even then
no more ends the work: nothing is lost, and with a higher budget it goes on from there.

Only an endpoint that writes more than ``max_tokens``, or bills for replies that never arrived, can
go beyond, by what was in flight.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UsageError, WorkError
from pipeline.models.prices import PRICES_FILE, charged, load_prices, money_for, price_of
from pipeline.models.requests import Completion, Request
from pipeline.models.taken import Sort, Taken, most_of, taken_in
from pipeline.schema.estimate import Price, Prices
from pipeline.schema.specification import Budget, ModelRole, Money


class BudgetReached(WorkError):  # noqa: N818 - a state of affairs, no mistake
    """The next call might go beyond the budget; it was not made. Everything that was paid for is kept."""


@dataclass(frozen=True)
class Tariff:
    """One sort of call: the roles that make it, and its price; ``None`` where nothing is charged or counted."""

    roles: tuple[str, ...]
    price: Price | None

    def money(self, taken: Taken) -> float:
        """Return what calls cost."""
        return 0.0 if self.price is None else money_for(self.price, taken.prompt_tokens, taken.completion_tokens)


class BudgetGuard:
    """Lets calls through that the budget pays for.

    Args:
        budget: the limits.
        tariffs: of each sort of call that will be made.
        spent: what was taken before, by sort; sorts without a tariff do not count.
    """

    def __init__(self, budget: Budget, tariffs: Mapping[Sort, Tariff], spent: Mapping[Sort, Taken]) -> None:
        self._budget = budget
        self._tariffs = tariffs
        self._spent = {sort: spent.get(sort, Taken()) for sort in tariffs}
        self._aside: dict[Sort, Taken] = {}
        self._waiting = asyncio.Event()
        self._reached: str | None = None

    @asynccontextmanager
    async def room(self, request: Request) -> AsyncIterator[Callable[[Completion], None]]:
        """Set aside what a call may take for as long as it is in flight.

        Yields:
            What to tell of the completion that was paid for; a call that failed is not told and costs nothing.

        Raises:
            BudgetReached: if there is no room for the call, or was none for an earlier one.
        """
        if not self._budget.limited:
            yield lambda _: None
            return
        sort, most = (request.endpoint_kind, request.model), most_of(request)
        while not self._has_room(sort, most):
            if not any(aside.calls for aside in self._aside.values()):
                self._reached = self._told(most, sort)
            if self._reached is not None:
                raise BudgetReached(self._reached)
            self._waiting.clear()
            await self._waiting.wait()
        self._aside[sort] = self._aside.get(sort, Taken()) + most
        try:
            yield lambda completion: self._pay(sort, most, completion)
        finally:
            self._aside[sort] += Taken(-most.calls, -most.prompt_tokens, -most.completion_tokens)
            self._waiting.set()

    @property
    def spent(self) -> dict[Sort, Taken]:
        """What was spent so far, by sort."""
        return dict(self._spent)

    def _pay(self, sort: Sort, most: Taken, completion: Completion) -> None:
        prompt, written = completion.prompt_tokens, completion.completion_tokens
        if prompt is None or written is None:
            paid = Taken(1, most.prompt_tokens, most.completion_tokens, 1)
        else:
            paid = Taken(1, prompt, written)
        self._spent[sort] = self._spent.get(sort, Taken()) + paid

    def _has_room(self, sort: Sort, most: Taken) -> bool:
        if self._reached is not None:
            return False
        due = [*self._spent.items(), *self._aside.items(), (sort, most)]
        calls, tokens, money = self._sums(due)
        limits = self._budget
        return (
            (limits.calls is None or calls <= limits.calls)
            and (limits.tokens is None or tokens <= limits.tokens)
            and (limits.money is None or money <= limits.money.amount)
        )

    def _sums(self, parts: Iterable[tuple[Sort, Taken]]) -> tuple[int, int, float]:
        """Return calls, tokens and money of parts together."""
        calls, tokens, money = 0, 0, 0.0
        for sort, taken in parts:
            calls += taken.calls
            tokens += taken.tokens
            money += self._tariffs[sort].money(taken) if sort in self._tariffs else 0.0
        return calls, tokens, money

    def _told(self, most: Taken, sort: Sort) -> str:
        """Say what was spent, on what, and how to go on."""
        limits = self._budget
        calls, tokens, money = self._sums(self._spent.items())
        spent = [_of(f"{calls:,} calls", limits.calls), _of(f"{tokens:,} tokens", limits.tokens)]
        if limits.money is not None:
            spent.append(f"{limits.money.currency} {money:.4f} of {limits.money.amount:g}")
        lines = [f"the budget is spent: {'; '.join(spent)}"]
        lines += [self._line(of, taken) for of, taken in sorted(self._spent.items()) if taken.calls]
        lines.append(f"the next call ({self._named(sort)}) may take {self._worth(sort, most)}, so it was not made")
        lines.append(
            "everything that was paid for is kept: raise `budget` in the specification and run the same command again, "
            "and it goes on from here"
        )
        return "\n  ".join(lines)

    def _line(self, sort: Sort, taken: Taken) -> str:
        counted = f" ({taken.supposed:,} calls without token counts stand at their most)" if taken.supposed else ""
        return f"{self._named(sort)}: {taken.calls:,} calls, {self._worth(sort, taken)}{counted}"

    def _named(self, sort: Sort) -> str:
        roles = self._tariffs[sort].roles if sort in self._tariffs else ()
        return f"{' and '.join(roles) or 'another role'}, {sort[1]}"

    def _worth(self, sort: Sort, taken: Taken) -> str:
        tokens = f"{taken.tokens:,} tokens"
        if self._budget.money is None or sort not in self._tariffs:
            return tokens
        return f"{tokens}, {self._budget.money.currency} {self._tariffs[sort].money(taken):.4f}"


def _of(spent: str, limit: int | None) -> str:
    return spent if limit is None else f"{spent} of {limit:,}"


def open_guard(
    budget: Budget | None, roles: Mapping[str, tuple[ModelRole, str]], store: Path, prices: Prices | None = None
) -> BudgetGuard:
    """Return the guard of a store for the models of a specification.

    Args:
        budget: the limits; ``None`` for none.
        roles: each role with the model's name as its requests carry it.
        store: the file of completions, which says what was spent before.
        prices: what models cost; the installation's own if left out.

    Raises:
        UsageError: if money is bounded and the price of a model is unknown, or is in another currency.
        InputError: for a mistake in the file of prices.
        StoreError: if the store cannot be read.
    """
    if budget is None or not budget.limited:
        return BudgetGuard(Budget(), {}, {})
    if budget.money is not None and prices is None:
        prices = load_prices()
    tariffs: dict[Sort, Tariff] = {}
    for name, (role, model) in roles.items():
        price = None if budget.money is None or prices is None else _price(name, role, budget.money, prices)
        sort = (role.endpoint.kind, model)
        before = tariffs.get(sort, Tariff((), price))
        tariffs[sort] = Tariff((*before.roles, name), _dearer(before.price, price))
    return BudgetGuard(budget, tariffs, taken_in(store))


def _price(name: str, role: ModelRole, money: Money, prices: Prices) -> Price | None:
    if not charged(role):
        return None
    price = price_of(role, prices)
    address = getattr(role.endpoint, "base_url", role.endpoint.kind)
    if price is None:
        raise UsageError(
            f"budget.money cannot be kept: no price of {role.model} at {address} (models.{name}) is known; add it to "
            f"{PRICES_FILE}, or bound `calls` or `tokens` instead"
        )
    if price.currency != money.currency:
        raise UsageError(
            f"budget.money is in {money.currency}, and the price of {role.model} at {address} (models.{name}) in "
            f"{price.currency}; state both in one currency"
        )
    return price


def _dearer(one: Price | None, other: Price | None) -> Price | None:
    """Return the higher price, end by end: requests of one model at two addresses look alike in the store."""
    if one is None or other is None:
        return one or other
    return one.model_copy(
        update={"prompt": max(one.prompt, other.prompt), "completion": max(one.completion, other.completion)}
    )
