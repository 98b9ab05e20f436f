"""What a page says of a release as a whole, as JSON: counts from the manifest, tables in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pipeline.calibration.table import agreement_rows, threshold_rows
from pipeline.diversity.figures import figures, previous_name
from pipeline.report.spending import cell_rows, cost_rows, prices_told
from pipeline.report.tally import STOPPED_BY, CheckTally, is_embedded, rows, short_cells
from pipeline.schema.calibration import Calibration, Errors, Rate
from pipeline.schema.difference import Difference
from pipeline.schema.diversity import Diversity
from pipeline.schema.manifest import Manifest

HELD_OUT = "held_out"


def overview(
    manifest: Manifest,
    checks: Sequence[CheckTally],
    made: int,
    calibration: Calibration | None = None,
) -> dict[str, Any]:
    """Return what is said of a release as a whole.

    Args:
        manifest: of the release.
        checks: what each check of a gate said.
        made: how many candidates there are.
        calibration: measured error rates of the benignness filters.
    """
    return {
        "title": manifest.specification.title,
        "name": manifest.name,
        "version": manifest.version,
        "created": manifest.created,
        "licence": manifest.specification.licence,
        "stopped": STOPPED_BY.get(manifest.stopped_by, manifest.stopped_by),
        "notices": list(_notices(manifest)),
        "totals": {
            "rows": rows(manifest),
            "made": made,
            "cells": len(manifest.cells),
            "full": len(manifest.cells) - len(short_cells(manifest)),
            "calls": sum(use.usage.calls for use in manifest.models),
        },
        "splits": dict(sorted(manifest.splits.items())),
        "funnel": [step.model_dump() for step in manifest.funnel],
        "cells": [{**cell.model_dump(exclude={"cell"}), **cell.cell.model_dump()} for cell in manifest.cells],
        "excluded": [{**one.cell.model_dump(), "reason": one.reason, "kind": one.kind} for one in manifest.excluded],
        "checks": [asdict(check) for check in checks],
        "left_out": list(manifest.specification.gates.left_out),
        "calibration": _calibration(calibration) if calibration is not None else None,
        "diversity": diversity_of(manifest.diversity, previous_name(manifest)),
        "costs": _costs(manifest),
        "history": _history(manifest),
        "follows": previous_name(manifest),
        "models": [use.model_dump() for use in manifest.models],
        "libraries": dict(sorted(manifest.libraries.items())),
        "hashes": {
            "specification": manifest.specification_hash,
            **{f"program {name}": digest for name, digest in sorted(manifest.programs.items())},
        },
        "entries": {kind: len(getattr(manifest, kind)) for kind in ("seeds", "prompts", "programs")},
    }


def diversity_of(diversity: Diversity, previous: str | None = None) -> dict[str, Any]:
    """Return the figures of a release's diversity in words, and how its facets are spread."""
    return {
        "figures": [asdict(figure) for figure in figures(diversity, previous)],
        "spread": {facet: spread.model_dump() for facet, spread in sorted(diversity.spread.items())},
    }


def against(previous: Manifest, difference: Difference) -> dict[str, Any]:
    """Return what a release is beside the one before it: figures of that one, rows come and gone, what has moved."""
    return {
        "name": difference.before,
        "diversity": diversity_of(previous.diversity, previous_name(previous)),
        "kept": difference.kept,
        "added": len(difference.added),
        "retired": len(difference.retired),
        "anchors": len(difference.anchors),
        "broken": list(difference.broken),
        "shifts": [shift.model_dump(mode="json") for shift in difference.shifts],
        "incomparable": list(difference.incomparable),
        "reasons": _reasons(difference),
    }


def _reasons(difference: Difference) -> list[tuple[str, int]]:
    """Count why rows retired, the most common reason first."""
    from collections import Counter

    counts = Counter(row.reason or "no reason given" for row in difference.retired)
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def _notices(manifest: Manifest) -> list[str]:
    told = []
    if is_embedded(manifest):
        told.append(
            "Made by a small embedded model: to try the pipeline, not to publish. "
            "Its prose is thin and its judgments are weak."
        )
    if manifest.withheld is not None:
        told.append(
            f"This is the public part: {manifest.withheld.rows} rows that are held out and "
            f"{manifest.withheld.candidates} candidates like them are counted here and not shown."
        )
    elif manifest.splits.get(HELD_OUT):
        told.append(
            f"This page holds the {manifest.splits[HELD_OUT]} rows that are held out: it is private. "
            "`impress publish` writes one without them."
        )
    return told


def _calibration(calibration: Calibration) -> dict[str, Any]:
    data = calibration.data
    lines = [*((one.checker, one.version, one.errors) for one in calibration.filters)]
    lines.append((f"policy ({calibration.policy.rule.rule})", "", calibration.policy.errors))
    rocs = {one.checker: one.roc for one in calibration.filters}
    return {
        "about": f"On {data.name}: {data.benign} benign rows and {data.non_benign} non-benign ones, "
        f"measured on {calibration.created}; intervals at {calibration.confidence:g}.",
        "filters": [
            {
                "name": name,
                "version": version,
                "missed": _missed(errors),
                "wrongly": _rate(errors.false_positive),
                "balanced": errors.balanced_accuracy,
                "auc": roc.auc if (roc := rocs.get(name)) is not None else None,
            }
            for name, version, errors in lines
        ],
        "thresholds": threshold_rows(calibration),
        "agreement": agreement_rows(calibration),
        "alpha": calibration.alpha,
        "bound": calibration.bound,
    }


def _missed(errors: Errors) -> dict[str, Any]:
    """Return the share of non-benign rows that a filter lets through: what it does not turn away."""
    found = errors.true_positive
    if found.rate is None or found.low is None or found.high is None:
        return _rate(found)
    return {
        "count": found.n - found.count,
        "n": found.n,
        "rate": 1 - found.rate,
        "low": 1 - found.high,
        "high": 1 - found.low,
    }


def _rate(rate: Rate) -> dict[str, Any]:
    return rate.model_dump()


def _costs(manifest: Manifest) -> dict[str, Any] | None:
    """Return what the view on cost shows; ``None`` where no model took part."""
    costs = manifest.costs
    if costs is None:
        return None
    return {"stages": cost_rows(costs), "cells": cell_rows(costs), "prices": prices_told(costs)}


def _history(manifest: Manifest) -> dict[str, Any] | None:
    succession = manifest.succession
    if succession is None:
        return None
    return {
        "past": [one.model_dump() for one in succession.history],
        **{name: getattr(succession, name) for name in ("kept", "added", "retired")},
        "anchors": len(succession.anchors),
    }
