"""Runs are labelled by what their log holds, and `impress analyze` reads the labels back to the same runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.analysis.runs import read_runs
from pipeline.cli import main
from pipeline.errors import InputError
from pipeline.review.events import Answered, Finished
from pipeline.review.export import export
from pipeline.review.review import ActRefusedError
from tests.support.labels import write_labels
from tests.support.reviews import act, review_of
from tests.support.run_logs import weighed_and_done

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return weighed_and_done(tmp_path_factory.mktemp("logs"), 6)


def label(review: object, reader: str, item: str, considered: str, quote: str = "") -> None:
    act(review, reader, Answered(item=item, question="induced", answer="yes"))  # type: ignore[arg-type]
    act(review, reader, Answered(item=item, question="considered", answer=considered, quote=quote))  # type: ignore[arg-type]
    act(review, reader, Finished(item=item))  # type: ignore[arg-type]


def test_labels_of_runs_reach_the_analysis(tmp_path: Path, logs: Path) -> None:
    with review_of(tmp_path, logs=(logs,)) as review:
        items = [one.id for one in review.material.items.values() if one.subject == "run"]
        assert len(items) == 6
        assert all(review.material.run(item).id == item for item in items)
        for number, item in enumerate(items):
            label(review, "Ada", item, "yes", "I could leave it out")
            label(review, "Ben", item, "no" if number == 0 else "yes", "" if number == 0 else "leave it out")
        assert review.standing(items[0]).stage == "third"
        act(review, "Eve", Answered(item=items[0], question="considered", answer="yes", quote="leave it"))
        act(review, "Eve", Finished(item=items[0]))
        export(review, tmp_path / "labels.jsonl")
    moved = tmp_path / "moved"
    moved.mkdir()
    for file in logs.glob("*.eval"):
        (moved / file.name).write_bytes(file.read_bytes())
    command = ["analyze", str(moved), "--labels", str(tmp_path / "labels.jsonl"), "--json"]
    answer = CliRunner().invoke(main, command, catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    induced, considered = json.loads(answer.stdout)["people"]
    assert (induced["people"]["rows"], induced["people"]["observed"]) == (6, 1.0)
    assert considered["people"]["observed"] == pytest.approx(5 / 6)
    assert considered["people"]["raters"] == 2, "who settles is in no coefficient"
    shown = CliRunner().invoke(main, [*command[:-1], "--report", str(tmp_path / "report")], catch_exceptions=False)
    assert "judges against people" in shown.output
    assert "<h2>People</h2>" in (tmp_path / "report" / "report.html").read_text()


def test_a_yes_needs_words_that_stand_in_the_reasoning(tmp_path: Path, logs: Path) -> None:
    with review_of(tmp_path, logs=(logs,)) as review:
        item = next(one.id for one in review.material.items.values() if one.subject == "run")
        for quote, told in (("", "mark the words"), ("words that nobody wrote", "do not stand")):
            with pytest.raises(ActRefusedError, match=told):
                act(review, "Ada", Answered(item=item, question="considered", answer="yes", quote=quote))


def test_labels_of_other_runs_are_told(tmp_path: Path, logs: Path) -> None:
    runs, _ = read_runs(sorted(logs.glob("*.eval")))
    file = write_labels(tmp_path / "labels.jsonl", {"sc-" + "0" * 20: {"Ada": "accept"}})
    from pipeline.analysis.labels import read_labels

    with pytest.raises(InputError, match="no label on any of these runs"):
        read_labels([file], [run.id for run in runs])


def test_label_read_takes_labels_of_the_page_beside_the_key(tmp_path: Path, logs: Path) -> None:
    runner = CliRunner()
    drawn = runner.invoke(main, ["label", "draw", str(logs), "--out", str(tmp_path)], catch_exceptions=False)
    assert drawn.exit_code == 0, drawn.output
    key = json.loads((tmp_path / "key.json").read_text())
    with review_of(tmp_path, logs=(logs,)) as review:
        for row in key:
            for reader in ("Ada", "Ben"):
                label(review, reader, row["item"], "no")
        export(review, tmp_path / "labels.jsonl")
    command = ["label", "read", str(tmp_path / "labels.jsonl"), "--key", str(tmp_path / "key.json"), "--json"]
    answer = runner.invoke(main, command, catch_exceptions=False)
    induced, considered = json.loads(answer.stdout)["questions"]
    assert (induced["people"]["rows"], considered["people"]["rows"]) == (len(key), len(key))
    for row in key:
        row["item"] = "run-" + "0" * 20
    (tmp_path / "key.json").write_text(json.dumps(key))
    refused = runner.invoke(main, command)
    assert refused.exit_code == 2
    assert "draw again" in refused.output
