"""What evaluated runs took: tokens as the endpoints counted them, and money where the price is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field

from pipeline.analysis.runs import Run, Used
from pipeline.evaluation.charges import charge_of
from pipeline.schema.base import Record
from pipeline.schema.estimate import Currency, Prices


class Spending(Record):
    """What one model took over all runs, as agent and as judge. ``None`` where it is not known of any of them."""

    model: str
    base_url: str | None
    runs: int = Field(ge=0)
    prompt_tokens: int | None
    completion_tokens: int | None
    money: float | None = Field(description="without discounts for caches or batches; 0 where nothing is charged")
    currency: Currency | None
    price: str = Field(description="where the price comes from, or what is missing")


def spending_of(runs: Sequence[Run], prices: Prices) -> Iterator[Spending]:
    """Yield what each model took in the runs that count. Runs that were thrown away and made anew are not in it."""
    by_model: dict[tuple[str, str | None], list[Used]] = {}
    for run in runs:
        for used in run.used:
            by_model.setdefault((used.model, used.base_url), []).append(used)
    for (model, base_url), all_used in sorted(by_model.items(), key=str):
        charge = charge_of(model, base_url, prices)
        prompt, written = (_total([getattr(one, name) for one in all_used]) for name in _COUNTS)
        yield Spending(
            model=model,
            base_url=base_url,
            runs=len(all_used),
            prompt_tokens=prompt,
            completion_tokens=written,
            money=charge.money(prompt, written),
            currency=charge.currency,
            price=charge.told,
        )


_COUNTS = ("prompt_tokens", "completion_tokens")


def _total(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
