"""What a build stands on outside its specification: found, pinned by hash, and part of the name of its run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipeline.calibration.load import pinned
from pipeline.deduplicate.earlier import EarlierRows, earlier_rows
from pipeline.deduplicate.encoder import Encoder
from pipeline.deduplicate.novelty import Protected
from pipeline.deduplicate.protected import look_up
from pipeline.deduplicate.protected_files import FOLDER as PROTECTED
from pipeline.deduplicate.protected_files import Corpus
from pipeline.deduplicate.vector_store import KeptEncoder
from pipeline.release.against import Against
from pipeline.release.previous import Previous
from pipeline.schema.base import sha256_of
from pipeline.schema.calibration import Calibration
from pipeline.schema.label import Reviews
from pipeline.schema.specification import Specification

INDEX = "index"
"""Folder beside ``runs/`` and ``releases/`` that holds what is kept of earlier releases."""


def run_folder(specification: Specification, out: Path) -> Path:
    """Return the working folder of a build: one for each content of a specification.

    What bears on the finished rows alone is left out, so that a build that missed a floor goes on from
    its completions when the floor is lowered. So are reviews, so that a build without what people rejected goes on
    likewise; so is the budget, which may be raised, how the threshold for copies was found, whether calls go in
    batches, and where a calibration, earlier releases and protected corpora lie, since their content is pinned. A
    release whose rows are carried over bears on all that is made, so it stays in.
    """
    named = specification.previous
    left_out: dict[str, Any] = {
        "budget": True,
        "schedule": True,
        "floors": True,
        "previous": {"path"} if named is not None and named.carries is not None else True,
        "reviews": True,
        "gates": {"calibration": {"path"}},
        "deduplication": {"against": {"__all__": {"path"}}, "protected": {"__all__": {"path"}}, "curve": True},
        "models": {
            "generator": {"endpoint": {"batch"}},
            "judge": {"endpoint": {"batch"}},
            "guards": {"__all__": {"endpoint": {"batch"}}},
        },
    }
    made_by = specification.model_dump(mode="json", exclude=left_out)
    return out / "runs" / f"{specification.release_id}-{sha256_of(made_by)[:8]}"


def with_pins(
    specification: Specification,
    calibration: Calibration | None,
    against: Sequence[Against],
    previous: Previous | None,
    protected: Sequence[Corpus],
    *,
    reviews: Reviews | None = None,
) -> Specification:
    """Return the specification with the hashes of the calibration, releases, corpora and reviews that it names."""
    against_named = {"against": tuple(one.reference for one in against)}
    protected_named = {"protected": tuple(one.named for one in protected)}
    return specification.model_copy(
        update={
            "gates": pinned(specification.gates, calibration),
            "deduplication": specification.deduplication.model_copy(update=against_named | protected_named),
            "previous": previous and previous.reference,
            "reviews": specification.reviews
            and reviews
            and specification.reviews.model_copy(update={"sha256": reviews.sha256}),
        }
    )


def rows_of(
    against: Sequence[Against],
    encoder: Encoder,
    folder: Path,
    tell: Callable[[int, int], None] | None = None,
    note: Callable[[str], None] | None = None,
) -> EarlierRows | None:
    """Return the rows of earlier releases from the index in ``folder``; ``None`` for no release.

    ``tell`` is called with the rows of a release that were made so far, and their number; ``note`` of
    damaged files, which are made anew.
    """
    if not against:
        return None
    return earlier_rows([one.rows for one in against], encoder, folder, tell, note)


def protected_by(
    corpora: Sequence[Corpus], encoder: Encoder, folder: Path, note: Callable[[str], None] | None = None
) -> Protected | None:
    """Return corpora ready to be looked up in; ``None`` for no corpus.

    They are read once from end to end, so that a mistake in one shows before anything is paid for, and the vectors of
    their texts are kept in ``folder``.

    Args:
        corpora: that the specification names.
        encoder: embeds their texts.
        folder: is made if it is not there.
        note: told how far a corpus is, and of damaged files, which are made anew.
    """
    if not corpora:
        return None
    protected = Protected(tuple(corpora), KeptEncoder(encoder, folder / PROTECTED, note=note))
    told = None if note is None else (lambda name, texts: note(f"protected corpus {name}: {texts} texts"))
    look_up([], protected.corpora, protected.keeper, tell=told)
    return protected
