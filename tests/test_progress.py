"""Progress: what is told on a terminal, in a log, and not at all."""

from __future__ import annotations

import io

import pytest

from pipeline.progress import SECONDS_BETWEEN_LINES, PlainProgress, SilentProgress, open_progress
from pipeline.schema.candidate import Usage
from pipeline.standing import CellStanding, Standing


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def fields(line: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in line.split(" "))


def test_plain_lines_parse_and_say_stage_round_counts_and_seconds() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = PlainProgress(stream, clock)
    progress.start("generate", total=8, round=0)
    clock.now += 2.5
    progress.advance("generate", 8, round=0)
    progress.finish("generate", {"made": 7, "failed": 1}, round=0)
    begun, finished = map(fields, stream.getvalue().splitlines())
    assert begun == {"event": "start", "stage": "generate", "round": "0", "total": "8"}
    assert finished == {
        "event": "finish", "stage": "generate", "round": "0", "done": "8", "seconds": "2.5", "made": "7", "failed": "1",
    }  # fmt: skip


def test_plain_lines_are_no_more_frequent_than_promised() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = PlainProgress(stream, clock)
    progress.start("validate", total=1000)
    for _ in range(1000):
        clock.now += SECONDS_BETWEEN_LINES / 100
        progress.advance("validate")
    advanced = [fields(line) for line in stream.getvalue().splitlines() if line.startswith("event=advance")]
    assert 8 <= len(advanced) <= 10
    assert [int(line["done"]) for line in advanced] == sorted(int(line["done"]) for line in advanced)


def test_plain_note_stays_on_one_line() -> None:
    stream = io.StringIO()
    PlainProgress(stream).note("first\nsecond")
    assert stream.getvalue() == 'event=note message="first\\nsecond"\n'


def test_bars_on_a_terminal_leave_a_line_of_every_round_with_what_came_of_it() -> None:
    stream = Terminal()
    with open_progress(stream) as progress:
        for number in (0, 1):
            progress.start("generate", total=4, round=number)
            progress.advance("generate", 4, round=number)
            progress.finish("generate", {"turned_away": 4}, round=number)
        progress.note("[not markup]")
    shown = stream.getvalue()
    assert "round 1 generate: 4 done, 4 turned away in 0 s" in shown
    assert "round 2 generate: 4 done, 4 turned away in 0 s" in shown
    assert "[not markup]" in shown


def test_a_terminal_shows_where_the_build_stands() -> None:
    stream = Terminal()
    standing = Standing({"a.b.c": CellStanding("a.b.c", quota=2, most=4)})
    standing.generated("one", Usage(calls=3, prompt_tokens=1200, completion_tokens=34))
    standing.decided("one", "a.b.c", Usage(calls=5, prompt_tokens=2000, completion_tokens=40), "realism")
    with open_progress(stream) as progress:
        progress.stand(standing)
    shown = stream.getvalue()
    assert "0 of 2 rows · 0 of 1 cells full · 1 turned away (1 at realism)" in shown
    assert "5 calls · 2,040 tokens" in shown
    assert "end not known yet" in shown
    assert "a.b.c" in shown
    assert "3 attempts left" in shown


def test_plain_lines_tell_where_the_build_stands_now_and_then_and_at_the_end() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = PlainProgress(stream, clock)
    standing = Standing({"a.b.c": CellStanding("a.b.c", quota=1, most=3)}, clock=clock)
    progress.stand(standing)
    assert stream.getvalue() == ""
    standing.decided("one", "a.b.c", Usage(calls=2, prompt_tokens=None, completion_tokens=1), None)
    progress.stand(standing)
    (line,) = map(fields, stream.getvalue().splitlines())
    assert line == {
        "event": "stand", "accepted": "1", "quota": "1", "cells": "1", "full": "1", "short": "0", "decided": "1",
        "turned_away": "0", "calls": "2",
    }  # fmt: skip


def test_plain_lines_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    with open_progress(stream) as progress:
        progress.start("plan")
    assert stream.getvalue() == "event=start stage=plan\n"


def test_silence(capfd: pytest.CaptureFixture[str]) -> None:
    progress = SilentProgress()
    progress.start("plan", total=3)
    progress.advance("plan")
    progress.finish("plan")
    progress.note("nothing")
    assert capfd.readouterr() == ("", "")


def test_rounds_that_overlap_are_told_apart_and_a_total_may_come_late() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = PlainProgress(stream, clock)
    progress.start("generate", total=4, round=0)
    progress.start("generate", round=1)
    progress.advance("generate", 3, round=0)
    progress.advance("generate", 1, round=1)
    progress.start("generate", total=2, round=1)
    clock.now += SECONDS_BETWEEN_LINES
    progress.advance("generate", 1, round=1)
    progress.finish("generate", round=0)
    *_, advanced, finished = map(fields, stream.getvalue().splitlines())
    assert (advanced["round"], advanced["done"], advanced["total"]) == ("1", "2", "2")
    assert (finished["round"], finished["done"]) == ("0", "3")
