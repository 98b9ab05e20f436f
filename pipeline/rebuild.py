"""Makes a release again from its own folder, without a model, and says what differs.

What a release carried over is taken from its own tables, so the releases before it are not needed; those that it was
only compared with (``deduplication.against``, or ``previous`` without ``carries``) are; so are protected corpora, as
``protected/NAME.jsonl`` or ``.parquet`` beside the folder of releases.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.build import run_build
from pipeline.deduplicate.protected_files import FOLDER as PROTECTED
from pipeline.deduplicate.protected_files import open_corpus
from pipeline.errors import WorkError
from pipeline.progress import Progress
from pipeline.release.carry import HeldRow
from pipeline.release.check_files import read_manifest
from pipeline.release.check_rows import read_candidates
from pipeline.release.files import COMPLETIONS, MANIFEST, SPECIFICATION, UNHASHED, file_entry, list_files
from pipeline.release.funnel import made_in
from pipeline.release.held_out import read_salts
from pipeline.release.previous import Previous, load_previous
from pipeline.release.problem import Problem
from pipeline.release.views import Rows, read_release
from pipeline.sample import write_sample
from pipeline.schema.candidate import Candidate
from pipeline.schema.history import Succession
from pipeline.schema.manifest import Manifest
from pipeline.schema.scenario import Scenario
from pipeline.schema.specification import Specification
from pipeline.seeds import load_specification
from pipeline.succession import Inherited


async def rebuild(release: Path, work: Path, *, releases: Path | None = None, progress: Progress) -> list[Problem]:
    """Make a release again in ``work`` and compare the two, file by file.

    Args:
        release: the folder to rebuild.
        work: an empty folder.
        releases: where the releases lie that it was compared with; beside it if not given.
        progress: told of each stage.

    Returns:
        What differs; nothing for an equal one.

    Raises:
        WorkError: if it cannot be made again: it is the public part of a release, or its completions are not there.
    """
    manifest, problems = read_manifest(release)
    if manifest is None:
        return problems
    if manifest.withheld is not None:
        raise WorkError(
            f"{release}: this is the public part of a release, without {manifest.withheld.rows} rows that are held out "
            "and the completions that made them; only the whole release can be made again"
        )
    specification = load_specification(release / SPECIFICATION)
    if not manifest.models and not (release / COMPLETIONS).exists():
        made = work / specification.release_id
        write_sample(made, specification, manifest.created)
        return list(differences(release, made))
    if not (release / COMPLETIONS).is_dir():
        raise WorkError(f"{release}: its {COMPLETIONS}/ is not there, so it cannot be made again without a model")
    beside = release.resolve().parent if releases is None else releases
    result = await run_build(
        _found(specification, beside),
        out=work,
        replay=release / COMPLETIONS,
        inherited=_inherited(release, manifest, specification, beside),
        progress=progress,
    )
    return list(differences(release, result.release))


def differences(release: Path, made: Path) -> Iterator[Problem]:
    """Say in which files two folders differ, and in which fields their manifests do."""
    stated, found = set(list_files(release)), set(list_files(made))
    for path in sorted(stated ^ found):
        yield Problem(file=path, problem="is not made again" if path in stated else "is made, and not in the release")
    for path in sorted((stated & found) - set(UNHASHED)):
        if file_entry(release, path).sha256 != file_entry(made, path).sha256:
            yield Problem(file=path, problem="is made otherwise")
    if (release / MANIFEST).read_bytes() != (made / MANIFEST).read_bytes():
        before, after = (json.loads((folder / MANIFEST).read_bytes()) for folder in (release, made))
        fields = [name for name in sorted({*before, *after}) if name != "files" and before.get(name) != after.get(name)]
        for name in fields:
            yield Problem(
                file=MANIFEST, problem=f"`{name}` is made otherwise{_told(before.get(name), after.get(name))}"
            )
        if not fields:
            yield Problem(file=MANIFEST, problem="lists other files")


def _told(before: Any, after: Any) -> str:
    """Return which values of a mapping differ, the first few."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return ""
    names = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    shown = ", ".join(f"{name} {before.get(name)} -> {after.get(name)}"[:120] for name in names[:3])
    return f": {shown}{' and more' if len(names) > 3 else ''}"


def _found(specification: Specification, beside: Path) -> Specification:
    """Return the specification with the places of the releases and protected corpora that rows were compared with."""
    named, files = specification.deduplication, beside.parent / PROTECTED
    found = {
        "against": tuple(one.model_copy(update={"path": str(beside / one.release)}) for one in named.against),
        "protected": tuple(
            open_corpus(one, files, f"deduplication.protected.{number}").placed
            for number, one in enumerate(named.protected)
        ),
    }
    settings = named.model_copy(update=found)
    return specification.model_copy(update={"deduplication": settings})


def _inherited(release: Path, manifest: Manifest, specification: Specification, beside: Path) -> Inherited:
    salts = read_salts(release)
    if manifest.succession is None:
        return Inherited(load_previous(specification, beside), salts)
    candidates, problems = read_candidates(release)
    if candidates is None:
        raise WorkError(f"{release}: {problems[0]}")
    before = _before(read_release(release), manifest.succession, candidates, specification)
    return Inherited(before, salts)


def _before(rows: Rows, succession: Succession, candidates: list[Candidate], specification: Specification) -> Previous:
    """Return the release before as its successor's folder tells of it."""
    manifest, past = rows.manifest, succession.previous
    reference = specification.previous
    if reference is None:
        raise WorkError("the manifest tells of a release before and the specification names none")
    now = [row for row in rows.retired if row.scenario.retired and row.scenario.retired.version == manifest.version]
    gone = {row.id for row in now}
    salts = {one.id: one.salt for one in manifest.opened if one.id in gone}
    history = succession.history[:-1]
    earlier = (
        Succession(
            history=history,
            kept=past.rows - past.added,
            added=past.added,
            retired=past.retired,
            anchors=succession.anchors_before,
        )
        if history
        else None
    )
    told = {
        "version": past.version,
        "created": past.created,
        "splits": {"all": past.rows},
        "specification": specification.model_copy(update={"version": past.version}),
        "succession": earlier,
        "opened": tuple(one for one in manifest.opened if one.version != manifest.version),
    }
    made = {one.id for one in made_in(candidates, manifest.version)}
    carried = [row for row in rows.active if row.scenario.introduced != manifest.version]
    return Previous(
        reference=reference,
        manifest=manifest.model_copy(update=told),
        rows=(*carried, *(HeldRow(_active(row), row.group, row.split) for row in now)),
        retired=tuple(row for row in rows.retired if row.id not in gone),
        candidates=tuple(one for one in candidates if one.id not in made),
        salts=salts,
    )


def _active(row: HeldRow) -> Scenario:
    return row.scenario.model_copy(update={"retired": None})
