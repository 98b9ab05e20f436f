"""``optimize``: estimates, what it says of a result, and wrong use. Whole optimisations are in tests/optimize."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.cli import main
from tests.support.builds import specification, write_specification
from tests.support.learner import learner
from tests.support.lessons import poor_files
from tests.support.scripted_server import ScriptedServer


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in poor_files(tmp_path).items():
        monkeypatch.setenv(name, value)
    return tmp_path


def call(folder: Path, base_url: str, *arguments: str) -> tuple[int, str, str]:
    spec = write_specification(folder, specification(base_url))
    places = ["--out", str(folder / "compiled"), "--work", str(folder / "work"), "--no-server"]
    done = CliRunner().invoke(main, ["optimize", arguments[0], str(spec), *places, *arguments[1:]])
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.parametrize("optimizer", ["gepa", "mipro"])
def test_a_dry_run_asks_nobody_and_bounds_what_a_run_takes(folder: Path, optimizer: str) -> None:
    with ScriptedServer(learner) as server:
        code, out, _ = call(folder, server.base_url, "background", "--dry-run", "--json", "--optimizer", optimizer)
        said = json.loads(out)
        assert (code, server.counts().calls) == (0, 0)
        code, out, _ = call(folder, server.base_url, "background", "--json", "--optimizer", optimizer)
        taken = json.loads(out)["calls"]
    assert code == 0
    assert said["examples"]["held_back"] == 6
    assert taken <= said["calls_at_most"]
    assert said["calls"] / 3 <= taken <= said["calls"] * 3


def test_an_answer_gives_both_scores_and_the_file(folder: Path) -> None:
    with ScriptedServer(learner) as server:
        code, out, _ = call(folder, server.base_url, "background", "--calls", "60")
    assert code == 0
    assert f"saved: {folder / 'compiled' / 'background.json'}" in out
    assert all(word in out for word in ("before", "after", "gain", "95% interval", "calls: "))


def test_a_better_program_stays_and_the_answer_is_no(folder: Path) -> None:
    with ScriptedServer(learner) as server:
        assert call(folder, server.base_url, "background")[0] == 0
        code, out, _ = call(folder, server.base_url, "background", "--calls", "19", "--json")
    said = json.loads(out)
    assert code == 1
    assert said["saved"] is None
    assert said["after"]["mean"] < said["incumbent"]["mean"]


def test_wrong_use_is_one_line(folder: Path) -> None:
    code, out, err = call(folder, "http://127.0.0.1:9/v1", "epilogue")
    assert (code, out) == (2, "")
    assert err == "error: there is no program 'epilogue' to optimise; there are background, opening, note\n"


def test_a_mistake_in_the_settings_names_file_line_and_field(folder: Path) -> None:
    settings = folder / "seeds" / "optimize.yaml"
    settings.write_text("weights:\n  facts: 1\n  wit: 3\n", encoding="utf-8")
    code, _, err = call(folder, "http://127.0.0.1:9/v1", "background", "--dry-run")
    assert code == 2
    assert f"{settings}:3" in err
    assert "wit" in err
