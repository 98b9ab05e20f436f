"""The schedule against a real Prefect server: it fires, it goes on after a kill, and it says when nothing is new."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.refresh import scheduled
from pipeline.release.verify import verify_release
from pipeline.release.views import changed_rows, read_release
from pipeline.seeds import load_specification
from tests.support.builds import CHECKOUT, renewable, write_specification
from tests.support.hub_server import TOKEN, hub_server
from tests.support.schedules import end, made, scheduling_server, serve, states, wait_for
from tests.support.scripted_replies import respond
from tests.support.scripted_server import ScriptedServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

REPO = "tester/scripted"
IN_FLIGHT = 32
"""Calls of the scripted specification that may be under way at once."""


def test_runs_follow_each_other_go_on_after_a_kill_and_end_when_nothing_is_new(tmp_path: Path) -> None:
    tired: list[bool] = []

    def reply(request: dict[str, Any]) -> Any:
        # Once tired, the model hands in nothing that a core could be made of, so that no row is new.
        said = respond(request)
        return "I would rather not." if tired and "{" in str(said)[:12] else said

    home = tmp_path / "prefect"
    with ScriptedServer(responder=reply) as model, scheduling_server(home) as address, hub_server() as hub:
        record = renewable(
            model.base_url,
            2,
            "2026.01.0",
            schedule={
                "every": 5,
                "missed": "catch_up",
                "carries": {"renews": 0.5, "anchors": 0.5},
                "publish": {"repo": REPO},
            },
        )
        path, out = write_specification(tmp_path, record), tmp_path / "out"
        to_hub = {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HUB_OFFLINE": "0", "HF_HOME": str(tmp_path / "hub")}
        serving = serve(path, out, address, home, **to_hub)
        try:
            wait_for(lambda: len(made(out)) >= 1)
            before = model.counts().calls
            wait_for(lambda: model.counts().calls > before)
            end(serving)
            assert len(made(out)) == 1, "the second was under way when it was killed"
            serving = serve(path, out, address, home, **to_hub)
            wait_for(lambda: len(made(out)) >= 2)
            tired.append(True)
            wait_for(lambda: any(name == "NothingNew" for name, _ in states(address, "scripted")))
        finally:
            end(serving)
        assert model.counts().answered_again <= IN_FLIGHT, "the kill lost no more than what was under way"
        said = dict(reversed(states(address, "scripted")))["NothingNew"]
    assert "nothing new since scripted-" in said
    assert "no commit" in said
    assert sorted(hub.repos[REPO].tags) == [name.removeprefix("scripted-") for name in made(out)]
    assert len(hub.repos[REPO].commits) == 1 + len(made(out)), "one commit a release, and none for nothing new"
    releases = [out / "releases" / name for name in made(out)]
    assert all(verify_release(release) == [] for release in releases)
    assert changed_rows(read_release(releases[0]), read_release(releases[1])) == []


def test_prefect_yaml_names_a_flow_that_is_there() -> None:
    import yaml

    record = yaml.safe_load((CHECKOUT / "prefect.yaml").read_text(encoding="utf-8"))
    for one in record["deployments"]:
        file, _, name = one["entrypoint"].partition(":")
        assert f"async def {name}(" in (CHECKOUT / file).read_text(encoding="utf-8")
        assert (CHECKOUT / one["parameters"]["specification"]).is_file()
        assert one["concurrency_limit"]["limit"] == 1
        scheduled(load_specification(CHECKOUT / one["parameters"]["specification"]))
