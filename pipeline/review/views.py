"""What each view of the page is given, as JSON. While reading is blind, nothing in it tells a label or a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.pages.text import one_line
from pipeline.report.record import scenario_record, verdict_record
from pipeline.review.events import Suggested
from pipeline.review.items import Item
from pipeline.review.questions import Question, shuffled
from pipeline.review.reading import run_record
from pipeline.review.review import Review
from pipeline.review.spans import text_at
from pipeline.review.standing import Agreed, Standings
from pipeline.review.state import Reading

PAGE = 50
_TITLE = 220
STATES = {
    "all": "all",
    "open": "for me to read",
    "begun": "begun by me",
    "done": "read by me",
    "skipped": "skipped by me",
    "noted": "with my notes or edits",
    "third": "wait for a third reader",
    "settled": "settled",
}
"""Filters of the list, by name."""


@dataclass(frozen=True)
class Wanted:
    """What the list is asked for."""

    subject: str = ""
    domain: str = ""
    state: str = "all"
    words: str = ""
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Wanted:
        """Read the query of an address; what is no filter is left out."""
        page = query.get("page", "1")
        state = query.get("state", "all")
        return cls(
            subject=query.get("subject", ""),
            domain=query.get("domain", ""),
            state=state if state in STATES else "all",
            words=query.get("q", "")[:200],
            page=max(1, int(page)) if page.isascii() and page.isdecimal() and len(page) < 7 else 1,
        )


def common(review: Review, reader: str, view: str) -> dict[str, Any]:
    """Return what every view is given."""
    return {
        "view": view,
        "release": review.material.name,
        "reader": reader,
        "blind": review.rules.blind,
        "readers": review.rules.readers,
        "subjects": list(review.material.subjects),
    }


def reading_view(review: Review, reader: str, name: str) -> dict[str, Any]:
    """Return an item to read, with the questions that the reader is asked and what they have said so far.

    Raises:
        ActRefusedError: if there is no such item.
    """
    item = review.item(name)
    asked, standing = review.asked(name, reader), review.standing(name)
    mine = {one.reader for one in standing.first}
    return {
        **common(review, reader, "reading"),
        "item": _item(item),
        "record": _record(review, item),
        "questions": [_question(one, name) for one in asked],
        "reading": reading_state(review, review.state.reading(name, reader)),
        "third": standing.stage != "first" and reader not in mine,
        "said": None if review.rules.blind else _said(review, name, reader),
    }


def reading_state(review: Review, reading: Reading) -> dict[str, Any]:
    """Return what a reader has said of an item."""
    return {
        "answers": {name: {"answer": one.answer, "quote": one.quote} for name, one in reading.answers.items()},
        "note": reading.note[0] if reading.note else "",
        "suggestions": [_suggestion(review, one.act) for one in reading.suggestions if isinstance(one.act, Suggested)],
        "done": reading.done,
        "missing": [one.id for one in review.missing(reading)],
    }


def list_view(review: Review, reader: str, wanted: Wanted) -> dict[str, Any]:
    """Return a page of the list of items."""
    every = review.material.items
    found = [one for one in every.values() if _is_wanted(review, reader, one, wanted)]
    pages = max(1, -(-len(found) // PAGE))
    page = min(wanted.page, pages)
    return {
        **common(review, reader, "list"),
        "wanted": {"subject": wanted.subject, "domain": wanted.domain, "state": wanted.state, "q": wanted.words},
        "states": STATES,
        "domains": sorted(review.material.domains),
        "rows": [
            {**_item(one), "state": _state(review, reader, one)} for one in found[PAGE * (page - 1) : PAGE * page]
        ],
        "found": len(found),
        "items": len(every),
        "page": page,
        "pages": pages,
    }


def overview_view(review: Review, reader: str, standings: Standings) -> dict[str, Any]:
    """Return where the review stands."""
    return {**common(review, reader, "overview"), "standings": standings.model_dump(mode="json")}


def agreement_view(review: Review, reader: str, agreed: list[Agreed]) -> dict[str, Any]:
    """Return how far readers agree."""
    return {**common(review, reader, "agreement"), "agreed": [one.model_dump(mode="json") for one in agreed]}


def _record(review: Review, item: Item) -> dict[str, Any]:
    scenario = review.material.scenario(item.id)
    record: dict[str, Any] = {**scenario_record(scenario), "verdicts": []}
    if item.subject == "run":
        record["run"] = run_record(review.material.trajectory(item.id))
    if not review.rules.blind:
        candidate = review.material.candidates.get(item.id)
        record["verdicts"] = [] if candidate is None else [verdict_record(one) for one in candidate.verdicts]
        record["labels"] = [item.motive, item.risk_type]
    return record


def _item(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "subject": item.subject,
        "title": one_line(item.title, _TITLE),
        "place": one_line(item.place, _TITLE),
        "domain": item.domain,
    }


def _question(question: Question, item: str) -> dict[str, Any]:
    return {
        "id": question.id,
        "topic": question.topic,
        "ask": question.ask,
        "form": question.form,
        "quotes": question.quotes,
        "options": [asdict(one) for one in shuffled(question, item)],
    }


def _suggestion(review: Review, act: Suggested) -> dict[str, Any]:
    text = text_at(review.material.scenario(act.item), act.place) or ""
    return {"place": act.place, "old": text[act.start : act.end], "new": act.new, "why": act.why}


def _said(review: Review, name: str, reader: str) -> list[dict[str, Any]]:
    """Return what others said, where readers may see it."""
    return [
        {"reader": one.reader, "answers": {question: given.answer for question, given in one.answers.items()}}
        for one in review.state.of_item(name).values()
        if one.done and one.reader != reader
    ]


def _state(review: Review, reader: str, item: Item) -> str:
    """Return what the reader has done with an item, in a word."""
    mine = review.state.reading(item.id, reader)
    if mine.done:
        return "done"
    if mine.skipped:
        return "skipped"
    return "begun" if mine.acts else "new"


def _is_wanted(review: Review, reader: str, item: Item, wanted: Wanted) -> bool:
    if wanted.subject not in ("", item.subject) or wanted.domain not in ("", item.domain):
        return False
    if wanted.words and wanted.words.casefold() not in item.told:
        return False
    return wanted.state == "all" or _is_in(review, reader, item, wanted.state)


def _is_in(review: Review, reader: str, item: Item, state: str) -> bool:
    """Tell whether an item is in a state of the list."""
    mine, stage = review.state.reading(item.id, reader), review.standing(item.id).stage
    if review.rules.blind and mine.done and state in ("third", "settled"):
        return False  # it would tell the reader whether another agreed
    if state == "noted":
        return bool(mine.note or mine.suggestions)
    if state == "open":
        return not mine.done and stage != "settled"
    return state in (stage, _state(review, reader, item))
