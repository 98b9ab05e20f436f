"""Labels files: JSON Lines that people's labels are exchanged in, written and read back, and what they decide.

Everything beyond ASCII is written as an escape, so that no control or direction character of a scenario is at work in
whatever shows the file.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pipeline.errors import InputError
from pipeline.schema.label import Label, LabelsHead, Line, Rejected, Remark, Reviews, ReviewsFile, Suggestion

DECISION = "decision"
"""The question whether a scenario is to stay."""

SUFFIX = ".jsonl"
_LINE: TypeAdapter[Line] = TypeAdapter(Line)
_LONGEST_NOTE = 300


@dataclass(frozen=True)
class LabelsFile:
    """A labels file, read."""

    head: LabelsHead
    labels: tuple[Label, ...]
    suggestions: tuple[Suggestion, ...]
    remarks: tuple[Remark, ...]


def labels_text(head: LabelsHead, lines: Iterable[Label | Suggestion | Remark]) -> str:
    """Return a labels file: the head, then a line for each record."""
    return "".join(json.dumps(one.model_dump(mode="json")) + "\n" for one in [head, *lines])


def read_labels_file(path: Path) -> LabelsFile:
    """Read a labels file.

    Raises:
        InputError: for the first line that is none of it, a head that is missing or not first, and a question that one
            reader answers twice.
    """
    found: list[Line] = []
    answered: dict[tuple[str, str, str], int] = {}
    for number, text in enumerate(path.read_bytes().split(b"\n"), 1):
        if not text.strip():
            continue
        line = _line(text, path, number)
        if isinstance(line, LabelsHead) == bool(found):
            problem = "a second head" if found else "the first line is not the head of a labels file"
            raise InputError(problem, file=path, line=number, field="kind", value=line.kind, allowed="labels, once")
        if isinstance(line, Label):
            key = (line.item, line.question, line.reader)
            if key in answered:
                problem = f"answered in line {answered[key]} already, by the same reader"
                raise InputError(problem, file=path, line=number, field="question", value=line.question)
            answered[key] = number
        found.append(line)
    if not found or not isinstance(found[0], LabelsHead):
        raise InputError("is empty", file=path, allowed="a labels file, as `impress review --export` writes it")
    return LabelsFile(
        head=found[0],
        labels=tuple(one for one in found if isinstance(one, Label)),
        suggestions=tuple(one for one in found if isinstance(one, Suggestion)),
        remarks=tuple(one for one in found if isinstance(one, Remark)),
    )


def majority(values: Sequence[bool | None]) -> bool | None:
    """Return what most say; ``None`` for a tie and for no answer. Who is unsure does not count."""
    votes = [one for one in values if one is not None]
    yes = sum(votes)
    return None if 2 * yes == len(votes) else 2 * yes > len(votes)


def reviews_of(file: LabelsFile) -> Reviews:
    """Return what people decided: a scenario is rejected where most of its readers say so.

    One that fewer readers decided on than every item was to get, or that they are split on, is neither.
    """
    said: dict[str, list[Label]] = defaultdict(list)
    for label in file.labels:
        if label.item.startswith("sc-"):
            said[label.item].append(label)
    notes: dict[str, list[str]] = defaultdict(list)
    for remark in file.remarks:
        notes[remark.item].append(remark.text)
    rejected, read = [], 0
    for item, labels in sorted(said.items()):
        values = [one.value for one in labels if one.question == DECISION and one.value is not None]
        told = majority(values) if len(values) >= file.head.readers else None
        read += told is not None
        if told is False:
            reason = _reason(labels, values, notes[item])
            rejected.append(
                Rejected(scenario=item, readers=len(values), against=len(values) - sum(values), reason=reason)
            )
    return Reviews(
        release=file.head.release,
        manifest_sha256=file.head.manifest_sha256,
        read=read,
        rejected=tuple(rejected),
    )


def read_reviews(path: Path) -> Reviews:
    """Read what people decided, from a labels file or from the ``reviews.json`` of a release.

    Raises:
        InputError: if it is neither, or not there.
    """
    if not path.is_file():
        raise InputError("the reviews that the specification names are not there", file=path)
    if path.suffix == SUFFIX:
        return reviews_of(read_labels_file(path))
    try:
        return Reviews.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or None
        raise InputError(f"neither a labels file ({SUFFIX}) nor reviews: {first['msg']}", file=path, field=place) from (
            error
        )


def load_reviews(named: ReviewsFile | None) -> Reviews | None:
    """Return the reviews that a specification names; ``None`` if it names none.

    Raises:
        InputError: if they are not there, no reviews, or others than those that are pinned.
    """
    if named is None:
        return None
    reviews = read_reviews(Path(named.path))
    if named.sha256 not in (None, reviews.sha256):
        raise InputError(
            "other reviews than `reviews.sha256` asks for",
            file=named.path,
            value=reviews.sha256,
            allowed=named.sha256,
        )
    return reviews


def _reason(labels: Sequence[Label], values: Sequence[bool], notes: Sequence[str]) -> str:
    failed = sorted({one.question for one in labels if one.value is False and one.question != DECISION})
    parts = [f"rejected by {len(values) - sum(values)} of {len(values)} readers"]
    if failed:
        parts.append(f"not passed: {', '.join(failed)}")
    parts += [" ".join(note.split())[:_LONGEST_NOTE] for note in notes]
    return "; ".join(parts)


def _line(text: bytes, path: Path, number: int) -> Line:
    try:
        return _LINE.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"][1:])) or None
        raise InputError(f"not a line of a labels file: {first['msg']}", file=path, line=number, field=place) from error
