"""Builds whose completions and releases are kept on S3 beside the local folder."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from pipeline.build import BuildResult, run_build
from pipeline.errors import WorkError
from pipeline.mirror import fetch_releases, put_release
from pipeline.models.guard import BudgetReached
from pipeline.models.store import CompletionStore
from pipeline.pins import run_folder
from pipeline.progress import SilentProgress
from pipeline.schema.specification import Specification
from pipeline.seeds import load_specification
from pipeline.storage import Storage, StorageError
from tests.support.builds import folder_hashes, kit_cells, specification, write_specification
from tests.support.endurance import RELEASE
from tests.support.s3 import BUCKET, s3_server
from tests.support.scripted_replies import respond
from tests.support.scripted_server import ScriptedServer

SAMPLE = Path(__file__).parents[1] / "generated" / "sample"


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    with s3_server() as environment:
        yield environment


@pytest.fixture
def url(server: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    for name, value in server.items():
        monkeypatch.setenv(name, value)
    return f"s3://{BUCKET}/{tmp_path.name}"


def asked_for(folder: Path, base_url: str, **changes: Any) -> Specification:
    return load_specification(write_specification(folder, specification(base_url, cells=kit_cells(3), **changes)))


async def built(checked: Specification, out: Path) -> BuildResult:
    return await run_build(checked, out=out, progress=SilentProgress())


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_build_goes_on_from_another_machine_and_pays_for_nothing_twice(tmp_path: Path, url: str) -> None:
    run = {"storage": url}
    with ScriptedServer(responder=respond) as models:
        plain = await built(asked_for(tmp_path, models.base_url), tmp_path / "plain")
        calls = plain.calls_made
    with ScriptedServer(responder=respond, port=models.port) as models:
        with pytest.raises(BudgetReached):
            await built(asked_for(tmp_path, models.base_url, run=run, budget={"calls": calls // 2}), tmp_path / "first")
        second = await built(asked_for(tmp_path, models.base_url, run=run), tmp_path / "second")
        assert second.calls_made == calls - calls // 2
        third = await built(asked_for(tmp_path, models.base_url, run=run), tmp_path / "third")
        assert third.calls_made == 0
        assert models.counts().answered_again == 0
    wanted = folder_hashes(plain.release)
    assert folder_hashes(second.release) == folder_hashes(third.release) == wanted
    for name, digest in wanted.items():
        Storage(url).read(f"{RELEASE}/{name}", digest)

    (folder,) = (tmp_path / "second" / "runs").iterdir()
    kept = Storage(url).within("runs", folder.name, "completions")
    lines = [line for name in kept.names() for line in gzip.decompress(kept.read(name)).splitlines()]
    keys = [entry["key"] for entry in map(json.loads, lines) if "key" in entry]
    assert len(keys) == len(set(keys)) == calls, "each completion is in the storage once"


async def test_a_file_of_completions_that_was_changed_is_refused(tmp_path: Path, url: str) -> None:
    checked = asked_for(tmp_path, "http://127.0.0.1:9/v1", run={"storage": url})
    folder = run_folder(checked, tmp_path)
    name = f"{sha256(b'as it was').hexdigest()}.jsonl.gz"
    Storage(url).within("runs", folder.name, "completions").write(name, b"as it is")
    with pytest.raises(StorageError, match=f"{name}: holds"):
        await built(checked, tmp_path)
    with CompletionStore.open(folder / "completions.sqlite") as store:
        assert len(store) == 0


def test_a_release_is_put_once_and_fetched_whole_or_not_at_all(tmp_path: Path, url: str) -> None:
    release = tmp_path / "here" / "small-2026.11.0"
    shutil.copytree(SAMPLE, release)
    put_release(url, release)
    put_release(url, release)
    previous = {"previous": {"release": release.name}}
    checked = asked_for(tmp_path, "http://127.0.0.1:9/v1", run={"storage": url}, **previous)
    fetch_releases(checked, tmp_path / "there")
    assert folder_hashes(tmp_path / "there" / release.name) == folder_hashes(SAMPLE)

    there = Storage(url).within("releases", release.name)
    there.write("manifest.json", b"torn")
    with pytest.raises(StorageError, match=r"manifest\.json: holds"):
        fetch_releases(checked, tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere" / release.name).exists()

    (release / "SHA256SUMS").write_text("other\n")
    with pytest.raises(WorkError, match="another release of this name is there"):
        put_release(url, release)
