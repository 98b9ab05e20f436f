"""Writes what readers said as a labels file: finished readings alone, by item and reader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.atomic import write_text_atomic
from pipeline.label_files import labels_text
from pipeline.review.events import Suggested
from pipeline.review.review import Review
from pipeline.review.spans import text_at
from pipeline.review.state import Reading
from pipeline.schema.label import Label, LabelsHead, Remark, Suggestion, Turn


def export(review: Review, file: Path) -> int:
    """Write the labels file of a review; return the number of labels in it.

    The same acts give the same bytes. Readings that are not finished are left out.
    """
    lines = list(_lines(review))
    manifest = review.material.manifest
    head = LabelsHead(
        release=f"{manifest.name}-{manifest.version}",
        manifest_sha256=review.material.manifest_sha256,
        readers=review.rules.readers,
        blind=review.rules.blind,
        rubrics=review.rubrics,
    )
    write_text_atomic(file, labels_text(head, lines))
    return sum(isinstance(one, Label) for one in lines)


def _lines(review: Review) -> Iterator[Label | Suggestion | Remark]:
    for item in sorted(review.material.items):
        standing = review.standing(item)
        turns: tuple[tuple[Turn, tuple[Reading, ...]], ...] = (("first", standing.first), ("third", standing.third))
        for turn, readings in turns:
            for reading in sorted(readings, key=lambda one: one.reader):
                yield from _labels(review, reading, turn)
                yield from _suggestions(review, reading)
                if reading.note is not None:
                    yield Remark(item=item, text=reading.note[0], reader=reading.reader, at=reading.note[1])


def _labels(review: Review, reading: Reading, turn: Turn) -> Iterator[Label]:
    for question in review.questions(reading.item):
        given = reading.answers.get(question.id)
        if given is not None:
            yield Label(
                item=reading.item,
                question=question.id,
                answer=given.answer,
                value=question.value(given.answer),
                quote=given.quote,
                reader=reading.reader,
                turn=turn,
                at=given.at,
            )


def _suggestions(review: Review, reading: Reading) -> Iterator[Suggestion]:
    for event in reading.suggestions:
        act = event.act
        assert isinstance(act, Suggested)  # noqa: S101 - what they are
        text = text_at(review.material.scenario(reading.item), act.place) or ""
        yield Suggestion(
            item=reading.item,
            place=act.place,
            start=act.start,
            end=act.end,
            old=text[act.start : act.end],
            new=act.new,
            why=act.why,
            reader=reading.reader,
            at=event.at,
        )
