"""Publishing against a server that speaks the Hub's protocol: all or nothing, whatever fails, and twice is once."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from pipeline.errors import UsageError, WorkError
from pipeline.publish.hub import KEPT, TRIES, Hub, HubError
from pipeline.publish.run import PublishError, Wish, publish
from pipeline.release.files import list_files
from pipeline.release.write import write_release
from tests.support import xet_store
from tests.support.builds import CHECKOUT
from tests.support.hub_server import TOKEN, HubServer, Repo
from tests.support.releases import sample_inputs, sample_specification

REPO = "tester/scenarios"
WISH = Wish(REPO)

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("releases")
    made = []
    for version in ("2026.10.0", "2026.11.0"):
        made.append(write_release(sample_inputs(sample_specification(version=version)), folder)[0])
    return made


EVERYTHING = bool(os.environ.get("IMPRESS_TEST_FAULTS"))
"""Faults of each kind at every request, reading back included, with Xet and without: six series of a few minutes."""
FAULTS = [
    (first, then, client)
    for first, then in [("cut", "cut"), ("cut_after", "401"), ("503", "429")]
    for client in ("xet", "no xet")
]
FEW = [("cut", "cut", "xet"), ("cut_after", "401", "no xet"), ("503", "429", "xet")]


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
    server.faults = When(server, "/commit/", "move")
    with pytest.raises(PublishError, match=r"moved meanwhile \(412\); nothing was published"):
        publish(releases[1], WISH, pause=0)
    assert "2026.11.0" not in server.repos[REPO].tags
    server.faults = {}
    assert publish(releases[1], WISH, pause=0).deleted == ("other.txt",)


class When(dict[int, str]):
    """A fault at the first request whose path holds a text."""

    def __init__(self, server: HubServer, text: str, fault: str) -> None:
        super().__init__()
        self.server, self.text, self.fault = server, text, fault

    def get(self, key: int, default: str | None = None) -> str | None:  # type: ignore[override]
        if self.text in self.server.requests[key] and self.fault:
            fault, self.fault = self.fault, ""
            return fault
        return default


class After(dict[int, str]):
    """A fault at the first ``tries`` requests whose path holds a text; at all that follow, ``then``."""

    def __init__(self, server: HubServer, text: str, fault: str, *, tries: int, then: str | None = None) -> None:
        super().__init__()
        self.server, self.text, self.fault, self.left, self.then = server, text, fault, tries, then

    def get(self, key: int, default: str | None = None) -> str | None:  # type: ignore[override]
        if self.left and self.text in self.server.requests[key]:
            self.left -= 1
            return self.fault
        return self.then if self.then and not self.left else default


class From(dict[int, str]):
    """``first`` at request ``number``, and ``then`` at all that follow."""

    def __init__(self, number: int, first: str, then: str) -> None:
        super().__init__()
        self.number, self.first, self.then = number, first, then

    def get(self, key: int, default: str | None = None) -> str | None:  # type: ignore[override]
        return default if key < self.number else self.first if key == self.number else self.then


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("401", "not valid, or has expired; nothing was published"),
        ("429", "too many requests; it asks to wait; nothing was published"),
        ("403", "may not write to this repository; nothing was published"),
        ("cut", "could not be reached; nothing was published|could not be reached: .*; nothing was published"),
    ],
)
def test_a_hub_that_refuses_is_told_of_and_the_token_is_not(
    server: HubServer, releases: list[Path], fault: str, says: str
) -> None:
    server.faults = From(0, fault, fault)
    with pytest.raises(PublishError, match=says) as caught:
        publish(releases[0], WISH, pause=0)
    assert TOKEN not in str(caught.value)
    assert server.repos == {}


@pytest.fixture(params=["xet", "no xet"])
def client(request: pytest.FixtureRequest, server: HubServer, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the client has Xet, on a server that stores with it as the Hub does."""
    from huggingface_hub import constants
    from huggingface_hub.utils._runtime import is_xet_available
    from huggingface_hub.utils._xet import abort_xet_session

    has = request.param == "xet"
    for name, value in {"RETRY_MAX_ATTEMPTS": "2", "RETRY_BASE_DELAY": "1ms"}.items():
        monkeypatch.setenv(f"HF_XET_CLIENT_{name}", value)
    abort_xet_session()  # the next one reads the settings
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", not has)
    assert is_xet_available() == has
    server.xet = True
    return has


def by_xet(server: HubServer) -> set[str]:
    """The calls to Xet's store, by the first part of their paths."""
    return {one.split("/")[1] for one in server.requests if re.match(r"GET /(xorbs|v1)/", one)}


def test_files_are_sent_by_lfs_and_read_back_by_xet_where_the_client_has_it(
    server: HubServer, releases: list[Path], *, client: bool
) -> None:
    assert publish(releases[0], WISH, pause=0).outcome == "published"
    assert held(server, "2026.10.0") == tree_of(releases[0])
    assert by_xet(server) == ({"v1", "xorbs"} if client else set())
    assert any(one.endswith("/objects/batch") for one in server.requests)


def test_a_file_that_xet_gives_otherwise_is_named(
    server: HubServer, releases: list[Path], monkeypatch: pytest.MonkeyPatch, *, client: bool
) -> None:
    whole = xet_store.xorb
    monkeypatch.setattr(xet_store, "xorb", lambda data: whole(data)[:-1] + bytes([whole(data)[-1] ^ 1]))
    if not client:
        assert publish(releases[0], WISH, pause=0).outcome == "published", "it takes no notice of Xet's store"
        return
    with pytest.raises(PublishError, match=r"all of 2026\.10\.0 was published, and reading it back failed: .*parquet"):
        publish(releases[0], WISH, pause=0)


@pytest.mark.slow
@pytest.mark.timeout(1800 if EVERYTHING else 600)
@pytest.mark.parametrize(
    ("first", "then", "client"), [case for case in FAULTS if EVERYTHING or case in FEW], indirect=["client"]
)
def test_after_a_fault_at_any_request_the_old_or_the_new_one_is_there_whole_and_a_retry_finishes(
    server: HubServer, releases: list[Path], first: str, then: str, *, client: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = Wish(REPO, gated=True)
    old, new = map(tree_of, releases)
    publish(releases[0], wish, pause=0)
    start = len(server.requests)
    clean = server.repos[REPO]
    publish(releases[1], wish, pause=0)
    asked = server.requests[start:]
    writing = 1 + max(at for at, one in enumerate(asked) if "/tag/" in one)
    reading = [at for at, one in enumerate(asked) if re.match(r"GET /(xorbs|v1)/", one)]
    assert bool(reading) == client
    seen = set()
    for number in range(len(asked)) if EVERYTHING else [*range(writing + 2), *reading[:2], len(asked) - 1]:
        server.repos[REPO] = Repo(
            private=False, gated="auto", commits=clean.commits[:2], tags={"2026.10.0": clean.commits[1].id}
        )
        server.objects = {digest: data for digest, data in server.objects.items() if data in old.values()}
        server.faults = From(len(server.requests) + number, first, then)
        try:
            publish(releases[1], wish, pause=0)
        except PublishError as error:
            told = str(error)
        else:
            told = "published"
        server.faults = {}
        main, tagged = held(server), "2026.11.0" in server.repos[REPO].tags
        assert main in (old, new)
        assert held(server, "2026.10.0") == old
        if tagged:
            assert held(server, "2026.11.0") == new
        if "nothing was published" in told:
            assert main == old
        if "its tag is not set" in told:
            assert (main == new, tagged) == (True, False)
        if "was published, and" in told or told == "published":
            assert tagged
        seen.add((main == new, tagged))
        with monkeypatch.context() as shorter:
            if not EVERYTHING:
                shorter.setattr("pipeline.publish.run.read_back", lambda *_: None)
            publish(releases[1], wish, pause=0)
        assert held(server, "2026.11.0") == held(server) == new
        assert len(server.repos[REPO].commits) == 3
    assert seen == {(False, False), (True, False), (True, True)}


def test_a_tag_whose_answer_is_lost_is_looked_for(server: HubServer, releases: list[Path]) -> None:
    server.faults = After(server, "/tag/", "cut_after", tries=TRIES)
    assert publish(releases[0], WISH, pause=0).outcome == "published", "it was set, and that could be seen"
    del server.repos[REPO]
    server.faults = After(server, "/tag/", "403", tries=1)
    with pytest.raises(PublishError, match=r"are in commit [0-9a-f]{12}, and its tag is not set: run this again"):
        publish(releases[0], WISH, pause=0)
    del server.repos[REPO]
    server.faults = After(server, "/tag/", "cut_after", tries=TRIES, then="401")
    with pytest.raises(PublishError, match=r"it cannot be seen if the tag was set .*; if so, all of it is published"):
        publish(releases[0], WISH, pause=0)
    server.faults = {}
    assert publish(releases[0], WISH, pause=0).outcome == "was_published"


def test_a_tag_that_somebody_sets_elsewhere_meanwhile_is_told_of(
    server: HubServer, releases: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stolen(self: Hub, name: str, commit: str) -> None:
        server.repos[REPO].tags[name] = server.repos[REPO].commits[0].id
        raise HubError("the Hub answered 409: an error of its own")

    monkeypatch.setattr(Hub, "tag", stolen)
    with pytest.raises(PublishError, match=r"and somebody set its tag at [0-9a-f]{12} meanwhile"):
        publish(releases[0], WISH, pause=0)


def test_gated_asks_the_hub_to_have_readers_ask_first(
    server: HubServer, releases: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(releases[0], Wish(REPO, gated=True), pause=0)
    assert server.repos[REPO].gated == "auto"
    url = f"{server.url}/datasets/{REPO}/resolve/2026.10.0/README.md"
    assert httpx.get(url).status_code == 401, "nobody in particular"
    assert httpx.get(url, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    publish(releases[1], WISH, pause=0)
    assert server.repos[REPO].gated == "auto", "without the wish it stays as it is"


def test_where_the_hub_refuses_to_gate_nothing_is_published(server: HubServer, releases: list[Path]) -> None:
    server.faults = When(server, "/settings", "403")
    with pytest.raises(PublishError, match="may not write to this repository; nothing was published"):
        publish(releases[0], Wish(REPO, gated=True), pause=0)
    assert server.repos[REPO].tags == {}
    assert held(server) == {}


@pytest.mark.slow
@pytest.mark.parametrize("xet", ["0", "1"])
def test_it_works_in_a_process_of_its_own_with_xet_on_and_off(
    server: HubServer, releases: list[Path], tmp_path: Path, xet: str
) -> None:
    server.xet = True
    environment = {
        **os.environ,
        "HF_HUB_DISABLE_XET": xet,
        "HF_HOME": str(tmp_path / "home"),
        "HF_ENDPOINT": server.url,
        "HF_TOKEN": TOKEN,
        "HF_HUB_OFFLINE": "0",
    }
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "publish", str(releases[0]), "--repo", REPO, "--json"],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outcome"] == "published"
    assert held(server, "2026.10.0") == tree_of(releases[0])
    assert TOKEN not in done.stdout + done.stderr
    assert bool(by_xet(server)) == (xet == "0")
