"""Releases in a row, held in memory: the real stages between scenarios and manifests, without files or models."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from pipeline.deduplicate.stage import deduplicate
from pipeline.release.carry import HELD_OUT, HeldRow
from pipeline.release.previous import Previous
from pipeline.release.views import Rows
from pipeline.release.write import draft_release
from pipeline.schema.candidate import Attempt, Candidate
from pipeline.schema.cell import Cell, Plan, PlannedCell
from pipeline.schema.renewal import LastRelease, PreviousRelease
from pipeline.schema.scenario import Scenario
from pipeline.schema.verdict import Decision
from pipeline.selection import select
from pipeline.splits import assign_splits
from pipeline.succession import Settled, settle_rows, stand_on
from tests.support.encoders import WordEncoder
from tests.support.releases import sample_inputs, sample_plan, sample_specification

SHARES = {"dev": 0.3, "test": 0.4, "held_out": 0.3}
ACCEPTED = Decision(outcome="accepted", rule="all gates passed", reason="every gate passed")
ENCODER = WordEncoder()


class Chain:
    """A benchmark that is released again and again."""

    def __init__(self, quota: int = 6) -> None:
        self.quota = quota
        self.previous: Previous | None = None
        self.releases: list[Rows] = []

    def release(self, version: str, offered: Sequence[Scenario], **carries: object) -> Rows:
        """Release what is new among the offered scenarios, on top of the release before.

        Raises:
            NothingNewError: if nothing is.
        """
        named = None
        if self.previous is not None:
            named = {"release": self.previous.reference.release, "carries": carries}
        specification = sample_specification(version=version, splits=SHARES, previous=named)
        base, planned = stand_on(specification, self.plan(offered), self.previous)
        first = {cell.cell.id: cell.first_attempt for cell in planned.cells}
        numbers: Counter[str] = Counter(first)
        fresh = []
        for made in offered:
            cell = Cell(motive=made.motive, risk_type=made.risk_type, domain=made.domain)
            attempt = Attempt(cell=cell, number=numbers[cell.id], seed=numbers[cell.id])
            lineage = made.lineage.model_copy(update={"attempt": attempt.number})
            fresh.append(Candidate.of(attempt, scenario=made.model_copy(update={"lineage": lineage})))
            numbers[cell.id] += 1
        compared = deduplicate(fresh, base.earlier, specification.deduplication, ENCODER)
        judged = [self.judged(one) for one in compared]
        chosen = assign_splits(select(judged, planned), specification.splits)
        settled = settle_rows(base, chosen, planned, specification)
        return self.keep(specification.version, settled, planned, named)

    def plan(self, offered: Sequence[Scenario]) -> Plan:
        """Plan the cells of everything that was ever offered, the same quota each."""
        rows = [*offered, *(row.scenario for row in (self.previous.rows if self.previous else ()))]
        cells = {f"{one.motive}.{one.risk_type}.{one.domain}" for one in rows}
        planned = tuple(PlannedCell(cell=Cell.parse(name), quota=self.quota, core="model") for name in sorted(cells))
        return sample_plan([]).model_copy(update={"cells": planned})

    @staticmethod
    def judged(candidate: Candidate) -> Candidate:
        """Accept what is new."""
        new = all(verdict.outcome == "pass" for verdict in candidate.verdicts)
        away = Decision(outcome="rejected", rule="novelty_fail", gate="novelty", reason="a copy")
        return candidate.model_copy(update={"decision": ACCEPTED if new else away})

    def keep(self, version: str, settled: Settled, plan: Plan, named: object) -> Rows:
        """Write the manifest and hold on to the release."""
        accepted = [one for one in settled.candidates if one.accepted and one.scenario is not None]
        held = [one.scenario.id for one in accepted if one.split == HELD_OUT and one.scenario]
        salts = {name: hashlib.sha256(f"salt {name}".encode()).hexdigest() for name in held}
        specification = sample_specification(version=version, splits=SHARES, previous=named)
        introduced = [_introduced(one, version) for one in settled.candidates]
        inputs = sample_inputs(
            specification,
            candidates=introduced,
            plan=plan,
            succession=settled.succession,
            retired=settled.retired,
            opened=settled.opened,
            salts=salts,
            created=f"{version.rpartition('.')[0].replace('.', '-')}-01",
        )
        manifest = draft_release(inputs).manifest
        rows = tuple(
            HeldRow(one.scenario, str(one.group), str(one.split))
            for one in introduced
            if one.accepted and one.scenario is not None
        )
        reference = PreviousRelease(release=specification.release_id, manifest_sha256=manifest.specification_hash)
        self.previous = Previous(
            LastRelease.model_validate(reference.model_dump()),
            manifest,
            rows,
            tuple(settled.retired),
            tuple(introduced),
            salts,
        )
        self.releases.append(Rows(manifest, rows, tuple(settled.retired)))
        return self.releases[-1]


def _introduced(candidate: Candidate, version: str) -> Candidate:
    if not candidate.accepted or candidate.scenario is None or candidate.scenario.introduced:
        return candidate
    scenario = candidate.scenario.model_copy(update={"introduced": version})
    return candidate.model_copy(update={"scenario": scenario})
