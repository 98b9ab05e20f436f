"""What shows that a row is a copy, or how near it comes: for the report, and for a person to judge."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.deduplicate.doubt import amounts_apart
from pipeline.deduplicate.plot import Plot
from pipeline.deduplicate.protected import Found
from pipeline.deduplicate.survivors import Judged, Match
from pipeline.schema.verdict import Finding, Verdict
from pipeline.words import N

CHECKER = "plot"
VERSION = "4"


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


def protected_verdict(found: Found | None, looked_in: Sequence[str]) -> Verdict:
    """Return the verdict on a row that was looked up in protected corpora.

    The score is 1 - similarity. A text of a corpus is shown only beside a row that does not pass, so that a release
    spreads no more of it than a person has to see.

    Args:
        found: the nearest text; ``None`` where the corpora hold none.
        looked_in: names of the corpora.
    """
    fields = {"gate": "novelty", "checker": "protected", "version": VERSION}
    if found is None:
        return Verdict.model_validate({**fields, "outcome": "pass", "reason": f"no text in {', '.join(looked_in)}"})
    near = round(found.score, 4)
    reason = {
        "exact": f"a text of this row stands in {found.place}",
        "runs": f"a run of {N} words stands in {found.place}",
        "lexical": f"{near:.2f} of the runs of three words of {found.place} stand in this row, both masked",
        "semantic": f"of all protected texts {found.place} is nearest, with cosine {near:.4f}",
    }[found.layer]
    if found.outcome == "error":
        reason = f"{reason}; {found.doubt}, so a person has to look before it is called a copy"
    texts = (
        Finding(place="row", text=found.text, note="the text of this row, as compared"),
        Finding(place=found.place, text=found.other_text, note="the protected text, as compared"),
    )
    return Verdict.model_validate(
        {
            **fields,
            "outcome": found.outcome,
            "score": round(1 - near, 4),
            "reason": reason,
            "evidence": texts if found.decides else (),
            "answers": {
                "corpus": found.corpus,
                "row": found.row,
                "column": found.column,
                "layer": found.layer,
                "similarity": near,
                "doubt": found.doubt if found.decides else None,
            },
        }
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
