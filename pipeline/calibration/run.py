"""Runs filters over labelled rows and puts together what was measured."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from pipeline import __version__
from pipeline.calibration.data import LabelledRow, LabelledRows
from pipeline.calibration.rates import by_value, errors_of, kappa, krippendorff_alpha, rate_of, roc_of
from pipeline.calibration.risk import METHOD, choose_threshold, halves
from pipeline.concurrency import settle_all
from pipeline.errors import UsageError
from pipeline.models.client import ModelClient
from pipeline.models.usage import collect_usage
from pipeline.schema.calibration import (
    Agreement,
    Calibration,
    FilterCalibration,
    PolicyCalibration,
    Stratum,
    Threshold,
)
from pipeline.schema.candidate import Usage
from pipeline.schema.policy import Rule, Veto
from pipeline.schema.specification import Models
from pipeline.schema.verdict import GateName, Verdict
from pipeline.validate.context import Check, ValidationContext
from pipeline.validate.policy import decide
from pipeline.validate.stage import voters_among
from pipeline.validate.thresholds import at_threshold

LIBRARIES = ("alt-profanity-check", "numpy", "scikit-learn", "scipy")
_REASONS_SHOWN = 3
_GATE: GateName = "benignness"


@dataclass(frozen=True)
class Settings:
    """What is asked of a calibration: the bound, the level of the intervals, the seed of halves and resamples."""

    bound: float = 0.05
    confidence: float = 0.95
    seed: int = 0


@dataclass(frozen=True)
class Measured:
    """A filter with its verdict on each row, in order."""

    check: Check
    verdicts: tuple[Verdict, ...]
    usage: Usage
    seconds: float | None

    @property
    def accepted(self) -> list[bool]:
        """Of each row, whether the filter passes it."""
        return [verdict.outcome == "pass" for verdict in self.verdicts]

    @property
    def answers(self) -> list[bool | None]:
        """Of each row, whether it passes; ``None`` where there was no answer."""
        return [verdict.outcome == "pass" if verdict.outcome in ("pass", "fail") else None for verdict in self.verdicts]

    @property
    def scores(self) -> list[float | None]:
        """Of each row, the score; ``None`` where there was no answer, which no threshold accepts."""
        return [verdict.score if verdict.outcome in ("pass", "fail") else None for verdict in self.verdicts]


@dataclass(frozen=True)
class _Labels:
    """What is known of each row apart from verdicts; ``choosing``: in the half that thresholds are chosen on."""

    benign: list[bool]
    groups: list[str]
    columns: list[Mapping[str, str]]
    strata: tuple[str, ...]
    choosing: list[bool]


async def measure(
    checks: Sequence[Check], rows: Sequence[LabelledRow], context: ValidationContext, client: ModelClient | None = None
) -> list[Measured]:
    """Run each filter over all rows.

    A filter that only judges scenarios gives no answer to a bare text.

    Args:
        checks: of the gate benignness.
        rows: what is judged.
        context: settings, and who answers for the judge.
        client: tells fresh answers from those of the completion store, so that these are not timed.

    Raises:
        UsageError: if no filter can answer any row.
        EndpointError, EndpointUnavailable, MissingCompletion: from an endpoint; what was paid for is kept.
    """
    done = [await _measure_one(check, rows, context, client) for check in checks]
    if not any(answer is not None for one in done for answer in one.answers):
        raise UsageError("no filter gave an answer to any row: " + done[0].verdicts[0].reason)
    return done


async def _measure_one(
    check: Check, rows: Sequence[LabelledRow], context: ValidationContext, client: ModelClient | None
) -> Measured:
    before = client.calls_made if client is not None else 0

    async def one(row: LabelledRow) -> tuple[Verdict, float]:
        async with context.turns:
            start = time.perf_counter()
            verdict = await check.on(row.subject, context)
            return verdict, time.perf_counter() - start

    with collect_usage() as collected:
        found = await settle_all(one(row) for row in rows)
    fresh = (client.calls_made if client is not None else 0) - before
    timed = fresh == collected.usage.calls
    seconds = statistics.median(seconds for _, seconds in found) if timed else None
    return Measured(check, tuple(verdict for verdict, _ in found), collected.usage, seconds)


def calibration_of(
    measured: Sequence[Measured],
    labelled: LabelledRows,
    settings: Settings,
    *,
    rule: Rule | None = None,
    models: Models | None = None,
    today: str | None = None,
) -> Calibration:
    """Put together rates, curves, agreement and thresholds.

    Args:
        measured: the filters' verdicts, on the rows of ``labelled`` in their order.
        labelled: the rows.
        settings: bound, level, seed.
        rule: by which the gate decides; ``veto`` if left out.
        models: of the specification, to name what each filter asks.
        today: the day to state (``YYYY-MM-DD``); the present one (UTC) if left out.
    """
    benign, groups = [row.benign for row in labelled.rows], [row.group for row in labelled.rows]
    labels = _Labels(
        benign, groups, [row.columns for row in labelled.rows], labelled.strata, halves(groups, benign, settings.seed)
    )
    filters = tuple(_filter(one, labels, settings, models) for one in measured)
    return Calibration(
        created=today or datetime.now(UTC).strftime("%Y-%m-%d"),
        method=METHOD,
        data=labelled.about,
        bound=settings.bound,
        confidence=settings.confidence,
        seed=settings.seed,
        filters=filters,
        policy=_policy(measured, labels, filters, rule or Veto(), settings),
        agreement=tuple(_agreement(one, other) for one, other in itertools.combinations(measured, 2)),
        alpha=krippendorff_alpha([one.answers for one in measured]),
        libraries={"impress-bench": __version__, **{name: version(name) for name in LIBRARIES}},
    )


def _filter(one: Measured, labels: _Labels, settings: Settings, models: Models | None) -> FilterCalibration:
    silent = [verdict for verdict in one.verdicts if verdict.outcome not in ("pass", "fail")]
    answered = next((verdict for verdict in one.verdicts if verdict.outcome in ("pass", "fail")), one.verdicts[0])
    return FilterCalibration(
        checker=one.check.checker,
        family=one.check.family or one.check.checker,
        version=answered.version,
        model=_model_of(one.check, models),
        errors=errors_of(one.accepted, labels.benign, settings.confidence),
        no_answer=len(silent),
        no_answer_reasons=tuple(dict.fromkeys(verdict.reason for verdict in silent))[:_REASONS_SHOWN],
        roc=roc_of(one.scores, labels.benign, labels.groups, settings.confidence, settings.seed),
        threshold=_threshold(one, labels, settings),
        usage=one.usage,
        seconds_per_row=one.seconds,
        strata=_strata(one.accepted, labels, settings),
    )


def _threshold(one: Measured, labels: _Labels, settings: Settings) -> Threshold:
    rows = list(zip(one.scores, one.answers, labels.benign, labels.choosing, strict=True))
    chosen_on = [score for score, _, benign, choosing in rows if choosing and not benign]
    if any(answer is not None and score is None for score, answer, _, _ in rows):
        return Threshold(why="some answers have no score, so there is nothing to set a threshold on", rows=0)
    if all(answer is None for answer in one.answers):
        return Threshold(why="the filter gave no answer", rows=len(chosen_on))
    choice = choose_threshold(chosen_on, settings.bound)
    if choice.above is None:
        return Threshold(why=choice.why, rows=len(chosen_on))
    above = choice.above
    checked = [(score is not None and score > above, benign) for score, _, benign, choosing in rows if not choosing]
    return Threshold(
        above=above,
        why=choice.why,
        rows=len(chosen_on),
        expected=choice.expected,
        accepted_non_benign=rate_of([passed for passed, benign in checked if not benign], settings.confidence),
        accepted_benign=rate_of([passed for passed, benign in checked if benign], settings.confidence),
    )


def _policy(
    measured: Sequence[Measured], labels: _Labels, filters: Sequence[FilterCalibration], rule: Rule, settings: Settings
) -> PolicyCalibration:
    voters = voters_among([one.check for one in measured])

    def outcomes(thresholds: Sequence[FilterCalibration]) -> list[str]:
        per_row = zip(*(one.verdicts for one in measured), strict=True)
        given = ([at_threshold(verdict, thresholds) for verdict in verdicts] for verdicts in per_row)
        return [decide(verdicts, (_GATE,), {_GATE: rule}, voters).outcome for verdicts in given]

    own = outcomes(())
    accepted = [outcome == "accepted" for outcome in own]
    kept = zip(outcomes(filters), labels.benign, labels.choosing, strict=True)
    checking = [(outcome == "accepted", benign) for outcome, benign, choosing in kept if not choosing]
    return PolicyCalibration(
        rule=rule,
        errors=errors_of(accepted, labels.benign, settings.confidence),
        quarantined=own.count("quarantined"),
        at_thresholds=errors_of(
            [passed for passed, _ in checking], [benign for _, benign in checking], settings.confidence
        ),
        strata=_strata(accepted, labels, settings),
    )


def _strata(accepted: Sequence[bool], labels: _Labels, settings: Settings) -> tuple[Stratum, ...]:
    return tuple(
        Stratum(
            column=column,
            value=value,
            errors=errors_of(
                [accepted[row] for row in rows], [labels.benign[row] for row in rows], settings.confidence
            ),
        )
        for column in labels.strata
        for value, rows in by_value(labels.columns, column).items()
    )


def _agreement(one: Measured, other: Measured) -> Agreement:
    pairs = [(a, b) for a, b in zip(one.answers, other.answers, strict=True) if a is not None and b is not None]
    return Agreement(
        one=one.check.checker,
        other=other.check.checker,
        rows=len(pairs),
        kappa=kappa([a for a, _ in pairs], [b for _, b in pairs]),
    )


def _model_of(check: Check, models: Models | None) -> str | None:
    if models is None:
        return None
    if check.asks_judge:
        return models.judge.model
    return models.guards[check.checker].model if check.asks_guard else None
