"""What a release took, as rows of tables: for the report, the dataset card and the flow's artifacts."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.schema.cost import CellSpending, Costs, PerRow, Spending

UNKNOWN = "unknown"


def cost_rows(costs: Costs) -> list[tuple[str, ...]]:
    """Return, under a heading, a row for each stage and role, one for all, and one for an accepted row."""
    head = ("stage", "role", "model", "calls", "prompt tokens", "completion tokens", money_name(costs))
    rows = [(one.stage, one.role, one.model, *_counts(one)) for one in costs.stages]
    rows.append(("all", "", "", *_counts(costs.total)))
    if costs.per_row is not None:
        calls, tokens, money = _average(costs.per_row)
        rows.append(("each accepted row", "", "", calls, f"{tokens} in all", "", money))
    return [head, *rows]


def cell_rows(costs: Costs) -> list[tuple[str, ...]]:
    """Return, under a heading, a row for each cell: what it took, and for each accepted row."""
    head = ("cell", "accepted", "calls", "tokens", money_name(costs), "calls a row", "tokens a row", "money a row")
    return [head, *(_cell_row(cell) for cell in costs.cells)]


def prices_told(costs: Costs) -> list[str]:
    """Say of each role where its price comes from, or that it is unknown."""
    return [f"{one.role}: {one.price}" for one in costs.stages]


def money_name(costs: Costs) -> str:
    """Return the heading of a column of money."""
    return "money" if costs.currency is None else costs.currency


def money_shown(money: float | None) -> str:
    """Return an amount with as many digits as say something: four behind the point below one."""
    if money is None:
        return UNKNOWN
    return f"{money:,.2f}" if money >= 1 or money == 0 else f"{money:.4f}"


def _cell_row(cell: CellSpending) -> tuple[str, ...]:
    average = ("–", "–", "–") if cell.per_row is None else _average(cell.per_row)
    counts = (f"{cell.usage.calls:,}", _count(cell.usage.tokens), money_shown(cell.money))
    return (cell.cell, str(cell.accepted), *counts, *average)


def _average(per_row: PerRow) -> tuple[str, str, str]:
    tokens = UNKNOWN if per_row.tokens is None else f"{per_row.tokens:,.0f}"
    return f"{per_row.calls:,.1f}", tokens, money_shown(per_row.money)


def _counts(spent: Spending) -> Sequence[str]:
    usage = spent.usage
    return f"{usage.calls:,}", _count(usage.prompt_tokens), _count(usage.completion_tokens), money_shown(spent.money)


def _count(number: int | None) -> str:
    return UNKNOWN if number is None else f"{number:,}"
