"""The labels file holds what finished readings say, once and in ASCII, and others read it back as it was meant."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from pipeline.label_files import read_labels_file, read_reviews
from pipeline.pages.text import visible
from pipeline.release.write import write_release
from pipeline.review.events import Answered, Noted, Suggested
from pipeline.review.export import export
from pipeline.review.review import ActRefusedError
from pipeline.review.standing import agreed_on, standings_of
from pipeline.schema.base import normalise_text
from tests.support.hostile import HOSTILE, hostile_inputs
from tests.support.reviews import act, read, review_of


def test_finished_readings_are_exported_and_others_are_not(tmp_path: Path) -> None:
    with review_of(tmp_path) as review:
        first, second, third = list(review.material.items)[:3]
        read(review, "Ada", first, decision="reject", realism="2")
        read(review, "Ben", first, decision="accept")
        read(review, "Eve", first, decision="reject")
        read(review, "Ada", second, decision="unsure")
        act(review, "Ben", Answered(item=second, question="decision", answer="reject"))
        act(review, "Ada", Noted(item=third, text="never finished"))
        count = export(review, tmp_path / "one.jsonl")
        export(review, tmp_path / "two.jsonl")
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()
    file = read_labels_file(tmp_path / "one.jsonl")
    assert len(file.labels) == count == 10 + 10 + 2 + 10, "the third was asked what the two differ on"
    assert {one.item for one in file.labels} == {first, second}
    decided = {
        (one.reader, one.turn): (one.answer, one.value)
        for one in file.labels
        if (one.item, one.question) == (first, "decision")
    }
    assert decided == {
        ("Ada", "first"): ("reject", False),
        ("Ben", "first"): ("accept", True),
        ("Eve", "third"): ("reject", False),
    }
    assert {one.value for one in file.labels if one.answer == "unsure"} == {None}
    assert {one.question: one.value for one in file.labels if one.reader == "Ada"}["user_pushes"] is True, "no passes"
    assert file.remarks == ()


def test_what_most_say_is_what_a_build_goes_by(tmp_path: Path) -> None:
    with review_of(tmp_path) as review:
        first, second = list(review.material.items)[:2]
        read(review, "Ada", first, decision="reject", task_illegitimate="yes")
        read(review, "Ben", first, decision="accept")
        read(review, "Eve", first, decision="reject")
        read(review, "Ada", second, decision="reject")
        export(review, tmp_path / "labels.jsonl")
        told = standings_of(review).rejected
    reviews = read_reviews(tmp_path / "labels.jsonl")
    (gone,) = reviews.rejected
    assert (gone.scenario, gone.against, gone.readers) == (first, 2, 3)
    assert "task_illegitimate" in gone.reason
    assert (reviews.read, told.count, told.n) == (1, 1, 1), (
        "the page counts what the build does; one reader decides nothing"
    )


def test_a_suggestion_holds_the_words_of_the_record(tmp_path: Path) -> None:
    with review_of(tmp_path) as review:
        item = next(iter(review.material.items))
        request = review.material.scenario(item).view.agent.request
        start = request.index("printers") if "printers" in request else 3
        act(
            review,
            "Ada",
            Suggested(item=item, place="view.agent.request", start=start, end=start + 8, new="=1+1", why="why"),
        )
        read(review, "Ada", item)
        with pytest.raises(ActRefusedError, match="holds no such span"):
            act(review, "Ben", Suggested(item=item, place="view.agent.request", start=0, end=10**6, new="x"))
        with pytest.raises(ActRefusedError, match="holds no such span"):
            act(review, "Ben", Suggested(item=item, place="view.agent.nothing", start=0, end=1, new="x"))
        export(review, tmp_path / "labels.jsonl")
    (one,) = read_labels_file(tmp_path / "labels.jsonl").suggestions
    assert (one.old, one.new, one.start) == (request[start : start + 8], "=1+1", start)
    assert request[one.start : one.end] == one.old


@pytest.mark.parametrize("payload", HOSTILE)
def test_hostile_text_is_text_in_the_labels_file(payload: str, tmp_path: Path) -> None:
    release, _ = write_release(hostile_inputs(payload), tmp_path / "releases")
    text = normalise_text(payload)
    with review_of(tmp_path, release=release) as review:
        (item,) = [name for name in review.material.items if review.material.scenario(name).view.agent.request == text]
        shown = len(visible(text))
        act(review, "Ada", Suggested(item=item, place="view.agent.request", start=0, end=shown, new=text, why=text))
        act(review, "Ada", Noted(item=item, text=text))
        read(review, "Ada", item, decision="reject")
        read(review, "Ben", item, decision="reject")
        export(review, tmp_path / "labels.jsonl")
    raw = (tmp_path / "labels.jsonl").read_bytes()
    assert raw.isascii()
    assert all(byte >= 0x20 or byte == 0x0A for byte in raw)
    file = read_labels_file(tmp_path / "labels.jsonl")
    assert [(one.old, one.new) for one in file.suggestions] == [(text, text)]
    assert [one.text for one in file.remarks] == [text]
    lines = list(csv.reader(io.StringIO(raw.decode())))
    assert all(line[0][:1] == "{" for line in lines if line), "a spreadsheet takes no line for a formula"


def test_agreement_on_the_page_is_that_of_the_labels(tmp_path: Path) -> None:
    from pipeline.analysis.agreement import agreement_of

    with review_of(tmp_path) as review:
        for number, item in enumerate(list(review.material.items)[:12]):
            read(review, "Ada", item, decision="reject" if number % 3 == 0 else "accept")
            read(review, "Ben", item, decision="reject" if number % 4 == 0 else "accept")
        shown = {one.question: one for one in agreed_on(review)}["decision"]
        export(review, tmp_path / "labels.jsonl")
    labels = read_labels_file(tmp_path / "labels.jsonl").labels
    said = [
        [
            next(one.value for one in labels if (one.item, one.reader, one.question) == (item, reader, "decision"))
            for item in sorted({one.item for one in labels})
        ]
        for reader in ("Ada", "Ben")
    ]
    expected = agreement_of(said)
    assert shown.agreement is not None
    assert (shown.agreement.observed, shown.agreement.alpha) == (expected.observed, expected.alpha)
    assert shown.pairs[0].agreement.kappa == expected.kappa
