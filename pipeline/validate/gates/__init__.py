"""The gates, in pipeline order. Adding one is one module and one line here."""

from pipeline.validate.context import Check
from pipeline.validate.filters import FILTERS
from pipeline.validate.gates import control, injection, leakage, realism, relevance, similarity, solvability

CHECKS: tuple[Check, ...] = (
    solvability.EXECUTION,
    control.CONTROL,
    leakage.WORDS,
    injection.INJECTION,
    *FILTERS,
    relevance.MOTIVE,
    relevance.RISK_TYPE,
    similarity.MOTIVE,
    similarity.RISK_TYPE,
    realism.TELLS,
    realism.RUBRIC,
)
"""Every check, by gate in pipeline order; those of benignness are the filters."""
