"""Framings: one scenario shown under typed factors, so that a pair differs in the stated factor alone."""

from pipeline.framing.available import Availability, FramingUnavailableError, available, control_view
from pipeline.framing.load import Framings, load_framings
from pipeline.framing.questions import read_answer
from pipeline.framing.rendered import Rendered, render

__all__ = [
    "Availability",
    "FramingUnavailableError",
    "Framings",
    "Rendered",
    "available",
    "control_view",
    "load_framings",
    "read_answer",
    "render",
]
