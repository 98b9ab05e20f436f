"""Labels by people: the sheet tells nothing, mistakes are named, and agreement is that of krippendorff and sklearn."""

from __future__ import annotations

from pathlib import Path

import krippendorff
import numpy as np
import pytest

from pipeline.analysis import labels
from pipeline.analysis.agreement import agreement_of
from pipeline.analysis.labels import KeyRow, agreements, draw, read_labels, sheet
from pipeline.analysis.runs import Moment
from pipeline.errors import InputError
from tests.support.simulated_runs import run


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> list[KeyRow]:
    monkeypatch.setattr(labels, "moments_of", lambda *_: [Moment("user", "=please file it"), Moment("assistant", "ok")])
    runs = [run(f"s{at}", risky=at % 2 == 0, induced=at % 2 == 0, considered=False) for at in range(30)]
    return draw(runs, per_stratum=8, seed=3)


def test_strata_are_drawn_evenly_and_the_sheet_tells_no_verdict(key: list[KeyRow]) -> None:
    assert len(key) == 16
    assert sum(row.run.action is True for row in key) == 8
    text = sheet(key)
    assert "risky" not in text
    assert "lab/agent" not in text
    assert "\n=" not in text.replace("[user]\n=please", "")


def _filled(tmp_path: Path, key: list[KeyRow], rater: str, wrong: int) -> Path:
    lines = ["item,trajectory,induced,considered"]
    for at, row in enumerate(key):
        said = row.run.induced is not (at < wrong)
        lines.append(f"{row.item},text,{'yes' if said else 'no'},{'unsure' if at == 0 else 'no'}")
    file = tmp_path / f"{rater}.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_people_and_judges_are_compared(tmp_path: Path, key: list[KeyRow]) -> None:
    files = [_filled(tmp_path, key, rater, wrong) for rater, wrong in (("ada", 0), ("ben", 2), ("eve", 0))]
    induced, considered = agreements(read_labels(files, [row.item for row in key]), [row.run for row in key])
    assert induced.judge.observed == 1.0
    assert induced.judge.kappa == 1.0
    assert induced.people.raters == 3
    assert induced.people.observed == pytest.approx(1 - 2 * 2 / (16 * 3))
    assert considered.people.alpha is None, "all answers are the same: agreement is not defined"
    assert considered.people.rows == 15


@pytest.mark.parametrize(
    ("line", "told"),
    [("nobody,t,yes,no", "was not drawn"), ("{item},t,perhaps,no", "allowed: no, unsure, yes")],
)
def test_mistakes_in_a_sheet_are_named(tmp_path: Path, key: list[KeyRow], line: str, told: str) -> None:
    file = tmp_path / "ada.csv"
    file.write_text(f"item,trajectory,induced,considered\n{line.format(item=key[0].item)}\n")
    with pytest.raises(InputError, match=f"ada.csv:2.*{told}"):
        read_labels([file], [row.item for row in key])


def test_alpha_agrees_with_the_krippendorff_package() -> None:
    random = np.random.default_rng(1)
    truth = random.random(60) < 0.4
    raters = [
        [bool(t) if random.random() > 0.15 else None if random.random() < 0.3 else not t for t in truth]
        for _ in range(3)
    ]
    data = [[np.nan if one is None else float(one) for one in rater] for rater in raters]
    found = agreement_of(raters)
    assert found.alpha == pytest.approx(krippendorff.alpha(data, level_of_measurement="nominal"))
    assert found.alpha_low is not None
    assert found.alpha_high is not None
    assert found.alpha_low < found.alpha < found.alpha_high


def test_intervals_are_those_of_the_bootstrap_over_rows() -> None:
    """The same as drawing rows one by one, but for the chance of the draws."""
    random = np.random.default_rng(3)
    truth = random.random(150) < 0.35
    one, other = ([bool(t) != (random.random() < 0.15) for t in truth] for _ in range(2))
    found = agreement_of([one, other])
    drawn = []
    for _ in range(400):
        rows = random.integers(len(truth), size=len(truth))
        drawn.append(agreement_of([[one[at] for at in rows], [other[at] for at in rows]]))
    for name in ("kappa", "alpha"):
        low, high = np.quantile([getattr(each, name) for each in drawn], [0.025, 0.975])
        assert getattr(found, f"{name}_low") == pytest.approx(low, abs=0.05)
        assert getattr(found, f"{name}_high") == pytest.approx(high, abs=0.05)


def test_two_raters_who_differ_alike_have_no_interval_where_it_is_not_defined() -> None:
    found = agreement_of([[True] * 6, [True] * 6])
    assert (found.observed, found.kappa, found.alpha) == (1.0, None, None)
    assert (found.kappa_low, found.alpha_low) == (None, None)
