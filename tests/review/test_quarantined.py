"""Candidates that no gate could decide on are read where that is asked for, and never counted as rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.label_files import read_labels_file
from pipeline.release.check_rows import read_candidates
from pipeline.release.write import write_release
from pipeline.review import views
from pipeline.review.export import export
from pipeline.review.items import Draw
from pipeline.review.review import Review
from pipeline.review.standing import standings_of
from tests.support.releases import sample_inputs
from tests.support.reviews import read, review_of


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, _ = write_release(sample_inputs(), tmp_path_factory.mktemp("releases"))
    return folder


@pytest.fixture
def review(release: Path, tmp_path: Path) -> Iterator[Review]:
    with review_of(tmp_path, release=release, drawn=Draw(quarantined=True)) as found:
        yield found


def put_aside(release: Path) -> set[str]:
    candidates, _ = read_candidates(release)
    return {
        one.scenario.id
        for one in candidates or ()
        if one.scenario and one.decision and one.decision.outcome == "quarantined"
    }


def test_they_are_there_when_asked_for_alone(release: Path, review: Review, tmp_path: Path) -> None:
    asked = set(review.material.items)
    with review_of(tmp_path / "without", release=release) as other:
        rows = set(other.material.items)
    assert put_aside(release)
    assert asked == rows | put_aside(release)


def test_they_come_in_turn_and_nothing_tells_what_they_are(release: Path, review: Review) -> None:
    strata = {one.stratum for one in review.material.items.values()}
    first = list(review.material.items.values())[: len(strata)]
    [name] = {one.id for one in first} & put_aside(release)
    shown = views.reading_view(review, "Ada", name)
    assert shown["item"]["title"] == review.material.items[name].title
    assert "quarantined" not in str({**shown, "record": None})
    assert shown["record"]["verdicts"] == []
    listed = views.list_view(review, "Ada", views.Wanted())
    assert "quarantined" not in str(listed)


def test_what_is_said_of_them_is_exported_and_in_no_rate_of_rows(release: Path, review: Review, tmp_path: Path) -> None:
    [name] = put_aside(release)
    row = next(one.id for one in review.material.items.values() if one.is_row)
    for reader in ("Ada", "Ben"):
        read(review, reader, name, decision="reject")
        read(review, reader, row)
    assert (standings_of(review).rejected.count, standings_of(review).rejected.n) == (0, 1)
    export(review, tmp_path / "labels.jsonl")
    labels = read_labels_file(tmp_path / "labels.jsonl").labels
    assert {one.answer for one in labels if (one.item, one.question) == (name, "decision")} == {"reject"}
