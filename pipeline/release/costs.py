"""What a release took, from its candidates and the token counts of their completions."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from pipeline.models.prices import charged, money_for, price_of, price_told
from pipeline.schema.candidate import Usage
from pipeline.schema.cost import CellSpending, Costs, PerRow, RoleSpending, Spending
from pipeline.schema.estimate import Prices, StageName
from pipeline.schema.outline import Counted
from pipeline.schema.specification import ModelRole, Models, guard_role

CANDIDATES_AT_ONCE = 1000

T = TypeVar("T")

UsageOf = Callable[[Iterable[str]], Mapping[str, Usage]]
"""Gives what completions took, by key."""


@dataclass
class _Sum:
    """Calls and tokens of one role, in one cell or in all."""

    calls: int = 0
    tokens: list[int] = field(default_factory=lambda: [0, 0])
    unknown: bool = False

    def add(self, usage: Usage) -> None:
        self.calls += usage.calls
        if usage.prompt_tokens is None or usage.completion_tokens is None:
            self.unknown = True
            return
        self.tokens[0] += usage.prompt_tokens
        self.tokens[1] += usage.completion_tokens

    @property
    def usage(self) -> Usage:
        prompt, written = (None, None) if self.unknown else self.tokens
        return Usage(calls=self.calls, prompt_tokens=prompt, completion_tokens=written)


def costs_of(candidates: Iterable[Counted], models: Models, prices: Prices, usage_of: UsageOf) -> Costs:
    """Add up what the completions of candidates took, in one pass over them.

    Args:
        candidates: everything that was made, each with its decision, in the order of their ids.
        models: the roles that wrote and judged.
        prices: what models cost.
        usage_of: gives the token counts of completions; those that it lacks are not counted.
    """
    cells: dict[str, dict[str, _Sum]] = defaultdict(lambda: defaultdict(_Sum))
    accepted: Counter[str] = Counter()
    seen: set[str] = set()
    for some in batched(candidates, CANDIDATES_AT_ONCE):
        fresh: dict[str, tuple[str, str]] = {}
        for candidate in some:
            cell = candidate.attempt.cell.id
            accepted[cell] += candidate.accepted
            new = {key: role for key, role in _roles(candidate, models).items() if key not in seen}
            seen.update(new)
            fresh.update((key, (cell, role)) for key, role in new.items())
        for key, usage in usage_of(fresh).items():
            cell, role = fresh[key]
            cells[cell][role].add(usage)
    return _summed(cells, accepted, models, _Money(models, prices))


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Give lists of at most ``size`` items."""
    left = iter(items)
    while some := list(islice(left, size)):
        yield some


def _summed(
    cells: Mapping[str, Mapping[str, _Sum]], accepted: Mapping[str, int], models: Models, money: _Money
) -> Costs:
    every = [part for _, roles in sorted(cells.items()) for part in roles.items()]
    total = money.spending(every)
    return Costs(
        currency=money.currency,
        total=total,
        per_row=per_row(total, sum(accepted.values())),
        stages=tuple(_by_role(every, models, money)),
        cells=tuple(
            _cell(cell, rows, money.spending(cells.get(cell, {}).items())) for cell, rows in sorted(accepted.items())
        ),
    )


def per_row(spending: Spending, rows: int) -> PerRow | None:
    """Return what a row took on the average; ``None`` for no row."""
    if not rows:
        return None
    usage, known = spending.usage, spending.usage.tokens
    return PerRow(
        calls=usage.calls / rows,
        tokens=None if known is None else known / rows,
        money=None if spending.money is None else spending.money / rows,
    )


def _roles(candidate: Counted, models: Models) -> dict[str, str]:
    """Return who gave each completion of a candidate: whoever a verdict rests on, and else the generator."""
    roles = dict.fromkeys(candidate.completions, "generator")
    for verdict in candidate.verdicts:
        role = guard_role(verdict.checker) if verdict.checker in models.guards else "judge"
        roles.update(dict.fromkeys(verdict.completions, role))
    return roles


class _Money:
    """Turns sums of tokens into money, where prices are known and in one currency."""

    def __init__(self, models: Models, prices: Prices) -> None:
        self._roles: dict[str, ModelRole] = models.by_role
        self._prices = {name: price_of(role, prices) for name, role in self._roles.items()}
        currencies = {price.currency for price in self._prices.values() if price is not None}
        self._one_currency = len(currencies) <= 1
        self.currency = next(iter(currencies)) if len(currencies) == 1 else None

    def of(self, role: str, taken: _Sum) -> float | None:
        """Return what a role's calls cost; ``None`` where tokens, price or one currency are not known."""
        if not charged(self._roles[role]):
            return 0.0
        price = self._prices[role]
        if price is None or taken.unknown or not self._one_currency:
            return None
        return money_for(price, *taken.tokens)

    def spending(self, sums: Iterable[tuple[str, _Sum]]) -> Spending:
        """Return sums, each with its role, together."""
        usage, costs = Usage(), list[float | None]()
        for role, one in sums:
            usage += one.usage
            costs.append(self.of(role, one))
        known = [cost for cost in costs if cost is not None]
        return Spending(usage=usage, money=math.fsum(known) if len(known) == len(costs) else None)

    def price(self, role: str) -> str:
        """Say where a role's price comes from, or what is missing."""
        return price_told(self._roles[role], self._prices[role])


def _by_role(sums: Sequence[tuple[str, _Sum]], models: Models, money: _Money) -> Iterator[RoleSpending]:
    for name, role in models.by_role.items():
        own = [(of, one) for of, one in sums if of == name]
        if own:
            stage: StageName = "generate" if name == "generator" else "validate"
            spent = money.spending(own)
            yield RoleSpending(
                stage=stage, role=name, model=role.model, price=money.price(name), usage=spent.usage, money=spent.money
            )


def _cell(cell: str, accepted: int, spent: Spending) -> CellSpending:
    return CellSpending(
        cell=cell, accepted=accepted, usage=spent.usage, money=spent.money, per_row=per_row(spent, accepted)
    )
