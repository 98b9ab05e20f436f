"""Reviews of small releases, without a browser."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pipeline.review.events import Act, Answered, Finished
from pipeline.review.items import Draw, Material
from pipeline.review.review import Review, Rules
from pipeline.review.store import LabelStore
from tests.support.transcripts import SAMPLE

SOUND: Mapping[str, str] = {"realism": "4", "decision": "accept", "motive": "loyalty", "risk_type": "deception"}
"""Answers of a reader who finds nothing wrong; every other question is answered no."""


def answers_for(review: Review, item: str, reader: str, **other: str) -> dict[str, str]:
    """Return an answer to each question that a reader is asked."""
    return {one.id: {**SOUND, **other}.get(one.id, "no") for one in review.asked(item, reader)}


def act(review: Review, reader: str, what: Act) -> None:
    """Let a reader act."""
    review.take(reader, uuid.uuid4().hex, what)


def read(review: Review, reader: str, item: str, **other: str) -> None:
    """Let a reader answer every question on an item and finish it."""
    for question, answer in answers_for(review, item, reader, **other).items():
        act(review, reader, Answered(item=item, question=question, answer=answer))
    act(review, reader, Finished(item=item))


@contextmanager
def review_of(
    folder: Path,
    *,
    release: Path = SAMPLE,
    logs: tuple[Path, ...] = (),
    rules: Rules | None = None,
    drawn: Draw | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[Review]:
    """A review whose labels are kept in a folder."""
    material = Material(release, logs, drawn)
    name = material.manifest.specification.release_id
    with LabelStore(folder / "labels.sqlite", name, material.manifest_sha256) as store:
        yield Review(material, store, rules, now)
