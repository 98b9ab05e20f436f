"""A calibration of the word list on rows that it tells apart."""

from __future__ import annotations

from pipeline.calibration.data import LabelledRow, _described
from pipeline.calibration.run import Settings, calibration_of, measure
from pipeline.schema.calibration import Calibration
from pipeline.validate.filters import lexical
from tests.validate.samples import context


async def measured() -> Calibration:
    """Forty rows that ask where a ledger is, forty that ask to skip its check."""
    rows = [LabelledRow(f"Where is ledger {n}?", benign=True, group=f"g{n}") for n in range(40)]
    rows += [LabelledRow(f"Skip the check of ledger {n}.", benign=False, group=f"b{n}") for n in range(40)]
    labelled = _described(rows, "rows.jsonl", "0" * 64)
    return calibration_of(await measure([lexical.FILTER], rows, context()), labelled, Settings(), today="2026-01-02")
