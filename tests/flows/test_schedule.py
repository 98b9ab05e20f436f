"""What a schedule does beside its time, on a real Prefect server: early, failed and told, missed and skipped or not."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipeline.build import run_build
from pipeline.contamination.record import Contamination
from pipeline.progress import SilentProgress
from pipeline.schema.specification import Specification
from tests.support.builds import folder_hashes, renewable, write_specification
from tests.support.prefect_servers import ask_server, asked
from tests.support.schedules import made, scheduling_server, served, states, wait_for
from tests.support.scripted_replies import respond
from tests.support.scripted_server import ScriptedServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

LEAP_DAY = "0 0 29 2 *"
"""A time that does not come while tests run."""


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    home = tmp_path_factory.mktemp("prefect")
    with scheduling_server(home) as address:
        yield address, home


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    with ScriptedServer(responder=respond) as server:
        yield server.base_url


def wanted(model: str, name: str, **fields: Any) -> dict[str, Any]:
    schedule = {"cron": LEAP_DAY, "carries": {"renews": 0.5, "anchors": 0.5}, **fields.pop("schedule", {})}
    return renewable(model, 2, "2026.01.0", name=name, schedule=schedule, **fields)


def first_release(record: dict[str, Any], out: Path) -> Path:
    checked = Specification.model_validate(record)
    return asyncio.run(run_build(checked, out=out, progress=SilentProgress())).release


def to_renew(release: Path) -> str:
    report = Contamination(
        release=release.name, rows=2, alpha=0.05, overlap_allowed=0.01, renew=True, reasons=("it was recited",)
    )
    return report.model_dump_json()


def test_a_report_that_says_to_renew_starts_the_next_release_before_its_time(
    prefect: tuple[str, Path], model: str, tmp_path: Path
) -> None:
    report, out = tmp_path / "contamination.json", tmp_path / "out"
    record = wanted(model, "early", schedule={"contamination": str(report), "watch": 2})
    release = first_release(record, out)
    with served(write_specification(tmp_path, record), out, *prefect):
        wait_for(
            lambda: ("NotDue", "the report of contamination asks for nothing") in states(prefect[0], "early-early")
        )
        assert made(out, "early") == [release.name]
        report.write_text(to_renew(release), encoding="utf-8")
        wait_for(lambda: len(made(out, "early")) == 2)
        finished = wait_for(lambda: [one for one in states(prefect[0], "early-early") if one[0] == "Completed"])
        count = len(states(prefect[0], "early-early"))
        wait_for(lambda: len(states(prefect[0], "early-early")) > count)
        assert states(prefect[0], "early-early")[-1][0] == "NotDue", "the report is of the release before"
    assert len(finished) == 1
    assert finished[0][1].endswith(": made")
    assert states(prefect[0], "early") == [], "the schedule itself was not due"


@contextmanager
def listening() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A webhook: its address, and what it was told."""
    told: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.append({"path": self.path, "kind": self.headers["Content-Type"], **json.loads(body)})
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook/secret-path", told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_run_that_fails_leaves_the_last_release_and_says_why_in_state_artifact_and_webhook(
    prefect: tuple[str, Path], model: str, tmp_path: Path
) -> None:
    report, out = tmp_path / "contamination.json", tmp_path / "out"
    fields = {"contamination": str(report), "watch": 3, "webhook_env": "TEST_HOOK"}
    record = wanted(model, "failing", schedule=fields)
    release = first_release(record, out)
    before = folder_hashes(release)
    report.write_text(to_renew(release), encoding="utf-8")
    path = write_specification(tmp_path, {**record, "floors": {"domains_effective": 99}})
    with listening() as (address, told), served(path, out, *prefect, TEST_HOOK=address):
        wait_for(lambda: told)
        failed = wait_for(lambda: [one for one in states(prefect[0], "failing-early") if one[0] == "Failed"])
    assert made(out, "failing") == [release.name]
    assert folder_hashes(release) == before
    assert "miss what `floors` asks for" in failed[0][1]
    assert (told[0]["path"], told[0]["kind"]) == ("/hook/secret-path", "application/json")
    assert (told[0]["benchmark"], told[0]["released"]) == ("failing", False)
    assert "domains_effective" in told[0]["reason"]
    artifacts = asked(prefect[0], "artifacts", artifacts={"key": {"any_": ["failing-failed"]}})
    assert "domains_effective" in artifacts[0]["data"]
    assert "the last one stays in place" in artifacts[0]["data"]
    assert not any("secret-path" in str(one) for one in (failed, artifacts)), "the address stays in the environment"


def due(address: str, name: str, ago: timedelta) -> None:
    """Have a run of a deployment due at a time, as the scheduler records it."""
    found = wait_for(lambda: asked(address, "deployments", deployments={"name": {"any_": [name]}}))
    details = {"scheduled_time": (datetime.now(UTC) - ago).isoformat()}
    record = {"state": {"type": "SCHEDULED", "state_details": details}}
    ask_server(address, f"deployments/{found[0]['id']}/create_flow_run", record)


@pytest.mark.parametrize("missed", ["skip", "catch_up"])
def test_a_run_that_was_due_while_nothing_ran_is_skipped_or_caught_up(
    prefect: tuple[str, Path], model: str, tmp_path: Path, missed: str
) -> None:
    name, out = missed.replace("_", "-"), tmp_path / "out"
    record = wanted(model, name, schedule={"missed": missed})
    with served(write_specification(tmp_path, record), out, *prefect):
        due(prefect[0], name, timedelta(minutes=10))
        first = wait_for(lambda: states(prefect[0], name))
        if missed == "catch_up":
            assert first == [("Completed", f"{name}-2026.01.0: made")]
            return
        assert first == [("Skipped", "due while nothing ran, and `missed` says to skip it")]
        assert made(out, name) == []
        due(prefect[0], name, timedelta())
        wait_for(lambda: len(states(prefect[0], name)) == 2)
        assert states(prefect[0], name)[1] == ("Completed", f"{name}-2026.01.0: made"), "one that is on time is not"
