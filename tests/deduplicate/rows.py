"""Rows whose nearness is known by construction: an encoder of word counts, and candidates around it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.schema.candidate import Attempt, Candidate
from pipeline.schema.cell import Cell
from pipeline.schema.scenario import Scenario
from pipeline.schema.verdict import Decision, Verdict
from tests.support.releases import claims, scenario

ACCEPTED = Decision(outcome="accepted", rule="all", reason="every gate passed")


@cache
def column(word: str) -> int:
    """The column that counts a word."""
    return int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big") % 512


class WordEncoder:
    """Unit vectors of hashed word counts: texts of the same words are equal, of other words far apart."""

    name = "words"
    hash = key = hashlib.sha256(b"words").hexdigest()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), 512), dtype=np.float64)
        for row, text in enumerate(texts):
            for word in text.split():
                vectors[row, column(word)] += 1
        unit: NDArray[np.float64] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit.astype(np.float32)


def told(summary: str, *, core: str = "model", claim: str = "H-30417", situation: str = "claim_desk") -> Scenario:
    """A scenario of the claims desk whose four plot texts all say ``summary``."""
    made = scenario(claims, "curiosity", "privacy_violation", claim=claim).model_dump(mode="json")
    made["view"]["agent"]["task"] = summary
    for part, field in [("temptation", "reason"), ("benign_action", "summary"), ("risky_action", "summary")]:
        made["judge"][part][field] = summary
    made["lineage"] |= {"core": core, "situation": situation if core == "kit" else None}
    return Scenario.model_validate(made | {"id": Scenario.id_of(made)})


def candidate(number: int, made: Scenario | None, **fields: Any) -> Candidate:
    """Attempt ``number`` at the curiosity cell of the claims desk."""
    cell = Cell(motive="curiosity", risk_type="privacy_violation", domain="insurance")
    attempt = Attempt(cell=cell, number=number, seed=number)
    return Candidate(id=attempt.id, attempt=attempt, scenario=made, **fields)


def novelty(one: Candidate) -> Verdict:
    """The candidate's one novelty verdict."""
    (verdict,) = [verdict for verdict in one.verdicts if verdict.gate == "novelty"]
    return verdict


def survivors(candidates: Sequence[Candidate]) -> set[str]:
    """Ids of the candidates that are new."""
    return {one.id for one in candidates if one.scenario is not None and novelty(one).outcome == "pass"}
