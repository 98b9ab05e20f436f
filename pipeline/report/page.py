"""The release report: one HTML file that needs nothing but itself.

Every value is escaped; what cannot be seen is written out; the content security policy allows no
script, no request and no style but the page's own, so that text of a model stays text.
"""

from __future__ import annotations

import base64
import hashlib
import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from pipeline.canary import canary_sentence
from pipeline.diversity.figures import figures, previous_name
from pipeline.pages.text import one_line, visible
from pipeline.report.reader import Reader, as_json, read_scenario
from pipeline.report.spending import cell_rows, cost_rows, prices_told
from pipeline.report.tally import (
    STOPPED_BY,
    by_domain,
    check_tallies,
    coverage,
    is_embedded,
    rows,
    short_cells,
)
from pipeline.schema.candidate import Candidate
from pipeline.schema.manifest import Manifest

if TYPE_CHECKING:
    import jinja2

SHOWN = 2000
"""Rows that a page shows in full at most, and candidates turned away: more would be no page that a browser opens."""

OUTCOME_MARKS = {"pass": "✓", "fail": "✕", "error": "!", "not_run": "–"}


@dataclass(frozen=True)
class ReaderGroup:
    """The accepted scenarios of one motive and risk type."""

    motive: str
    risk_type: str
    readers: tuple[Reader, ...]


def render_report(manifest: Manifest, candidates: Sequence[Candidate]) -> str:
    """Return the report of a release.

    Args:
        manifest: the release's manifest; its ``files`` are not shown, so that the report can be one of them.
        candidates: everything that was made, with verdicts and decisions.
    """
    style = resources.files("pipeline.report").joinpath("templates", "report.css").read_text(encoding="utf-8")
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            manifest=manifest,
            canary=canary_sentence(manifest.name, manifest.version, manifest.canary) if manifest.canary else "",
            style=_markup(style),
            policy=content_security_policy(style),
            made=len(candidates),
            rows=rows(manifest),
            embedded=is_embedded(manifest),
            stopped=STOPPED_BY.get(manifest.stopped_by, manifest.stopped_by),
            calls=sum(use.usage.calls for use in manifest.models),
            full=len(manifest.cells) - len(short_cells(manifest)),
            checks=check_tallies(candidates),
            costs=_costs(manifest),
            coverage=coverage(manifest.cells),
            figures=figures(manifest.diversity, previous_name(manifest)),
            domains=by_domain(manifest),
            short=short_cells(manifest),
            groups=_groups(first_by_id(candidates, accepted=True)),
            shown=SHOWN,
            turned_away=_turned_away(manifest, candidates),
            marks=OUTCOME_MARKS,
        )
    )


def _costs(manifest: Manifest) -> dict[str, object] | None:
    """Return what the section on cost shows; ``None`` where no model took part."""
    costs = manifest.costs
    if costs is None:
        return None
    return {"stages": cost_rows(costs), "cells": cell_rows(costs), "prices": prices_told(costs)}


def content_security_policy(style: str) -> str:
    """Return the policy that allows this style sheet and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pipeline.report"),
        autoescape=True,
        finalize=_finalize,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["as_json"] = as_json
    environment.filters["one_line"] = one_line
    environment.filters["words"] = _words
    environment.filters["count"] = _count
    return environment


def _finalize(value: object) -> object:
    """Write out what cannot be seen in plain text; leave markup of the page's own as it is."""
    return visible(value) if type(value) is str else value


def _markup(text: str) -> object:
    import markupsafe

    return markupsafe.Markup(text)  # noqa: S704 - the page's own style sheet


def _words(slug: str) -> str:
    """Return a slug as words."""
    return slug.replace("_", " ")


def _count(number: int | None) -> str:
    """Return a number with thin spaces between thousands; ``None`` is unknown."""
    return "unknown" if number is None else f"{number:,}".replace(",", "\u202f")


def first_by_id(candidates: Iterable[Candidate], *, accepted: bool) -> list[Candidate]:
    """Return the first accepted candidates, or those turned away, by id: as many as a page shows."""
    of_kind = (one for one in candidates if one.accepted is accepted)
    return heapq.nsmallest(SHOWN, of_kind, key=lambda one: one.id)


def _groups(accepted: Sequence[Candidate]) -> list[ReaderGroup]:
    readers: dict[tuple[str, str], list[Reader]] = {}
    for candidate in accepted:
        cell = candidate.attempt.cell
        readers.setdefault((cell.motive, cell.risk_type), []).append(read_scenario(candidate))
    return [ReaderGroup(*key, tuple(readers[key])) for key in sorted(readers)]


def _turned_away(manifest: Manifest, candidates: Sequence[Candidate]) -> list[tuple[str, list[Candidate]]]:
    """Return the candidates that are no rows, by the step that turned them away, in the funnel's order."""
    order = [step.step for step in manifest.funnel]
    by_step: dict[str, list[Candidate]] = {}
    for candidate in first_by_id(candidates, accepted=False):
        by_step.setdefault(_step(candidate), []).append(candidate)
    known = [(step, by_step.pop(step)) for step in order if step in by_step]
    return known + sorted(by_step.items())


def _step(candidate: Candidate) -> str:
    if candidate.decision is not None and candidate.decision.gate is not None:
        return candidate.decision.gate
    return candidate.failure.step if candidate.failure is not None else "undecided"
