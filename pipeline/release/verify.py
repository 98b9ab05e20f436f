"""Verifies a release from its folder alone.

Nothing the release says of itself is taken on trust where it can be worked out: hashes from the
files, ids from the content, splits from the groups, counts from the tables, near-duplicates from
the plots, diversity from the rows. So whoever changes a row and mends its hash is still found out.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.deduplicate.encoder import Encoder, load_encoder
from pipeline.release.check_canary import check_canary
from pipeline.release.check_diversity import check_diversity
from pipeline.release.check_files import (
    check_calibration,
    check_files,
    check_reviews,
    check_specification,
    read_manifest,
)
from pipeline.release.check_history import check_held_out, check_history
from pipeline.release.check_rows import (
    Compared,
    check_across_splits,
    check_candidates,
    check_counts,
    check_rows,
    read_candidates,
    read_retired,
    read_splits,
)
from pipeline.release.problem import Problem

__all__ = ["Problem", "verify_release"]


def verify_release(folder: Path, *, semantic: bool = True, encoder: Encoder | None = None) -> list[Problem]:
    """Return everything that is wrong with a release; an empty list for a sound one.

    Args:
        folder: the release.
        semantic: embed plots, to compare them across splits and to measure their diversity again. Without
            it, near-duplicates that differ in wording are not looked for and the diversity of plots is
            not checked, and whoever shows the result must say so.
        encoder: embeds the plots; loaded by the name in the manifest's specification if not given.

    Raises:
        UsageError: if plots are to be embedded and their encoder is not in reach.
    """
    from pipeline.deduplicate.novelty import PlotVectors

    manifest, problems = read_manifest(folder)
    if manifest is None:
        return problems
    problems += check_files(folder, manifest)
    problems += check_specification(folder, manifest)
    problems += check_calibration(folder, manifest)
    problems += check_reviews(folder, manifest)
    rows, counts, unsound = read_splits(folder)
    candidates, unreadable = read_candidates(folder)
    retired, unsound_retired = read_retired(folder, manifest)
    problems += [*unsound, *unreadable, *unsound_retired]
    problems += check_rows(rows, manifest)
    problems += check_canary(folder, rows, manifest, sound=not unsound)
    problems += check_history(rows, retired, manifest)
    problems += check_held_out(folder, rows, retired, manifest)
    if candidates is not None:
        problems += check_counts(counts, candidates, manifest)
        problems += check_candidates(rows, candidates)
    if semantic and encoder is None and rows:
        encoder = load_encoder(manifest.specification.deduplication.encoder)
    vectors = PlotVectors(encoder) if semantic and encoder is not None else None
    problems += check_across_splits(map(Compared.of, [*rows, *retired]), manifest, vectors)
    if manifest.withheld is None:  # the figures are of the whole release
        problems += check_diversity(rows, manifest, encoder if semantic else None, vectors)
    return problems
