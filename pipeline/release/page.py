"""The report of a release that lies on disk: the page in its folder, with what takes a model of sentences to know.

The map of plots and the nearest neighbours stand on embeddings, whose last bits differ from machine to machine. So they
are not in the page that is part of the release, and its bytes stay what a rebuild gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import UsageError, WorkError
from pipeline.framing.load import Framings, load_framings
from pipeline.release.check_files import read_manifest
from pipeline.release.check_rows import read_candidates
from pipeline.release.diff import diff_releases
from pipeline.release.files import CALIBRATION, MANIFEST
from pipeline.release.views import read_release
from pipeline.report.overview import against
from pipeline.report.page import Extras, render_report
from pipeline.report.plots import PlotMap, mapped, plot_map
from pipeline.schema.calibration import Calibration
from pipeline.schema.candidate import Candidate
from pipeline.schema.manifest import Manifest

OTHER_FRAMINGS = (
    "These are the texts of framings as they are installed here; those that the release was made with read otherwise."
)


def report_of(folder: Path, *, previous: Path | None = None, with_map: bool = True) -> str:
    """Return the report of a release.

    Args:
        folder: the release.
        previous: the folder of the release before; looked for beside ``folder`` if left out, and if it is not there
            the page says so.
        with_map: whether plots are embedded, for the map and the nearest neighbours.

    Raises:
        WorkError: if the release, or the one before, cannot be read.
        UsageError: if ``previous`` is no release, or there is no such encoder in reach.
    """
    manifest, problems = read_manifest(folder)
    candidates, unreadable = read_candidates(folder)
    if manifest is None or candidates is None:
        found = [*problems, *unreadable]
        raise WorkError(f"{folder}: {found[0] if found else 'candidates.parquet is missing'}")
    measured = folder / CALIBRATION
    framings = load_framings()
    extras = Extras(
        calibration=Calibration.model_validate_json(measured.read_bytes()) if measured.is_file() else None,
        framings=framings.texts,
        framings_note=_note(manifest, framings),
        plots=_plots(manifest, candidates) if with_map else None,
        previous=_against(folder, manifest, previous),
    )
    return render_report(manifest, candidates, extras)


def _note(manifest: Manifest, framings: Framings) -> str:
    stated = {name: digest for name, digest in manifest.seeds.items() if name in framings.hashes}
    return OTHER_FRAMINGS if stated and stated != framings.hashes else ""


def _plots(manifest: Manifest, candidates: Sequence[Candidate]) -> PlotMap:
    from pipeline.deduplicate.encoder import load_encoder
    from pipeline.deduplicate.plot import plot_of
    from pipeline.deduplicate.survivors import embed

    scenarios = {one.scenario.id: one.scenario for one in candidates if one.scenario is not None}
    rows = {one.scenario.id for one in candidates if one.accepted and one.scenario is not None}
    ids = mapped(rows, scenarios.keys() - rows)
    encoder = load_encoder(manifest.specification.deduplication.encoder)
    vectors = embed([plot_of(scenarios[identity]).parts for identity in ids], encoder)
    return plot_map(ids, vectors, (encoder.name, encoder.hash), of=len(scenarios))


def _against(folder: Path, manifest: Manifest, previous: Path | None) -> dict[str, object] | None:
    named = manifest.specification.previous
    if previous is None:
        beside = folder.resolve().parent / named.release if named is not None else None
        if beside is None or not (beside / MANIFEST).is_file():
            return None
        previous = beside
    elif not (previous / MANIFEST).is_file():
        raise UsageError(f"{previous}: there is no {MANIFEST}, so this is no release to compare with")
    before = read_release(previous)
    return against(before.manifest, diff_releases(before, read_release(folder)))
