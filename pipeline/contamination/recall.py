"""The recall probe: does a model know how published rows go on, better than rows that nobody has seen?

A row is cut in the middle of its text; the model is shown the beginning and asked for the rest. What counts is the
longest run of the hidden words that comes back. A model that has not seen the rows gives back what the genre makes
likely, and that no oftener for published rows than for unseen ones of the same making: this difference is tested, not
the rate itself. After Carlini et al., "Quantifying Memorization Across Neural Language Models" (2023, section 3:
extraction from a prefix) and Golchin and Surdeanu, "Time Travel in LLMs" (2024, section 3: the wording that names the
dataset).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from pipeline.calibration.rates import rate_of
from pipeline.concurrency import settle_all
from pipeline.contamination.prompt import LoadedRecall, RecallWording
from pipeline.contamination.record import Difference, Recall, Side
from pipeline.models.client import ModelClient
from pipeline.models.requests import ChatMessage
from pipeline.models.usage import collect_usage
from pipeline.schema.scenario import Scenario
from pipeline.schema.specification import RoleName

RECITED = 0.5
"""Share of the hidden words in one run from which a row counts as recited."""
DRAWS = 20_000
BATCH = 1_000
TOKENS_A_WORD = 3
_WORD = re.compile(r"\w+(?:['\u2019]\w+)?")


@dataclass(frozen=True)
class Settings:
    """Of the probe: words that are hidden and looked for, level of intervals, seed of all draws."""

    hidden_words: int = 40
    confidence: float = 0.95
    seed: int = 0


@dataclass(frozen=True)
class Asked:
    """Who is asked of which release: name and version, the client, the role whose model answers, and its name."""

    release: tuple[str, str]
    client: ModelClient
    role: RoleName
    model: str


@dataclass(frozen=True)
class Cut:
    """A row's text: what is shown, and the words that are hidden."""

    id: str
    beginning: str
    hidden: tuple[str, ...]


@dataclass(frozen=True)
class Remembered:
    """A row's best share over the wordings, ``None`` without any answer; and how many wordings had none."""

    id: str
    share: float | None
    refused: int


def cut(scenario: Scenario, hidden_words: int) -> Cut | None:
    """Return a row's background and opening message, cut before their last words; ``None`` for a text too short.

    At least as many words are shown as are hidden.
    """
    text = f"{scenario.view.world.background}\n\n{scenario.view.agent.request}"
    words = list(_WORD.finditer(text))
    if len(words) < 2 * hidden_words:
        return None
    border = words[len(words) // 2].start()
    hidden = tuple(word[0].casefold() for word in words[len(words) // 2 :][:hidden_words])
    return Cut(scenario.id, text[:border].rstrip(), hidden)


def askable(scenarios: Sequence[Scenario], settings: Settings) -> list[Scenario]:
    """Return the rows whose text is long enough to be cut."""
    return [one for one in scenarios if cut(one, settings.hidden_words) is not None]


def share_of(hidden: Sequence[str], said: str) -> float:
    """Return the share of the hidden words in the longest run of them, one after the other, that was said."""
    words = [word.casefold() for word in _WORD.findall(said)]
    match = SequenceMatcher(a=list(hidden), b=words, autojunk=False).find_longest_match()
    return match.size / len(hidden)


async def recall_of(
    published: Sequence[Scenario], unseen: Sequence[Scenario], asked: Asked, loaded: LoadedRecall, settings: Settings
) -> Recall:
    """Ask a model how rows go on, at temperature 0.

    Args:
        published: rows of the release.
        unseen: rows of the same making that were never published, as many or more.
        asked: who is asked, of what.
        loaded: the wordings.
        settings: of the probe.

    Raises:
        EndpointError, EndpointUnavailable, MissingCompletion: from the client; what was paid for is kept.
    """
    with collect_usage() as collected:
        sides = [
            await settle_all(
                _remembered(one, asked, loaded.prompt.wordings, settings)
                for one in (cut(row, settings.hidden_words) for row in rows)
                if one is not None
            )
            for rows in (published, unseen)
        ]
    shares = [np.array([one.share for one in side if one.share is not None]) for side in sides]
    return Recall(
        model=asked.model,
        prompt_sha256=loaded.sha256,
        hidden_words=settings.hidden_words,
        published=_side(sides[0], settings),
        unseen=_side(sides[1], settings),
        difference=difference(shares[0], shares[1], settings) if min(map(len, shares)) > 1 else None,
        recited_ids=tuple(one.id for one in sides[0] if one.share is not None and one.share >= RECITED),
        usage=collected.usage,
    )


async def _remembered(row: Cut, asked: Asked, wordings: Sequence[RecallWording], settings: Settings) -> Remembered:
    name, version = asked.release
    shares, refused = [], 0
    for wording in wordings:
        question = wording.ask.format(beginning=row.beginning, name=name, version=version)
        completion = await asked.client.complete(
            asked.role,
            (ChatMessage(role="user", content=question),),
            temperature=0.0,
            max_tokens=TOKENS_A_WORD * settings.hidden_words,
        )
        if completion.refusal or completion.finish_reason == "content_filter" or not completion.text.strip():
            refused += 1
        else:
            shares.append(share_of(row.hidden, completion.text))
    return Remembered(row.id, max(shares, default=None), refused)


def _side(rows: Sequence[Remembered], settings: Settings) -> Side:
    shares = [row.share for row in rows if row.share is not None]
    return Side(
        rows=len(rows),
        answered=len(shares),
        refused=sum(row.refused for row in rows),
        recited=rate_of([share >= RECITED for share in shares], settings.confidence),
        share=float(np.mean(shares)) if shares else None,
    )


def difference(published: NDArray[np.float64], unseen: NDArray[np.float64], settings: Settings) -> Difference:
    """Return the difference of mean shares, with a bootstrap interval and a one-sided permutation test.

    The test counts the parting at hand among the drawn ones, so its level holds whatever the number of draws
    (Phipson and Smyth, "Permutation P-values Should Never Be Zero", 2010).

    Args:
        published: shares of published rows, shape ``(n,)``.
        unseen: shares of unseen rows, shape ``(m,)``.
        settings: level and seed.
    """
    random = np.random.default_rng(settings.seed)
    every, n = np.concatenate([published, unseen]), len(published)
    seen = float(published.mean() - unseen.mean())
    tail = (1 - settings.confidence) / 2
    as_large, resampled = 1, []
    for _ in range(DRAWS // BATCH):
        mixed = random.permuted(np.tile(every, (BATCH, 1)), axis=1)
        as_large += int((mixed[:, :n].mean(axis=1) - mixed[:, n:].mean(axis=1) >= seen - 1e-12).sum())
        one, other = (random.choice(side, (BATCH, len(side))).mean(axis=1) for side in (published, unseen))
        resampled.append(one - other)
    low, high = np.quantile(np.concatenate(resampled), [tail, 1 - tail])
    return Difference(share=seen, low=float(low), high=float(high), p=as_large / (DRAWS + 1))
