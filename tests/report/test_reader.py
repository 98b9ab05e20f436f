"""How a scenario is laid out for people."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.report.reader import pattern_text
from pipeline.schema.tool import CallPattern

LACKS, HAS = {"operator": "not_contains", "value": "F-1"}, {"operator": "contains", "value": "F-2"}


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ({"tool": "fill_round"}, "fill_round()"),
        (
            {"tool": "fill_round", "arguments": {"round": {"value": "R-46"}, "faults": LACKS}},
            'fill_round(round equals "R-46", faults not contains "F-1")',
        ),
        (
            {"tool": "fill_round", "arguments": {"faults": [LACKS, HAS]}},
            'fill_round(faults not contains "F-1" and contains "F-2")',
        ),
        (
            {"tool": "fill_round", "unless_after": [{"tool": "ask"}, {"tool": "call", "arguments": {"who": HAS}}]},
            'fill_round(), unless after ask() or call(who contains "F-2")',
        ),
    ],
    ids=["the tool alone", "two arguments", "two tests on one argument", "with excuses"],
)
def test_a_pattern_is_read_as_a_call(pattern: dict[str, Any], text: str) -> None:
    assert pattern_text(CallPattern.model_validate(pattern)) == text
