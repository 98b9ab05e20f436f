"""A split that is held out never reaches a public repository, by whatever route it is sent."""

from __future__ import annotations

import asyncio
import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.errors import WorkError
from pipeline.publish.guard import PrivateDataError, check_contents, check_paths, check_repository
from pipeline.publish.run import PublishError, Wish, publish
from pipeline.release.carry import HELD_OUT
from pipeline.release.files import MANIFEST, SUMS, list_files, manifest_bytes, sums_bytes
from pipeline.release.held_out import SALTS, read_salts
from pipeline.release.public import own_texts, public_part
from pipeline.release.verify import verify_release
from pipeline.release.views import read_release
from pipeline.release.write import write_release
from pipeline.schema.renewal import Schedule
from tests.support.encoders import WordEncoder
from tests.support.hub_server import Handler, HubServer
from tests.support.private_routes import ROUTES
from tests.support.releases import rows_of, sample_candidates, sample_inputs, sample_specification

REPO = "tester/scenarios"
SHARES = {"dev": 0.0, "test": 0.3, "held_out": 0.7}
"""With these the pharmacy's rows are open and the claims are held out."""


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    specification = sample_specification(splits=SHARES)
    candidates = sample_candidates(specification)
    salts = {row.id: f"{number:064x}" for number, row in enumerate(rows_of(candidates))}

    def export(folder: Path) -> None:
        folder.mkdir()
        with gzip.open(folder / "completions.jsonl.gz", "wt", encoding="utf-8") as out:
            out.write(json.dumps({"format": 1, "created": "2026-11-23", "completions": len(candidates)}) + "\n")
            for one in candidates:
                told = one.scenario.view.agent.request if one.scenario else "nothing came"
                out.write(json.dumps({"key": one.completions[0], "request": {}, "completion": {"text": told}}) + "\n")

    inputs = sample_inputs(specification, candidates=candidates, salts=salts, export_completions=export)
    folder, manifest = write_release(inputs, tmp_path_factory.mktemp("whole"))
    assert manifest.splits.keys() == {"test", HELD_OUT}
    return folder


@pytest.fixture(scope="module")
def public(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return public_part(release, tmp_path_factory.mktemp("public") / "part")


def files_of(folder: Path) -> dict[str, bytes]:
    return {path: (folder / path).read_bytes() for path in list_files(folder)}


def test_the_whole_and_its_public_part_are_both_sound(release: Path, public: Path) -> None:
    assert verify_release(release, encoder=WordEncoder()) == []
    assert verify_release(public, semantic=False) == []
    manifest = read_release(public).manifest
    assert manifest.withheld is not None
    assert manifest.withheld.rows == len(manifest.held_out.hashes if manifest.held_out else ()) > 0


def test_no_text_id_or_salt_of_a_row_that_is_held_out_is_in_the_public_part(release: Path, public: Path) -> None:
    whole = read_release(release)
    held = [row.scenario for row in whole.active if row.split == HELD_OUT]
    shown = set(own_texts(row.scenario for row in whole.active if row.split != HELD_OUT))
    secrets = [row.id for row in held] + list(read_salts(release).values())
    secrets += [text for text in own_texts(held) if text not in shown]
    assert len(secrets) > 6
    for path, data in files_of(public).items():
        plain = gzip.decompress(data) if path.endswith(".gz") else data
        for secret in secrets:
            assert secret.encode() not in plain, path


def test_the_public_part_passes_the_checks_that_the_whole_fails(release: Path, public: Path) -> None:
    check_paths(files_of(public))
    check_contents(files_of(public), release)
    with pytest.raises(PrivateDataError):
        check_paths(files_of(release))
    with pytest.raises(PrivateDataError):
        check_contents(files_of(release), release)


@pytest.mark.parametrize("route", ROUTES)
def test_contents_are_known_whatever_their_name(
    release: Path, public: Path, route: Callable[[Path], dict[str, bytes]]
) -> None:
    with pytest.raises(PrivateDataError):
        check_contents({**files_of(public), **route(release)}, release)


@pytest.mark.parametrize(
    "path",
    [
        "data/held_out-00000-of-00001.parquet",
        "data/held-out.parquet",
        "private/x",
        "a/private/x",
        "salts.json",
        "a.key",
        "DATA/Held_Out-00000-of-00001.PARQUET",
        "data/HELDOUT/rows.parquet",
        "Private/SALTS.JSON",
        "A.KEY",
        "inspect/held_out-00000-of-00001.parquet",
    ],
)
def test_names_are_known_whatever_they_hold(path: str) -> None:
    with pytest.raises(PrivateDataError):
        check_paths({path: b""})


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("README.md", "---\nconfigs:\n- config_name: held_out\n  data_files: x.parquet\n---\n# A card\n"),
        ("README.md", "---\nconfigs:\n- config_name: a\n  data_files:\n  - {split: held_out, path: x}\n---\n"),
        ("README.md", "---\nconfigs:\n- config_name: a\n  data_files: data/held_out-*\n---\n"),
        (
            "README.md",
            "---\nconfigs:\n- config_name: a\n  data_files: [data/test-*, 'data/[h]*', 'data/Held_Out-*']\n---\n",
        ),
        ("README.md", "---\nconfigs:\n- {config_name: a, data_dir: private}\n---\n"),
        ("README.md", "---\nconfigs: {a: {data_files: {held_out: x}}}\n---\n"),
        ("README.md", "---\ndataset_info: {splits: [{name: held_out}]}\n---\n"),
        ("README.md", "\ufeff---\r\nconfigs:\r\n- config_name: held_out\r\n---\r\n# A card\r\n"),
        ("Readme.MD", "---\nconfigs:\n- config_name: HELD_OUT\n---"),
        ("eval.yaml", "tasks:\n- {id: a, split: held_out}\n"),
        ("eval.yaml", "tasks: [\n"),
    ],
)
def test_a_card_or_a_task_that_names_the_split_as_data_is_refused(path: str, text: str) -> None:
    with pytest.raises(PrivateDataError):
        check_paths({path: text.encode()})


def test_the_hub_has_the_last_word_on_who_may_see_a_repository() -> None:
    check_repository(private=True, holds_private=True, repo=REPO)
    check_repository(private=False, holds_private=False, repo=REPO)
    for private in (False, None):
        with pytest.raises(PrivateDataError, match="not a private repository"):
            check_repository(private=private, holds_private=True, repo=REPO)


def test_publishing_sends_the_public_part_to_a_public_place(release: Path, server: HubServer) -> None:
    publish(release, Wish(REPO), pause=0)
    tree = server.repos[REPO].head.tree
    assert not any("held" in path or "private" in path for path in tree)
    check_contents(tree, release)
    assert publish(release, Wish(REPO), pause=0).outcome == "was_published"


def test_the_flag_alone_opens_no_public_repository(release: Path, server: HubServer) -> None:
    with pytest.raises(PrivateDataError):
        publish(release, Wish(REPO, held_out=True), pause=0)
    assert server.repos == {}
    publish(release, Wish(REPO), pause=0)
    commits = len(server.repos[REPO].commits)
    with pytest.raises(PrivateDataError):
        publish(release, Wish(REPO, private=True, held_out=True), pause=0)
    with pytest.raises(PublishError, match="is public, and private was asked for"):
        publish(release, Wish(REPO, private=True), pause=0)
    assert len(server.repos[REPO].commits) == commits


def test_a_specification_can_only_send_the_public_part(release: Path, server: HubServer) -> None:
    from flows.refresh import published

    with pytest.raises(ValidationError, match="held_out"):
        Schedule.model_validate({"every": 60, "publish": {"repo": REPO, "held_out": True}})
    asyncio.run(published(release, Schedule.model_validate({"every": 60, "publish": {"repo": REPO}})))
    tree = server.repos[REPO].head.tree
    assert not any("held" in path or "private" in path for path in tree)
    check_contents(tree, release)


def test_a_hub_that_makes_a_public_repository_where_a_private_one_was_asked_for_gets_nothing(
    release: Path, server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Handler.create

    def create(self: Handler, asked: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        return made(self, {**asked, "private": False, "visibility": "public"})

    monkeypatch.setattr(Handler, "create", create)
    with pytest.raises(PrivateDataError, match="not a private repository by the Hub's word"):
        publish(release, Wish(REPO, private=True, held_out=True), pause=0)
    assert set(server.repos[REPO].head.tree) == {".gitattributes"}


class Opened(dict[int, str]):
    """No fault: the repository is made public when a request comes whose path holds a text."""

    def __init__(self, server: HubServer, text: str) -> None:
        super().__init__()
        self.server, self.text = server, text

    def get(self, key: int, default: str | None = None) -> str | None:  # type: ignore[override]
        if self.text in self.server.requests[key]:
            self.server.repos[REPO].private = False
        return default


def test_a_repository_that_is_opened_after_the_first_look_gets_nothing(release: Path, server: HubServer) -> None:
    server.faults = Opened(server, "/tree/")
    with pytest.raises(PrivateDataError, match="not a private repository by the Hub's word"):
        publish(release, Wish(REPO, private=True, held_out=True), pause=0)
    assert set(server.repos[REPO].head.tree) == {".gitattributes"}
    assert server.objects == {}, "no file was sent beforehand either"


def test_a_repository_that_is_opened_while_files_go_up_is_told_of(release: Path, server: HubServer) -> None:
    server.faults = Opened(server, "/commit/")
    with pytest.raises(PrivateDataError, match=r"was made public while .* was published, .* take them for open"):
        publish(release, Wish(REPO, private=True, held_out=True), pause=0)


def test_a_public_repository_that_held_the_whole_once_gets_no_more(release: Path, server: HubServer) -> None:
    publish(release, Wish(REPO, private=True, held_out=True), pause=0)
    repo = server.repos[REPO]
    repo.private, repo.tags = False, {}
    commits = len(repo.commits)
    with pytest.raises(PrivateDataError, match=r"is public and holds .*held_out.*, which is private"):
        publish(release, Wish(REPO), pause=0)
    assert len(repo.commits) == commits


def test_a_link_to_what_is_private_is_not_followed(release: Path, server: HubServer, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(release, tmp_path / "copy"))
    (copy / "LICENSE").unlink()
    (copy / "LICENSE").symlink_to(copy / SALTS)
    with pytest.raises(WorkError, match="not sound, so it is not published: LICENSE: is a link"):
        publish(copy, Wish(REPO), pause=0)
    assert server.requests == []


def test_a_manifest_that_does_not_tell_of_the_split_does_not_open_it(
    release: Path, server: HubServer, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(release, tmp_path / "copy"))
    manifest = read_release(copy).manifest
    changed = manifest.model_copy(update={"splits": {"test": manifest.splits["test"]}, "held_out": None})
    (copy / MANIFEST).write_bytes(manifest_bytes(changed))
    (copy / SUMS).write_bytes(sums_bytes(changed.files, manifest_bytes(changed)))
    for wish in (Wish(REPO), Wish(REPO, held_out=True)):
        with pytest.raises(WorkError, match="not sound, so it is not published"):
            publish(copy, wish, pause=0)
    assert server.requests == []


def test_a_private_repository_may_hold_the_whole(release: Path, server: HubServer) -> None:
    publish(release, Wish(REPO, private=True, held_out=True), pause=0)
    assert server.repos[REPO].private
    tree = server.repos[REPO].head.tree
    assert {path: data for path, data in tree.items() if path != ".gitattributes"} == files_of(release)


def test_the_public_part_is_not_taken_for_the_whole(public: Path, server: HubServer) -> None:
    with pytest.raises(WorkError, match="public part of a release; publish the whole one"):
        publish(public, Wish(REPO), pause=0)
    assert server.requests == []
