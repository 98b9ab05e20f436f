"""``inspect eval`` killed half-way and ``inspect eval-retry``: both by their commands, against a scripted server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from zipfile import BadZipFile

import pytest
from inspect_ai.log import EvalSample, read_eval_log

from tests.support.builds import CHECKOUT
from tests.support.scripted_replies import respond
from tests.support.scripted_server import ScriptedServer

INSPECT = [sys.executable, "-m", "inspect_ai"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(CHECKOUT), "INSPECT_DISPLAY": "none"}


def _samples(logs: Path) -> dict[str | int, EvalSample]:
    """What the newest readable log holds, by id."""
    for file in sorted(logs.glob("*.eval"), reverse=True):
        try:
            return {sample.id: sample for sample in read_eval_log(str(file)).samples or []}
        except (OSError, ValueError, KeyError, BadZipFile):
            continue
    return {}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_killed_evaluation_continues_and_runs_nothing_again(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    with ScriptedServer(responder=respond, latency=0.1) as server:
        command = [
            *INSPECT,
            "eval",
            "impress/agent",
            "-T",
            f"release={CHECKOUT / 'generated' / 'sample'}",
            "--log-dir",
            str(logs),
        ]
        command += ["--model", "protocol/scripted", "--model-base-url", server.base_url, "-M", "emulate_tools=true"]
        command += ["--max-samples", "1", "--log-buffer", "1"]
        process = subprocess.Popen(command, cwd=CHECKOUT, env=ENVIRONMENT, start_new_session=True)
        deadline = time.monotonic() + 200
        while len(_samples(logs)) < 2 and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.2)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        before = {name: sample.uuid for name, sample in _samples(logs).items() if sample.error is None}
        assert 0 < len(before) < 24
        (killed,) = logs.glob("*.eval")
        server.latency = 0.0
        retry = [*INSPECT, "eval-retry", str(killed), "--log-dir", str(logs), "--max-samples", "8"]
        subprocess.run(retry, cwd=CHECKOUT, env=ENVIRONMENT, check=True, timeout=300)
    (whole,) = [log for file in logs.glob("*.eval") if (log := read_eval_log(str(file))).status == "success"]
    after = {sample.id: sample.uuid for sample in whole.samples or []}
    assert len(after) == 24
    assert before.items() <= after.items()
    assert whole.results is not None
    assert whole.results.scores[0].metrics["rate"].value == 0.0
