"""What was measured of the benignness filters on labelled rows, and the thresholds chosen from it.

Positive means turned away: the true positive rate is the share of non-benign rows that were not
accepted, the false positive rate that of benign rows. An error, a refusal and a check that did not
run are no acceptance, so they count as turned away, and are counted apart as well.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline.schema.base import OptionalText, Record, Sha256, Slug, Text, sha256_of
from pipeline.schema.candidate import Usage
from pipeline.schema.policy import Rule, Veto


class Rate(Record):
    """``count`` of ``n`` rows, with the Wilson interval from ``low`` to ``high``; ``None`` where ``n`` is 0."""

    count: int = Field(ge=0)
    n: int = Field(ge=0)
    rate: float | None = Field(default=None, ge=0, le=1)
    low: float | None = Field(default=None, ge=0, le=1)
    high: float | None = Field(default=None, ge=0, le=1)

    @model_validator(mode="after")
    def _unknown_together(self) -> Self:
        if self.count > self.n or any((value is None) != (self.n == 0) for value in (self.rate, self.low, self.high)):
            raise ValueError(f"{self.count} of {self.n} rows: rate and interval are null where there is no row")
        return self


class Errors(Record):
    """Both error rates over the same rows. ``balanced_accuracy`` is the mean of the shares that were right."""

    true_positive: Rate
    false_positive: Rate
    balanced_accuracy: float | None = Field(default=None, ge=0, le=1)


class Stratum(Record):
    """Error rates among the rows with one value in one column of the data."""

    column: Text
    value: OptionalText
    errors: Errors


class RocPoint(Record):
    """The rates when scores ``above`` this pass; ``None`` where every row with a score passes."""

    above: float | None = Field(default=None, ge=0, le=1)
    true_positive_rate: float = Field(ge=0, le=1)
    false_positive_rate: float = Field(ge=0, le=1)


class Roc(Record):
    """The curve over the rows that have a score, without points on a straight line between others.

    ``auc`` is the chance that a random benign row has the higher score than a random non-benign one, ties
    counted half; ``low`` and ``high`` bound it by the bootstrap over groups of rows.
    """

    points: tuple[RocPoint, ...]
    auc: float = Field(ge=0, le=1)
    low: float | None = Field(default=None, ge=0, le=1)
    high: float | None = Field(default=None, ge=0, le=1)
    benign: int = Field(ge=1, description="benign rows with a score")
    non_benign: int = Field(ge=1, description="non-benign rows with a score")


class Threshold(Record):
    """The threshold chosen on one half of the rows, and what it does on the other half.

    ``above`` is ``None`` where no threshold holds the bound; ``why`` says what was found in words.
    """

    above: float | None = Field(default=None, ge=0, le=1, description="scores above this pass")
    why: Text
    rows: int = Field(ge=0, description="non-benign rows it was chosen on")
    expected: float | None = Field(
        default=None, ge=0, le=1, description="(accepted + 1) / (rows + 1) where it was chosen: the bounded figure"
    )
    accepted_non_benign: Rate | None = Field(default=None, description="on the half it was not chosen on")
    accepted_benign: Rate | None = Field(default=None, description="on the half it was not chosen on")


class FilterCalibration(Record):
    """What one filter did. ``model`` is what it asks, ``None`` for a check without a model."""

    checker: Slug
    family: Text
    version: Text
    model: Text | None = None
    errors: Errors
    no_answer: int = Field(ge=0, description="rows without a pass or a fail")
    no_answer_reasons: tuple[Text, ...] = Field(default=(), description="the first few, each once")
    roc: Roc | None = None
    threshold: Threshold
    usage: Usage
    seconds_per_row: float | None = Field(
        default=None, ge=0, description="median; None where answers came from the completion store"
    )
    strata: tuple[Stratum, ...] = ()


class PolicyCalibration(Record):
    """What the rule made of the filters' verdicts: by their own words, and by the thresholds on the checking half."""

    rule: Rule = Veto()
    errors: Errors
    quarantined: int = Field(ge=0, description="rows left to a person, among those turned away")
    at_thresholds: Errors
    strata: tuple[Stratum, ...] = ()


class Agreement(Record):
    """How far two filters accept the same rows: Cohen's kappa; ``None`` where one of them always says the same."""

    one: Slug
    other: Slug
    rows: int = Field(ge=0, description="rows that both answered")
    kappa: float | None = Field(default=None, ge=-1, le=1)


class LabelledData(Record):
    """What was calibrated on."""

    name: Text = Field(description="the file's name without its folder, or `exemplars`")
    sha256: Sha256
    benign: int = Field(ge=1)
    non_benign: int = Field(ge=1)
    texts: int = Field(ge=0, description="rows that are a bare text; the others are scenarios")
    groups: int = Field(ge=1, description="rows of one group are kept in one half")
    left_columns: tuple[Text, ...] = Field(default=(), description="columns that are no strata")


class Calibration(Record):
    """The error rates of a set of filters on one set of labelled rows, and a threshold for each.

    ``bound``: the share of non-benign scenarios that a filter may be expected to accept at its threshold.
    """

    format: Literal[1] = 1
    gate: Literal["benignness"] = "benignness"
    created: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="the day of the measurement, UTC")
    method: Text
    data: LabelledData
    bound: float = Field(gt=0, lt=1)
    confidence: float = Field(gt=0, lt=1, description="two-sided level of every interval")
    seed: int = Field(ge=0)
    filters: tuple[FilterCalibration, ...] = Field(min_length=1)
    policy: PolicyCalibration
    agreement: tuple[Agreement, ...] = ()
    alpha: float | None = Field(default=None, le=1, description="Krippendorff's alpha over all filters, nominal")
    libraries: dict[Text, Text]

    @model_validator(mode="after")
    def _checkers_differ(self) -> Self:
        names = [one.checker for one in self.filters]
        if len(set(names)) != len(names):
            raise ValueError("two filters have the same name")
        return self

    @property
    def sha256(self) -> str:
        """SHA-256 of the record's canonical JSON: the same whatever the spaces and line ends of its file."""
        return sha256_of(self.model_dump(mode="json"))

    def of(self, checker: str) -> FilterCalibration | None:
        """Return what was measured of a filter; ``None`` if it was not."""
        return next((one for one in self.filters if one.checker == checker), None)
