"""A build that goes by what people said of the release before: rejected rows leave it and do not come again."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline.build import run_build
from pipeline.errors import InputError
from pipeline.label_files import read_reviews
from pipeline.progress import SilentProgress
from pipeline.rebuild import rebuild
from pipeline.release.verify import verify_release
from pipeline.release.views import read_release
from pipeline.schema.manifest import Manifest
from pipeline.seeds import load_specification
from tests.support.builds import kit_cells, specification, write_specification
from tests.support.labels import write_labels
from tests.support.scripted_replies import respond
from tests.support.scripted_server import ScriptedServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
NOTE = "the pharmacist would never write this"
CELLS = kit_cells(3)


def build(folder: Path, out: Path, url: str, **changes: Any) -> Path:
    wanted = specification(url, cells=CELLS, **changes)
    loaded = load_specification(write_specification(folder, wanted))
    return asyncio.run(run_build(loaded, out=out, progress=SilentProgress())).release


def manifest(release: Path) -> Manifest:
    return Manifest.model_validate_json((release / "manifest.json").read_bytes())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path, list[str]]:
    """The first release, the one that follows it, one made anew, and the ids that people rejected."""
    out, work = tmp_path_factory.mktemp("out"), tmp_path_factory.mktemp("work")
    with ScriptedServer(responder=respond) as server:
        first = build(work, out, server.base_url)
        rows = [row.id for row in read_release(first).active]
        said = {rows[0]: {"Ada": "reject", "Ben": "reject"}, rows[1]: {"Ada": "accept", "Ben": "reject"}}
        write_labels(work / "labels.jsonl", said, note=NOTE)
        reviews = {"reviews": {"path": "labels.jsonl"}}
        previous = {"release": first.name, "carries": {"renews": 0.0, "anchors": 0.0}}
        second = build(
            work, out, server.base_url, version="2026.12.0", previous=previous, attempts_per_cell=6, **reviews
        )
        anew = build(work, out, server.base_url, version="2026.12.1", **reviews)
    return first, second, anew, rows


def test_a_rejected_row_retires_with_the_reason_and_no_name(built: tuple[Path, Path, Path, list[str]]) -> None:
    _, second, _, rows = built
    held = read_release(second)
    (gone,) = [row for row in held.retired if row.id == rows[0]]
    assert gone.scenario.retired is not None
    assert gone.scenario.retired.reason == f"review: rejected by 2 of 2 readers; {NOTE}"
    assert rows[0] not in {row.id for row in held.active}
    assert rows[1] in {row.id for row in held.active}, "its readers differ, so nothing is decided"
    told = manifest(second).reviewed
    assert told is not None
    assert [(one.scenario, one.against, one.readers) for one in told.excluded] == [(rows[0], 2, 2)]
    assert told.read == 1
    assert all("Ada" not in file.read_text() for file in (second / "manifest.json", second / "reviews.json"))


def test_what_was_rejected_does_not_come_again(built: tuple[Path, Path, Path, list[str]]) -> None:
    first, _, anew, rows = built
    assert rows[1] in {row.id for row in read_release(anew).active}, "the same attempts make the same scenarios"
    assert rows[0] not in {row.id for row in read_release(anew).active}
    told = manifest(anew)
    assert {step.step: step.turned_away for step in told.funnel}["review"] == 1
    assert told.reviewed is not None
    assert [one.scenario for one in told.reviewed.excluded] == [rows[0]]
    assert "review" not in {step.step for step in manifest(first).funnel}
    assert manifest(first).reviewed is None
    assert '"reviews"' not in (first / "manifest.json").read_text(), "older releases read as they did"


@pytest.mark.parametrize("which", [1, 2])
def test_the_release_is_sound_and_made_again_from_its_own_folder(
    built: tuple[Path, Path, Path, list[str]], which: int, tmp_path: Path
) -> None:
    release = built[which]
    alone = Path(shutil.copytree(release, tmp_path / "alone" / release.name))
    assert verify_release(alone) == []
    assert asyncio.run(rebuild(alone, tmp_path / "work", progress=SilentProgress())) == []
    reviews = alone / "reviews.json"
    reviews.write_text(reviews.read_text().replace("rejected by 2 of 2", "rejected by 1 of 2"))
    assert "are not the reviews that the specification pins" in {one.problem for one in verify_release(alone)}


def test_other_reviews_than_those_pinned_are_an_error(tmp_path: Path) -> None:
    file = write_labels(tmp_path / "labels.jsonl", {"sc-" + "0" * 20: {"Ada": "reject", "Ben": "reject"}})
    pinned = specification("http://unused/v1", reviews={"path": file.name, "sha256": "1" * 64})
    with pytest.raises(InputError, match=r"reviews\.sha256"):
        asyncio.run(
            run_build(
                load_specification(write_specification(tmp_path, pinned)), out=tmp_path, progress=SilentProgress()
            )
        )
    assert read_reviews(file).rejected[0].against == 2
