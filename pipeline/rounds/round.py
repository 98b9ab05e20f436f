"""One round: attempts of the cells that are short, through generate, deduplicate and validate.

The stages overlap. Attempts are generated in shards; candidates are looked at in the order of their ids, block by
block, as soon as a block and all before it are generated: its novelty is judged (:mod:`pipeline.deduplicate.novelty`)
and its validation begins, while later shards are still in the making. Which candidates share a shard has no bearing
on them, and the order of the blocks follows from the ids, so the outcome does not depend on what arrives first.

A cell whose candidates of this round are all decided on goes on at once: its next attempts are generated in the round
that follows while this one is validated.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from pipeline.deduplicate.novelty import Novelty
from pipeline.rounds.context import BuildContext, ShardWork
from pipeline.rounds.crew import Crew, Lane
from pipeline.rounds.ledger import Entry, Ledger, is_copy
from pipeline.rounds.standing import turned_away_by
from pipeline.schema.candidate import Attempt, Candidate
from pipeline.schema.outline import CandidateOutline
from pipeline.shards import Place, Shard, cut, read_placed, read_places, write_records
from pipeline.standing import Standing

CANDIDATES_A_CALL = 3
"""Candidates at work for each call that an endpoint takes: some wait for their turn, or for the last of their shard."""


class Lanes:
    """Room for the shards of both stages, in any round: what is at work is in memory, all else lies in files."""

    def __init__(self, context: BuildContext) -> None:
        size = context.specification.shard_size
        self.generate = Lane(shards_at_once(context.generate_at_once, size))
        self.validate = Lane(shards_at_once(context.stages.validation.at_once, size))


def shards_at_once(calls: int, size: int) -> int:
    """Return how many shards of ``size`` candidates keep an endpoint busy that takes so many calls at once."""
    return max(2, -(-CANDIDATES_A_CALL * calls // size))


class Round:
    """A round in the making.

    Args:
        number: rounds count from 0.
        context: of the build.
        crew: runs the shards.
        lanes: room for them.
        ledger: where decided candidates are entered.
        standing: counts of the whole build, for those who watch.
    """

    def __init__(
        self, number: int, context: BuildContext, crew: Crew, lanes: Lanes, ledger: Ledger, *, standing: Standing
    ) -> None:
        self.number = number
        self._context = context
        self._crew = crew
        self._lanes = lanes
        self._ledger = ledger
        self._standing = standing
        self._pool: list[Attempt] = []
        self._shards: dict[str, asyncio.Task[dict[str, Place]]] = {}
        self._shard_count = 0
        self._closed = False
        self._open: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()

    def __len__(self) -> int:
        """Return how many attempts the round has so far."""
        return sum(self._open.values())

    def add(self, attempts: Sequence[Attempt]) -> None:
        """Take attempts, and generate them as soon as they fill a shard or nothing else is being generated."""
        if not attempts:
            return
        if not self._open:
            self._context.progress.start("generate", round=self.number)
            self._lanes.generate.when_idle = self._fill
        self._open.update(attempt.cell.id for attempt in attempts)
        self._pool += sorted(attempts, key=lambda attempt: attempt.id)
        self._fill()

    def close(self) -> None:
        """No more attempts will come: generate the rest of them too."""
        self._closed = True
        self._fill()
        if self._open:
            self._context.progress.start("generate", total=len(self), round=self.number)

    async def finish(self, cell_done: Callable[[str], None]) -> None:
        """Bring all candidates to their decisions; ``cell_done`` is told of each cell of which none is open any more.

        The rounds before have to be finished, since their accepted rows win over this one's.
        """
        context, total = self._context, len(self)
        novelty = Novelty(
            self._ledger.kept,
            context.specification.deduplication,
            context.plot_vectors,
            context.released,
            context.protected,
        )
        context.progress.start("deduplicate", total=total, round=self.number)
        context.progress.start("validate", total=total, round=self.number)
        validated = []
        for index, block in enumerate(cut(sorted(self._shards), context.specification.shard_size)):
            places = [(await self._shards[one])[one] for one in block]
            shard = Shard("validate", self.number, index, context.folder)
            copies = await asyncio.to_thread(_judge_block, places, shard, novelty)
            self._counts["copies"] += copies
            context.progress.advance("deduplicate", len(block), round=self.number)
            work = partial(self._validate, shard, cell_done)
            validated.append(self._crew.start(self._lanes.validate, work))
        self._shards.clear()
        written = {name: self._counts[name] for name in ("written", "failed")}
        context.progress.finish("generate", written, round=self.number)
        context.progress.finish("deduplicate", {"copies": self._counts["copies"]}, round=self.number)
        for task in validated:
            await task
        self._ledger.keep(novelty.kept)
        decided = {name: self._counts[name] for name in ("accepted", "turned_away")}
        context.progress.finish("validate", decided, round=self.number)

    def _fill(self) -> None:
        """Generate what fills a shard; less only if no more can come, or nothing else is being generated."""
        size, lane = self._context.specification.shard_size, self._lanes.generate
        while len(self._pool) >= size or (self._pool and (self._closed or lane.idle)):
            piece, self._pool = self._pool[:size], self._pool[size:]
            self._generate(piece)

    def _generate(self, piece: Sequence[Attempt]) -> None:
        shard = Shard("generate", self.number, self._shard_count, self._context.folder)
        self._shard_count += 1
        names = [attempt.id for attempt in piece]
        task = self._crew.start(self._lanes.generate, partial(self._generated, shard, piece))
        self._shards.update(dict.fromkeys(names, task))

    async def _generated(self, shard: Shard, piece: Sequence[Attempt]) -> dict[str, Place]:
        await asyncio.to_thread(write_records, shard.source, piece)
        await self._run(shard)
        made = read_placed(shard.target, CandidateOutline, compared=False)
        written = sum(candidate.scenario is not None for candidate, _ in made)
        self._counts.update(written=written, failed=len(made) - written)
        for candidate, _ in made:
            self._standing.generated(candidate.id, candidate.usage)
        self._context.progress.advance("generate", len(made), round=self.number)
        return {candidate.id: place for candidate, place in made}

    async def _validate(self, shard: Shard, cell_done: Callable[[str], None]) -> None:
        await self._run(shard)
        for candidate, place in read_placed(shard.target, Candidate, compared=True):
            self._ledger.add(Entry.of(candidate, place))
            self._counts["accepted" if candidate.accepted else "turned_away"] += 1
            self._context.progress.advance("validate", round=self.number)
            cell = candidate.attempt.cell.id
            self._standing.decided(candidate.id, cell, candidate.usage, turned_away_by(candidate))
            self._open[cell] -= 1
            if not self._open[cell]:
                cell_done(cell)
        self._context.progress.stand(self._standing)

    async def _run(self, shard: Shard) -> None:
        await self._context.runner(shard, ShardWork(self._context))


def _judge_block(places: Sequence[Place], shard: Shard, novelty: Novelty) -> int:
    """Judge the next block and write what the shard validates; return how many are copies."""
    judged = novelty.judge(list(read_places(places, Candidate)))
    write_records(shard.source, judged)
    return sum(map(is_copy, judged))
