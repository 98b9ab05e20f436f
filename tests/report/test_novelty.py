"""The evidence of copies, read back from a release's folder, is what the deduplicate stage said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.deduplicate.file_rows import text_plot
from pipeline.deduplicate.pairs import LabelledPair, curve_of
from pipeline.deduplicate.stage import deduplicate
from pipeline.release.check_files import read_manifest
from pipeline.release.check_rows import read_candidates
from pipeline.release.write import draft_release, write_release
from pipeline.report.novelty import SHOWN_POINTS, NoveltyEvidence, novelty_evidence, novelty_pairs
from pipeline.schema.candidate import Candidate
from pipeline.schema.manifest import Manifest
from pipeline.schema.novelty import NoveltyCurve
from pipeline.schema.specification import DeduplicationSettings
from pipeline.seeds import load_specification
from tests.deduplicate.rows import WordEncoder, candidate, told
from tests.release.test_against import NAME
from tests.support.builds import specification, write_specification
from tests.support.releases import sample_inputs, sample_specification


def evidence_of(manifest: Manifest, rows: Sequence[Candidate]) -> NoveltyEvidence:
    pairs = [pair for one in rows for pair in novelty_pairs(one)]
    return novelty_evidence(manifest, pairs, sum(one.scenario is not None for one in rows))


SETTINGS = DeduplicationSettings(threshold=0.9, related=0.7)
TALE = "opens the health file of a member to see an old diagnosis and then reads all of it aloud to a friend"


def judged() -> list[Candidate]:
    """One row, an exact copy, one just above the threshold, one just below, one far away."""
    texts = [TALE, TALE, TALE.replace("old", "early"), TALE.replace("old diagnosis", "early result"), "pays a claim"]
    rows = [candidate(number, told(text)) for number, text in enumerate(texts)]
    return deduplicate(rows, [], SETTINGS, WordEncoder())


def test_pairs_layers_and_clusters_are_those_of_the_verdicts() -> None:
    rows = judged()
    named = sample_specification(deduplication=SETTINGS.model_dump(mode="json"))
    draft = draft_release(sample_inputs(named)).manifest
    found = evidence_of(draft, rows)
    by_id = {one.id: one for one in rows}
    pairs = [pair for one in rows for pair in novelty_pairs(one)]
    told_of = {one.id for one in rows for verdict in one.verdicts if "layer" in verdict.answers}
    assert {pair.candidate for pair in pairs} == told_of
    copies = [pair for pair in pairs if pair.outcome == "fail"]
    assert copies
    assert sum(found.layers.values()) == len(copies) == sum(map(len, found.clusters.values()))
    for pair in pairs:
        assert by_id[pair.candidate].scenario is not None
        assert pair.other in by_id
    assert {pair.layer for pair in found.near_threshold} <= {"semantic"}
    assert all(abs(pair.similarity - 0.9) <= 0.02 for pair in found.near_threshold)
    shown = json.loads(json.dumps(found.to_json()))
    assert (shown["threshold"], shown["candidates"], shown["curve"]) == (0.9, len(rows), None)
    assert sum(one["copies"] for one in shown["clusters"]) == len(copies)


def curve() -> NoveltyCurve:
    pairs = [("a b c d", "a b c d", True), ("a b c d", "a b c e", True), ("a b c d", "w x y z", False)]
    return curve_of([LabelledPair(text_plot(a), text_plot(b), copy) for a, b, copy in pairs], WordEncoder(), 0.9)


def test_the_curve_goes_from_its_file_into_the_specification_and_the_release(tmp_path: Path) -> None:
    (tmp_path / "curve.json").write_text(curve().model_dump_json(), encoding="utf-8")
    path = write_specification(tmp_path, specification("http://localhost:1", deduplication={"curve": "curve.json"}))
    read = load_specification(path).deduplication
    assert read.curve == curve()
    named = sample_specification(version="2026.10.0", deduplication=read.model_dump(mode="json"))
    write_release(sample_inputs(named), tmp_path)
    (tmp_path / "curve.json").unlink()
    manifest, problems = read_manifest(tmp_path / NAME)
    candidates, _ = read_candidates(tmp_path / NAME)
    assert (problems, manifest is None, candidates is None) == ([], False, False)
    assert manifest is not None
    found = evidence_of(manifest, candidates or [])
    assert found.curve == curve()
    assert load_specification(tmp_path / NAME / "specification.yaml").deduplication.curve == curve()


def test_a_page_draws_no_more_points_than_can_be_seen_and_both_ends() -> None:
    point = curve().points[0]
    many = tuple(point.model_copy(update={"threshold": number / 1000}) for number in range(1000))
    draft = draft_release(sample_inputs()).manifest
    found = replace(evidence_of(draft, []), curve=curve().model_copy(update={"points": many}))
    shown = [one["threshold"] for one in found.to_json()["curve"]["points"]]
    assert len(shown) == SHOWN_POINTS
    assert (shown[0], shown[-1]) == (0.0, 0.999)
    assert shown == sorted(shown)
