"""The release report: one HTML file that needs nothing but itself.

The page holds data and the scripts that show them. Text enters it as packed JSON and leaves it as text nodes; the
content security policy allows the page's own script and style by hash, no request, and no string as markup.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.canary import canary_sentence
from pipeline.lazy import Lazy, in_order
from pipeline.pages.assets import script, style
from pipeline.pages.packing import packed, plain_json
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
AWAY_WITH_TEXT = 2_000
"""Candidates turned away whose text stands in the page at most."""
PER_PACK = 40
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


@dataclass
class _Texts:
    """The texts of a page, packed as they come."""

    packs: list[str] = field(default_factory=list)
    open: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0

    def add(self, record: dict[str, Any]) -> int:
        """Add a record and return its number."""
        self.open.append(record)
        self.count += 1
        if len(self.open) == PER_PACK:
            self.close()
        return self.count - 1

    def close(self) -> None:
        """Pack what is open."""
        if self.open:
            self.packs.append(packed(self.open))
            self.open = []


def render_report(manifest: Manifest, candidates: Sequence[Candidate], extras: Extras | None = None) -> str:
    """Return the report of a release. Equal releases have equal bytes.

    Args:
        manifest: the release's manifest; its ``files`` are not shown, so that the report can be one of them.
        candidates: everything that was made, with verdicts and decisions.
        extras: what else is known.
    """
    extras = extras or Extras()
    ordered = in_order(candidates, key=lambda one: one.id)
    columns, texts, counts = _gather(ordered, extras.framings)
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
            packs=[markup(pack) for pack in texts.packs],
        )
    )


def _gather(ordered: Lazy[Candidate], framings: FramingTexts | None) -> tuple[Columns, _Texts, dict[str, int]]:
    """List candidates and pack their texts, in one pass after one that chooses; what is counted is what is there."""
    known = [(one.id, one.accepted) for one in ordered]
    rows = [identity for identity, accepted in known if accepted]
    away = [identity for identity, accepted in known if not accepted]
    listed = _sample(rows, LISTED) | _sample(away, LISTED)
    with_text = _sample(rows, ROWS_WITH_TEXT) | _sample(away, AWAY_WITH_TEXT)
    columns, texts = Columns(), _Texts()
    for candidate in ordered:
        if candidate.id in listed:
            has_text = candidate.id in with_text
            columns.add(candidate, texts.add(candidate_record(candidate, framings)) if has_text else -1)
    texts.close()
    return columns, texts, {
        "rows": len(rows),
        "rows_listed": min(len(rows), LISTED),
        "rows_with_text": min(len(rows), ROWS_WITH_TEXT),
        "away": len(away),
        "away_listed": min(len(away), LISTED),
        "away_with_text": min(len(away), AWAY_WITH_TEXT),
    }  # fmt: skip


def _sample(ids: Iterable[str], most: int) -> set[str]:
    """Return all ids, or as many as there is room for: those whose hashes come first, the same for the same ids.

    Samples nest: ids that are among the first 5,000 are among the first 60,000.
    """
    return set(heapq.nsmallest(most, ids, key=lambda one: hashlib.sha256(f"report {one}".encode()).hexdigest()))
