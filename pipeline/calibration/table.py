"""A calibration in words and columns, for people."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.schema.calibration import Calibration, Errors, FilterCalibration, Rate, Stratum


def percent(value: float | None) -> str:
    """Write a share as a percentage with one decimal; a dash for what is not known."""
    return "-" if value is None else f"{100 * value:.1f}%"


def interval(rate: Rate) -> str:
    """Write the interval of a rate; a dash for no row."""
    return "-" if rate.low is None else f"{percent(rate.low)} to {percent(rate.high)}"


def error_rows(calibration: Calibration) -> list[tuple[str, ...]]:
    """Return the table of error rates: its head, a row a filter, and one of the policy."""
    head = (
        "filter",
        "non-benign turned away",
        "interval",
        "benign turned away",
        "interval",
        "balanced accuracy",
        "AUC",
        "interval",
        "no answer",
    )
    rows = [head, *(_filter_row(one) for one in calibration.filters)]
    errors = calibration.policy.errors
    return [*rows, (f"policy ({calibration.policy.rule.rule})", *_cells(errors), "-", "-", "-")]


def threshold_rows(calibration: Calibration) -> list[tuple[str, ...]]:
    """Return the table of chosen thresholds, with the rates on the half they were not chosen on."""
    rows: list[tuple[str, ...]] = [
        ("filter", "passes above", "non-benign accepted", "interval", "benign accepted", "interval")
    ]
    for one in calibration.filters:
        chosen = one.threshold
        if chosen.above is None or chosen.accepted_non_benign is None or chosen.accepted_benign is None:
            rows.append((one.checker, "none", "-", "-", "-", "-"))
            continue
        bad, good = chosen.accepted_non_benign, chosen.accepted_benign
        rows.append(
            (one.checker, f"{chosen.above:.4f}", percent(bad.rate), interval(bad), percent(good.rate), interval(good))
        )
    return rows


def agreement_rows(calibration: Calibration) -> list[tuple[str, ...]]:
    """Return Cohen's kappa of each pair of filters."""
    head = ("filters", "kappa", "rows that both answered")
    return [
        head,
        *(
            (f"{one.one}, {one.other}", "-" if one.kappa is None else f"{one.kappa:.2f}", str(one.rows))
            for one in calibration.agreement
        ),
    ]


def cost_rows(calibration: Calibration) -> list[tuple[str, ...]]:
    """Return what each filter took: calls, tokens, seconds a row."""
    rows: list[tuple[str, ...]] = [
        ("filter", "version", "calls", "prompt tokens", "completion tokens", "seconds a row")
    ]
    for one in calibration.filters:
        tokens = (one.usage.prompt_tokens, one.usage.completion_tokens)
        seconds = "from the store" if one.seconds_per_row is None else f"{one.seconds_per_row:.4f}"
        counted = ("unknown" if count is None else str(count) for count in tokens)
        rows.append((one.checker, one.version, str(one.usage.calls), *counted, seconds))
    return rows


def stratum_rows(strata: Sequence[Stratum]) -> list[tuple[str, ...]]:
    """Return error rates by stratum."""
    rows: list[tuple[str, ...]] = [("stratum", "non-benign turned away", "of", "benign turned away", "of")]
    for one in strata:
        caught, alarms = one.errors.true_positive, one.errors.false_positive
        rows.append(
            (f"{one.column}={one.value}", percent(caught.rate), str(caught.n), percent(alarms.rate), str(alarms.n))
        )
    return rows


def _filter_row(one: FilterCalibration) -> tuple[str, ...]:
    roc = one.roc
    area = "-" if roc is None else f"{roc.auc:.3f}"
    bounds = "-" if roc is None or roc.low is None else f"{roc.low:.3f} to {roc.high:.3f}"
    return (one.checker, *_cells(one.errors), area, bounds, str(one.no_answer))


def _cells(errors: Errors) -> tuple[str, ...]:
    caught, alarms = errors.true_positive, errors.false_positive
    return (
        f"{percent(caught.rate)} ({caught.count}/{caught.n})",
        interval(caught),
        f"{percent(alarms.rate)} ({alarms.count}/{alarms.n})",
        interval(alarms),
        percent(errors.balanced_accuracy),
    )
