"""Three releases in a row from one specification, each rebuilt from its own folder; a flipped bit is found."""

from __future__ import annotations

import asyncio
import random
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pipeline.analysis.equating import LEAST, equatings
from pipeline.build import run_build
from pipeline.errors import WorkError
from pipeline.progress import SilentProgress
from pipeline.rebuild import rebuild
from pipeline.release.carry import HELD_OUT
from pipeline.release.diff import diff_releases
from pipeline.release.files import list_files
from pipeline.release.items import COLUMNS
from pipeline.release.public import public_part
from pipeline.release.verify import verify_release
from pipeline.release.views import after, as_of, changed_rows, common_anchors, read_release
from pipeline.schema.specification import Specification
from tests.support.builds import renewable
from tests.support.scripted_replies import respond
from tests.support.scripted_server import ScriptedServer
from tests.support.simulated_runs import run

VERSIONS = ("2026.09.0", "2026.10.0", "2026.11.0")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def contents(url: str, version: str, previous: str | None, **changes: Any) -> Specification:
    """Cells whose domains have several worked situations, which the scripted model hands in as cores of its own."""
    splits = {"dev": 0.2, "test": 0.5, "held_out": 0.3}
    record = renewable(url, 6, version, splits=splits, **changes)
    if previous is not None:
        record["previous"] = {"release": f"scripted-{previous}", "carries": {"renews": 0.5, "anchors": 0.25}}
    return Specification.model_validate(record)


def items_of(release: Path, folder: Path) -> str:
    """An item analysis by which no model does wrong at the open rows of a release."""
    path = folder / "items.csv"
    rows = [row.id for row in read_release(release).active if row.split != HELD_OUT]
    path.write_text(
        "\n".join([",".join(COLUMNS), *(f"{name},4,8,0.0,,no model" for name in rows), ""]), encoding="utf-8"
    )
    return str(path)


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    out, made = tmp_path_factory.mktemp("out"), []
    with ScriptedServer(responder=respond) as server:
        for version, previous in zip(VERSIONS, (None, *VERSIONS), strict=False):
            more = {"items": items_of(made[-1], out)} if version == VERSIONS[2] else {}
            wanted = contents(server.base_url, version, previous, **more)
            made.append(asyncio.run(run_build(wanted, out=out, progress=SilentProgress())).release)
    (out / "items.csv").unlink()
    return made


def test_rows_at_which_no_model_does_wrong_give_way_and_the_release_says_why(releases: list[Path]) -> None:
    _, second, third = map(read_release, releases)
    named = third.manifest.specification.previous
    assert named is not None
    assert named.carries is not None
    assert third.manifest.specification.items is None
    assert set(named.carries.replace) == {row.id for row in second.active if row.split != HELD_OUT}
    told = [row.reason for row in diff_releases(second, third).retired]
    assert any(reason and reason.endswith("none of 4 models took its risky action") for reason in told), told


def test_each_renews_rows_keeps_anchors_and_tells_what_is_comparable(releases: list[Path]) -> None:
    first, second, third = map(read_release, releases)
    for earlier, later in ((first, second), (second, third), (first, third)):
        assert changed_rows(earlier, later) == []
        assert {row.id for row in as_of(later, earlier.manifest.version)} == {row.id for row in earlier.active}
        difference = diff_releases(earlier, later)
        assert difference.broken == ()
        assert difference.added
        assert all(row.reason for row in difference.retired)
    assert common_anchors(first, second)
    opened = [row for row in third.retired if row.split == HELD_OUT]
    assert {row.id for row in opened} == {one.id for one in third.manifest.opened}


def test_views_and_equating_go_by_the_rows_that_two_releases_share(releases: list[Path]) -> None:
    """Runs that are risky at every other row; rows that are held out run, too, as those who made the release can."""
    made = list(map(read_release, releases))
    first, second, third = ({row.id for row in rows.active} for rows in made)
    assert {row.id for row in after(made[2], made[1].manifest.created)} <= third - second
    assert {row.id for row in after(made[2], "2020-01-01")} == third
    runs = [
        run(row.id, risky=number % 2 == 0, release=folder.name)
        for folder, rows in zip(releases, made, strict=True)
        for number, row in enumerate(rows.active)
    ]
    found = list(equatings(runs))
    assert [(one.older, one.newer) for one in found] == [(one.name, two.name) for one, two in pairwise(releases)]
    assert [(one.anchors, one.older_own, one.newer_own) for one in found] == [
        (len(older & newer), len(older - newer), len(newer - older))
        for older, newer in ((first, second), (second, third))
    ]
    assert [one.shift is not None for one in found] == [
        min(one.anchors, one.older_own, one.newer_own) >= LEAST for one in found
    ]
    assert any(one.shift is not None for one in found)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_each_is_sound_and_equal_when_made_again_from_its_own_folder(
    releases: list[Path], number: int, tmp_path: Path
) -> None:
    """The server is gone, and so are the releases before it."""
    alone = Path(shutil.copytree(releases[number], tmp_path / "alone" / releases[number].name))
    assert verify_release(alone) == []
    assert asyncio.run(rebuild(alone, tmp_path / "work", progress=SilentProgress())) == []


def test_what_differs_is_named(releases: list[Path], tmp_path: Path) -> None:
    spoilt = Path(shutil.copytree(releases[0], tmp_path / releases[0].name))
    (spoilt / "README.md").write_text("another card", encoding="utf-8")
    problems = asyncio.run(rebuild(spoilt, tmp_path / "work", progress=SilentProgress()))
    assert [(one.file, one.problem) for one in problems] == [("README.md", "is made otherwise")]


def test_one_flipped_bit_anywhere_names_the_file(releases: list[Path], tmp_path: Path) -> None:
    dice = random.Random(7)
    for path in list_files(releases[2]):
        spoilt = Path(shutil.copytree(releases[2], tmp_path / path.replace("/", "_")))
        data = bytearray((spoilt / path).read_bytes())
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        (spoilt / path).write_bytes(data)
        assert path in {problem.file for problem in verify_release(spoilt, semantic=False)}, path


def test_the_public_part_is_sound_and_cannot_be_made_again(releases: list[Path], tmp_path: Path) -> None:
    assert read_release(releases[2]).manifest.held_out is not None
    public = public_part(releases[2], tmp_path / "public")
    assert verify_release(public) == []
    with pytest.raises(WorkError, match="only the whole release can be made again"):
        asyncio.run(rebuild(public, tmp_path / "work", progress=SilentProgress()))


def test_floors_missed_come_in_one_table_and_nothing_is_made(tmp_path: Path) -> None:
    floors = {"coverage": 1.0, "acceptance": 1.0, "benign_error_maximum": 0.1, "novel": 0.1, "domains_effective": 99}
    with ScriptedServer(responder=respond) as server:
        wanted = contents(server.base_url, VERSIONS[0], None, floors=floors)
        with pytest.raises(WorkError, match="so there is no release") as caught:
            asyncio.run(run_build(wanted, out=tmp_path, progress=SilentProgress()))
    missed = [line.split()[0] for line in str(caught.value).splitlines()[2:-1]]
    assert {"domains_effective", "benign_error_maximum"} <= set(missed) <= set(floors) - {"novel"}
    assert not (tmp_path / "releases").exists()
