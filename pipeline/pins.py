"""What a build stands on outside its specification: found, pinned by hash, and part of the name of its run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipeline.calibration.load import pinned
from pipeline.deduplicate.earlier import EarlierRows, earlier_rows
from pipeline.deduplicate.encoder import Encoder
from pipeline.release.previous import Previous
from pipeline.schema.base import sha256_of
from pipeline.schema.calibration import Calibration
from pipeline.schema.specification import Specification

INDEX = "index"
"""Folder beside ``runs/`` and ``releases/`` that holds the plots of earlier releases and their vectors."""


def run_folder(specification: Specification, out: Path) -> Path:
    """Return the working folder of a build: one for each content of a specification.

    What bears on the finished rows alone is left out, so that a build that missed a floor goes on from
    its completions when the floor is lowered. So is the budget, which may be raised, and so is where a
    calibration and earlier releases lie, since their content is pinned. A release whose rows are carried over
    bears on all that is made, so it stays in.
    """
    named = specification.previous
    left_out: dict[str, Any] = {
        "budget": True,
        "schedule": True,
        "floors": True,
        "previous": {"path"} if named is not None and named.carries is not None else True,
        "gates": {"calibration": {"path"}},
        "deduplication": {"against": {"__all__": {"path"}}},
    }
    made_by = specification.model_dump(mode="json", exclude=left_out)
    return out / "runs" / f"{specification.release_id}-{sha256_of(made_by)[:8]}"


def with_pins(
    specification: Specification,
    calibration: Calibration | None,
    against: Sequence[Previous],
    previous: Previous | None,
) -> Specification:
    """Return the specification with the hashes of the calibration and the earlier releases that it names."""
    references = tuple(one.reference for one in against)
    return specification.model_copy(
        update={
            "gates": pinned(specification.gates, calibration),
            "deduplication": specification.deduplication.model_copy(update={"against": references}),
            "previous": previous and previous.reference,
        }
    )


def rows_of(
    against: Sequence[Previous],
    encoder: Encoder,
    folder: Path,
    tell: Callable[[int, int], None] | None = None,
    note: Callable[[str], None] | None = None,
) -> EarlierRows | None:
    """Return the rows of earlier releases with their vectors, which are kept in ``folder``; ``None`` for no release.

    ``tell`` is called with the texts of a release that have vectors so far, and their number; ``note`` of
    damaged files, which are made anew.
    """
    if not against:
        return None
    return earlier_rows([(one.reference.release, one.scenarios) for one in against], encoder, folder, tell, note)
