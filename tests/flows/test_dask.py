"""A build on a Dask cluster of two processes with its storage on S3, while a process is killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.storage import Storage
from tests.support.builds import folder_hashes
from tests.support.clusters import build_on_cluster
from tests.support.endurance import RELEASE
from tests.support.s3 import BUCKET, s3_server


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_worker_killed_in_the_middle_costs_one_shard_and_the_release_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3_server() as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        built = build_on_cluster(tmp_path, "dask", storage=f"s3://{BUCKET}/of", environment=environment)
        storage = Storage(f"s3://{BUCKET}/of")
        for name, sha256 in folder_hashes(tmp_path / "one" / RELEASE).items():
            storage.read(f"{RELEASE}/{name}", sha256)
        sent = [name for name in storage.names("runs") if name.endswith(".in.jsonl")]
    assert built.same_release
    assert built.same_calls
    assert built.answered_again == 0, "a call that was paid for was made again"
    assert len(built.again) == 1, built.told
    assert len(sent) == built.shards >= 4
