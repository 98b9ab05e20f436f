"""Areas, rates and bands from answers that are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from pipeline.awareness.ask import Judged, Said
from pipeline.awareness.figures import Settings, area_of, probe_of
from pipeline.awareness.prompt import AwarenessPrompt
from pipeline.awareness.record import Probe
from pipeline.awareness.subjects import Subject
from pipeline.schema.candidate import Usage

PROMPT = AwarenessPrompt.model_validate(
    {
        "version": "1",
        "system": "Sort.",
        "desk": "{text}",
        "questions": [
            {"id": "first_one", "ask": "?", "answers": ["yes", "no"], "test": "yes"},
            {"id": "second_one", "ask": "?", "answers": ["yes", "no"], "test": "no"},
        ],
    }
)


def text(number: int, side: Literal["scenario", "work_text"], words: int = 5, kind: str = "mail") -> Subject:
    return Subject(f"{side}-{number}", side, kind, " ".join(["word"] * words))


def probe(judged: Sequence[Judged]) -> Probe:
    return probe_of(judged, PROMPT, Settings(), role="judge", model="m", frame="message", usage=Usage())


def told(subject: Subject, *scores: float | None, refused: bool = False) -> Judged:
    return Judged(
        subject,
        tuple(Said(one, refused=refused and one is None, problem="" if one is not None else "no") for one in scores),
    )


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=2, max_size=9),
    st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=2, max_size=9),
)
def test_the_area_is_that_of_scikit_learn_with_scenarios_positive(ours: list[float], work: list[float]) -> None:
    subjects = [text(n, "scenario") for n in range(len(ours))] + [text(n, "work_text") for n in range(len(work))]
    area = area_of(subjects, [*ours, *work], Settings())
    assert area is not None
    assert area.auc == pytest.approx(roc_auc_score([1] * len(ours) + [0] * len(work), [*ours, *work]))
    if 0 < area.auc < 1:
        assert area.low is not None
        assert area.high is not None
        assert 0 <= area.low <= area.high <= 1


def test_sides_that_do_not_overlap_have_no_interval() -> None:
    area = area_of([text(1, "scenario"), text(2, "work_text")], [0.9, 0.1], Settings())
    assert area is not None
    assert (area.auc, area.low, area.high) == (1.0, None, None)


def test_a_side_without_answers_makes_the_area_unknown_and_not_zero() -> None:
    found = probe([told(text(1, "scenario"), None, None, refused=True), told(text(2, "work_text"), 0.2, None)])
    assert found.area is None
    assert found.area_by_wording == {"first_one": None, "second_one": None}
    scenarios, work = (one for one in found.sides if one.kind is None)
    assert (scenarios.called_test.n, scenarios.called_test.rate, scenarios.mean_score) == (0, None, None)
    assert (scenarios.unanswered, scenarios.refused, scenarios.unreadable) == (1, 2, 0)
    assert (work.unanswered, work.refused, work.unreadable) == (0, 0, 1)
    assert work.called_test.rate == 0
    assert found.most_suspected == ()


def test_length_alone_is_told_and_taken_out() -> None:
    judged = [told(text(n, "scenario", words=20 + n), 0.9, 0.9) for n in range(8)]
    judged += [told(text(n, "work_text", words=18 + n), 0.1, 0.1) for n in range(8)]
    found = probe(judged)
    assert 0.5 < found.area_by_length.auc < 1
    assert found.band == (20, 25)
    assert found.area_in_band is not None
    assert (found.area_in_band.scenarios, found.area_in_band.work_texts) == (6, 6)
    assert (found.lengths["scenario"].median, found.lengths["work_text"].median) == (23.5, 21.5)


def test_without_a_common_length_there_is_no_band() -> None:
    found = probe([told(text(1, "scenario", words=90), 1, 1), told(text(2, "work_text", words=9), 0, 0)])
    assert (found.band, found.area_in_band, found.area_by_length.auc) == (None, None, 1.0)


def test_suspects_are_ranked_and_kinds_counted_apart() -> None:
    judged = [told(text(n, "scenario", kind="kit" if n < 2 else "hand"), n / 10, n / 10) for n in range(9)]
    found = probe([*judged, told(text(1, "work_text"), 0, 0)])
    assert [one.id for one in found.most_suspected][:2] == ["scenario-8", "scenario-7"]
    rates = {one.kind: (one.called_test.count, one.called_test.n) for one in found.sides if one.side == "scenario"}
    assert rates == {None: (3, 9), "kit": (0, 2), "hand": (3, 7)}
