"""Artifacts of a build that runs, on a real Prefect server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.builds import impress, kit_cells, specification, write_specification
from tests.support.prefect_servers import asked, prefect_server
from tests.support.scripted_replies import respond
from tests.support.scripted_server import ScriptedServer


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_build_tells_the_server_where_it_stands_and_a_log_too(tmp_path: Path) -> None:
    with prefect_server(tmp_path / "prefect") as api, ScriptedServer(responder=respond) as server:
        spec = write_specification(tmp_path, specification(server.base_url, cells=kit_cells(3), shard_size=1))
        process = impress(
            "build", spec, "--out", tmp_path, "--json", PREFECT_API_URL=api, PREFECT_HOME=str(tmp_path / "home")
        )
        output, errors = process.communicate(timeout=500)
        assert process.returncode == 0, errors
        found = asked(api, "artifacts")
    accepted, cells = json.loads(output)["accepted"], json.loads(output)["funnel"][0]["entered"]
    by_key: dict[str, list[dict[str, Any]]] = {}
    for artifact in found:
        by_key.setdefault(artifact["key"], []).append(artifact)
    (progress,) = by_key["scripted-2026-11-0-progress"]
    assert progress["data"] == pytest.approx(100 * accepted / 3)
    newest = max(by_key["scripted-2026-11-0-cells"], key=lambda one: str(one["created"]))
    rows = json.loads(newest["data"])
    assert {row["cell"] for row in rows} == set(kit_cells(3))
    assert sum(row["accepted"] for row in rows) == accepted
    assert sum(row["decided"] for row in rows) == cells

    stands = [line for line in errors.splitlines() if line.startswith("event=stand ")]
    last = dict(part.split("=", 1) for part in stands[-1].split(" "))
    assert (last["accepted"], last["decided"]) == (str(accepted), str(cells))
