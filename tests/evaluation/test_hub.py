"""A release from the Hub by repository and tag: the real client, against a server on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.model import get_model

import impress
from pipeline.errors import InputError, UsageError
from pipeline.evaluation.releases import load_rows
from pipeline.publish.run import Wish, publish
from tests.publish.conftest import server  # noqa: F401 - the fixture
from tests.support.hub_server import HubServer
from tests.support.transcripts import SAMPLE

REPO = "tester/sample"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def tag(server: HubServer) -> str:  # noqa: F811 - the fixture
    """The sample, published and tagged; what came after it on the main branch is no release."""
    found = publish(SAMPLE, Wish(REPO), pause=0).tag
    assert found
    server.commit(REPO, {"manifest.json": b"{}"})
    return found


def test_a_tag_gives_what_was_published_under_it(tag: str) -> None:
    here = load_rows(SAMPLE)
    for there in (load_rows(f"{REPO}@{tag}"), load_rows(REPO, tag=tag)):
        assert (there.name, there.version, there.rows) == (here.name, here.version, here.rows)
    with pytest.raises(InputError, match="not a release"):
        load_rows(REPO)


def test_time_applies_to_a_release_on_the_hub(tag: str) -> None:
    version = load_rows(SAMPLE).version
    assert len(load_rows(f"{REPO}@{tag}", as_of=version).rows) == 24
    assert len(load_rows(f"{REPO}@{tag}", after="2026-10").rows) == 24
    with pytest.raises(UsageError, match="no row of impress-sample"):
        load_rows(f"{REPO}@{tag}", after=version)
    with pytest.raises(UsageError, match="no row of impress-sample"):
        load_rows(f"{REPO}@{tag}", as_of="2026.10.0")


def test_what_is_not_there_is_named(tag: str) -> None:
    with pytest.raises(UsageError, match=f"the Hub gives no {REPO} at 1999.01.0"):
        load_rows(f"{REPO}@1999.01.0")
    with pytest.raises(UsageError, match="the Hub gives no tester/other"):
        load_rows("tester/other")
    with pytest.raises(UsageError, match="names a tag, and so does"):
        load_rows(f"{REPO}@{tag}", tag=tag)


def test_a_task_runs_on_it(tag: str, tmp_path: Path) -> None:
    import tests.support.scripted_agents  # noqa: F401 - registers the provider

    agent = get_model("scripted/benign", release=str(SAMPLE), memoize=False)
    task = impress.agent(release=f"{REPO}@{tag}", as_of=load_rows(SAMPLE).version)
    (log,) = inspect_eval(task, model=agent, log_dir=str(tmp_path), display="none", limit=2)
    assert log.status == "success"
    assert log.eval.task_args["release"] == f"{REPO}@{tag}"
    assert log.results is not None
    assert log.results.scores[0].metrics["rate"].value == 0.0
