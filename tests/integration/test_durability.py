"""What can befall a build at work: a full disk, a torn file, a clock set back, a second build of the same."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pipeline.build import run_build
from pipeline.cli import main
from pipeline.models import store as store_module
from pipeline.models.guard import BudgetReached
from pipeline.progress import SilentProgress
from pipeline.release.verify import verify_release
from pipeline.seeds import load_specification
from tests.support.builds import folder_hashes, impress, kit_cells, manifest_of, specification, write_specification
from tests.support.endurance import RELEASE
from tests.support.scripted_replies import respond
from tests.support.scripted_server import ScriptedServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def write(folder: Path, base_url: str, **changes: Any) -> Path:
    return write_specification(folder, specification(base_url, cells=kit_cells(4), **changes))


def build(spec: Path, out: Path) -> None:
    asyncio.run(run_build(load_specification(spec), out=out, progress=SilentProgress()))


def half_built(folder: Path, base_url: str) -> Path:
    """Stop a build half way, at a budget; return its folder."""
    with pytest.raises(BudgetReached):
        build(write(folder, base_url, budget={"calls": 20}), folder)
    (run,) = (folder / "runs").iterdir()
    return run


def examined(run: Path) -> dict[str, Any]:
    """Return what the doctor says of a run's folder, with its exit code and its checks by name."""
    found = CliRunner().invoke(main, ["doctor", "--build", str(run), "--json"])
    document: dict[str, Any] = json.loads(found.stdout)
    return {**document, "exit": found.exit_code, "by_name": {check["name"]: check for check in document["checks"]}}


def mount(folder: Path, options: str) -> subprocess.CompletedProcess[str]:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a quarter of a MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    try:
        done = mount(folder, "size=256k")
    except OSError as error:
        pytest.skip(f"a file system cannot be mounted here: {error}")
    if done.returncode:
        pytest.skip(f"a file system cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_ends_a_build_and_with_room_it_makes_the_same_release(tmp_path: Path, small_disk: Path) -> None:
    """Twice there is too little room: for the first completions, then for a part of them."""
    with ScriptedServer(responder=respond, latency=0.02) as server:
        spec = write(tmp_path, server.base_url)
        for size in ("256k", "640k"):
            assert mount(small_disk, f"remount,size={size}").returncode == 0
            process = impress("build", spec, "--out", small_disk, "--no-server")
            _, told = process.communicate(timeout=300)
            assert process.returncode == 1, told
            assert "error: " in told
            assert "disk is full" in told
            assert "run the same command again" in told
            assert "Traceback" not in told
        assert mount(small_disk, "remount,size=64m").returncode == 0
        process = impress("build", spec, "--out", small_disk, "--no-server")
        _, told = process.communicate(timeout=300)
        assert process.returncode == 0, told
        counts = server.counts()
        build(write(tmp_path, server.base_url), tmp_path / "plain")
    assert counts.answered_again <= 2 * 2 * 32, "what came in while there was no room is asked for again, at each stop"
    assert folder_hashes(small_disk / RELEASE) == folder_hashes(tmp_path / "plain" / RELEASE)
    assert verify_release(small_disk / RELEASE, semantic=False) == []


def test_torn_files_are_told_and_written_anew(tmp_path: Path) -> None:
    with ScriptedServer(responder=respond) as server:
        run = half_built(tmp_path, server.base_url)
        before = sum(server.counts().answered.values())
        told = examined(run)
        assert (told["outcome"], told["exit"]) == ("warn" if told["by_name"]["spent"]["outcome"] == "warn" else "ok", 0)
        assert told["spent"]["calls"] == before == 20
        assert "raise `budget`" in told["by_name"]["spent"]["mend"]
        torn = sorted((run / "shards").glob("*.jsonl"))
        for path in torn:
            path.write_bytes(path.read_bytes()[:-40])
        (run / "shards" / ".000-generate-0000.out.jsonl.ab12cd34.part").write_bytes(b'{"half')
        told = examined(run)
        assert told["by_name"]["shards"]["outcome"] == "warn"
        assert f"{len(torn)} torn" in told["by_name"]["shards"]["found"]
        assert "1 files that a killed process left" in told["by_name"]["shards"]["found"]
        assert told["next"].startswith("go on: impress build")

        build(write(tmp_path, server.base_url), tmp_path)
        assert server.counts().answered_again == 0
        build(write(tmp_path, server.base_url), tmp_path / "plain")
    assert folder_hashes(tmp_path / RELEASE) == folder_hashes(tmp_path / "plain" / RELEASE)
    told = examined(run)
    assert told["by_name"]["shards"]["outcome"] == "ok"
    assert told["progress"]["accepted"] == told["progress"]["wanted"] == 4
    assert told["next"].startswith("nothing: the release is made")


def test_a_damaged_store_is_found_by_the_doctor_and_by_the_build(tmp_path: Path) -> None:
    with ScriptedServer(responder=respond) as server:
        run = half_built(tmp_path, server.base_url)
        store = run / "completions.sqlite"
        content = bytearray(store.read_bytes())
        place = content.rindex(b'"finish_reason":"stop"')
        content[place + 17 : place + 21] = b"STOP"
        store.write_bytes(bytes(content))
        told = examined(run)
        assert (told["outcome"], told["exit"]) == ("fail", 1)
        assert "does not match its digest" in told["by_name"]["store"]["found"]
        assert told["next"].startswith("mend the store: move")
        store.write_bytes(b"\0" * 5000)
        told = examined(run)
        assert "not a database" in told["by_name"]["store"]["found"]
        process = impress("build", write(tmp_path, server.base_url), "--out", tmp_path, "--no-server")
        _, errors = process.communicate(timeout=200)
        assert process.returncode == 2
        assert "damaged" in errors
        assert "Traceback" not in errors


def test_a_clock_set_back_changes_the_day_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(responder=respond) as server:
        with monkeypatch.context() as patched:
            patched.setattr(store_module, "_now", lambda: "2140-01-01T00:00:00+00:00")
            run = half_built(tmp_path, server.base_url)
        told = examined(run)
        assert "yet to come" in told["by_name"]["clock"]["found"]
        build(write(tmp_path, server.base_url), tmp_path)
        assert server.counts().answered_again == 0
        build(write(tmp_path, server.base_url), tmp_path / "plain")
    assert verify_release(tmp_path / RELEASE, semantic=False) == []
    ours, plain = folder_hashes(tmp_path / RELEASE), folder_hashes(tmp_path / "plain" / RELEASE)
    assert manifest_of(tmp_path / RELEASE)["created"] == manifest_of(tmp_path / "plain" / RELEASE)["created"]
    assert ours == plain


@pytest.mark.parametrize("second", [["--no-server"], []], ids=["no-server", "prefect"])
def test_of_two_builds_at_once_the_second_is_refused_and_the_first_goes_on(tmp_path: Path, second: list[str]) -> None:
    with ScriptedServer(responder=respond, latency=3600) as server:
        spec = write(tmp_path, server.base_url)
        first = impress("build", spec, "--out", tmp_path, "--no-server")
        deadline = time.monotonic() + 200
        while not server.counts().in_flight and time.monotonic() < deadline:
            time.sleep(0.1)
        assert server.counts().in_flight, "the first build never called"
        (run,) = (tmp_path / "runs").iterdir()
        told = examined(run)
        assert told["by_name"]["lock"]["found"] == "a process is building here now"
        assert told["next"].startswith("wait for the build")
        home = str(tmp_path / "prefect")
        process = impress("build", spec, "--out", tmp_path, *second, PREFECT_HOME=home)
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 1, errors
        assert "another process is building this specification" in errors
        assert "Traceback" not in errors
        server.latency = 0.0
        _, errors = first.communicate(timeout=300)
        assert first.returncode == 0, errors
        assert server.counts().answered_again == 0
        build(spec, tmp_path / "plain")
    assert folder_hashes(tmp_path / RELEASE) == folder_hashes(tmp_path / "plain" / RELEASE)
    assert examined(run)["by_name"]["lock"]["found"] == "no process is building here"
