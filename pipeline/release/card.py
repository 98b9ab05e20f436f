"""The dataset card: written from the manifest and the candidates, so that it cannot disagree with them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.calibration.table import error_rows, threshold_rows
from pipeline.canary import canary_sentence
from pipeline.diversity.figures import figures, previous_name
from pipeline.pages.templates import environment
from pipeline.pages.text import one_line
from pipeline.release.carry import HELD_OUT
from pipeline.release.files import CANDIDATES, RETIRED, data_file
from pipeline.release.funnel import is_made_in
from pipeline.release.inspect_rows import inspect_file
from pipeline.release.licence import licence_text
from pipeline.report.spending import cost_rows, prices_told
from pipeline.report.tally import (
    STOPPED_BY,
    CheckCounts,
    CheckTally,
    by_domain,
    coverage,
    is_embedded,
    rows,
    short_cells,
)
from pipeline.schema.calibration import Calibration
from pipeline.schema.candidate import Candidate
from pipeline.schema.manifest import Manifest
from pipeline.schema.outline import outlines
from pipeline.schema.scenario import Scenario

LANGUAGES = ("en",)
TAGS = ("agents", "ai-safety", "alignment", "benchmark", "synthetic", "tool-use")

EXAMPLE_LENGTH = 600
"""Characters shown of each text of the example."""

HUB_LICENCES = (
    "apache-2.0", "cc-by-4.0", "cc-by-nc-4.0", "cc-by-sa-4.0", "cc0-1.0", "cdla-permissive-2.0", "mit", "odc-by",
)  # fmt: skip
"""Licences that the Hub knows by these names; any other goes as ``other`` with its name."""

MARKS = ("□", "◔", "◑", "◕", "■")
"""How full a cell of the coverage table is, in quarters."""

SPLITS = {
    "dev": "trying things out",
    "test": "measuring",
    HELD_OUT: "measuring by those who made it; kept back until its rows retire",
}

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()|~$])")


def render_card(manifest: Manifest, candidates: Sequence[Candidate], calibration: Calibration | None = None) -> str:
    """Return ``README.md``: front matter for the Hub, then the card in Markdown.

    Args:
        manifest: of the release.
        candidates: everything that was made.
        calibration: measured error rates of the benignness filters, where there are any.
    """
    told = _told_of(candidates, manifest.version)
    templates = environment("pipeline.release", finalize=_finalize)  # Markdown: every value is escaped by `markdown`
    templates.globals["raw"] = _Raw
    page = templates.get_template("card.md.j2").render(
        manifest=manifest,
        example=told.example,
        calibration=calibration,
        canary=canary_sentence(manifest.name, manifest.version, manifest.canary) if manifest.canary else "",
        calibrated=(error_rows(calibration), threshold_rows(calibration)) if calibration is not None else (),
        checks=told.checks,
        costs=cost_rows(manifest.costs) if manifest.costs is not None else (),
        prices=prices_told(manifest.costs) if manifest.costs is not None else (),
        coverage=coverage(manifest.cells),
        marks=MARKS,
        splits=SPLITS,
        first_split=first_split(manifest),
        retired=has_retired(manifest),
        licence_held=licence_text(manifest.specification.licence) is not None,
        figures=figures(manifest.diversity, previous_name(manifest)),
        domains=by_domain(manifest),
        embedded=is_embedded(manifest),
        rows=rows(manifest),
        made=told.made,
        candidates=len(candidates),
        short=short_cells(manifest),
        stopped=STOPPED_BY.get(manifest.stopped_by, manifest.stopped_by),
    )
    return f"{front_matter(manifest, retired=has_retired(manifest))}\n{page}"


def front_matter(manifest: Manifest, *, retired: bool = False) -> str:
    """Return the YAML block that the Hub and ``load_dataset`` read; ``retired`` says whether any row has retired.

    Every text is a JSON string, which YAML of both versions reads as that text and nothing else.
    """
    licence = manifest.specification.licence.lower()
    known = licence in HUB_LICENCES
    lines = [
        "---",
        f"pretty_name: {_quoted(manifest.specification.title)}",
        f"license: {licence if known else 'other'}",
        *([] if known else [f"license_name: {_quoted(manifest.specification.licence)}", "license_link: LICENSE"]),
        "language:",
        *(f"- {language}" for language in LANGUAGES),
        "tags:",
        *(f"- {tag}" for tag in TAGS),
        "size_categories:",
        f"- {_size(rows(manifest))}",
        "configs:",
        "- config_name: default",
        "  default: true",
        "  data_files:",
    ]
    hidden = {HELD_OUT} if manifest.withheld is not None else set()
    for split in sorted(set(manifest.splits) - hidden):
        lines += [f"  - split: {split}", f"    path: {data_file(split)}"]
    lines += ["- config_name: inspect", "  data_files:"]
    for split in sorted(set(manifest.splits) - {HELD_OUT}):
        lines += [f"  - split: {split}", f"    path: {inspect_file(split)}"]
    if retired:
        lines += ["- config_name: retired", "  data_files:", "  - split: retired", f"    path: {RETIRED}"]
    lines += ["- config_name: candidates", "  data_files:", "  - split: candidates", f"    path: {CANDIDATES}", "---"]
    return "\n".join(lines) + "\n"


def first_split(manifest: Manifest) -> str:
    """Return the split that examples name: ``test`` if there is one, else the first that is open."""
    open_splits = sorted(set(manifest.splits) - {HELD_OUT})
    return "test" if "test" in open_splits else [*open_splits, HELD_OUT][0]


def has_retired(manifest: Manifest) -> bool:
    """Tell whether a row has ever retired, so that there is a table of them."""
    succession = manifest.succession
    return succession is not None and succession.retired + sum(one.retired for one in succession.history) > 0


def markdown(text: str) -> str:
    """Return text as one line of Markdown that shows as it stands: no markup, HTML, link or table border in it."""
    line = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = _MARKDOWN.sub(r"\\\1", line)
    return line.replace("://", ":&#47;&#47;").replace("www.", "www&#46;").replace("@", "&#64;")


class _Raw(str):
    """Text that is Markdown already."""

    __slots__ = ()


def _finalize(value: object) -> str:
    return value if isinstance(value, _Raw) else markdown(str(value))


def _quoted(text: str) -> str:
    return json.dumps(one_line(text), ensure_ascii=False)


def _size(count: int) -> str:
    return next((name for limit, name in _SIZES if count < limit), "n>1M")


@dataclass(frozen=True)
class _Told:
    """What one look at every candidate tells: a row as an example, what checks said, how many this version made."""

    example: dict[str, str]
    checks: list[CheckTally]
    made: int


def _told_of(candidates: Sequence[Candidate], version: str) -> _Told:
    checks, made, rows_at = CheckCounts(), 0, list[tuple[str, int]]()
    for at, one in enumerate(outlines(candidates)):
        checks.add(one)
        made += is_made_in(one, version)
        if one.accepted and one.scenario is not None:
            rows_at.append((one.scenario.id, at))
    first = candidates[min(rows_at)[1]].scenario
    assert first is not None  # noqa: S101 - a release without a row is not written
    return _Told(_example(first), checks.rows(), made)


def _example(first: Scenario) -> dict[str, str]:
    """Return the agent-visible head of a row, for readers to see what a row is like."""
    view = first.view
    place = view.world.organisation
    example = {
        "id": first.id,
        "organisation": f"{place.name}, {place.kind}, {place.place}",
        "role": view.agent.role,
        "task": view.agent.task,
        "request": view.agent.request,
        "tools": ", ".join(tool.name for tool in view.tools),
    }
    return {name: one_line(text, EXAMPLE_LENGTH) for name, text in example.items()}
