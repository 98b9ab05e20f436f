"""What is there to read: the rows of a release and the runs of Inspect logs, drawn by stratum and put in order.

A stratum (motive and risk type; model, condition and outcome) says what readers must not see, so it orders the queue
and is shown to nobody while reading is blind.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline.analysis.labels import draw
from pipeline.analysis.rates import grouped
from pipeline.analysis.runs import Run, log_files, read_runs
from pipeline.analysis.trajectory import Trajectory, trajectory_of
from pipeline.errors import InputError
from pipeline.release.check_files import read_manifest
from pipeline.release.files import CANDIDATES, MANIFEST, list_files, split_of_file
from pipeline.release.tables import (
    TableError,
    candidate_from_row,
    candidate_schema,
    read_table,
    scenario_from_row,
    scenario_schema,
)
from pipeline.schema.candidate import Candidate
from pipeline.schema.manifest import Manifest
from pipeline.schema.scenario import Scenario

if TYPE_CHECKING:
    import pyarrow as pa

Subject = Literal["scenario", "run"]
QUARANTINED = "quarantined"
_KEPT = 256


@dataclass(frozen=True)
class Item:
    """One thing to read, without its texts. ``title`` is the task; stratum, labels and ``is_row`` are not for readers.

    ``is_row``: false for a candidate that was quarantined, which is no row of the release.
    """

    id: str
    subject: Subject
    title: str
    place: str
    domain: str
    motive: str
    risk_type: str
    stratum: str
    is_row: bool = True

    @cached_property
    def told(self) -> str:
        """What a search looks at."""
        return f"{self.id} {self.title} {self.place}".casefold()


@dataclass(frozen=True)
class Draw:
    """What to read of what there is.

    ``per_stratum``: at most so many, by chance; all if ``None``. ``quarantined``: also the candidates that no gate
    could decide on; they are strata of their own, by gate, and come in turn with the others.
    """

    split: str = "all"
    per_stratum: int | None = None
    seed: int = 0
    quarantined: bool = False


class Material:
    """The items of a release and of logs, in the order in which they are read.

    Texts are read when an item is opened, so that a large release opens at once.

    Args:
        release: a release's folder.
        logs: Inspect logs, files or folders.
        drawn: what to read of them.

    Raises:
        InputError: if the release or a log cannot be read, or nothing is left to read.
    """

    def __init__(self, release: Path, logs: Sequence[Path] = (), drawn: Draw | None = None) -> None:
        drawn = drawn or Draw()
        manifest, problems = read_manifest(release)
        if manifest is None:
            raise InputError(f"not a release: {problems[0].problem}", file=release)
        self.release = release
        self.manifest: Manifest = manifest
        self.manifest_sha256 = hashlib.sha256((release / MANIFEST).read_bytes()).hexdigest()
        self._tables: dict[str, pa.Table] = {}
        self._rows: dict[str, tuple[str, int]] = {}
        self._runs: dict[str, Run] = {}
        scenarios = _drawn([*self._scenarios(drawn), *self._quarantined(drawn)], drawn)
        items = [*in_turns(scenarios, drawn.seed), *self._trajectories(logs, drawn)]
        if not items:
            raise InputError(f"no row of the split {drawn.split} and no run is left to read", file=release)
        self.items: Mapping[str, Item] = {one.id: one for one in items}
        self.scenario = lru_cache(maxsize=_KEPT)(self._scenario)
        self.trajectory = lru_cache(maxsize=_KEPT)(self._trajectory)

    @property
    def name(self) -> str:
        """``NAME VERSION``."""
        return f"{self.manifest.name} {self.manifest.version}"

    def run(self, item: str) -> Run:
        """Return what an item's log says of a run."""
        return self._runs[item]

    @cached_property
    def subjects(self) -> Mapping[Subject, int]:
        """The number of items of each kind that there is, scenarios first."""
        return Counter(one.subject for one in self.items.values())

    @cached_property
    def domains(self) -> Mapping[str, int]:
        """The number of items of each domain."""
        return Counter(one.domain for one in self.items.values())

    @cached_property
    def strata(self) -> Mapping[str, int]:
        """The number of items of each stratum."""
        return Counter(one.stratum for one in self.items.values())

    @cached_property
    def candidates(self) -> Mapping[str, Candidate]:
        """The candidates of the scenarios to read, by id of the scenario: their verdicts."""
        table = self._read(CANDIDATES, candidate_schema())
        wanted = [at for at, name in enumerate(table["scenario_id"].to_pylist()) if name in self.items]
        found = [candidate_from_row(row) for row in table.take(wanted).to_pylist()]
        return {one.scenario.id: one for one in found if one.scenario is not None}

    def _scenario(self, item: str) -> Scenario:
        if item in self._runs:
            return self.trajectory(item).scenario
        path, at = self._rows[item]
        row = self._tables[path].slice(at, 1).to_pylist()[0]
        if path != CANDIDATES:
            return scenario_from_row(row)
        made = candidate_from_row(row).scenario
        assert made is not None  # noqa: S101 - those without are not among the items
        return made

    def _trajectory(self, item: str) -> Trajectory:
        run = self._runs[item]
        return trajectory_of(Path(run.log), run.scenario, run.epoch)

    def _scenarios(self, drawn: Draw) -> list[Item]:
        found = []
        for path in list_files(self.release):
            split = split_of_file(path)
            if split is None or drawn.split not in ("all", split):
                continue
            self._tables[path] = table = self._read(path, scenario_schema())
            names = ("id", "task", "organisation", "domain", "motive", "risk_type")
            for at, row in enumerate(zip(*(table[one].to_pylist() for one in names), strict=True)):
                name, task, where, domain, motive, risk_type = row
                self._rows[name] = (path, at)
                found.append(Item(name, "scenario", task, where, domain, motive, risk_type, f"{motive} x {risk_type}"))
        return found

    def _quarantined(self, drawn: Draw) -> list[Item]:
        if not drawn.quarantined:
            return []
        self._tables[CANDIDATES] = table = self._read(CANDIDATES, candidate_schema())
        columns = (table[one].to_pylist() for one in ("scenario_id", "decision", "gate"))
        found: dict[str, Item] = {}
        for at, (name, decision, gate) in enumerate(zip(*columns, strict=True)):
            if decision != QUARANTINED or name is None or name in self._rows:
                continue  # a twin of a row is read as the row
            self._rows[name] = (CANDIDATES, at)
            made = self._scenario(name)
            labels = (made.domain, made.motive, made.risk_type)
            place = made.view.world.organisation.name
            stratum = f"{QUARANTINED} at {gate}"
            found[name] = Item(name, "scenario", made.view.agent.task, place, *labels, stratum, is_row=False)
        return list(found.values())

    def _trajectories(self, logs: Sequence[Path], drawn: Draw) -> list[Item]:
        if not logs:
            return []
        runs, _ = read_runs(log_files(logs))
        rows = draw(runs, drawn.per_stratum or len(runs), drawn.seed)
        self._runs = {row.item: row.run for row in rows}
        found = []
        for row in rows:
            view = trajectory_of(Path(row.run.log), row.run.scenario, row.run.epoch).scenario.view
            place = view.world.organisation.name
            labels = (row.run.domain, row.run.motive, row.run.risk_type)
            found.append(Item(row.item, "run", view.agent.task, place, *labels, row.stratum))
        return in_turns(found, drawn.seed)

    def _read(self, path: str, schema: pa.Schema) -> pa.Table:
        try:
            return read_table(self.release / path, schema)
        except TableError as error:
            raise InputError(str(error), file=self.release / path) from error


def in_turns(items: Iterable[Item], seed: int) -> list[Item]:
    """Return items so that every stratum has its turn before any has the next; the order within is by chance."""
    drawing = random.Random(seed)
    turns = []
    for number, members in enumerate(grouped(list(items), lambda one: one.stratum).values()):
        ordered = sorted(members, key=lambda one: one.id)
        drawing.shuffle(ordered)
        turns += [(turn, number, one) for turn, one in enumerate(ordered)]
    order = list(range(1 + max((number for _, number, _ in turns), default=0)))
    drawing.shuffle(order)
    return [one for _, _, one in sorted(turns, key=lambda each: (each[0], order[each[1]]))]


def _drawn(items: Sequence[Item], drawn: Draw) -> list[Item]:
    if drawn.per_stratum is None:
        return list(items)
    drawing = random.Random(drawn.seed)
    kept: list[Item] = []
    for members in grouped(items, lambda one: one.stratum).values():
        ordered = sorted(members, key=lambda one: one.id)
        kept += drawing.sample(ordered, min(drawn.per_stratum, len(ordered)))
    return kept
