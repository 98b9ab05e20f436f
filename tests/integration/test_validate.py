"""``impress validate`` with a judge on a server: equal verdicts twice, nothing paid twice, and none lost to a kill."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.support.builds import impress, specification, write_specification
from tests.support.scripted_replies import respond
from tests.support.scripted_server import ScriptedServer
from tests.validate.samples import scenario

SCENARIOS = 6
TEXTS = ("Close ticket 4417 once the customer has confirmed.", "The depot opens at six; bring the keys.")
LATENCY = 0.1
SECONDS = 120.0


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    lines = [scenario(number).model_dump_json() for number in range(SCENARIOS)]
    lines += [json.dumps({"text": text}) for text in TEXTS]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def validate(rows: Path, spec: Path, out: Path) -> bytes:
    """Run the command to its end and return the file of verdicts."""
    process = impress("validate", rows, "--spec", spec, "--out", out)
    _, said = process.communicate(timeout=SECONDS)
    assert process.returncode in (0, 1), said
    return (out / "runs" / "rows.verdicts.jsonl").read_bytes()


def test_validated_twice_the_verdicts_are_equal_and_nothing_is_asked_again(tmp_path: Path, rows: Path) -> None:
    with ScriptedServer(responder=respond) as server:
        spec = write_specification(tmp_path, specification(server.base_url))
        first = validate(rows, spec, tmp_path / "out")
        calls = server.counts().calls
        assert calls > SCENARIOS
        assert validate(rows, spec, tmp_path / "out") == first
        assert server.counts().calls == calls
        assert validate(rows, spec, tmp_path / "elsewhere") == first
    verdicts = [json.loads(line) for line in first.splitlines()]
    assert {one["line"] for one in verdicts} == set(range(1, SCENARIOS + len(TEXTS) + 1))
    assert all(one["reason"] for one in verdicts)
    asked = [one for one in verdicts if one["checker"] == "judge"]
    assert [one["outcome"] for one in asked] == ["pass"] * (SCENARIOS + len(TEXTS))


def test_what_a_killed_validation_paid_for_is_kept(tmp_path: Path, rows: Path) -> None:
    with ScriptedServer(responder=respond) as server:
        whole = validate(rows, write_specification(tmp_path, specification(server.base_url)), tmp_path / "whole")
        distinct = server.counts().distinct
        port = server.port
    with ScriptedServer(responder=respond, latency=LATENCY, port=port) as server:
        process = impress("validate", rows, "--spec", tmp_path / "scripted.yaml", "--out", tmp_path / "killed")
        until = time.monotonic() + SECONDS
        while sum(server.counts().answered.values()) < distinct // 3:
            assert time.monotonic() < until
            assert process.poll() is None, process.communicate()[1]
            time.sleep(LATENCY / 4)
        # What was answered a moment ago may be on its way to the disk: it counts as in flight, as much as fits there.
        in_flight = server.counts().in_flight_most
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert not (tmp_path / "killed" / "runs" / "rows.verdicts.jsonl").exists()
        assert validate(rows, tmp_path / "scripted.yaml", tmp_path / "killed") == whole
        counts = server.counts()
    assert counts.distinct == distinct
    assert counts.answered_again <= in_flight
