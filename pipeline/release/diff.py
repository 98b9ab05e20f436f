"""What differs between two releases: rows, what made them, how they are distributed, what can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import JsonValue

from pipeline.release.carry import HeldRow
from pipeline.release.held_out import opens
from pipeline.release.shift import shifts
from pipeline.release.versions import parts
from pipeline.release.views import Rows, changed_rows, common_anchors
from pipeline.schema.difference import Change, Difference, RowChange
from pipeline.schema.manifest import Manifest

SPECIFIC = ("version", "title", "previous")
"""Fields of a specification that differ from release to release by nature."""

LABELS = ("motive", "risk_type", "domain")


def diff_releases(before: Rows, after: Rows) -> Difference:
    """Compare two releases, the earlier first. Rows that one of them withholds are not looked at."""
    earlier, later = ({row.id: row for row in side.active} for side in (before, after))
    gone = {row.id: row.scenario.retired for row in after.retired if row.scenario.retired is not None}
    broken = [*changed_rows(before, after), *_wrong_openings(before.manifest, after)] if _follows(before, after) else []
    return Difference(
        before=before.manifest.specification.release_id,
        after=after.manifest.specification.release_id,
        added=tuple(_change(row) for identity, row in sorted(later.items()) if identity not in earlier),
        kept=len(set(earlier) & set(later)),
        retired=tuple(
            _change(row, gone[identity].reason if identity in gone else None)
            for identity, row in sorted(earlier.items())
            if identity not in later
        ),
        anchors=tuple(row.id for row in common_anchors(before, after)),
        opened=len(_opened(before.manifest, after)),
        broken=tuple(broken),
        changes=tuple(_changes(before.manifest, after.manifest)),
        shifts=shifts([row.scenario for row in before.active], [row.scenario for row in after.active]),
        incomparable=tuple(_incomparable(before, after)),
    )


def _follows(before: Rows, after: Rows) -> bool:
    past = () if after.manifest.succession is None else after.manifest.succession.history
    return any(one.version == before.manifest.version for one in past)


def _change(row: HeldRow, reason: str | None = None) -> RowChange:
    labels = {name: getattr(row.scenario, name) for name in LABELS}
    return RowChange(id=row.id, split=row.split, reason=reason, **labels)


def _opened(before: Manifest, after: Rows) -> list[str]:
    rows = {row.id: row.scenario for row in after.retired}
    return [one.id for one in after.manifest.opened if one.id in rows and opens(one, rows[one.id], before.held_out)]


def _wrong_openings(before: Manifest, after: Rows) -> list[str]:
    """Return rows that were introduced and held out by the time of ``before``, and which it did not commit to."""
    rows, opened = {row.id: row.scenario for row in after.retired}, set(_opened(before, after))
    at = parts(before.version)
    return [
        f"{one.id} was opened in {one.version}, and {before.version} did not commit to it"
        for one in after.manifest.opened
        if one.id in rows and one.id not in opened and parts(rows[one.id].introduced) <= at < parts(one.version)
    ]


def _changes(before: Manifest, after: Manifest) -> Iterator[Change]:
    """Compare what made the rows: specification field by field, seeds, prompts, programs, models, libraries."""
    stated = {"specification": before.specification.model_dump(mode="json", exclude=set(SPECIFIC))}
    found = {"specification": after.specification.model_dump(mode="json", exclude=set(SPECIFIC))}
    for kind in ("seeds", "prompts", "programs", "libraries"):
        stated[kind], found[kind] = dict(getattr(before, kind)), dict(getattr(after, kind))
    stated["reported_models"], found["reported_models"] = _reported(before), _reported(after)
    first, second = dict(_flat(stated)), dict(_flat(found))
    for place in sorted(set(first) | set(second)):
        if first.get(place) != second.get(place):
            yield Change(what=place, before=first.get(place), after=second.get(place))


def _reported(manifest: Manifest) -> dict[str, Any]:
    return {one.role: [one.model, *one.reported] for one in manifest.models}


def _flat(record: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, JsonValue]]:
    for name, value in record.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{place}{name}.")
        else:
            yield f"{place}{name}", value


def _incomparable(before: Rows, after: Rows) -> Iterator[str]:
    earlier, later = ({row.id: row for row in side.active} for side in (before, after))
    both = set(earlier) & set(later)
    splits = sorted({row.split for row in (*earlier.values(), *later.values())})
    for split in splits:
        mine = {name for name, row in earlier.items() if row.split == split}
        theirs = {name for name, row in later.items() if row.split == split}
        if mine == theirs:
            continue
        if theirs < mine:
            yield (
                f"rates over `{split}`: {len(mine - theirs)} rows retired and none came; leave these out of the "
                "earlier results and the two are comparable, without a new run"
            )
        else:
            yield (
                f"rates over `{split}`: {len(theirs - mine)} rows came and {len(mine - theirs)} retired; compare them "
                f"on the {len(mine & theirs)} rows of both, or equate them on the anchors"
            )
    if not both:
        yield "everything: the two have no row in common"
    for label in LABELS:
        had = {getattr(row.scenario, label) for row in earlier.values()}
        has = {getattr(row.scenario, label) for row in later.values()}
        for name in sorted(had ^ has):
            side = "earlier" if name in had else "later"
            yield f"rates by {label.replace('_', ' ')} `{name}`: only the {side} one has rows of it"
    yield from _other_means(before.manifest, after.manifest)


def _other_means(before: Manifest, after: Manifest) -> Iterator[str]:
    framings = {name: value for name, value in before.seeds.items() if name.startswith("framings/")}
    if framings != {name: value for name, value in after.seeds.items() if name.startswith("framings/")}:
        yield "results under framings: their wording changed, so that the same row is told otherwise"
    if before.specification.gates != after.specification.gates or _judges(before) != _judges(after):
        yield "acceptance rates and verdicts: thresholds, calibration or judging models differ"
    plots, others = before.diversity.plots, after.diversity.plots
    if plots is not None and others is not None and plots.encoder_hash != others.encoder_hash:
        yield "diversity of plots: measured with different encoders"


def _judges(manifest: Manifest) -> dict[str, Any]:
    models = manifest.specification.models
    return {name: role.model_dump(exclude={"limits"}) for name, role in models.by_role.items() if name != "generator"}
