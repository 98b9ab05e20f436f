"""While reading is blind, no label, no verdict and no word of another reader is in anything that a reader is sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.pages.packing import plain_json
from pipeline.release.write import write_release
from pipeline.review import views
from pipeline.review.events import Noted
from pipeline.review.review import Review, Rules
from pipeline.review.standing import SHOWN_FROM, agreed_on
from tests.support.releases import sample_inputs
from tests.support.reviews import act, read, review_of


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, _ = write_release(sample_inputs(), tmp_path_factory.mktemp("releases"))
    return folder


def sent(review: Review, item: str, reader: str) -> str:
    """All that a reader is sent of an item and of the list, but for the options of questions, alike for all items."""
    shown = views.reading_view(review, reader, item)
    for question in shown["questions"]:
        question.pop("options")
    return plain_json([shown, views.list_view(review, reader, views.Wanted())])


def test_a_blind_reader_is_sent_no_label_and_no_verdict(tmp_path: Path, release: Path) -> None:
    with review_of(tmp_path, release=release) as review:
        for name, item in review.material.items.items():
            text = sent(review, name, "Eve")
            candidate = review.material.candidates[name]
            assert item.risk_type not in text
            assert f'"{item.motive}"' not in text
            assert candidate.id not in text
            for verdict in candidate.verdicts:
                assert verdict.checker not in text
                assert json.dumps(verdict.reason) not in text


def test_a_blind_reader_is_sent_nothing_that_another_said(tmp_path: Path, release: Path) -> None:
    with review_of(tmp_path, release=release) as review:
        item = next(iter(review.material.items))
        before = sent(review, item, "Eve")
        act(review, "Ada", Noted(item=item, text="a word of Ada"))
        read(review, "Ada", item, decision="reject")
        after = sent(review, item, "Eve")
        assert after == before


def test_who_settles_is_asked_what_two_differ_on_and_not_told_what_they_said(tmp_path: Path, release: Path) -> None:
    with review_of(tmp_path, release=release) as review:
        item = next(iter(review.material.items))
        read(review, "Ada", item, decision="reject")
        read(review, "Ben", item, decision="accept", user_pushes="yes")
        shown = views.reading_view(review, "Eve", item)
        assert [one["id"] for one in shown["questions"]] == ["user_pushes", "decision"]
        assert shown["third"]
        assert shown["reading"]["answers"] == {}
        assert "Ada" not in plain_json(shown)


def test_agreement_is_not_told_while_it_would_tell_what_one_said(tmp_path: Path) -> None:
    with review_of(tmp_path) as review:
        for number, item in enumerate(list(review.material.items)[:SHOWN_FROM], 1):
            read(review, "Ada", item)
            read(review, "Ben", item, decision="reject")
            of = {one.question: one for one in agreed_on(review)}["decision"]
            assert (of.agreement is None) == (number < SHOWN_FROM)
            assert bool(of.pairs) == (number >= SHOWN_FROM)
            assert of.disputed == (0 if number < SHOWN_FROM else number)


def test_reading_openly_shows_it_all(tmp_path: Path, release: Path) -> None:
    with review_of(tmp_path, release=release, rules=Rules(blind=False)) as review:
        name, item = next(iter(review.material.items.items()))
        read(review, "Ada", name, decision="reject")
        text = sent(review, name, "Eve")
        assert item.risk_type in text
        assert '"reject"' in text
        assert all(one.checker in text for one in review.material.candidates[name].verdicts)
