"""What is loaded is out of the search for garbage for a while; what comes later is not."""

from __future__ import annotations

import asyncio
import gc
import weakref
from pathlib import Path

import pytest

from pipeline.build import run_build
from pipeline.garbage import NEW_OBJECTS, searched_seldom
from pipeline.progress import SilentProgress
from pipeline.seeds import load_specification
from tests.support.builds import specification, write_specification
from tests.support.scripted_replies import respond
from tests.support.scripted_server import ScriptedServer


class _Node:
    """Part of a ring, which only the search for garbage can free."""

    def __init__(self) -> None:
        self.own = self


class _Looking(SilentProgress):
    def __init__(self) -> None:
        self.frozen: list[int] = []
        self.new_objects: list[int] = []

    def start(self, stage: str, *, total: int | None = None, round: int | None = None) -> None:
        self.frozen.append(gc.get_freeze_count())
        self.new_objects.append(gc.get_threshold()[0])


def test_garbage_of_the_block_is_found_in_it() -> None:
    with searched_seldom():
        assert gc.get_freeze_count() > 0
        ring = weakref.ref(_Node())
        gc.collect()
        assert ring() is None


def test_afterwards_all_is_as_before_an_error_too() -> None:
    kept, before = [_Node()], gc.get_threshold()
    there = weakref.ref(kept[0])

    def fail() -> None:
        with searched_seldom():
            kept.clear()
            gc.collect()
            assert there() is not None, "it was there before and is not looked at"
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == before
    gc.collect()
    assert there() is None


def test_of_two_blocks_the_one_that_ends_last_takes_it_back() -> None:
    before = gc.get_threshold()
    first, second = searched_seldom(), searched_seldom()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold()[0] == NEW_OBJECTS
    assert gc.get_freeze_count() > 0
    second.__exit__(None, None, None)
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_rings_do_not_pile_up_though_they_are_looked_for_seldom() -> None:
    with searched_seldom():
        rings = [weakref.ref(_Node()) for _ in range(4 * NEW_OBJECTS)]
        assert sum(ring() is not None for ring in rings) <= NEW_OBJECTS + 1


def test_a_build_generates_with_what_it_loaded_out_of_the_way(tmp_path: Path) -> None:
    looking = _Looking()
    with ScriptedServer(responder=respond) as server:
        spec = load_specification(write_specification(tmp_path, specification(server.base_url)))
        asyncio.run(run_build(spec, out=tmp_path, progress=looking))
    assert looking.frozen
    assert min(looking.frozen) > 10_000
    assert set(looking.new_objects) == {NEW_OBJECTS}
    assert gc.get_freeze_count() == 0
