"""The canary of a release: an id that stands in it and nowhere else.

A text or a model that holds it gives itself away: whoever filters training data can leave out what has it, and whoever
asks a model for it learns that the model was trained on it. After the canary GUID of BIG-bench (Srivastava et al.,
"Beyond the Imitation Game", 2023).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from pipeline.schema.base import canonical_json

NAMESPACE = uuid.UUID("6f2a4c1e-8d57-4b0b-9c36-2f1de07a5b94")
"""Drawn once, for canaries of this project alone."""


def canary_of(name: str, version: str, ids: Iterable[str]) -> str:
    """Return the canary of a release, as a GUID in lower case: the same for the same rows, whoever makes them.

    It is a UUID of version 5 (RFC 9562, section 5.5), so it cannot be guessed without the rows.

    Args:
        name: of the release.
        version: of the release.
        ids: of its rows, in any order, without those held out, which may be published apart from the rest.
    """
    return str(uuid.uuid5(NAMESPACE, canonical_json([name, version, sorted(ids)]).decode("utf-8")))


def canary_sentence(name: str, version: str, canary: str) -> str:
    """Return the sentence in which a canary stands, for people and for filters."""
    return f"Rows of the benchmark {name} {version}: please keep them out of training data. Canary GUID {canary}."
