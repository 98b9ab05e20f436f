"""What the doctor says of a run's folder; ``tests/integration/test_durability.py`` has folders of real builds."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from filelock import FileLock

from pipeline.build import LOCK_NAME, STORE_NAME, WHAT_IS_BUILT
from pipeline.build_doctor import Diagnosis, examine_build
from pipeline.cli import main
from pipeline.models.requests import Completion
from pipeline.models.store import CompletionStore
from pipeline.release.write import specification_text
from pipeline.schema.specification import Specification
from tests.models.samples import request
from tests.support.builds import kit_cells, specification
from tests.support.endurance import seeds_with_price

URL = "http://127.0.0.1:9/v1"


def run_of(folder: Path, calls: int = 3, **changes: object) -> Path:
    """A run's folder with so many completions of a thousand tokens each way."""
    run = folder / "runs" / "scripted-2026.11.0-0123abcd"
    run.mkdir(parents=True)
    checked = Specification.model_validate(specification(URL, cells=kit_cells(2), **changes))
    (run / WHAT_IS_BUILT).write_text(specification_text(checked), encoding="utf-8")
    with CompletionStore.open(run / STORE_NAME) as store:
        for number in range(calls):
            asked = request(f"question {number}")
            store.put(asked, Completion(key=asked.key, text="x", prompt_tokens=1000, completion_tokens=1000))
    return run


def found(diagnosis: Diagnosis, name: str) -> tuple[str, str]:
    (check,) = [check for check in diagnosis.checks if check.name == name]
    return check.outcome, check.found


def test_it_says_what_is_spent_of_which_budget_in_money_too(tmp_path: Path) -> None:
    budget = {"calls": 3, "money": {"amount": 5, "currency": "USD"}}
    with seeds_with_price(tmp_path, URL):
        diagnosis = examine_build(run_of(tmp_path, budget=budget))
    outcome, told = found(diagnosis, "spent")
    assert diagnosis.money == pytest.approx({"USD": 3 * (1000 * 2 + 1000 * 8) / 1e6})
    assert told == "3 calls, 6,000 tokens, USD 0.0300; budget: calls 3, USD 5"
    assert outcome == "warn", "the calls are used up"
    assert found(diagnosis, "store") == ("ok", "3 completions, each as it was kept")
    assert (diagnosis.progressed.accepted, diagnosis.progressed.wanted) == (0, 2)
    assert diagnosis.next.startswith("go on: impress build")


def test_a_price_that_is_unknown_makes_the_money_unknown(tmp_path: Path) -> None:
    diagnosis = examine_build(run_of(tmp_path))
    assert diagnosis.money is None
    assert found(diagnosis, "spent") == ("ok", "3 calls, 6,000 tokens, money unknown; budget: none")


def test_a_lock_that_a_process_holds_is_a_build_at_work_and_one_left_behind_is_nothing(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    (run / LOCK_NAME).touch()
    assert found(examine_build(run), "lock") == ("ok", "no process is building here")
    with FileLock(run / LOCK_NAME):
        diagnosis = examine_build(run)
    assert found(diagnosis, "lock") == ("ok", "a process is building here now")
    assert diagnosis.next.startswith("wait for the build that is at work")


def test_what_is_no_folder_of_a_run_is_a_wrong_use(tmp_path: Path) -> None:
    answer = CliRunner().invoke(main, ["doctor", "--build", str(tmp_path)])
    assert answer.exit_code == 2
    assert "no folder of a run" in answer.stderr


def test_a_specification_that_is_lost_is_told_and_nothing_is_guessed(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    (run / WHAT_IS_BUILT).unlink()
    diagnosis = examine_build(run)
    assert found(diagnosis, "specification")[0] == "warn"
    assert diagnosis.progressed.wanted is None
    assert diagnosis.money is None
    assert diagnosis.spent.calls == 3
