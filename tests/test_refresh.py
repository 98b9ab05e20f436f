"""Which release a schedule makes next, and when it does not wait."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from pipeline.contamination.record import Contamination
from pipeline.errors import UsageError, WorkError
from pipeline.refresh import due_early, last_release, next_release
from pipeline.release.write import write_release
from pipeline.schema.specification import Specification
from tests.support.releases import sample_inputs, sample_specification

TODAY = datetime.date(2026, 11, 28)


def scheduled(**fields: object) -> Specification:
    return sample_specification(version="2026.09.0", schedule={"cron": "0 6 1 * *", **fields})


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("releases")
    for version in ("2026.09.0", "2026.10.0"):
        write_release(sample_inputs(sample_specification(version=version)), folder)
    (folder / "sample-2026.99.9").mkdir()
    write_release(sample_inputs(sample_specification(name="sample-other", version="2027.01.0")), folder)
    return folder


def test_the_first_is_the_specification_itself(tmp_path: Path) -> None:
    coming = next_release(scheduled(), tmp_path, TODAY)
    assert (coming.specification, coming.last) == (scheduled(), None)


def test_the_next_stands_on_the_last_and_names_the_month(releases: Path) -> None:
    coming = next_release(scheduled(carries={"renews": 0.25, "anchors": 0.5}), releases, TODAY)
    assert coming.last == releases / "sample-2026.10.0" == last_release("sample", releases)
    assert coming.specification.version == "2026.11.0"
    previous = coming.specification.previous
    assert previous is not None
    assert previous.release == "sample-2026.10.0"
    assert previous.carries is not None
    assert (previous.carries.renews, previous.carries.anchors) == (0.25, 0.5)


def test_a_month_that_has_its_release_gives_way_to_the_next(releases: Path) -> None:
    coming = next_release(scheduled(), releases, datetime.date(2026, 10, 30))
    assert coming.specification.version == "2026.11.0"


def test_without_a_schedule_there_is_no_next(releases: Path) -> None:
    with pytest.raises(UsageError, match="no `schedule`"):
        next_release(sample_specification(), releases, TODAY)


@pytest.mark.parametrize("fields", [{"every": 5}, {"cron": None}])
def test_a_schedule_has_one_kind_of_time(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="either cron or every"):
        scheduled(**fields)


def test_shares_of_more_than_all_rows_are_refused() -> None:
    with pytest.raises(ValidationError, match="more than all rows"):
        scheduled(carries={"renews": 0.7, "anchors": 0.5})


def test_a_report_of_contamination_starts_it_early_for_the_last_release_alone(releases: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    wanted = scheduled(contamination=str(path))
    assert due_early(wanted, releases) is None
    report = Contamination(release="sample-2026.10.0", rows=6, alpha=0.05, overlap_allowed=0.01).model_dump(mode="json")
    for renew, release, expected in [
        (None, "sample-2026.10.0", None),
        (False, "sample-2026.10.0", None),
        (True, "sample-2026.09.0", None),
        (True, "sample-2026.10.0", "it was recited"),
    ]:
        path.write_text(json.dumps({**report, "release": release, "renew": renew, "reasons": ["it was recited"]}))
        assert due_early(wanted, releases) == expected
    path.write_text("{}")
    with pytest.raises(WorkError, match="not an answer"):
        due_early(wanted, releases)
