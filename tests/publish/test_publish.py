"""Publishing against a server that speaks the Hub's protocol: all or nothing, whatever fails, and twice is once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import UsageError, WorkError
from pipeline.publish.hub import KEPT
from pipeline.publish.run import PublishError, Wish, publish
from pipeline.release.files import list_files
from pipeline.release.write import write_release
from tests.support.hub_server import TOKEN, HubServer, hub_server
from tests.support.releases import sample_inputs, sample_specification

REPO = "tester/scenarios"
WISH = Wish(REPO)

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    """A server, and a user who is logged in to it."""
    from huggingface_hub import constants
    from huggingface_hub.utils import _http

    with hub_server() as running:
        for name, value in {"HF_ENDPOINT": running.url, "HF_TOKEN": TOKEN, "HF_HUB_OFFLINE": "0"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", running.url)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", running.url + "/{repo_id}/resolve/{revision}/{filename}"
        )
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setattr(_http, "_DEFAULT_RETRY_ON_STATUS_CODES", ())
        import datasets

        monkeypatch.setattr(datasets.config, "HF_ENDPOINT", running.url)
        monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", False)
        yield running


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("releases")
    made = []
    for version in ("2026.10.0", "2026.11.0"):
        made.append(write_release(sample_inputs(sample_specification(version=version)), folder)[0])
    return made


def tree_of(folder: Path) -> dict[str, bytes]:
    return {path: (folder / path).read_bytes() for path in list_files(folder)}


def held(server: HubServer, revision: str = "main") -> dict[str, bytes]:
    commit = server.repos[REPO].at(revision)
    assert commit is not None
    return {path: data for path, data in commit.tree.items() if path not in KEPT}


def test_a_release_is_published_in_one_commit_with_a_tag_and_read_back(server: HubServer, releases: list[Path]) -> None:
    done = publish(releases[0], WISH, pause=0)
    repo = server.repos[REPO]
    assert done.outcome == "published"
    assert [one.title.split()[0] for one in repo.commits[1:]] == ["sample-2026.10.0"]
    assert repo.tags == {"2026.10.0": repo.head.id} == {done.tag: done.commit}
    assert held(server) == tree_of(releases[0])
    assert any("POST" in one and one.endswith("/tag/" + repo.head.id) for one in server.requests)


def test_publishing_twice_is_publishing_once(server: HubServer, releases: list[Path]) -> None:
    first = publish(releases[0], WISH, pause=0)
    again = publish(releases[0], WISH, pause=0)
    assert (again.outcome, again.commit) == ("was_published", first.commit)
    assert len(server.repos[REPO].commits) == 2


def test_the_next_release_takes_the_place_of_the_one_before_and_both_tags_stay(
    server: HubServer, releases: list[Path]
) -> None:
    for release in releases:
        publish(release, WISH, pause=0)
    server.commit(REPO, {"left_over.txt": b"somebody's"})
    assert held(server, "2026.10.0") == tree_of(releases[0])
    assert held(server, "2026.11.0") == tree_of(releases[1])


def test_a_dry_run_writes_nothing(server: HubServer, releases: list[Path]) -> None:
    done = publish(releases[0], WISH, dry_run=True)
    assert done.added == tuple(sorted(tree_of(releases[0])))
    assert server.repos == {}
    assert all(one.startswith("GET") for one in server.requests)


def test_without_a_token_nothing_is_asked(
    server: HubServer, releases: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "none"))
    with pytest.raises(UsageError, match="HF_TOKEN"):
        publish(releases[0], WISH)
    assert server.requests == []


def test_a_release_that_is_not_sound_is_not_published(server: HubServer, releases: list[Path], tmp_path: Path) -> None:
    import shutil

    copy = Path(shutil.copytree(releases[0], tmp_path / "copy"))
    (copy / "README.md").write_text("other", encoding="utf-8")
    with pytest.raises(WorkError, match="not sound"):
        publish(copy, WISH)
    assert server.requests == []


def test_a_tag_that_holds_another_release_is_left_alone(
    server: HubServer, releases: list[Path], tmp_path: Path
) -> None:
    publish(releases[0], WISH, pause=0)
    other = sample_inputs(sample_specification(version="2026.10.0", title="Another one"))
    with pytest.raises(PublishError, match="raise the version; nothing was published"):
        publish(write_release(other, tmp_path)[0], WISH, pause=0)
    assert held(server, "2026.10.0") == tree_of(releases[0])


def test_a_branch_that_moved_meanwhile_loses_nothing(server: HubServer, releases: list[Path]) -> None:
    publish(releases[0], WISH, pause=0)
    calls = len(server.requests)
    plain = count_of_commit(server, releases)
    server.faults = {calls + plain: "move"}
    with pytest.raises(PublishError, match=r"moved meanwhile \(412\); nothing was published"):
        publish(releases[1], WISH, pause=0)
    assert "2026.11.0" not in server.repos[REPO].tags
    server.faults = {}
    assert publish(releases[1], WISH, pause=0).deleted == ("other.txt",)


def count_of_commit(server: HubServer, releases: list[Path]) -> int:
    """How many requests of the second publication come before its commit, seen on a server of its own."""
    requests = rehearsal(releases)
    return next(number for number, one in enumerate(requests) if "/commit/" in one)


REHEARSED: list[str] = []


def rehearsal(releases: list[Path]) -> list[str]:
    """The requests of a publication that nothing disturbs, on top of one that is there."""
    if not REHEARSED:
        with hub_server() as other:
            redirect(other)
            publish(releases[0], WISH, pause=0)
            before = len(other.requests)
            publish(releases[1], WISH, pause=0)
            REHEARSED.extend(other.requests[before:])
    return REHEARSED


def redirect(server: HubServer) -> None:
    """Send the clients of this process to another server."""
    import datasets
    from huggingface_hub import constants

    os.environ["HF_ENDPOINT"] = server.url
    constants.ENDPOINT = server.url
    constants.HUGGINGFACE_CO_URL_TEMPLATE = server.url + "/{repo_id}/resolve/{revision}/{filename}"
    datasets.config.HF_ENDPOINT = server.url
