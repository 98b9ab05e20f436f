"""The release report: one HTML file that needs nothing but itself.

The page holds data and the scripts that show them. Text enters it as packed JSON and leaves it as text nodes; the
content security policy allows the page's own script and style by hash, no request, and no string as markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from pipeline.canary import canary_sentence
from pipeline.lazy import Lazy, in_order
from pipeline.pages.assets import script, style
from pipeline.pages.packing import packed, packed_records, plain_json
from pipeline.pages.policy import content_security_policy
from pipeline.pages.templates import environment, markup
from pipeline.report.columns import Columns, Line, line_of
from pipeline.report.framings import shared_framings
from pipeline.report.novelty import NoveltyPair, novelty_evidence, novelty_pairs
from pipeline.report.overview import overview
from pipeline.report.plots import PlotMap
from pipeline.report.record import candidate_record
from pipeline.report.sampling import Sample
from pipeline.report.tally import CheckCounts
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

    Lazy candidates are read twice: all of them once, and once those whose texts stand in the page.

    Args:
        manifest: the release's manifest; its ``files`` are not shown, so that the report can be one of them.
        candidates: everything that was made, with verdicts and decisions.
        extras: what else is known.
    """
    extras = extras or Extras()
    ordered = in_order(candidates, key=lambda one: one.id)
    found = _survey(ordered)
    listed, packs = _gathered(ordered, found, extras.framings)
    head = overview(manifest, found.checks.rows(), len(ordered), extras.calibration)
    head |= {
        "listed": _counts(found),
        "per_pack": PER_PACK,
        "novelty": novelty_evidence(manifest, found.pairs, found.scenarios).to_json(),
        "previous": extras.previous,
        "framings": shared_framings(extras.framings, extras.framings_note) if extras.framings is not None else None,
    }
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


@dataclass(frozen=True)
class _Place:
    """Where a candidate stands among all, what it reads like, and its line in the lists."""

    at: int
    kind: tuple[str, str]
    line: Line


@dataclass
class _Survey:
    """What one look at every candidate gives."""

    checks: CheckCounts = field(default_factory=CheckCounts)
    pairs: list[NoveltyPair] = field(default_factory=list)
    scenarios: int = 0
    rows: Sample[_Place] = field(default_factory=lambda: Sample(LISTED))
    away: Sample[_Place] = field(default_factory=lambda: Sample(LISTED))


def _survey(ordered: Lazy[Candidate]) -> _Survey:
    found = _Survey()
    for at, candidate in enumerate(ordered):
        found.checks.add(candidate)
        found.pairs += novelty_pairs(candidate)
        found.scenarios += candidate.scenario is not None
        part = found.rows if candidate.accepted else found.away
        part.add(candidate.id, _Place(at, _kind(candidate), line_of(candidate)))
    return found


def _gathered(
    ordered: Lazy[Candidate], found: _Survey, framings: FramingTexts | None
) -> tuple[dict[str, Any], list[str]]:
    """List candidates and pack their texts."""
    with_text = found.rows.first(ROWS_WITH_TEXT) | found.away.first(AWAY_WITH_TEXT)
    places = sorted([*found.rows.items(), *found.away.items()], key=lambda one: one.at)
    # Alike stand together in a pack, which makes it small.
    shown = sorted((one for one in places if one.line.texts[0] in with_text), key=lambda one: (one.kind, one.at))
    number = {one.at: position for position, one in enumerate(shown)}
    columns = Columns()
    for one in places:
        columns.add(one.line, number.get(one.at, -1))
    records = (candidate_record(one, framings) for one in ordered.at([one.at for one in shown]))
    return columns.as_json(), [packed_records(pack) for pack in _batches(records, PER_PACK)]


def _counts(found: _Survey) -> dict[str, int]:
    rows, away = found.rows, found.away
    return {
        "rows": rows.seen,
        "rows_listed": len(rows),
        "rows_with_text": min(rows.seen, ROWS_WITH_TEXT),
        "away": away.seen,
        "away_listed": len(away),
        "away_with_text": min(away.seen, AWAY_WITH_TEXT),
    }


def _kind(candidate: Candidate) -> tuple[str, str]:
    """Return what candidates that read alike have in common: the worked situation, or else the cell."""
    made = candidate.scenario
    return (made.lineage.situation or "" if made is not None else ""), candidate.attempt.cell.id


def _batches(records: Iterator[Any], size: int) -> Iterator[list[Any]]:
    while some := list(islice(records, size)):
        yield some
