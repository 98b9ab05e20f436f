"""A build on a Ray cluster of two processes, one of which is killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.clusters import SIMILARITY, build_on_cluster


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_worker_killed_in_the_middle_costs_one_shard_and_the_release_is_the_same(tmp_path: Path) -> None:
    built = build_on_cluster(tmp_path, "ray", left_out=SIMILARITY, environment={"RAY_AUTH_TOKEN": "0" * 32})
    assert built.same_release
    assert built.same_calls
    assert built.answered_again == 0, "a call that was paid for was made again"
    assert len(built.again) == 1, built.told
    assert built.shards >= 4
