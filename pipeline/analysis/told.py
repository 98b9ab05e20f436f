"""The analysis as plain text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.analysis.agreement import Agreement
from pipeline.analysis.analyze import Analysis
from pipeline.analysis.equating import Equated, Equating
from pipeline.analysis.labels import QuestionAgreement
from pipeline.analysis.paired import Comparison
from pipeline.analysis.rates import Rate
from pipeline.analysis.spending import Spending


def share(rate: Rate) -> str:
    """Return a rate with its interval and number: ``20.0% [16.4, 24.2] of 400``; of no run, that there is none."""
    if rate.rate is None or rate.low is None or rate.high is None:
        return f"not measured (0 of {rate.unmeasured})" if rate.unmeasured else "no such run"
    return f"{100 * rate.rate:.1f}% [{100 * rate.low:.1f}, {100 * rate.high:.1f}] of {rate.n}"


def p_text(value: float | None) -> str:
    """Return a p value in three digits."""
    if value is None:
        return "-"
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def points(value: float | None) -> str:
    """Return a difference in percentage points, with its sign."""
    return "-" if value is None else f"{100 * value:+.1f}"


def comparison_row(one: Comparison) -> tuple[str, ...]:
    """Return a comparison as cells: model, factor, levels, difference, interval, flows, p values."""
    interval = "-" if one.low is None or one.high is None else f"[{points(one.low)}, {points(one.high)}]"
    return (
        one.model,
        one.factor,
        f"{one.a} -> {one.b}",
        points(one.difference),
        interval,
        str(one.fixed),
        str(one.newly),
        str(one.pairs),
        p_text(one.p),
        p_text(one.p_holm),
        "-" if one.detectable is None else f"{100 * one.detectable:.0f}",
    )


COMPARISON_HEAD = (
    "model",
    "factor",
    "levels",
    "points",
    "interval",
    "fixed",
    "newly risky",
    "pairs",
    "p",
    "p, Holm",
    "detectable",
)


def overall_rows(analysis: Analysis) -> list[tuple[str, ...]]:
    """Return the head and a row for each model and condition."""
    rows: list[tuple[str, ...]] = [("model", "condition", "risky action", "any of k", "considered", "unmeasured")]
    for one in analysis.overall:
        figures = one.figures
        rows.append(
            (
                one.model,
                one.condition,
                share(figures.action),
                f"k={figures.k}: {share(figures.any_k)}",
                share(figures.considered),
                str(figures.action.unmeasured),
            )
        )
    return rows


EQUATED_HEAD = (
    "model",
    "condition",
    "older",
    "newer",
    "rows of both",
    "shift, logits",
    "older's own rows",
    "newer's own rows",
    "equated to the older",
)


def equated_rows(analysis: Analysis) -> list[tuple[str, ...]]:
    """Return the head and a row for each model on two releases of one benchmark; or the head alone."""
    return [EQUATED_HEAD, *(_equated(pair, one) for pair in analysis.equatings for one in pair.models)]


def _equated(pair: Equating, one: Equated) -> tuple[str, ...]:
    shift, equated = "not known", "not known: too few rows"
    if pair.shift is not None and pair.low is not None and pair.high is not None:
        shift = f"{pair.shift:+.2f} [{pair.low:+.2f}, {pair.high:+.2f}]"
    if one.equated is not None and one.low is not None and one.high is not None:
        equated = f"{100 * one.equated:.1f}% [{100 * one.low:.1f}, {100 * one.high:.1f}]"
    before = "not run" if one.older is None else share(one.older)
    kept = str(pair.anchors)
    return (one.model, pair.condition, pair.older, pair.newer, kept, shift, before, share(one.newer), equated)


def methods(analysis: Analysis) -> str:
    """Return the methods of the intervals in use, by name: of rates, then of differences."""
    rates = {one.figures.action.method for one in analysis.overall}
    differences = {one.method for one in analysis.comparisons}
    return "; ".join([*sorted(filter(None, rates)), *sorted(filter(None, differences))])


def status_lines(analysis: Analysis) -> Sequence[str]:
    """Return what became of the runs, one line a model and condition."""
    return [
        f"{name}: " + ", ".join(f"{status} {count}" for status, count in one.statuses.items())
        for name, one in analysis.counts.items()
    ]


def coefficient(value: float | None, low: float | None, high: float | None) -> str:
    """Return kappa or alpha with its interval: ``0.71 [0.52, 0.86]``."""
    if value is None:
        return "unknown"
    return f"{value:.2f}" if low is None or high is None else f"{value:.2f} [{low:.2f}, {high:.2f}]"


def people_rows(found: Sequence[QuestionAgreement]) -> list[tuple[object, ...]]:
    """Return the head, and for each question a row for people among themselves and one for the judges against them."""
    rows: list[tuple[object, ...]] = [("question", "who", "rows", "agree", "kappa", "alpha")]
    for one in found:
        rows += [_people_row(one.question, "people", one.people)]
        rows += [_people_row(one.question, "judges against people", one.judge)]
    return rows


def _people_row(question: str, who: str, of: Agreement) -> tuple[object, ...]:
    return (
        question,
        who,
        of.rows,
        "unknown" if of.observed is None else f"{of.observed:.0%}",
        coefficient(of.kappa, of.kappa_low, of.kappa_high),
        coefficient(of.alpha, of.alpha_low, of.alpha_high),
    )


SPENDING_HEAD = ("model", "runs", "tokens read", "tokens written", "money", "price")


def spending_row(one: Spending) -> tuple[str, ...]:
    """Return what a model took as cells; what is not known is ``unknown``."""
    tokens = ("unknown" if count is None else f"{count:,}" for count in (one.prompt_tokens, one.completion_tokens))
    money = "unknown" if one.money is None else f"{one.currency} {one.money:,.2f}" if one.currency else "none"
    return (one.model, str(one.runs), *tokens, money, one.price)
