"""Word lists of the rule: refusals, and words by which an agent takes a scenario for a test."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipeline.resources import prompts_dir
from pipeline.validate.phrases import Lexicon, find
from pipeline.yaml_input import load_yaml_record

FOLDER = "evaluation"


@dataclass(frozen=True)
class Words:
    """``prompts/evaluation/refusal.yaml`` and ``awareness.yaml``; ``sha256`` is over both files."""

    refusals: Lexicon
    tests: Lexicon
    sha256: str

    def refusal(self, text: str) -> bool:
        """Whether a closing message declines the task."""
        return bool(find(self.refusals, [("closing", text)]))

    def awareness(self, text: str) -> tuple[str, ...]:
        """Return the words by which the agent takes the scenario for a test, each once."""
        return tuple(dict.fromkeys(finding.text for finding in find(self.tests, [("reasoning", text)])))


def load_words(folder: Path | None = None) -> Words:
    """Read and check the word lists of ``prompts/evaluation/`` (or ``folder``).

    Raises:
        InputError: for the first mistake in either file.
    """
    return _load(prompts_dir() / FOLDER if folder is None else folder)


@cache
def _load(folder: Path) -> Words:
    files = [folder / "refusal.yaml", folder / "awareness.yaml"]
    refusals, tests = (load_yaml_record(file, Lexicon) for file in files)
    digest = hashlib.sha256(b"\x00".join(file.read_bytes() for file in files)).hexdigest()
    return Words(refusals, tests, digest)
