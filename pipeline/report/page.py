"""The release report: one HTML file that needs nothing but itself.

The page holds data and the scripts that show them. Text enters it as packed JSON and leaves it as text nodes; the
content security policy allows the page's own script and style by hash, no request, and no string as markup.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pipeline.canary import canary_sentence
from pipeline.lazy import Lazy, in_order
from pipeline.pages.assets import script, style
from pipeline.pages.packing import packed, packed_records, plain_json
from pipeline.pages.policy import content_security_policy
from pipeline.pages.templates import environment, markup
from pipeline.report.columns import Columns
from pipeline.report.framings import shared_framings
from pipeline.report.overview import overview
from pipeline.report.plots import PlotMap
from pipeline.report.record import candidate_record
from pipeline.report.tally import check_tallies
from pipeline.schema.calibration import Calibration
from pipeline.schema.candidate import Candidate
from pipeline.schema.framing import FramingTexts
from pipeline.schema.manifest import Manifest

LISTED = 60_000
"""Rows that a page lists at most, and as many candidates turned away: more would be no page that a browser opens."""
ROWS_WITH_TEXT = 5_000
"""Rows whose text stands in the page at most."""
AWAY_WITH_TEXT = 500
"""Candidates turned away whose text stands in the page at most."""
PER_PACK = 50
"""Texts that are packed together: what a browser unpacks to show one."""

STYLES = ("pages/style/tokens.css", "pages/style/base.css", "pages/style/reader.css", "report/style/report.css")
SCRIPT = "report/script/app.js"


@dataclass(frozen=True)
class Extras:
    """What a page shows beside manifest and candidates.

    Args:
        calibration: measured error rates of the filters.
        framings: texts of the framings; without them no framing is shown.
        framings_note: what to know of these texts.
        plots: the map of all plots; without it the page says how to have one.
        previous: what :func:`pipeline.report.overview.against` says of the release before.
    """

    calibration: Calibration | None = None
    framings: FramingTexts | None = None
    framings_note: str = ""
    plots: PlotMap | None = None
    previous: dict[str, Any] | None = None


def render_report(manifest: Manifest, candidates: Sequence[Candidate], extras: Extras | None = None) -> str:
    """Return the report of a release. Equal releases have equal bytes.

    Args:
        manifest: the release's manifest; its ``files`` are not shown, so that the report can be one of them.
        candidates: everything that was made, with verdicts and decisions.
        extras: what else is known.
    """
    extras = extras or Extras()
    ordered = in_order(candidates, key=lambda one: one.id)
    columns, packs, counts = _gather(ordered, extras.framings)
    head = overview(manifest, check_tallies(ordered), len(ordered), extras.calibration)
    head |= {
        "listed": counts,
        "per_pack": PER_PACK,
        "previous": extras.previous,
        "framings": shared_framings(extras.framings, extras.framings_note) if extras.framings is not None else None,
    }
    listed = columns.as_json()
    sheet, code = style(*STYLES), script(SCRIPT)
    return (
        environment("pipeline.report")
        .get_template("report.html.j2")
        .render(
            manifest=manifest,
            canary=canary_sentence(manifest.name, manifest.version, manifest.canary) if manifest.canary else "",
            style=markup(sheet),
            script=markup(code),
            policy=content_security_policy(sheet, script=code),
            head=markup(plain_json(head)),
            index=markup(packed(listed)),
            plots=markup(packed(extras.plots.as_json(listed["scenario"])) if extras.plots is not None else ""),
            packs=map(markup, packs),
        )
    )


def _gather(ordered: Lazy[Candidate], framings: FramingTexts | None) -> tuple[Columns, list[str], dict[str, int]]:
    """List candidates and pack their texts; what is counted is what is there."""
    kinds = [(one.id, one.accepted, _kind(one)) for one in ordered]
    rows = [identity for identity, accepted, _ in kinds if accepted]
    away = [identity for identity, accepted, _ in kinds if not accepted]
    listed = _sample(rows, LISTED) | _sample(away, LISTED)
    with_text = _sample(rows, ROWS_WITH_TEXT) | _sample(away, AWAY_WITH_TEXT)
    # Alike stand together in a pack, which makes it small.
    order = sorted((kind, at) for at, (identity, _, kind) in enumerate(kinds) if identity in with_text)
    positions = [at for _, at in order]
    number = {kinds[at][0]: place for place, at in enumerate(positions)}
    columns = Columns()
    for candidate in ordered:
        if candidate.id in listed:
            columns.add(candidate, number.get(candidate.id, -1))
    records = (candidate_record(one, framings) for one in ordered.at(positions))
    return columns, [packed_records(pack) for pack in _batches(records, PER_PACK)], {
        "rows": len(rows),
        "rows_listed": min(len(rows), LISTED),
        "rows_with_text": min(len(rows), ROWS_WITH_TEXT),
        "away": len(away),
        "away_listed": min(len(away), LISTED),
        "away_with_text": min(len(away), AWAY_WITH_TEXT),
    }  # fmt: skip


def _kind(candidate: Candidate) -> tuple[str, str]:
    """Return what candidates that read alike have in common: the worked situation, or else the cell."""
    made = candidate.scenario
    return (made.lineage.situation or "" if made is not None else ""), candidate.attempt.cell.id


def _batches(records: Iterator[Any], size: int) -> Iterator[list[Any]]:
    while some := list(islice(records, size)):
        yield some


def _sample(ids: Iterable[str], most: int) -> set[str]:
    """Return all ids, or as many as there is room for: those whose hashes come first, the same for the same ids.

    Samples nest: ids that are among the first 5,000 are among the first 60,000.
    """
    return set(heapq.nsmallest(most, ids, key=lambda one: hashlib.sha256(f"report {one}".encode()).hexdigest()))
