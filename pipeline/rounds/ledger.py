"""What a build remembers of each candidate while it runs: enough to decide what to do next.

The records themselves stay in the files of their shards, however many there are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.deduplicate.novelty import KeptRow
from pipeline.deduplicate.quality import mean_score
from pipeline.generate.refinement import refinement_of
from pipeline.schema.candidate import Candidate, Usage
from pipeline.shards import Place


@dataclass(frozen=True, slots=True)
class Entry:
    """A candidate with its decision, without its texts.

    Attributes:
        plot: what the generator is shown of it, if it holds its cell's place or copies one that does.
        situation: the worked situation of its attempt.
        refines: the number of the attempt that it refines.
        refinable: whether new prose may answer what turned it away.
        score: mean score of its passed verdicts.
        scenario: id of its scenario.
    """

    id: str
    cell: str
    number: int
    outcome: str | None
    gate: str | None
    plot: str | None
    situation: str | None
    refines: int | None
    refinable: bool
    usage: Usage
    score: float | None
    scenario: str | None
    group: str | None
    place: Place

    @classmethod
    def of(cls, candidate: Candidate, place: Place) -> Entry:
        """Note what matters of a candidate that was decided on."""
        attempt, scenario, decision = candidate.attempt, candidate.scenario, candidate.decision
        shown = scenario is not None and (candidate.accepted or is_copy(candidate))
        return cls(
            id=candidate.id,
            cell=attempt.cell.id,
            number=attempt.number,
            outcome=decision.outcome if decision else None,
            gate=decision.gate if decision else None,
            plot=scenario.view.agent.task if scenario is not None and shown else None,
            situation=attempt.situation,
            refines=attempt.refines.number if attempt.refines else None,
            refinable=refinement_of(candidate) is not None,
            usage=candidate.usage,
            score=mean_score(candidate),
            scenario=scenario.id if scenario is not None else None,
            group=candidate.group,
            place=place,
        )

    @property
    def accepted(self) -> bool:
        """Whether the candidate passed every gate."""
        return self.outcome == "accepted"


class Ledger:
    """The entries of a build so far, by cell; within one in the order of their numbers.

    Args:
        earlier: accepted candidates of the release that a build stands on; no entries, but new rows must not copy
            them, and what a cell tries next goes by them too.
    """

    def __init__(self, earlier: Sequence[Candidate] = ()) -> None:
        self._cells: dict[str, dict[int, Entry]] = defaultdict(dict)
        self._carried = {
            one.id: KeptRow.of(one.id, one.scenario, one.group)
            for one in earlier
            if one.scenario is not None and one.group is not None
        }
        self._kept: dict[str, KeptRow] = {}
        self._plots: dict[str, list[str]] = defaultdict(list)
        self._situations: dict[str, set[str]] = defaultdict(set)
        for one in earlier:
            self._remember(one)

    def _remember(self, one: Candidate) -> None:
        cell = one.attempt.cell.id
        if one.scenario is not None:
            self._plots[cell].append(one.scenario.view.agent.task)
        if one.attempt.situation is not None:
            self._situations[cell].add(one.attempt.situation)

    def plots(self, cell: str) -> list[str]:
        """Return the plots that the generator is shown: of rows that the cell holds, and of copies of such."""
        return [*self._plots[cell], *(entry.plot for entry in self.of_cell(cell) if entry.plot is not None)]

    def situations(self, cell: str) -> set[str]:
        """Return the worked situations that rows of the cell have."""
        made = {entry.situation for entry in self.of_cell(cell) if entry.accepted and entry.situation is not None}
        return self._situations[cell] | made

    def add(self, entry: Entry) -> None:
        """Enter a candidate."""
        self._cells[entry.cell][entry.number] = entry

    def keep(self, rows: Iterable[KeptRow]) -> None:
        """Remember of the rows that are new those that every gate passed; later rounds are compared with them."""
        accepted = {entry.id for entry in self if entry.accepted}
        self._kept = {row.candidate: row for row in rows if row.candidate in accepted}

    @property
    def kept(self) -> Iterable[KeptRow]:
        """Accepted rows as the deduplicate stage remembers them, those of the release before among them."""
        return (self._carried | self._kept).values()

    def __iter__(self) -> Iterator[Entry]:
        for cell in self._cells:
            yield from self.of_cell(cell)

    def __len__(self) -> int:
        return sum(map(len, self._cells.values()))

    def of_cell(self, cell: str) -> list[Entry]:
        """Return a cell's entries in the order of their numbers."""
        entries: Mapping[int, Entry] = self._cells.get(cell, {})
        return [entries[number] for number in sorted(entries)]

    def accepted(self) -> Counter[str]:
        """Count accepted candidates by cell."""
        return Counter({cell: sum(one.accepted for one in entries.values()) for cell, entries in self._cells.items()})


def is_copy(candidate: Candidate) -> bool:
    """Tell whether the deduplicate stage turned a candidate away."""
    return any(verdict.gate == "novelty" and verdict.outcome != "pass" for verdict in candidate.verdicts)


def nothing_accepted(ledger: Ledger, folder: Path) -> str:
    """Say why there is no release, and where under the folder of the run every reason stands."""
    turned_away = Counter(entry.gate or entry.outcome for entry in ledger if entry.outcome)
    gates = ", ".join(f"{count} at {gate}" for gate, count in turned_away.most_common())
    return (
        f"none of {len(ledger)} candidates was accepted, so there is no release; turned away: {gates or 'all'}; "
        f"each with its reason in {folder / 'shards'}"
    )
