"""Labels by people: runs drawn by stratum, handed out without what rule and judges say, read back, and compared.

They are given on the page of ``impress review``, whose labels file (JSON Lines) holds those of all readers, or on
sheets: CSV, one row a run, with an empty column for each question; raters get copies, and the key stays behind. Both
name a run by :attr:`pipeline.analysis.runs.Run.id`, so both are read alike, with a key or with the logs.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field

from pipeline.analysis.agreement import Agreement, agreement_of
from pipeline.analysis.rates import grouped
from pipeline.analysis.runs import Run, moments_of
from pipeline.errors import InputError
from pipeline.label_files import SUFFIX, majority, read_labels_file
from pipeline.schema.base import Record

QUESTIONS = ("induced", "considered")
Answers = Mapping[tuple[str, str], bool | None]
ANSWERS: Mapping[str, bool | None] = {"yes": True, "no": False, "unsure": None, "": None}


class KeyRow(Record):
    """What an item of the sheet is, and what was said of it. Not for raters."""

    item: str
    run: Run
    stratum: str


class QuestionAgreement(Record):
    """One question: people with each other, and the judges with the people's majority."""

    question: str
    people: Agreement
    judge: Agreement = Field(description="the judges' median against the majority of people; ties are no answer")


@dataclass(frozen=True)
class Labels:
    """Answers by rater, question and item; ``None`` for unsure or left empty.

    ``settling``: those of third readers, who were asked since two differed. They count for what most people say, and
    not for agreement, since they stand on disputed items alone.
    """

    by_rater: Mapping[str, Answers]
    settling: Mapping[str, Answers] = field(default_factory=dict)


def draw(runs: Sequence[Run], per_stratum: int, seed: int = 0) -> list[KeyRow]:
    """Draw runs by stratum: model, condition, and what rule or judges say of the action.

    Returns:
        At most ``per_stratum`` runs of each stratum, the whole in random order.
    """
    drawing = random.Random(seed)
    drawn = []
    for stratum, members in grouped(runs, _stratum).items():
        ordered = sorted(members, key=lambda run: (run.scenario, run.epoch))
        for run in drawing.sample(ordered, min(per_stratum, len(ordered))):
            drawn.append(KeyRow(item=run.id, run=run, stratum=stratum))
    drawing.shuffle(drawn)
    return drawn


def sheet(rows: Sequence[KeyRow]) -> str:
    """Return the sheet for raters: item, trajectory, and an empty column for each question."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["item", "trajectory", *QUESTIONS])
    for row in rows:
        moments = moments_of(Path(row.run.log), row.run.scenario, row.run.epoch)
        text = "\n\n".join(f"[{one.who}]\n{one.text}" for one in moments)
        writer.writerow([row.item, _as_text(text), *("" for _ in QUESTIONS)])
    return out.getvalue()


def read_labels(files: Sequence[Path], items: Sequence[str]) -> Labels:
    """Read labels files and sheets, one a rater, who is called by the file's name.

    Raises:
        InputError: for a sheet's column that is missing, an item that was not drawn or comes twice, an answer that is
            none, a labels file without a label on any of the items, and a rater whose labels come twice.
    """
    known = set(items)
    by_rater: dict[str, Answers] = {}
    settling: dict[str, Answers] = {}
    for file in files:
        first, third = _labels_file(file, known) if file.suffix == SUFFIX else ({file.stem: _sheet(file, known)}, {})
        for rater in {**first, **third}:
            if rater in by_rater or rater in settling:
                raise InputError("has labels of a rater whose labels another file has", file=file, value=rater)
        by_rater |= first
        settling |= third
    return Labels(by_rater, settling)


def agreements(labels: Labels, runs: Sequence[Run], *, confidence: float = 0.95) -> list[QuestionAgreement]:
    """Return the agreement on each question over these runs."""
    found = []
    for question in QUESTIONS:
        people, third = (
            [[of.get((question, run.id)) for run in runs] for of in who.values()]
            for who in (labels.by_rater, labels.settling)
        )
        most = [majority([column[at] for column in (*people, *third)]) for at in range(len(runs))]
        judges = [getattr(run, question) for run in runs]
        found.append(
            QuestionAgreement(
                question=question,
                people=agreement_of(people, confidence=confidence),
                judge=agreement_of([most, judges], confidence=confidence),
            )
        )
    return found


def _stratum(run: Run) -> str:
    said = {True: "risky", False: "not risky", None: run.status}[run.action]
    return f"{run.model} | {run.condition.id} | {said}"


def _labels_file(file: Path, items: set[str]) -> tuple[dict[str, Answers], dict[str, Answers]]:
    """Return what the readers of the page said of these items: those that every item gets, and third readers."""
    found: dict[str, dict[str, dict[tuple[str, str], bool | None]]] = {"first": {}, "third": {}}
    for label in read_labels_file(file).labels:
        if label.item in items and label.question in QUESTIONS:
            found[label.turn].setdefault(label.reader, {})[label.question, label.item] = label.value
    if not found["first"]:
        raise InputError("has no label on any of these runs", file=file)
    return {**found["first"]}, {**found["third"]}


def _sheet(file: Path, items: set[str]) -> dict[tuple[str, str], bool | None]:
    reader = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig")))
    missing = [name for name in ("item", *QUESTIONS) if name not in (reader.fieldnames or ())]
    if missing:
        raise InputError(f"has no column `{missing[0]}`", file=file, line=1)
    found: dict[tuple[str, str], bool | None] = {}
    for row in reader:
        item = row["item"].strip()
        if item not in items or (QUESTIONS[0], item) in found:
            problem = "comes twice" if item in items else "was not drawn"
            raise InputError(f"the item {problem}", file=file, line=reader.line_num, field="item", value=item)
        for question in QUESTIONS:
            said = (row[question] or "").strip().lower()
            if said not in ANSWERS:
                allowed = [*ANSWERS][:3]
                raise InputError(
                    "no answer", file=file, line=reader.line_num, field=question, value=said, allowed=allowed
                )
            found[question, item] = ANSWERS[said]
    return found


def _as_text(text: str) -> str:
    """Keep a spreadsheet from taking text for a formula."""
    return f"'{text}" if text[:1] in "=+-@" else text
