"""A release on its whole way: built, published, fetched by its tag into a clean checkout, made again there, checked."""

from __future__ import annotations

import json
import logging
import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.release.files import list_files
from pipeline.release.verify import verify_release
from tests.support.builds import CHECKOUT, folder_hashes, kit_cells, specification, write_specification
from tests.support.hub_server import TOKEN, HubServer, hub_server
from tests.support.scripted_replies import respond
from tests.support.scripted_server import ScriptedServer

REPO, TAG = "tester/whole-way", "2026.11.0"
FETCH = "import sys; from huggingface_hub import snapshot_download as s; s(*sys.argv[1:2], **dict(repo_type='dataset', revision=sys.argv[2], local_dir=sys.argv[3]))"  # noqa: E501
NOWHERE = "http://127.0.0.1:9"
"""An address at which nothing listens."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not (CHECKOUT / ".git").exists() or not shutil.which("git"), reason="not a clone"),
]


@dataclass(frozen=True)
class Journey:
    """Where things are: what was built, the clean checkout, what was fetched into it; the address of the model."""

    built: Path
    checkout: Path
    fetched: Path
    model: str


def ran(arguments: list[str], checkout: Path, home: Path, server: HubServer | None) -> subprocess.CompletedProcess[str]:
    """Run Python in a checkout, with caches of its own; without a server nothing is to be reached."""
    to_hub = (
        {"HF_ENDPOINT": server.url, "HF_TOKEN": TOKEN, "HF_HUB_OFFLINE": "0"} if server else {"HF_ENDPOINT": NOWHERE}
    )
    own = {"PYTHONPATH": str(checkout), "HF_HOME": str(home / "hub"), "IMPRESS_CACHE": str(home / "impress")}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=checkout,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "HOME": str(home), **own, **to_hub},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Journey:
    work = tmp_path_factory.mktemp("work")
    maker, reader = work / "maker", work / "reader"
    maker.mkdir()
    reader.mkdir()
    checkout = reader / "checkout"
    subprocess.run(["git", "clone", "-q", str(CHECKOUT), str(checkout)], check=True, timeout=120)
    with hub_server() as hub:
        with ScriptedServer(responder=respond) as model:
            spec = write_specification(maker, specification(model.base_url, cells=kit_cells(4), version=TAG))
            command = ["-m", "pipeline.cli", "build", str(spec), "--out", str(maker / "out"), "--no-server"]
            done = ran(command, CHECKOUT, maker, None)
            assert done.returncode == 0, done.stdout + done.stderr
        [built] = (maker / "out" / "releases").iterdir()
        done = ran(["-m", "pipeline.cli", "publish", str(built), "--repo", REPO], CHECKOUT, maker, hub)
        assert done.returncode == 0, done.stdout + done.stderr
        fetched = checkout / "generated" / "fetched"
        done = ran(["-c", FETCH, REPO, TAG, str(fetched)], checkout, reader, hub)
        assert done.returncode == 0, done.stdout + done.stderr
    return Journey(built, checkout, fetched, model.base_url)


def test_what_is_fetched_by_its_tag_is_what_was_built(journey: Journey) -> None:
    fetched = {path: digest for path, digest in folder_hashes(journey.fetched).items() if not path.startswith(".")}
    assert fetched == folder_hashes(journey.built)


def test_it_is_sound_and_made_again_in_a_clean_checkout_without_a_model(journey: Journey) -> None:
    for command, says in (
        ("verify", "whole, and as its manifest says"),
        ("rebuild", "made again, equal in every byte"),
    ):
        home = journey.checkout.parent
        done = ran(["-m", "pipeline.cli", command, str(journey.fetched)], journey.checkout, home, None)
        assert (done.returncode, says in done.stdout) == (0, True), done.stdout + done.stderr


def test_mlcroissant_reads_its_metadata_and_its_rows(journey: Journey, caplog: pytest.LogCaptureFixture) -> None:
    import mlcroissant

    with caplog.at_level(logging.WARNING):
        dataset = mlcroissant.Dataset(jsonld=str(journey.fetched / "croissant.json"))
    assert [record.message for record in caplog.records if "croissant" in record.message.lower()] == []
    splits = json.loads((journey.fetched / "manifest.json").read_bytes())["splits"]
    assert {split: len(list(dataset.records(split))) for split in splits} == splits


def test_one_flipped_bit_in_any_file_names_that_file(journey: Journey, tmp_path: Path) -> None:
    """Each file at its first and last byte and at places drawn by chance; one by the command, which exits with 1."""
    copy = Path(shutil.copytree(journey.fetched, tmp_path / journey.built.name))
    dice = random.Random(29)
    paths = list_files(journey.built)
    assert {Path(path).suffix for path in paths} >= {".parquet", ".gz", ".json", ".yaml", ".md", ".html", ".cff"}
    for path in paths:
        whole = (copy / path).read_bytes()
        for place in (0, len(whole) - 1, dice.randrange(len(whole)), dice.randrange(len(whole))):
            data = bytearray(whole)
            data[place] ^= 1 << dice.randrange(8)
            (copy / path).write_bytes(data)
            assert path in {problem.file for problem in verify_release(copy, semantic=False)}, (path, place)
        (copy / path).write_bytes(whole)
    assert verify_release(copy, semantic=False) == []
    data = bytearray((copy / "data" / "test-00000-of-00001.parquet").read_bytes())
    data[len(data) // 2] ^= 1
    (copy / "data" / "test-00000-of-00001.parquet").write_bytes(data)
    done = ran(["-m", "pipeline.cli", "verify", str(copy)], journey.checkout, journey.checkout.parent, None)
    assert done.returncode == 1
    assert "data/test-00000-of-00001.parquet" in done.stdout


def test_nothing_of_it_tells_where_the_model_ran(journey: Journey) -> None:
    """Its address, and the folders of who built it."""
    import gzip

    import pyarrow.parquet as pq

    from pipeline.pages.packing import unpacked

    secrets = (journey.model.split("/")[2], str(journey.built.parent.parent))
    for path in list_files(journey.built):
        data = (journey.built / path).read_bytes()
        text = (gzip.decompress(data) if path.endswith(".gz") else data).decode("utf-8", errors="replace")
        if path.endswith(".parquet"):
            text += json.dumps(pq.read_table(journey.built / path).to_pylist(), default=str)
        if path.endswith(".html"):
            text += json.dumps(list(unpacked(text)))
        for secret in secrets:
            assert secret not in text, path
