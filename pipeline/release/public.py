"""The public part of a release: all but the rows that are held out, and whatever tells of them.

Left out are their tables and salts, every candidate of their groups (a rejected one is a near copy), every completion
of such a candidate, and every completion that holds a text of one. Card and report are written anew without them.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pipeline.atomic import new_folder
from pipeline.errors import WorkError
from pipeline.models.export import EXPORT_NAME
from pipeline.release.carry import HELD_OUT
from pipeline.release.check_files import read_manifest
from pipeline.release.check_rows import read_candidates
from pipeline.release.files import (
    CALIBRATION,
    CANDIDATES,
    COMPLETIONS,
    MANIFEST,
    RETIRED,
    REVIEWS,
    data_file,
    list_files,
)
from pipeline.release.inspect_rows import inspect_file
from pipeline.release.tables import candidates_parquet
from pipeline.release.write import finish_folder
from pipeline.schema.calibration import Calibration
from pipeline.schema.candidate import Candidate
from pipeline.schema.history import Withheld
from pipeline.schema.label import Reviewed, Reviews
from pipeline.schema.manifest import Manifest
from pipeline.schema.scenario import Scenario
from pipeline.splits import split_of

SHORTEST = 40
"""Characters from which on a text is taken to be one row's own; shorter ones may stand anywhere."""


def public_part(release: Path, target: Path) -> Path:
    """Write the public part of a release to ``target`` and return it.

    A release that holds nothing out is its own public part, and is copied as it stands.

    Raises:
        WorkError: if the release cannot be read.
        FileExistsError: if ``target`` exists.
    """
    manifest, problems = read_manifest(release)
    candidates, unreadable = read_candidates(release)
    if manifest is None or candidates is None:
        raise WorkError(f"{release}: {[*problems, *unreadable][0]}")
    if manifest.held_out is None:
        shutil.copytree(release, target)
        return target
    with new_folder(target) as folder:
        _fill(release, folder, manifest, candidates)
    return target


def is_withheld(candidate: Candidate, manifest: Manifest) -> bool:
    """Tell whether a candidate belongs to a group that is held out, be it a row or turned away."""
    if candidate.group is None or candidate.scenario is None:
        return False
    return split_of(candidate.group, manifest.specification.splits) == HELD_OUT


def own_texts(scenarios: Iterable[Scenario]) -> list[str]:
    """Return the texts by which rows are known: long enough to be theirs alone."""
    texts: set[str] = set()
    for one in scenarios:
        view, judge = one.view, one.judge
        told = [view.world.background, view.agent.task, view.agent.request, judge.temptation.reason]
        told += [judge.benign_action.summary, judge.risky_action.summary, *(note.text for note in view.memory)]
        texts |= {text for text in told if len(text) >= SHORTEST}
    return sorted(texts)


def _fill(release: Path, folder: Path, manifest: Manifest, candidates: Sequence[Candidate]) -> None:
    hidden = [one for one in candidates if is_withheld(one, manifest)]
    names = {one.id for one in hidden}
    open_texts = set(own_texts(one.scenario for one in candidates if one.id not in names and one.scenario))
    secret = [text for text in own_texts(one.scenario for one in hidden if one.scenario) if text not in open_texts]
    shown = [_without(one, set(secret)) for one in candidates if one.id not in names]
    (folder / "data").mkdir()
    for path in _tables(release):
        (folder / path).parent.mkdir(exist_ok=True)
        shutil.copyfile(release / path, folder / path)
    (folder / CANDIDATES).write_bytes(candidates_parquet(shown, manifest.canary))
    keys = {key for one in hidden for key in one.completions}
    keys |= {key for one in hidden if one.scenario for key in one.scenario.lineage.completions}
    dropped = _completions(release / COMPLETIONS, folder / COMPLETIONS, keys, secret)
    whole = hashlib.sha256((release / MANIFEST).read_bytes()).hexdigest()
    rows = manifest.splits.get(HELD_OUT, 0)
    withheld = Withheld(whole_manifest_sha256=whole, rows=rows, candidates=len(hidden), completions=dropped)
    hidden_rows = {one.scenario.id for one in hidden if one.accepted and one.scenario}
    succession = manifest.succession
    if succession is not None:
        anchors = tuple(name for name in succession.anchors if name not in hidden_rows)
        before = tuple(name for name in succession.anchors_before if name not in hidden_rows)
        succession = succession.model_copy(update={"anchors": anchors, "anchors_before": before})
    hidden_ids = {one.scenario.id for one in hidden if one.scenario}
    reviews, reviewed = _reviews_without(release, manifest.reviewed, hidden_ids)
    changed = {"withheld": withheld, "succession": succession, "reviewed": reviewed, "files": ()}
    draft = manifest.model_copy(update=changed)
    measured = release / CALIBRATION
    calibration = Calibration.model_validate_json(measured.read_bytes()) if measured.is_file() else None
    finish_folder(folder, shown, draft, calibration, reviews)


def _reviews_without(
    release: Path, reviewed: Reviewed | None, hidden: set[str]
) -> tuple[Reviews | None, Reviewed | None]:
    """Return the reviews of a release, and what its manifest says of them, without scenarios that are held out."""
    if reviewed is None:
        return None, None
    whole = Reviews.model_validate_json((release / REVIEWS).read_bytes())
    rejected, excluded = (
        tuple(one for one in told if one.scenario not in hidden) for told in (whole.rejected, reviewed.excluded)
    )
    reviews = whole.model_copy(update={"rejected": rejected})
    return reviews, reviewed.model_copy(update={"reviews_sha256": reviews.sha256, "excluded": excluded})


def _tables(release: Path) -> Iterator[str]:
    kept = {data_file(HELD_OUT), inspect_file(HELD_OUT), CANDIDATES}
    for path in list_files(release):
        if path.endswith(".parquet") and path not in kept and (path == RETIRED or "/" in path):
            yield path


def _without(candidate: Candidate, secret: set[str]) -> Candidate:
    """Return a candidate whose attempt does not tell what rows that are held out are about."""
    already = tuple(text for text in candidate.attempt.already if text not in secret)
    return candidate.model_copy(update={"attempt": candidate.attempt.model_copy(update={"already": already})})


def _completions(source: Path, target: Path, keys: set[str], secret: Sequence[str]) -> int:
    """Copy completions without those of ``keys`` and those that hold a secret text; return how many were left out."""
    if not (source / EXPORT_NAME).is_file():
        return 0
    with gzip.open(source / EXPORT_NAME, "rt", encoding="utf-8") as lines:
        header, kept, left_out = json.loads(next(lines)), list[str](), 0
        for line in lines:
            record = json.loads(line)
            told = " ".join(_strings(record))
            if record["key"] in keys or any(text in told for text in secret):
                left_out += 1
            else:
                kept.append(line)
    target.mkdir()
    with (target / EXPORT_NAME).open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as out:
        out.write(json.dumps({**header, "completions": len(kept)}).encode() + b"\n")
        out.writelines(line.encode() for line in kept)
    return left_out


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
