"""Python's search for garbage, kept out of the way while calls are in flight."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

NEW_OBJECTS = 50_000
"""Objects that are made before the young ones are searched. After Python's own 700 most of them are still in use: a
candidate makes some tens of thousands until it is decided on."""


_lock = Lock()
_within: dict[object, tuple[int, int, int]] = {}
"""The blocks at work, each with Python's thresholds before the first: an interpreter has one search for all of them."""


@contextmanager
def searched_seldom() -> Iterator[None]:
    """Take all that is loaded by now for good, and search what comes later seldom, until the end of the block.

    A whole search through modules, models and seeds takes a third of a second in which no reply is read and no call
    goes out; they are set aside (``gc.freeze``). All other searches took a twelfth of a build's CPU, and a seventh of
    that when they are seldom. Blocks may overlap: the first to begin sets it up, the last to end takes it back.
    """
    block = object()
    _begin(block)
    try:
        yield
    finally:
        _end(block)


def _begin(block: object) -> None:
    with _lock:
        if _within:
            _within[block] = next(iter(_within.values()))
            return
        _within[block] = gc.get_threshold()
        gc.collect()
        gc.freeze()
        gc.set_threshold(NEW_OBJECTS, *_within[block][1:])


def _end(block: object) -> None:
    with _lock:
        before = _within.pop(block)
        if not _within:
            gc.set_threshold(*before)
            gc.unfreeze()
