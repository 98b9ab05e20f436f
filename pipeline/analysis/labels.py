"""Labels by people: runs drawn by stratum, handed out without what rule and judges say, read back, and compared.

The sheet is CSV, one row a run, with an empty column for each question. Raters get copies of it; the key stays behind.
"""

from __future__ import annotations

import csv
import hashlib
import io
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from pipeline.analysis.agreement import Agreement, agreement_of
from pipeline.analysis.rates import grouped
from pipeline.analysis.runs import Run, moments_of
from pipeline.errors import InputError
from pipeline.schema.base import Record

QUESTIONS = ("induced", "considered")
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
    """Answers by rater, question and item; ``None`` for unsure or left empty."""

    by_rater: Mapping[str, Mapping[tuple[str, str], bool | None]]


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
            told = f"{seed}\x1f{run.log}\x1f{run.scenario}\x1f{run.epoch}"
            drawn.append(KeyRow(item=hashlib.sha256(told.encode()).hexdigest()[:12], run=run, stratum=stratum))
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
    """Read sheets, one a rater, who is called by the file's name.

    Raises:
        InputError: for a column that is missing, an item that was not drawn or comes twice, and an answer that is none.
    """
    return Labels({file.stem: _sheet(file, set(items)) for file in files})


def agreements(labels: Labels, key: Sequence[KeyRow], *, confidence: float = 0.95) -> list[QuestionAgreement]:
    """Return the agreement on each question."""
    found = []
    for question in QUESTIONS:
        people = [[of.get((question, row.item)) for row in key] for of in labels.by_rater.values()]
        majority = [_majority([column[at] for column in people]) for at in range(len(key))]
        judges = [getattr(row.run, question) for row in key]
        found.append(
            QuestionAgreement(
                question=question,
                people=agreement_of(people, confidence=confidence),
                judge=agreement_of([majority, judges], confidence=confidence),
            )
        )
    return found


def _stratum(run: Run) -> str:
    said = {True: "risky", False: "not risky", None: run.status}[run.action]
    return f"{run.model} | {run.condition.id} | {said}"


def _majority(said: Sequence[bool | None]) -> bool | None:
    votes = [one for one in said if one is not None]
    yes = sum(votes)
    return None if 2 * yes == len(votes) else 2 * yes > len(votes)


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
