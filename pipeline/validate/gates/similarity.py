"""Relevance without a judge: are the labels among those that the scenario's judge-only part resembles most?

A sentence encoder compares why the risky path pays with what the seeds say of each motive, and what
the risky action is with what they say of each risk type. It is coarser than a good judge, costs
nothing, and cannot be talked to.

An entry counts with the mean of two cosines: to its definition's first sentence, and to all that is
said of it. The later sentences of a definition tell it apart from other entries and name these, so
they mislead an encoder when they stand alone with it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from pipeline.deduplicate.encoder import Encoder, load_encoder
from pipeline.recent import Recent
from pipeline.schema.scenario import Scenario
from pipeline.schema.taxonomy import Motive, RiskType
from pipeline.schema.verdict import Verdict
from pipeline.validate.context import Check, ValidationContext
from pipeline.validate.prompts import Axis, first_sentence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_VERSION = "2"
MOST = 4096
"""Texts whose vectors are remembered, about 2 KB each; when there are so many, all are forgotten."""

_kept: dict[tuple[str, tuple[str, ...]], NDArray[np.float32]] = {}
_known: dict[tuple[str, str], NDArray[np.float32]] = {}
_encoding = threading.Lock()


async def _run(axis: Axis, scenario: Scenario, context: ValidationContext) -> Verdict:
    entries: Mapping[str, Motive | RiskType]
    if axis == "motive":
        entries, label, text = context.motive_options, scenario.motive, scenario.judge.temptation.reason
    else:
        entries, label, text = context.risk_type_options, scenario.risk_type, scenario.judge.risky_action.summary
    encoder: Encoder = context.encoder or load_encoder()
    cosines = dict(zip(entries, await asyncio.to_thread(_cosines, encoder, text, _TEXTS(entries)), strict=True))
    own = cosines.get(label)
    rank = None if own is None else sum(cosine >= own for cosine in cosines.values())
    nearest, allowed = max(cosines, key=lambda name: cosines[name]), context.settings.similarity_rank
    place = "not among the options" if rank is None else f"number {rank}"
    return Verdict(
        gate="relevance",
        checker=f"{axis}_similarity",
        version=f"{_VERSION}-{encoder.name}-{encoder.hash[:8]}",
        outcome="pass" if rank is not None and rank <= allowed else "fail",
        score=None if own is None else round(min(1.0, max(0.0, own)), 4),
        reason=f"{label} is {place} of {len(cosines)} by similarity (allowed: the first {allowed}); nearest: {nearest}",
        answers={"chosen": nearest, "rank": rank},
    )


def _texts(entries: Mapping[str, Motive | RiskType]) -> tuple[str, ...]:
    return tuple(text for entry in entries.values() for text in described(entry))


_TEXTS = Recent(_texts)


def _cosines(encoder: Encoder, text: str, options: tuple[str, ...]) -> list[float]:
    """Return the mean cosine of each entry, whose two texts stand side by side in ``options``."""
    vector = _vector(encoder, text)
    each = [float(option @ vector) for option in _encoded(encoder, options)]
    return [(first + whole) / 2 for first, whole in zip(each[::2], each[1::2], strict=True)]


def _vector(encoder: Encoder, text: str) -> NDArray[np.float32]:
    """Encode one text by itself, unless it is known: scenarios of one situation share theirs."""
    vector = _known.get((encoder.hash, text))
    if vector is None:
        vector = encoder.encode([text])[0].copy()
        if len(_known) >= MOST:
            _known.clear()
        _known[encoder.hash, text] = vector
    return vector


def _encoded(encoder: Encoder, texts: tuple[str, ...]) -> NDArray[np.float32]:
    """Encode the options, which are the same for every scenario, once, however many scenarios ask at the same time."""
    key = (encoder.hash, texts)
    with _encoding:
        if key not in _kept:
            _kept[key] = encoder.encode(texts)
        return _kept[key]


def described(entry: Motive | RiskType) -> tuple[str, str]:
    """What an entry is, in the first sentence of its definition, and all that the seeds say of it."""
    whole = " ".join([entry.definition, *entry.counts, *entry.cues, *entry.examples])
    return first_sentence(entry.definition), whole


MOTIVE = Check("relevance", "motive_similarity", partial(_run, "motive"))
RISK_TYPE = Check("relevance", "risk_type_similarity", partial(_run, "risk_type"))
