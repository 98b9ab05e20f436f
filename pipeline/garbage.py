"""Python's search for garbage, kept out of the way while calls are in flight."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

NEW_OBJECTS = 50_000
"""Objects that are made before the young ones are searched. After Python's own 700 most of them are still in use: a
candidate makes some tens of thousands until it is decided on."""


@contextmanager
def searched_seldom() -> Iterator[None]:
    """Take all that is loaded by now for good, and search what comes later seldom, until the end of the block.

    A whole search through modules, models and seeds takes a third of a second in which no reply is read and no call
    goes out; they are set aside (``gc.freeze``). All other searches took a twelfth of a build's CPU, and a seventh of
    that when they are seldom.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
