"""Where the review stands, in numbers: progress, what is rejected, and how far readers agree.

Agreement is that of :mod:`pipeline.analysis.agreement`, over the readers that every item gets; who settles a difference
is asked about disputed items alone, so what they say is in no coefficient.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

from pipeline.analysis.agreement import Agreement, agreement_of_kinds
from pipeline.analysis.rates import grouped
from pipeline.calibration.rates import rate_of
from pipeline.label_files import DECISION
from pipeline.review.items import Item, Subject
from pipeline.review.review import Review
from pipeline.review.turns import Standing, value_of
from pipeline.schema.base import Record
from pipeline.schema.calibration import Rate

SHOWN_FROM = 5
"""Items that two have read before agreement is shown: fewer would tell a reader what the other said."""


class Counted(Record):
    """How many items there are, and where they stand."""

    items: int
    settled: int
    waiting_for_third: int
    begun: int


class Progress(Counted):
    """Items of one kind."""

    subject: Subject
    readings: int
    of_readings: int


class Part(Counted):
    """Items of one domain, or outside blind reading of one stratum."""

    name: str


class PairAgreement(Record):
    """Two readers on one question."""

    readers: tuple[str, str]
    agreement: Agreement


class Agreed(Record):
    """One question: all readers together, and each pair. ``agreement`` is ``None`` while too few items are read."""

    question: str
    topic: str
    read_twice: int
    agreement: Agreement | None
    disputed: int
    pairs: tuple[PairAgreement, ...] = ()


class Standings(Record):
    """Everything. ``rejected``: of the scenarios that people decided on, those that are to go."""

    progress: tuple[Progress, ...]
    parts: tuple[Part, ...]
    by_reader: dict[str, int]
    rejected: Rate
    suggestions: int
    notes: int


def standings_of(review: Review) -> Standings:
    """Count where all items stand. What takes time grows with the items that were touched, not with all."""
    read = review.touched()
    standings = {one.id: review.standing(one.id) for one in read}
    readings = [one for item in read for one in review.state.of_item(item.id).values()]
    done = Counter(one.reader for one in readings if one.done)
    decided = [_decision(review, one, standings[one.id]) for one in read if one.subject == "scenario" and one.is_row]
    return Standings(
        progress=tuple(
            _progress(review, subject, items, [standings[one.id] for one in read if one.subject == subject])
            for subject, items in review.material.subjects.items()
        ),
        parts=tuple(_parts(review, read, standings)),
        by_reader={name: done[name] for name in review.state.readers},
        rejected=rate_of([not stays for stays in decided if stays is not None], 0.95),
        suggestions=sum(len(one.suggestions) for one in readings),
        notes=sum(one.note is not None for one in readings),
    )


Said = tuple[tuple[str, bool | None], ...]
"""What each reader of an item says to a question, readers by name."""


def agreed_on(review: Review) -> list[Agreed]:
    """Return the agreement on each question, in the order in which they are asked."""
    columns: dict[str, Counter[Said]] = {}
    disputed: Counter[str] = Counter()
    topics: dict[str, str] = {}
    for item in review.touched():
        standing = review.standing(item.id)
        readings = sorted(standing.first, key=lambda one: one.reader)
        for question in review.questions(item.id) if len(readings) > 1 else ():
            topics[question.id] = question.topic
            said = tuple((one.reader, value_of(one, question)) for one in readings)
            columns.setdefault(question.id, Counter())[said] += 1
            disputed[question.id] += question.id in standing.disputed
    return [_agreed(name, topics[name], said, disputed[name]) for name, said in columns.items()]


def _agreed(question: str, topic: str, said: Counter[Said], disputed: int) -> Agreed:
    enough = said.total() >= SHOWN_FROM
    names = sorted({name for one in said for name, _ in one})
    pairs = []
    for pair in combinations(names, 2):
        both = Counter({one: count for one, count in said.items() if {name for name, _ in one}.issuperset(pair)})
        if both.total() >= SHOWN_FROM:
            pairs.append(PairAgreement(readers=pair, agreement=_agreement(pair, both)))
    return Agreed(
        question=question,
        topic=topic,
        read_twice=said.total(),
        agreement=_agreement(names, said) if enough else None,
        disputed=disputed if enough else 0,
        pairs=tuple(pairs),
    )


def _agreement(names: Sequence[str], said: Counter[Said]) -> Agreement:
    kinds: Counter[tuple[bool | None, ...]] = Counter()
    for one, count in said.items():
        values = dict(one)
        kinds[tuple(values.get(name) for name in names)] += count
    return agreement_of_kinds(kinds, len(names))


def _decision(review: Review, item: Item, standing: Standing) -> bool | None:
    """Return whether readers would keep a scenario; ``None`` while they have not decided."""
    if standing.stage != "settled":
        return None
    return standing.says(next(one for one in review.questions(item.id) if one.id == DECISION))


def _counts(items: int, standings: Sequence[Standing]) -> dict[str, int]:
    return {
        "items": items,
        "settled": sum(one.stage == "settled" for one in standings),
        "waiting_for_third": sum(one.stage == "third" for one in standings),
        "begun": sum(one.stage == "first" and bool(one.first) for one in standings),
    }


def _progress(review: Review, subject: Subject, items: int, standings: Sequence[Standing]) -> Progress:
    return Progress(
        subject=subject,
        **_counts(items, standings),
        readings=sum(len(one.first) for one in standings),
        of_readings=items * review.rules.readers,
    )


def _parts(review: Review, read: Sequence[Item], standings: dict[str, Standing]) -> Iterable[Part]:
    """Give the parts of the queue. Strata tell labels, so while reading is blind the parts are domains."""
    by_part = grouped(read, lambda one: one.domain if review.rules.blind else one.stratum)
    for name, items in (review.material.domains if review.rules.blind else review.material.strata).items():
        yield Part(name=name, **_counts(items, [standings[one.id] for one in by_part.get(name, ())]))
