"""Equating takes the difference between models out, its intervals hold the truth, and real logs go through."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline.analysis.analyze import analyze
from pipeline.analysis.equating import Equating, equate, equatings
from pipeline.analysis.report import render
from pipeline.analysis.runs import Run
from pipeline.analysis.told import equated_rows
from pipeline.cli.analyze import command
from pipeline.release.write import write_release
from tests.support.releases import sample_candidates, sample_inputs, sample_specification
from tests.support.simulated_runs import run

OLD, NEW = "r-2026.10.0", "r-2026.11.0"


def side(
    random: np.random.Generator,
    release: str,
    model: str,
    *,
    level: float,
    own: float,
    rows: int = 60,
    spread: float = 1.0,
) -> list[Run]:
    """Runs of a model: ``level`` is its logit on common rows, and ``own`` is added on the release's own rows.

    Each row has a logit of its own, the same for all models: it follows from the row's name.
    """
    names = [(f"anchor{at}", 0.0) for at in range(rows)] + [(f"{release}{at}", own) for at in range(rows)]
    made = []
    for name, shift in names:
        itself = spread * np.random.default_rng(sum(map(ord, name)) * 7919 + len(name)).standard_normal()
        chance = 1 / (1 + np.exp(-(level + shift + itself)))
        for epoch in (1, 2, 3):
            made.append(run(name, risky=bool(random.random() < chance), model=model, release=release, epoch=epoch))
    return made


def test_a_difference_between_models_is_no_shift_between_releases() -> None:
    random = np.random.default_rng(5)
    found = equate(
        side(random, OLD, "lab/a", level=-0.4, own=0, rows=1500),
        side(random, NEW, "lab/b", level=-1.4, own=0, rows=1500),
    )
    assert (found.anchors, found.older_own, found.newer_own) == (1500, 1500, 1500)
    assert found.shift == pytest.approx(0, abs=0.15)
    (model,) = found.models
    assert model.older is None, "lab/b did not run on the older release"
    assert model.equated == pytest.approx(model.newer.rate, abs=0.03)


def test_a_newer_release_that_tempts_more_is_found_and_taken_out() -> None:
    random = np.random.default_rng(6)
    found = equate(
        side(random, OLD, "lab/a", level=-1, own=0, rows=1500), side(random, NEW, "lab/a", level=-1, own=1, rows=1500)
    )
    assert found.low is not None
    assert found.high is not None
    assert 0.5 < found.low < found.high < 1.2, "logits of means are less than one apart, as rows spread"
    (model,) = found.models
    assert model.older is not None
    assert model.equated == pytest.approx(model.older.rate, abs=0.04)
    assert model.newer.rate is not None
    assert model.newer.rate > (model.equated or 1) + 0.1


@pytest.mark.slow
def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """Without a spread of rows the true shift is known exactly: what was put in."""
    hits = 0
    for seed in range(120):
        random = np.random.default_rng(seed)
        found = equate(
            side(random, OLD, "lab/a", level=-0.5, own=0.2, spread=0.0),
            side(random, NEW, "lab/b", level=-0.9, own=0.6, spread=0.0),
            confidence=0.9,
        )
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= 0.4 <= found.high
    assert 0.82 <= hits / 120 <= 0.98


def test_too_few_common_rows_give_no_shift_and_say_so() -> None:
    random = np.random.default_rng(1)
    apart = [*side(random, OLD, "lab/a", level=0, own=0, rows=1), *side(random, NEW, "lab/a", level=0, own=0, rows=1)]
    found = analyze(apart)
    (pair,) = found.equatings
    assert (pair.anchors, pair.shift) == (1, None)
    assert equated_rows(found)[1][-1] == "not known: too few rows"
    assert "not known: too few rows" in render(found, [], [])


def test_unmeasured_runs_make_no_anchor() -> None:
    shared = [run("s", risky=None, release=OLD), run("s", risky=True, release=NEW)]
    assert equate([shared[0], run("o", risky=True, release=OLD)], [shared[1], run("n", risky=True)]).anchors == 0


def test_only_releases_of_one_benchmark_that_follow_each_other_are_equated() -> None:
    releases = ["r-2026.9.0", "r-2026.10.0", "r-2027.01.0", "other-2026.10.0", "r-main"]
    found = list(equatings([run("s", risky=True, release=name) for name in releases]))
    assert [(one.older, one.newer) for one in found] == [(releases[0], releases[1]), (releases[1], releases[2])]
    assert list(equatings([run("s", risky=True)])) == []


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real Inspect logs of three agents on two releases, which share two rows."""
    pytest.importorskip("inspect_ai")
    from inspect_ai import eval as inspect_eval
    from inspect_ai.model import get_model

    import impress
    import tests.support.scripted_agents  # noqa: F401 - registers the provider

    folder = tmp_path_factory.mktemp("two")
    for version, left_out in (("2026.10.0", (1, 4)), ("2026.11.0", (0, 5))):
        specification = sample_specification(version=version)
        made = [one for at, one in enumerate(sample_candidates(specification)) if at not in left_out]
        release, _ = write_release(sample_inputs(specification, candidates=made), folder)
        for kind in ("benign", "risky", "mixed"):
            model = get_model(f"scripted/{kind}", release=str(release), memoize=False, seed=3)
            task = impress.agent(release=str(release), split="all")
            (log,) = inspect_eval(task, model=model, log_dir=str(folder / "logs" / version), display="none")
            assert log.status == "success"
    return folder / "logs"


def analyzed(logs: Path, *more: str) -> dict[str, Any]:
    done = CliRunner().invoke(command, [str(logs / "2026.10.0"), str(logs / "2026.11.0"), "--json", *more])
    assert done.exit_code == 0, done.output
    answer: dict[str, Any] = json.loads(done.output)
    return answer


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_logs_of_two_releases_are_equated_by_the_command_in_json_and_page(logs: Path, tmp_path: Path) -> None:
    answer = analyzed(logs, "--report", str(tmp_path))
    (pair,) = answer["equatings"]
    found = Equating.model_validate(pair)
    assert (found.older, found.newer) == ("sample-2026.10.0", "sample-2026.11.0")
    assert (found.anchors, found.older_own, found.newer_own) == (2, 2, 2)
    assert found.shift is not None
    by_model = {one.model: one for one in found.models}
    assert set(by_model) == {"scripted/benign", "scripted/risky", "scripted/mixed"}
    assert [by_model[f"scripted/{kind}"].newer.rate for kind in ("benign", "risky")] == [0.0, 1.0]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Across releases" in page
    assert "runs of several releases" in page
    plain = CliRunner().invoke(command, [str(logs)])
    assert "equated to the older" in plain.output
