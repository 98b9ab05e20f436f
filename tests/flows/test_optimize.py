"""The optimisation flow against a real Prefect server (ephemeral, with a database of its own)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.optimize.order import Order
from pipeline.progress import SilentProgress
from pipeline.schema.specification import Specification
from tests.support.learner import learner
from tests.support.lessons import order, poor_files
from tests.support.scripted_server import ScriptedServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def prefect_server() -> Iterator[None]:
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120):
        yield


def with_one_try(asked: Order) -> Order:
    """Return the order with a client that tries each call once."""
    contents = asked.specification.model_dump(mode="json")
    contents["models"]["generator"]["limits"]["attempts"] = 1
    return replace(asked, specification=Specification.model_validate(contents))


@pytest.mark.usefixtures("prefect_server")
async def test_the_flow_writes_the_same_program_as_the_plain_function_and_shows_its_scores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

    from flows import optimize as flows_optimize
    from pipeline.optimize.run import optimize

    monkeypatch.setattr(flows_optimize.search_task, "retry_delay_seconds", [0.1, 0.1])
    for name, value in poor_files(tmp_path).items():
        monkeypatch.setenv(name, value)
    with ScriptedServer(learner) as server:
        asked = order(server.base_url, tmp_path, calls=60, out=tmp_path / "plain")
        plain = await optimize(asked, SilentProgress())
        assert plain.saved is not None
        assert server.counts().answered_again == 0
        again = replace(asked, out=tmp_path / "flow", work=tmp_path / "flow-work")
    broken = iter([True])

    def failing_once(request: dict[str, Any]) -> str:
        """An endpoint that gives out in the middle of the search: the task is run again and goes on."""
        if "new_instruction" in request["messages"][0]["content"] and next(broken, False):
            raise ConnectionError
        return learner(request)

    with ScriptedServer(failing_once, port=server.port) as server:
        outcome = await flows_optimize.optimize_with_server(with_one_try(again), progress=SilentProgress())
        assert server.counts().answered_again == 0
        assert sorted(server.counts().arrived.values())[-2:] == [1, 2]
    assert outcome.saved is not None
    assert outcome.saved.read_bytes() == plain.saved.read_bytes()

    async with get_client() as client:
        task_runs = await client.read_task_runs()
        artifacts = await client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["optimize-background"]))
        )
    assert [run.name for run in task_runs] == ["background with gepa"]
    shown = {row["of"]: row["mean"] for row in json.loads(str(artifacts[0].data))}
    assert outcome.after is not None
    assert shown["after"] == outcome.after.mean
