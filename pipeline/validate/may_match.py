"""Which patterns of a list may match a text at all, told in one pass over it.

Python's ``re`` tries every alternative of every pattern at every character. RE2 (google-re2) runs all patterns as one
automaton, each of them widened for it (:mod:`pipeline.validate.widened`); one that it does not take may match any text.
So what is named may fail to match, and what is not named cannot.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pipeline.validate.widened import for_widened, widened

MEMORY = 64 * 2**20
"""Bytes that the automaton of a list may take; with more states than fit, RE2 forgets some and makes them anew. Of a
list that does not fit at all every pattern may match any text."""


class MayMatch:
    """Names the patterns that may match a text.

    Args:
        patterns: regular expressions of Python by name, meant for ``IGNORECASE`` and ``MULTILINE``; without these flags
            such as have no class that excludes characters.
    """

    def __init__(self, patterns: Mapping[str, str]) -> None:
        self._patterns = dict(patterns)

    def named(self, text: str) -> list[str]:
        """Return the names of the patterns that may match, in the order in which they were given."""
        automaton, names, always = self._compiled
        found = automaton.Match(for_widened(text).encode("utf-8", "replace")) if names else None
        if not found and not always:
            return []
        may = {names[at] for at in found or ()} | always
        return [name for name in self._patterns if name in may]

    @cached_property
    def _compiled(self) -> tuple[Any, list[str], set[str]]:
        """The automaton, the names of its patterns, and of those that it does not hold."""
        import re2

        options = re2.Options()
        options.case_sensitive, options.log_errors, options.max_mem = False, False, MEMORY
        automaton, names, always = re2.Set.SearchSet(options), list[str](), set[str]()
        for name, pattern in self._patterns.items():
            try:
                automaton.Add(f"(?m){widened(pattern)}")
            except (re2.error, ValueError):
                always.add(name)
            else:
                names.append(name)
        try:
            automaton.Compile()
        except re2.error:
            return automaton, [], set(self._patterns)
        return automaton, names, always

    def __getstate__(self) -> dict[str, object]:
        return {"_patterns": self._patterns}
