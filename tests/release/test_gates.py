"""Whether a release may be made: near-duplicates across splits, by rows as they were compared when they were made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from pipeline.deduplicate.novelty import KeptRow, PlotVectors
from pipeline.errors import WorkError
from pipeline.lazy import Lazy
from pipeline.release.gates import check_release
from pipeline.release.write import draft_release
from pipeline.schema.candidate import Candidate
from pipeline.schema.outline import CandidateOutline
from tests.support.encoders import WordEncoder
from tests.support.releases import sample_candidates, sample_inputs, sample_specification

SOUND = sample_candidates(sample_specification())


def leaking() -> list[Candidate]:
    """The sample's candidates, the second of two rows of one situation in another split."""
    moved = [one.id for one in SOUND if one.accepted and one.split == "test"][-1]
    return [one.model_copy(update={"split": "dev"}) if one.id == moved else one for one in SOUND]


def kept(candidates: Sequence[Candidate]) -> list[KeptRow]:
    return [
        KeptRow.of(one.id, one.scenario, str(one.group))
        for one in candidates
        if one.accepted and one.scenario is not None
    ]


def told(candidates: Any, known: Sequence[KeptRow]) -> str | None:
    try:
        check_release(draft_release(sample_inputs(candidates=candidates)), known, PlotVectors(WordEncoder()))
    except WorkError as error:
        return str(error)
    return None


@pytest.mark.parametrize("candidates", [SOUND, leaking()], ids=["sound", "leaking"])
def test_what_is_known_of_rows_says_what_the_rows_say(candidates: list[Candidate]) -> None:
    every = kept(candidates)
    found = {told(candidates, known) for known in (every, every[::2], [])}
    assert len(found) == 1
    assert ("first leak: " in str(found.pop())) == (candidates is not SOUND)


def test_a_row_that_is_known_is_not_read() -> None:
    ordered = sorted(SOUND, key=lambda one: one.id)

    def outlined(places: Sequence[int]) -> Iterator[CandidateOutline]:
        return (CandidateOutline.model_validate_json(ordered[at].model_dump_json()) for at in places)

    def read(places: Sequence[int]) -> Iterator[Candidate]:
        assert not places, "a candidate was read"
        return iter(())

    lazy = Lazy(range(len(ordered)), read, outlined)
    draft = draft_release(replace(sample_inputs(), candidates=lazy))
    check_release(draft, kept(SOUND), PlotVectors(WordEncoder()))
