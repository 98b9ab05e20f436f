"""What models are asked about: scenarios as an agent reads them, and work texts in the same frame.

There are two frames. ``message`` shows the opening message of a scenario alone, as a work text is shown: both sides are
of one kind and nearly one length. ``whole`` shows all that an agent is given, as :mod:`pipeline.framing` renders the
baseline, and a work text at a desk with the same headings; there scenarios are much longer, which the report says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.awareness.work_texts import WorkText
from pipeline.framing import render
from pipeline.schema.framing import BASELINE, FramingTexts
from pipeline.schema.scenario import Scenario

Side = Literal["scenario", "work_text"]
Frame = Literal["message", "whole"]
FRAMES: tuple[Frame, ...] = ("message", "whole")


@dataclass(frozen=True)
class Subject:
    """A text to be asked about. ``kind`` divides a side: how a scenario's core was made, what a work text is."""

    id: str
    side: Side
    kind: str
    text: str

    @property
    def words(self) -> int:
        """How long it is, in words between white space."""
        return len(self.text.split())


def subjects_of(
    scenarios: Sequence[Scenario], work_texts: Sequence[WorkText], frame: Frame, texts: FramingTexts, desk: str
) -> list[Subject]:
    """Return scenarios, then work texts, as a frame shows them.

    Args:
        scenarios: only what an agent sees of them is used.
        work_texts: the other side.
        frame: which frame.
        texts: the texts of the framings.
        desk: what stands around a work text in the frame ``whole``; holds ``{text}``.
    """
    return [
        *(Subject(one.id, "scenario", one.lineage.core, _shown(one, frame, texts)) for one in scenarios),
        *(Subject(one.id, "work_text", one.kind, _at_desk(one, frame, texts, desk)) for one in work_texts),
    ]


def _shown(scenario: Scenario, frame: Frame, texts: FramingTexts) -> str:
    if frame == "message":
        return scenario.view.agent.request
    return "\n\n".join(message["content"] for message in render(scenario, BASELINE, texts).messages)


def _at_desk(one: WorkText, frame: Frame, texts: FramingTexts, desk: str) -> str:
    text = one.text.strip()
    return text if frame == "message" else f"{desk.replace('{text}', text)}\n\n{texts.format.levels.agent}"
