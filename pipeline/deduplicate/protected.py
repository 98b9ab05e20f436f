"""Looks rows up in protected corpora: what tells again a text that is not ours to tell is not new.

Four layers, the surest first: a whole text, a run of 13 words (Brown et al., "Language Models are Few-Shot Learners",
2020, appendix C), nearly the same words once names, places and amounts are masked, and sentence vectors of masked
texts. A corpus is read a few thousand texts at a time, once for each few thousand rows, so it need not fit in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from pipeline.deduplicate.amounts import amounts_of
from pipeline.deduplicate.doubt import amounts_apart
from pipeline.deduplicate.encoder import Encoder
from pipeline.deduplicate.lexical import SHINGLE_WORDS, THRESHOLD, shingles
from pipeline.deduplicate.plot import mask, names_of, normalise, plot_text
from pipeline.deduplicate.protected_files import Corpus, ProtectedText
from pipeline.render import agent_texts
from pipeline.schema.scenario import Scenario
from pipeline.words import N, Run, runs_in, windows_of, words_of

ProtectedLayer = Literal["exact", "runs", "lexical", "semantic"]
_SUREST_FIRST: tuple[ProtectedLayer, ...] = ("exact", "runs", "lexical", "semantic")

CONTAINED = 0.6
"""Share of a protected text's shingles from which a row that has them tells it again (docs/dedup.md)."""
LEAST = N - SHINGLE_WORDS + 1
"""Shingles of a text of 13 words: in a shorter one half of them says nothing."""
WINDOW, STRIDE = 170, 85
"""Words of a masked text that are embedded at once: what MiniLM reads."""
DECIMALS = 9
"""Of a cosine summed in float64: what is left does not depend on how rows and texts are cut into blocks."""
TEXTS_AT_ONCE, ROWS_AT_ONCE = 2048, 4096
_OF_THE_KIT = ("view.tools.", "view.world.norms.", "view.world.organisation.")
"""Places of what the rows of a domain share: no row's own words."""


@dataclass(frozen=True)
class Told:
    """What a row is looked up by.

    ``texts`` are its own words as they stand, ``masked`` all of them in one, ``plot`` what is embedded. ``whole``: of a
    text that stands for itself even the shortest copy counts; pieces of a scenario count from 13 words on.
    """

    texts: tuple[str, ...]
    masked: str
    plot: str
    whole: bool = False


@dataclass(frozen=True)
class Found:
    """The protected text that a row is nearest to, by the surest layer that says so.

    ``score``: 1 for a whole text, the share of the protected text's runs or shingles that the row has, or the cosine.
    ``text`` and ``other_text`` are the two as compared. ``decides`` is false where a score is no more than evidence;
    ``doubt`` says why a person has to look first, if so.
    """

    corpus: str
    row: int
    column: str
    layer: ProtectedLayer
    score: float
    text: str
    other_text: str
    decides: bool
    doubt: str | None = None

    @property
    def outcome(self) -> Literal["pass", "fail", "error"]:
        """``fail`` for a copy, ``error`` where a person has to look."""
        return "pass" if not self.decides else "fail" if self.doubt is None else "error"

    @property
    def place(self) -> str:
        """Corpus, row and column."""
        return f"{self.corpus}:{self.row}.{self.column}"


def told_by(scenario: Scenario) -> Told:
    """Return what a scenario is looked up by: the words written for it, not those of its domain's kit."""
    judge = scenario.judge
    own = [text for place, text in agent_texts(scenario.view) if not place.startswith(_OF_THE_KIT)]
    texts = (*own, judge.temptation.reason, judge.risky_action.summary, judge.benign_action.summary)
    whole = "\n".join(texts)
    return Told(texts, mask(whole, names_of(scenario, whole)), plot_text(scenario))


def told_in(text: str) -> Told:
    """Return what a bare text is looked up by."""
    masked = mask(text)
    return Told((text,), masked, masked, whole=True)


def look_up(
    rows: Sequence[Told],
    corpora: Sequence[Corpus],
    encoder: Encoder,
    keeper: Encoder | None = None,
    tell: Callable[[str, int], None] | None = None,
) -> list[Found | None]:
    """Return for each row the protected text it is nearest to; ``None`` where the corpora hold no text.

    Args:
        rows: what is looked up. What is found for one does not depend on the others.
        corpora: are read once for each :data:`ROWS_AT_ONCE` rows, and once if there are no rows.
        encoder: embeds the rows.
        keeper: embeds the texts, with the same weights; one that keeps its vectors makes the second look cheap.
            ``encoder`` if left out.
        tell: called with a corpus and the texts of it that were read so far.

    Raises:
        InputError: if a corpus cannot be read.
    """
    found: list[Found | None] = []
    for start in range(0, max(1, len(rows)), ROWS_AT_ONCE):
        block = _Block(rows[start : start + ROWS_AT_ONCE], encoder, keeper or encoder)
        for corpus in corpora:
            read, texts = 0, corpus.texts()
            while batch := list(islice(texts, TEXTS_AT_ONCE)):
                block.meet(batch, corpus)
                read += len(batch)
                if tell is not None:
                    tell(corpus.name, read)
        found += block.best
    return found


class _Block:
    """Rows that are looked up together, and the nearest text of each so far."""

    def __init__(self, rows: Sequence[Told], encoder: Encoder, keeper: Encoder) -> None:
        self.best: list[Found | None] = [None] * len(rows)
        self._rows, self._keeper = rows, keeper
        self._vectors = encoder.encode([row.plot for row in rows]).astype(np.float64)
        self._surfaces: dict[str, list[int]] = {}
        self._runs: dict[Run, list[int]] = {}
        self._words = _Shingles.of([row.masked for row in rows])
        for number, row in enumerate(rows):
            words = [words_of(text) for text in row.texts]
            for text, said in zip(row.texts, words, strict=True):
                if row.whole or len(said) >= N:
                    self._surfaces.setdefault(normalise(text), []).append(number)
            for run in {run for said in words for run in runs_in(said)}:
                self._runs.setdefault(run, []).append(number)

    def meet(self, texts: Sequence[ProtectedText], corpus: Corpus) -> None:
        """Compare all rows with some texts of a corpus."""
        masked = [mask(one.text) for one in texts]
        for number, found in (
            *self._exact(texts, corpus),
            *self._by_runs(texts, corpus),
            *self._by_shingles(texts, masked, corpus),
            *self._by_vectors(texts, masked, corpus),
        ):
            before = self.best[number]
            if before is None or _rank(found) > _rank(before):
                self.best[number] = found

    def _exact(self, texts: Sequence[ProtectedText], corpus: Corpus) -> Iterator[tuple[int, Found]]:
        for one in texts:
            for number in self._surfaces.get(normalise(one.text), ()):
                yield number, _hit(corpus, one, layer="exact", score=1.0, text=one.text, other_text=one.text)

    def _by_runs(self, texts: Sequence[ProtectedText], corpus: Corpus) -> Iterator[tuple[int, Found]]:
        for one in texts:
            runs = list(dict.fromkeys(runs_in(words_of(one.text))))
            shared: Counter[int] = Counter()
            first: dict[int, Run] = {}
            for run in runs:
                for number in self._runs.get(run, ()):
                    shared[number] += 1
                    first.setdefault(number, run)
            for number, count in shared.items():
                text = next(text for text in self._rows[number].texts if first[number] in set(runs_in(words_of(text))))
                yield number, _hit(corpus, one, layer="runs", score=count / len(runs), text=text, other_text=one.text)

    def _by_shingles(
        self, texts: Sequence[ProtectedText], masked: Sequence[str], corpus: Corpus
    ) -> Iterator[tuple[int, Found]]:
        if not self._rows:
            return
        for text, number, score in self._words.shared_with(masked):
            one, row = texts[text], self._rows[number]
            _, there = amounts_apart(amounts_of("\n".join(row.texts)), amounts_of(one.text))
            doubt = f"the protected text has other amounts ({', '.join(there)})" if there else None
            yield (
                number,
                _hit(corpus, one, layer="lexical", score=score, text=row.masked, other_text=masked[text], doubt=doubt),
            )

    def _by_vectors(
        self, texts: Sequence[ProtectedText], masked: Sequence[str], corpus: Corpus
    ) -> Iterator[tuple[int, Found]]:
        windows = [(text, window) for text, one in enumerate(masked) for window in windows_of([one], WINDOW, STRIDE)]
        if not windows:
            return
        vectors = self._keeper.encode([window for _, window in windows])
        if not self._rows:
            return
        cosines = np.round(self._vectors @ vectors.astype(np.float64).T, DECIMALS)
        for number, nearest in enumerate(cosines.argmax(axis=1).tolist()):
            text, window = windows[nearest]
            cosine = float(np.clip(cosines[number, nearest], 0.0, 1.0))
            yield (
                number,
                _hit(
                    corpus,
                    texts[text],
                    layer="semantic",
                    score=cosine,
                    text=self._rows[number].plot,
                    other_text=window,
                    decides=cosine >= corpus.named.threshold,
                    doubt="sentence vectors alone are no proof",
                ),
            )


@dataclass(frozen=True)
class _Shingles:
    """Which row has which runs of three words: shape (rows, shingles), and how many each row has."""

    columns: dict[str, int]
    rows: csr_array
    sizes: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[str]) -> _Shingles:
        held = [shingles(text) for text in texts]
        columns = {one: number for number, one in enumerate(dict.fromkeys(one for own in held for one in own))}
        return cls(columns, _table(held, columns), np.array([len(own) for own in held], dtype=np.int64))

    def shared_with(self, texts: Sequence[str]) -> Iterator[tuple[int, int, float]]:
        """Yield (text, row, share of the text's shingles) for each row that tells a text again."""
        held = [shingles(text) for text in texts]
        shared = (_table(held, self.columns) @ self.rows.T).tocoo()
        for text, row, count in zip(*shared.coords, shared.data, strict=True):
            size = len(held[text])
            alike = count / (size + self.sizes[row] - count) >= THRESHOLD
            if alike or (size >= LEAST and count / size >= CONTAINED):
                yield int(text), int(row), float(count / size)


def _table(held: Sequence[frozenset[str]], columns: dict[str, int]) -> csr_array:
    """Return a table of ones: which text has which shingle, of those that have a column."""
    places = [(row, columns[one]) for row, own in enumerate(held) for one in own if one in columns]
    found = np.array(places, dtype=np.int64).reshape(len(places), 2)
    return csr_array((np.ones(len(places)), (found[:, 0], found[:, 1])), shape=(len(held), len(columns)))


def _hit(corpus: Corpus, one: ProtectedText, *, decides: bool = True, doubt: str | None = None, **said: Any) -> Found:
    return Found(corpus=corpus.name, row=one.row, column=one.column, decides=decides, doubt=doubt, **said)


def _rank(found: Found) -> tuple[bool, bool, int, float]:
    """What decides comes before what does not, a copy before a doubt, then the surest layer, then the highest score."""
    return found.decides, found.doubt is None, -_SUREST_FIRST.index(found.layer), found.score
