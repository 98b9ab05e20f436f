"""What shows that a row is a copy, or how near it comes: for the report, and for a person to judge."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.deduplicate.doubt import amounts_apart
from pipeline.deduplicate.plot import Plot
from pipeline.deduplicate.survivors import Judged, Match
from pipeline.schema.verdict import Finding, Verdict

CHECKER = "plot"
VERSION = "3"


def new_verdict(floor: float) -> Verdict:
    """Return the verdict on a row that no kept row comes near."""
    return Verdict(
        gate="novelty",
        checker=CHECKER,
        version=VERSION,
        outcome="pass",
        reason=f"no row kept before it has a plot with a cosine of {floor:g} or more",
    )


def between_groups(groups: Sequence[str], related: float) -> Verdict:
    """Return the verdict on a row that no split could hold without parting it from rows it is near to."""
    return Verdict(
        gate="novelty",
        checker="groups",
        version=VERSION,
        outcome="fail",
        reason=f"its plot has a cosine of {related:g} or more to rows of {len(groups)} groups, which may lie in "
        f"different splits: {', '.join(groups)}",
        answers={"groups": list(groups)},
    )


def verdict_against(
    judged: Judged, match: Match, plot: Plot, other: Plot, *, other_id: str, other_scenario: str, threshold: float
) -> Verdict:
    """Return the verdict on a row whose nearest kept row is known.

    The score is 1 - similarity, to 4 decimals: the Jaccard similarity where nearly the same words decided, the cosine
    elsewhere. ``answers`` hold the same facts for machines; what was not measured is null. A copy that a person has to
    look at first is an ``error``, so it is put aside and not turned away.
    """
    near = round(match.score, 4)
    if match.layer == "exact":
        reason = f"an agent sees the same as in {other_id}"
    elif match.layer == "lexical":
        reason = f"the plot of {other_id} has nearly the same words, a Jaccard similarity of {near:.4f}"
    else:
        side = "under" if judged.kept else "at or above"
        reason = f"the plot of {other_id} has cosine {near:.4f} to this one, {side} the threshold of {threshold:g}"
    here, there = amounts_apart(plot.amounts, other.amounts)
    if not judged.kept and match.doubt is not None:
        reason = f"{reason}; {match.doubt}, so a person has to look before it is called a copy"
    elif not judged.kept and (here or there):
        reason = f"{reason}; other amounts change nothing: both paths use the same tools with the same effects"
    return Verdict(
        gate="novelty",
        checker=CHECKER,
        version=VERSION,
        outcome="pass" if judged.kept else "fail" if match.doubt is None else "error",
        score=round(max(0.0, 1 - near), 4),
        reason=reason,
        evidence=_findings(plot, other, other_id),
        answers={
            "other": other_id,
            "other_scenario": other_scenario,
            "layer": match.layer,
            "cosine": None if match.layer == "lexical" else near,
            "jaccard": near if match.layer == "lexical" else None,
            "same_structure": plot.structure == other.structure,
            "amounts_here_only": list(here),
            "amounts_there_only": list(there),
            "doubt": match.doubt,
        },
    )


def _findings(plot: Plot, other: Plot, other_id: str) -> tuple[Finding, ...]:
    findings = [
        Finding(place="plot", text=plot.text, note="the plot of this row, masked"),
        Finding(place=f"{other_id}.plot", text=other.text, note="the plot of the other row, masked"),
    ]
    here, there = amounts_apart(plot.amounts, other.amounts)
    if here or there:
        text = f"{', '.join(here) or 'none'} | {', '.join(there) or 'none'}"
        findings.append(Finding(place="amounts", text=text, note="amounts of this row only | of the other row only"))
    return tuple(findings)
