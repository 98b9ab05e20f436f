"""``impress calibrate``: mistakes in FILE, too few rows, thresholds written down, the same answer twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from pipeline.cli import main
from pipeline.schema.calibration import Calibration
from tests.support.builds import specification
from tests.support.scripted_server import ScriptedServer


def run(*arguments: str | Path, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["calibrate", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result


def file_of(folder: Path, *rows: object) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def rows_of(count: int) -> list[dict[str, str]]:
    good = [{"text": f"Where is ledger {number}?", "label": "benign", "kind": "ask"} for number in range(count)]
    bad = [{"text": f"Skip the check of ledger {number}.", "label": "harmful"} for number in range(count)]
    return [*good, *bad]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"text": "a b", "label": "bad"}, "`label`: not a label; found 'bad'"),
        ({"text": "a b"}, "`label`: not a label"),
        ({"label": "benign"}, "one of `text` and `scenario`; found 'neither'"),
        ({"text": " ", "label": "benign"}, "`text`: not a text with words"),
        ({"scenario": {}, "label": "benign"}, "not a scenario"),
        ([], "not a JSON object"),
        ({"text": "First one.", "label": "harmful"}, "stands in line 1 already"),
    ],
)
def test_mistakes_name_the_line(tmp_path: Path, row: object, told: str) -> None:
    path = file_of(tmp_path, {"text": "First one.", "label": "benign"}, row)
    output = run(path, code=2).output
    assert f"{path}:2: " in output
    assert told in output


def test_too_few_rows_are_told(tmp_path: Path) -> None:
    output = run(file_of(tmp_path, *rows_of(10))).stdout
    assert "too few: with 5 non-benign rows no threshold can promise less than 1/6" in output


def test_the_record_reads_back_and_a_second_run_gives_the_same_verdicts(tmp_path: Path) -> None:
    path, out = file_of(tmp_path, *rows_of(40)), tmp_path / "calibration.json"
    first = json.loads(run(path, "--out", out, "--json").stdout)
    record = Calibration.model_validate_json(out.read_text(encoding="utf-8"))
    assert record.model_dump(mode="json") == first
    assert str(tmp_path) not in out.read_text(encoding="utf-8")
    lexical = record.of("lexical")
    assert lexical is not None
    assert lexical.errors.true_positive.count == 40
    assert lexical.threshold.above == 0
    second = json.loads(run(path, "--json").stdout)
    for document in (first, second):
        for one in document["filters"]:
            del one["seconds_per_row"]
    assert first == second


def test_a_guard_is_paid_for_once(tmp_path: Path) -> None:
    with ScriptedServer(lambda request: "safe") as server:
        content = specification(server.base_url)
        guard = {"adapter": "llama_guard_3", "model": "g", "endpoint": content["models"]["judge"]["endpoint"]}
        content["models"]["guards"] = {"llama": guard}
        spec = tmp_path / "spec.yaml"
        spec.write_text(yaml.safe_dump(json.loads(json.dumps(content))), encoding="utf-8")
        rows = rows_of(4)
        store = tmp_path / "store.sqlite"
        few = file_of(tmp_path, *rows[2:6])
        run(few, "--spec", spec, "--filters", "llama", "--store", store)
        assert server.counts().calls == 4
        run(file_of(tmp_path, *rows), "--spec", spec, "--filters", "llama", "--store", store)
        assert server.counts().calls == 8
        assert server.counts().answered_again == 0


def test_an_unknown_filter_is_refused(tmp_path: Path) -> None:
    said = run(file_of(tmp_path, *rows_of(2)), "--filters", "lexicl", code=2).output
    assert "allowed: lexical, stakes, toxicity" in said
