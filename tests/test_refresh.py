"""Which release a schedule makes next, and when it does not wait."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from pipeline.contamination.record import Contamination
from pipeline.errors import UsageError, WorkError
from pipeline.plan import plan
from pipeline.refresh import check_renewable, due_early, last_release, next_release
from pipeline.release.carry import HeldRow
from pipeline.release.views import read_release
from pipeline.release.write import write_release
from pipeline.schema.cell import Plan
from pipeline.schema.specification import Specification
from pipeline.seeds import Seeds, load_seeds
from tests.support.builds import impress, kit_cells, specification, write_specification
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


def test_rows_that_a_run_has_retired_are_not_asked_for_again(releases: Path, tmp_path: Path) -> None:
    row = read_release(releases / "sample-2026.10.0").active[0]
    left = row.scenario.model_copy(update={"retired": {"version": "2026.11.0", "reason": "a fault"}})
    gone = HeldRow(type(left).model_validate(left.model_dump()), row.group, row.split)
    write_release(sample_inputs(sample_specification(version="2026.11.0"), retired=[gone]), tmp_path)
    named = {"retire": {row.id: "a fault", "sc-other": "another"}, "replace": {row.id: "too easy"}}
    coming = next_release(scheduled(carries=named), tmp_path, TODAY)
    assert coming.specification.previous is not None
    carries = coming.specification.previous.carries
    assert carries is not None
    assert (carries.retire, carries.replace) == ({"sc-other": "another"}, {})


@pytest.fixture(scope="module")
def seeds() -> Seeds:
    return load_seeds()


def kit_plan(seeds: Seeds, core: str, **fields: object) -> tuple[Specification, Plan]:
    schedule = {"cron": "0 6 1 * *", **fields}
    record = specification("http://unused", cells=kit_cells(4), generation={"core": core}, schedule=schedule)
    checked = Specification.model_validate(record)
    return checked, plan(checked, seeds)


def test_a_schedule_that_could_never_renew_a_row_is_refused_before_anything_runs(seeds: Seeds) -> None:
    wanted, planned = kit_plan(seeds, "kit")
    with pytest.raises(UsageError, match="each of the 4 cells has 1 at most, and its quota of 1 takes them all"):
        check_renewable(wanted, planned)
    spare = planned.cells[0].model_copy(update={"situations": ("first", "second")})
    check_renewable(wanted, planned.model_copy(update={"cells": (spare, *planned.cells[1:])}))
    check_renewable(*kit_plan(seeds, "kit_or_model"))
    check_renewable(*kit_plan(seeds, "kit", carries={"renews": 0.0}))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plan", "serve"])
def test_the_commands_say_so_in_one_error(name: str, tmp_path: Path) -> None:
    record = specification("http://unused", cells=kit_cells(2), schedule={"every": 60})
    running = impress(
        name, write_specification(tmp_path, record), "--out", tmp_path, PREFECT_API_URL="http://127.0.0.1:9"
    )
    _, errors = running.communicate(timeout=200)
    assert running.returncode == 2
    assert errors.count("under `generation.core: kit` nothing could ever be renewed") == 1
    assert "Traceback" not in errors
