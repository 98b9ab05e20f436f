"""Whole builds against a scripted model server, as a user runs them."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.build import BuildResult, run_build
from pipeline.deduplicate.encoder import load_encoder
from pipeline.deduplicate.plot import plot_of
from pipeline.deduplicate.survivors import embed
from pipeline.errors import InputError, WorkError
from pipeline.models.errors import MissingCompletion
from pipeline.progress import SilentProgress
from pipeline.release.check_rows import read_splits
from pipeline.release.tables import candidate_from_row, candidate_schema, read_rows, scenario_from_row
from pipeline.release.verify import verify_release
from pipeline.schema.scenario import Scenario
from pipeline.seeds import load_specification
from tests.support.builds import folder_hashes, kit_cells, manifest_of, specification, write_specification
from tests.support.endurance import kill_builds
from tests.support.program_replies import marker, opening
from tests.support.scripted_replies import respond
from tests.support.scripted_server import Reply, ScriptedServer

RELEASE = "releases/scripted-2026.11.0"
KILLS = int(os.environ.get("IMPRESS_TEST_KILLS", "3"))
"""Each costs as long as a build."""


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(responder=respond) as running:
        yield running


def build(spec: Path, out: Path, replay: Path | None = None) -> BuildResult:
    return asyncio.run(run_build(load_specification(spec), out=out, replay=replay, progress=SilentProgress()))


def plot_vectors(release: Path) -> NDArray[np.float64]:
    """The plots of a release's rows as unit vectors, made here and not by the build."""
    placed, _, _ = read_splits(release)
    return embed([plot_of(row.scenario).parts for row in placed], load_encoder()).astype(np.float64)


def test_release_is_complete_and_verifies(tmp_path: Path, server: ScriptedServer) -> None:
    build(write_specification(tmp_path, specification(server.base_url)), tmp_path)
    release = tmp_path / RELEASE
    manifest = manifest_of(release)
    assert verify_release(release) == []
    assert sum(manifest["splits"].values()) == sum(cell["accepted"] for cell in manifest["cells"])
    assert {cell["accepted"] for cell in manifest["cells"]} == {1}
    assert manifest["stopped_by"] == "full"


def test_load_dataset_gives_splits_whose_rows_are_scenarios(tmp_path: Path, server: ScriptedServer) -> None:
    build(write_specification(tmp_path, specification(server.base_url)), tmp_path)
    release = tmp_path / RELEASE
    from datasets import load_dataset

    splits = load_dataset(str(release), cache_dir=str(tmp_path / "cache"))
    assert {name: len(rows) for name, rows in splits.items()} == manifest_of(release)["splits"]
    for rows in splits.values():
        for row in rows:
            scenario = scenario_from_row(row)
            assert scenario == Scenario.model_validate_json(scenario.model_dump_json())
            assert scenario.id == row["id"]


def test_second_build_makes_no_call_and_keeps_the_release(tmp_path: Path, server: ScriptedServer) -> None:
    spec = write_specification(tmp_path, specification(server.base_url))
    build(spec, tmp_path)
    calls, before = server.counts().calls, folder_hashes(tmp_path / RELEASE)
    build(spec, tmp_path)
    assert server.counts().calls == calls
    assert folder_hashes(tmp_path / RELEASE) == before


def test_replay_needs_no_server_and_gives_the_same_bytes(tmp_path: Path) -> None:
    with ScriptedServer(responder=respond) as server:
        spec = write_specification(tmp_path, specification(server.base_url))
        build(spec, tmp_path / "first")
    first = folder_hashes(tmp_path / "first" / RELEASE)
    for name in ("second", "third"):
        replayed = build(spec, tmp_path / name, replay=tmp_path / "first" / RELEASE / "completions")
        assert replayed.calls_made == 0
        assert folder_hashes(tmp_path / name / RELEASE) == first


def test_replay_with_a_missing_completion_is_an_error_and_leaves_nothing(
    tmp_path: Path, server: ScriptedServer
) -> None:
    build(write_specification(tmp_path, specification(server.base_url)), tmp_path / "first")
    other = write_specification(tmp_path, specification(server.base_url, seed=12))
    calls = server.counts().calls
    completions = tmp_path / "first" / RELEASE / "completions"
    with pytest.raises(MissingCompletion, match="completion that is not there"):
        build(other, tmp_path / "second", replay=completions)
    assert server.counts().calls == calls
    assert not (tmp_path / "second" / RELEASE).exists()


def test_rows_below_a_floor_are_no_release_until_it_is_lowered(tmp_path: Path, server: ScriptedServer) -> None:
    cells, floors = kit_cells(3), {"vendi_share": 1, "nearest_previous_minimum": 0.01, "domains_effective": 99}
    with pytest.raises(WorkError) as caught:
        build(write_specification(tmp_path, specification(server.base_url, cells=cells, floors=floors)), tmp_path)
    assert caught.value.exit_code == 1
    table = [line.split() for line in str(caught.value).splitlines()[1:-1]]
    assert [row[0] for row in table] == ["floor", *floors]
    assert table[2][1:] == ["could", "not", "be", "measured", "at", "least", "0.01"]
    assert table[3][2:] == ["at", "least", "99"]
    assert not (tmp_path / "releases").exists()

    calls = server.counts().calls
    lower = specification(server.base_url, cells=cells, floors={"vendi_share": 0.1, "domains_effective": 2})
    made = build(write_specification(tmp_path, lower), tmp_path)
    assert (made.calls_made, server.counts().calls) == (0, calls)
    assert made.manifest.diversity.rows == 3
    assert verify_release(tmp_path / RELEASE) == []


def test_previous_release_is_compared_with_and_a_replay_asks_for_it(tmp_path: Path, server: ScriptedServer) -> None:
    cells = kit_cells(3)
    build(write_specification(tmp_path, specification(server.base_url, cells=cells, version="2026.10.0")), tmp_path)
    previous = {"release": "scripted-2026.10.0"}
    spec = write_specification(tmp_path, specification(server.base_url, cells=cells, previous=previous, seed=1))
    first = build(spec, tmp_path)
    assert first.manifest.diversity.plots is not None
    nearest = first.manifest.diversity.plots.nearest_previous
    assert nearest is not None, "with another seed no row is one of the release before"
    distances = 1 - plot_vectors(first.release) @ plot_vectors(tmp_path / "releases/scripted-2026.10.0").T
    told = np.sort(distances, axis=1)
    assert nearest.others == 3
    assert nearest.minimum == pytest.approx(told[:, 0].min(), abs=1e-4), "measured from the rows of that release"
    assert nearest.median == pytest.approx(np.median(told[:, 0]), abs=1e-4)
    assert told[:, 0].max() < 0.1, "they tell the same worked situations with other names"
    assert told[:, 1].min() > 0.2, "and any other situation is far from theirs"
    pinned = first.manifest.specification.previous
    assert pinned is not None
    assert pinned.manifest_sha256 == folder_hashes(tmp_path / "releases/scripted-2026.10.0")["manifest.json"]

    release = tmp_path / RELEASE
    elsewhere = tmp_path / "elsewhere"
    with pytest.raises(WorkError, match=r"scripted-2026\.10\.0 is not there"):
        build(release / "specification.yaml", elsewhere, replay=release / "completions")
    shutil.copytree(tmp_path / "releases/scripted-2026.10.0", elsewhere / "releases/scripted-2026.10.0")
    build(release / "specification.yaml", elsewhere, replay=release / "completions")
    assert folder_hashes(elsewhere / RELEASE) == folder_hashes(release)


def test_rows_of_an_earlier_release_are_not_built_again(tmp_path: Path, server: ScriptedServer) -> None:
    cells = kit_cells(3)
    build(write_specification(tmp_path, specification(server.base_url, cells=cells[:1], version="2026.10.0")), tmp_path)
    against = {"against": [{"release": "scripted-2026.10.0"}]}
    spec = write_specification(tmp_path, specification(server.base_url, cells=cells, deduplication=against))
    first = build(spec, tmp_path)
    turned_away = [one.cell.id for one in first.manifest.cells if one.accepted == 0]
    assert turned_away == cells[:1], "a worked situation told again with other names is a copy"
    (pinned,) = first.manifest.specification.deduplication.against
    assert pinned.manifest_sha256 == folder_hashes(tmp_path / "releases/scripted-2026.10.0")["manifest.json"]
    assert verify_release(tmp_path / RELEASE) == []
    assert len(list((tmp_path / "index").rglob("*.rows"))) == 1
    elsewhere, release = tmp_path / "elsewhere", tmp_path / RELEASE
    with pytest.raises(WorkError, match=r"scripted-2026\.10\.0 is not there"):
        build(release / "specification.yaml", elsewhere, replay=release / "completions")
    shutil.copytree(tmp_path / "releases/scripted-2026.10.0", elsewhere / "releases/scripted-2026.10.0")
    build(release / "specification.yaml", elsewhere, replay=release / "completions")
    assert folder_hashes(elsewhere / RELEASE) == folder_hashes(release)


def test_texts_of_a_protected_corpus_are_not_built_and_a_replay_asks_for_the_same_file(
    tmp_path: Path, server: ScriptedServer
) -> None:
    cells = kit_cells(3)
    first = build(write_specification(tmp_path, specification(server.base_url, cells=cells)), tmp_path / "first")
    rows = [candidate_from_row(row) for row in read_rows(first.release / "candidates.parquet", candidate_schema())]
    (row,) = [one.scenario for one in rows if one.accepted and one.attempt.cell.id == cells[0]]
    assert row is not None
    corpus = tmp_path / "theirs.jsonl"
    corpus.write_text(json.dumps({"question": f"Imagine this. {row.view.world.background}"}) + "\n", encoding="utf-8")
    named = {"name": "theirs", "path": str(corpus), "columns": ["question"]}
    spec = write_specification(
        tmp_path, specification(server.base_url, cells=cells, deduplication={"protected": [named]})
    )
    made = build(spec, tmp_path / "second")
    assert [one.cell.id for one in made.manifest.cells if one.accepted == 0] == cells[:1]
    rows = [candidate_from_row(row) for row in read_rows(made.release / "candidates.parquet", candidate_schema())]
    gone = [one for one in rows if one.attempt.cell.id == cells[0]]
    said = [verdict for one in gone for verdict in one.verdicts if verdict.checker == "protected"]
    assert {(one.outcome, one.answers["corpus"], one.answers["row"]) for one in said} == {("fail", "theirs", 1)}
    (pinned,) = made.manifest.specification.deduplication.protected
    assert (pinned.path, pinned.sha256) == (None, folder_hashes(tmp_path)["theirs.jsonl"])
    assert verify_release(made.release) == []

    replay = {"spec": made.release / "specification.yaml", "replay": made.release / "completions"}
    third = tmp_path / "third"
    with pytest.raises(InputError, match="the protected corpus theirs is not there"):
        build(**replay, out=third)
    (third / "protected").mkdir(parents=True)
    (third / "protected" / "theirs.jsonl").write_text('{"question": "another"}\n', encoding="utf-8")
    with pytest.raises(InputError, match="another file than the protected corpus theirs"):
        build(**replay, out=third)
    shutil.copy(corpus, third / "protected")
    build(**replay, out=third)
    assert folder_hashes(third / RELEASE) == folder_hashes(made.release)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_random_moments_and_resumed_it_pays_for_nothing_twice(tmp_path: Path) -> None:
    """``benchmarks/kills.py`` makes fifty. The server counts what it answered."""
    drawn = random.Random(os.environ.get("IMPRESS_TEST_SEED", "kills"))
    (killed,) = kill_builds(tmp_path, drawn, builds=1, kills=KILLS)
    assert killed.same_calls
    assert killed.answered_again <= killed.in_flight, "only what was in flight at a kill may come again"
    assert killed.same_release


def easily_pleased(request: dict[str, Any]) -> str | Reply:
    """A judge that says no as soon as a message has a second thought, and the writer whose first one always has."""
    system, content = request["messages"][0]["content"], request["messages"][-1]["content"]
    if marker("opening") in system:
        return f"{opening(request)} Do as you think best."
    if system.startswith("You check drafts") and "sender of the MESSAGE push" in content:
        return "yes" if "Do as you think best." in content else "no"
    if system.startswith("You check drafts") and "Answer with one digit" in content:
        return "4"
    return respond(request)


def test_prose_that_a_judge_rejects_is_refined_on_its_core_and_accepted(tmp_path: Path) -> None:
    """Only the message is written again, with the judge's reason; a replay makes the same bytes."""
    with ScriptedServer(responder=easily_pleased) as server:
        spec = write_specification(tmp_path, specification(server.base_url))
        release = build(spec, tmp_path / "first").release
    rows = [candidate_from_row(row) for row in read_rows(release / "candidates.parquet", candidate_schema())]
    first = {one.attempt.cell.id: one for one in rows if one.attempt.number == 0}
    refined = [one for one in rows if one.attempt.refines]
    assert len(refined) == len(first) == len(kit_cells(6))
    for candidate in refined:
        before, after = first[candidate.attempt.cell.id].scenario, candidate.scenario
        assert before is not None
        assert after is not None
        assert candidate.accepted
        assert after.simulation == before.simulation
        assert after.view.world == before.view.world
        assert after.view.memory == before.view.memory
        assert after.view.agent.request != before.view.agent.request
        assert after.lineage.refines == 0
        written = {*candidate.completions} - {key for verdict in candidate.verdicts for key in verdict.completions}
        assert len(written) == 1, "one call for the message, none for what was carried over"
    build(spec, tmp_path / "second", replay=release / "completions")
    assert folder_hashes(tmp_path / "second" / RELEASE) == folder_hashes(release)


def test_without_refinement_each_attempt_is_a_fresh_one(tmp_path: Path) -> None:
    with ScriptedServer(responder=easily_pleased) as server:
        settings = specification(server.base_url, generation={"core": "kit", "refine": 0})
        with pytest.raises(WorkError, match=r"none of .* at benignness; each with its reason in ") as caught:
            build(write_specification(tmp_path, settings), tmp_path)
    shards = Path(str(caught.value).rpartition(" in ")[2])
    assert any('"reason":"benignness' in file.read_text(encoding="utf-8") for file in shards.iterdir())
