"""The toxicity filter's probabilities are those of the library, up to rounding."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profanity_check import predict_prob

from pipeline.validate.filters.toxicity import classified

WORDS = (
    "you",
    "are",
    "an",
    "idiot",
    "shit",
    "the",
    "lot",
    "damn",
    "fool",
    "report",
    "on",
    "Friday",
    "hate",
    "\u00e9t\u00e9",
)
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None)
@given(texts=TEXTS)
def test_equal_to_the_library(texts: list[str]) -> None:
    assert classified(texts) == pytest.approx(list(predict_prob(texts)), rel=0, abs=1e-12)
