"""``impress contamination``: what it needs, what it writes, and the exit code that a schedule acts on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.cli import main
from pipeline.contamination.proximity import THRESHOLD
from pipeline.contamination.record import Contamination
from pipeline.release.write import write_release
from pipeline.schema.manifest import Manifest
from tests.support.builds import specification, write_specification
from tests.support.releases import sample_inputs
from tests.support.scripted_server import ScriptedServer
from tests.validate.samples import scenario


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["contamination", *map(str, arguments)])


@pytest.fixture
def release(tmp_path: Path) -> Path:
    folder, _ = write_release(sample_inputs(), tmp_path)
    return folder


def test_a_text_that_holds_a_row_asks_for_a_new_release(release: Path, tmp_path: Path) -> None:
    row = next(one.scenario for one in sample_inputs().candidates if one.accepted and one.scenario is not None)
    dump = tmp_path / "dump.txt"
    dump.write_text(f"A forum.\n{row.view.world.background}\n{row.view.agent.request}\n", encoding="utf-8")
    result = run(release, "--text", dump, "--out", tmp_path / "out", "--json")
    assert result.exit_code == 1, result.stderr
    document = json.loads(result.stdout)
    assert document["renew"] is True
    assert row.id in document["overlaps"][0]["found"]
    (written,) = (tmp_path / "out" / "runs").glob("*.contamination.json")
    assert Contamination.model_validate_json(written.read_bytes()).model_dump(mode="json") == document


def test_the_help_states_the_threshold_that_is_used() -> None:
    assert f"[default: {THRESHOLD:g}]" in " ".join(run("--help").stdout.split())


def test_a_text_of_others_does_not(release: Path, tmp_path: Path) -> None:
    (tmp_path / "dump.txt").write_text("Nothing of it. " * 40, encoding="utf-8")
    result = run(release, "--text", tmp_path / "dump.txt", "--out", tmp_path / "out")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "no sign of it" in result.stdout
    assert "rows told in other words: 0 of 6" in result.stdout


def test_a_model_is_asked_once(root: Path, tmp_path: Path) -> None:
    release = root / "generated" / "sample"
    unseen = tmp_path / "unseen.jsonl"
    unseen.write_text("\n".join(scenario(number).model_dump_json() for number in range(6)), encoding="utf-8")
    with ScriptedServer(lambda _: "and then nothing of the kind") as server:
        spec = write_specification(tmp_path, specification(server.base_url))
        first = run(release, "--unseen", unseen, "--spec", spec, "--out", tmp_path / "out", "--json")
        calls = server.counts().calls
        again = run(release, "--unseen", unseen, "--spec", spec, "--out", tmp_path / "out", "--json")
        assert server.counts().calls == calls > 0
    assert first.exit_code == 0, first.stderr
    recall = json.loads(first.stdout)["recall"]
    assert recall["unseen"]["answered"] == 6
    for side in ("published", "unseen"):
        rate = recall[side]["recited"]
        assert (rate["count"], rate["rate"], rate["low"]) == (0, 0, 0)
        assert 0 < rate["high"] < 1
    assert json.loads(again.stdout)["recall"]["difference"] == json.loads(first.stdout)["recall"]["difference"]


def test_a_dump_that_holds_the_canary_alone_asks_for_a_new_release(release: Path, tmp_path: Path) -> None:
    canary = Manifest.model_validate_json((release / "manifest.json").read_bytes()).canary
    assert canary is not None
    dump = tmp_path / "dump.jsonl"
    dump.write_text(json.dumps({"text": "Nothing of it. " * 40, "canary": canary.upper()}) + "\n", encoding="utf-8")
    result = run(release, "--text", dump, "--out", tmp_path / "out", "--no-reworded", "--json")
    document = json.loads(result.stdout)
    assert (result.exit_code, document["renew"], document["canary"]) == (1, True, canary)
    assert [(one["count"], one["lines"]) for one in document["canaries"]] == [(1, 2)]
    assert document["overlaps"][0]["rows"]["count"] == 0
    assert document["proximities"] == []


def test_a_model_is_asked_for_the_canary_without_unseen_rows(release: Path, tmp_path: Path) -> None:
    canary = Manifest.model_validate_json((release / "manifest.json").read_bytes()).canary
    assert canary is not None
    for said, code, renew in ((canary, 1, True), ("I cannot know that.", 0, None)):
        with ScriptedServer(lambda _, said=said: said) as server:  # type: ignore[misc]
            spec = write_specification(tmp_path, specification(server.base_url))
            result = run(release, "--spec", spec, "--out", tmp_path / str(code), "--json")
        document = json.loads(result.stdout)
        assert (result.exit_code, document["renew"]) == (code, renew), said
        assert document["recall"] is None
        assert document["canary_known"]["known"] is bool(code)


@pytest.mark.parametrize("arguments", [(), ("--unseen", "UNSEEN")])
def test_too_little_to_go_by_is_wrong_use(release: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    spec = write_specification(tmp_path, specification("http://127.0.0.1:9/v1"))
    places = {"SPEC": str(spec), "UNSEEN": str(spec)}
    assert run(release, *(places.get(one, one) for one in arguments)).exit_code == 2


def test_a_folder_that_is_no_release_is_named(tmp_path: Path) -> None:
    (tmp_path / "dump.txt").write_text("words")
    result = run(tmp_path, "--text", tmp_path / "dump.txt")
    assert result.exit_code == 2
    assert "not a release" in result.stderr
