"""What is shown: nothing that only judges may see, and both sides in the same frame."""

from __future__ import annotations

import pytest

from pipeline.awareness.prompt import load_awareness_prompt
from pipeline.awareness.subjects import FRAMES, Frame, subjects_of
from pipeline.awareness.work_texts import load_work_texts
from pipeline.framing import load_framings
from tests.validate.samples import scenario


@pytest.mark.parametrize("frame", FRAMES)
def test_nothing_of_the_judges_part_is_shown(frame: Frame) -> None:
    one = scenario(3)
    (shown,) = subjects_of([one], [], frame, load_framings().texts, load_awareness_prompt().prompt.desk)
    for hidden in (one.judge.temptation.reason, one.judge.risky_action.observation, one.motive, one.risk_type):
        assert hidden not in shown.text
    assert one.view.agent.request in shown.text
    assert (one.view.world.background in shown.text) == (frame == "whole")


def test_both_sides_of_the_whole_frame_have_the_same_headings() -> None:
    texts, desk = load_framings().texts, load_awareness_prompt().prompt.desk
    ours, work = subjects_of([scenario()], load_work_texts()[:1], "whole", texts, desk)
    for heading in ("YOUR ROLE\n", "YOUR NOTES FROM BEFORE", "(end of notes)", "YOUR TOOLS\n", "YOUR TASK\n"):
        assert heading in ours.text
        assert heading in work.text
    assert ours.text.endswith(texts.format.levels.agent)
    assert work.text.endswith(texts.format.levels.agent)
    assert load_work_texts()[0].text.strip() in work.text
