"""Examines the folder of a run: is it sound, how far is the build, what is spent, what is to be done?

Nothing is changed, and a build at work is not disturbed. A shard's file that is torn does no harm, since a build
that goes on writes it anew from the completions; a store that is damaged does.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from pipeline.build import LOCK_NAME, STORE_NAME, WHAT_IS_BUILT
from pipeline.doctor import Check, check_disk, fail, ok, warn
from pipeline.errors import ImpressError, UsageError
from pipeline.models.inspect_store import inspect_store
from pipeline.models.prices import charged, load_prices, money_for, price_of
from pipeline.models.taken import Taken, taken_in
from pipeline.plan import plan
from pipeline.schema.specification import Specification
from pipeline.seeds import load_seeds
from pipeline.yaml_input import load_yaml_record

TORN_SHOWN = 5
CLOCK_SLACK = timedelta(minutes=5)


@dataclass(frozen=True)
class Progressed:
    """How far a build is. ``wanted`` rows are ``None`` where the specification is not known."""

    rounds: int = 0
    attempts: int = 0
    accepted: int = 0
    wanted: int | None = None


@dataclass(frozen=True)
class Diagnosis:
    """What was found. ``spent`` is over all runs; ``money`` by currency, ``None`` where a price is unknown."""

    checks: tuple[Check, ...]
    progressed: Progressed
    spent: Taken
    money: dict[str, float] | None
    next: str

    def document(self) -> dict[str, Any]:
        """Return it for machines, checks apart."""
        spent = {name: getattr(self.spent, name) for name in ("calls", "prompt_tokens", "completion_tokens")}
        spent |= {"calls_without_token_counts": self.spent.supposed, "money": self.money}
        return {"progress": vars(self.progressed), "spent": spent, "next": self.next}


@dataclass
class _Shards:
    """What the files of shards hold; lines that cannot be read make a file torn."""

    torn: list[str] = field(default_factory=list)
    rounds: set[str] = field(default_factory=set)
    outcomes: Counter[str] = field(default_factory=Counter)
    left: int = 0


def examine_build(folder: Path) -> Diagnosis:
    """Look at a run's folder.

    Raises:
        UsageError: if it is none.
    """
    if not (folder / STORE_NAME).exists() and not (folder / LOCK_NAME).exists():
        raise UsageError(f"{folder} is no folder of a run: it holds no {STORE_NAME}; they lie in OUT/runs/")
    specification, stated = _specification(folder)
    running = is_running(folder)
    shards = _shards(folder)
    progressed = Progressed(
        len(shards.rounds),
        shards.outcomes.total(),
        shards.outcomes["accepted"],
        None if specification is None else _wanted(specification),
    )
    store, spent, money = _store(folder, specification)
    release = _release(folder, specification)
    checks = [stated, _lock(running), *store, _torn(shards), _progress(progressed, release), check_disk(folder)]
    if specification is not None:
        checks.append(_budget(specification, spent, money))
    return Diagnosis(tuple(checks), progressed, spent, money, _next(checks, folder, running=running, release=release))


def is_running(folder: Path) -> bool:
    """Tell whether a process is building in a folder now. A lock file that nobody holds means nothing."""
    if not (folder / LOCK_NAME).exists():
        return False
    try:
        with FileLock(folder / LOCK_NAME, timeout=0):
            return False
    except Timeout:
        return True


def _specification(folder: Path) -> tuple[Specification | None, Check]:
    path = folder / WHAT_IS_BUILT
    try:
        specification = load_yaml_record(path, Specification)
    except ImpressError as error:
        return None, warn("specification", str(error), "it is written anew when the build goes on")
    return specification, ok("specification", f"{specification.release_id}, as the build last had it")


def _wanted(specification: Specification) -> int | None:
    try:
        return sum(cell.quota for cell in plan(specification, load_seeds()).cells)
    except ImpressError:
        return None  # the seeds are not those of the build any more


def _lock(running: bool) -> Check:
    return ok("lock", "a process is building here now" if running else "no process is building here")


def _store(folder: Path, specification: Specification | None) -> tuple[list[Check], Taken, dict[str, float] | None]:
    path = folder / STORE_NAME
    if not path.exists():
        return [ok("store", "not there yet: nothing was paid for")], Taken(), {}
    found = inspect_store(path)
    if found.problems:
        mend = (
            f"move {path} away; then import a release's completions into a new one (impress build SPEC --replay "
            "FOLDER), restore a copy, or pay again"
        )
        return [fail("store", f"damaged: {'; '.join(found.problems)}", mend)], Taken(), None
    checks = [ok("store", f"{found.completions:,} completions, each as it was kept")]
    if found.last is not None and datetime.fromisoformat(found.last) > datetime.now(UTC) + CLOCK_SLACK:
        checks.append(
            warn("clock", f"the last completion is from {found.last}, which is yet to come", "set the clock right")
        )
    taken = taken_in(path)
    return checks, sum(taken.values(), Taken()), _money(taken, specification)


def _money(taken: dict[tuple[str, str], Taken], specification: Specification | None) -> dict[str, float] | None:
    """Return what was spent by currency; ``None`` where a price or the models are not known."""
    if specification is None:
        return None
    prices, money = load_prices(), Counter[str]()
    for (kind, model), one in taken.items():
        roles = [role for role in specification.models.by_role.values() if role.endpoint.kind == kind]
        named = [role for role in roles if role.model == model.partition("@")[0]]
        if named and not any(map(charged, named)):
            continue
        price = next((found for role in named if (found := price_of(role, prices)) is not None), None)
        if price is None:
            return None
        money[price.currency] += money_for(price, one.prompt_tokens, one.completion_tokens)  # type: ignore[assignment]
    return dict(money)


def _shards(folder: Path) -> _Shards:
    found = _Shards()
    for path in sorted((folder / "shards").glob("*.jsonl")):
        number, stage, *_ = path.name.split("-")
        found.rounds.add(number)
        try:
            lines = [json.loads(line) for line in path.read_bytes().splitlines()]
        except ValueError:
            found.torn.append(path.name)
            continue
        if stage == "validate" and path.name.endswith(".out.jsonl"):
            found.outcomes.update(_outcomes(lines))
    found.left = len(list((folder / "shards").glob(".*.part")))
    return found


def _outcomes(lines: list[Any]) -> Iterator[str]:
    for line in lines:
        decision = line.get("decision") if isinstance(line, dict) else None
        yield str(decision.get("outcome")) if isinstance(decision, dict) else "undecided"


def _torn(shards: _Shards) -> Check:
    left = f"; {shards.left} files that a killed process left half written" if shards.left else ""
    if not shards.torn:
        return ok("shards", f"every file can be read{left}")
    named = ", ".join(shards.torn[:TORN_SHOWN])
    return warn(
        "shards", f"{len(shards.torn)} torn: {named}{left}", "none to do: a build that goes on writes them anew"
    )


def _progress(progressed: Progressed, release: Path | None) -> Check:
    wanted = "an unknown number" if progressed.wanted is None else f"{progressed.wanted:,}"
    done = f"; released: {release}" if release is not None else ""
    return ok(
        "progress",
        f"{progressed.accepted:,} of {wanted} rows accepted, {progressed.attempts:,} attempts decided on, "
        f"{progressed.rounds} rounds begun{done}",
    )


def _budget(specification: Specification, spent: Taken, money: dict[str, float] | None) -> Check:
    budget = specification.budget
    known = "money unknown" if money is None else ", ".join(f"{name} {of:.4f}" for name, of in money.items())
    found = f"{spent.calls:,} calls, {spent.tokens:,} tokens{f', {known}' if known else ''}"
    if spent.supposed:
        found += f" ({spent.supposed:,} calls without token counts stand at their most)"
    limits = [f"{name} {limit:,}" for name in ("calls", "tokens") if (limit := getattr(budget, name)) is not None]
    if budget.money is not None:
        limits.append(f"{budget.money.currency} {budget.money.amount:g}")
    found += f"; budget: {', '.join(limits) or 'none'}"
    used = [(spent.calls, budget.calls), (spent.tokens, budget.tokens)]
    if any(limit is not None and taken >= limit for taken, limit in used):
        return warn("spent", found, "raise `budget` in the specification, or leave it at that")
    return ok("spent", found)


def _release(folder: Path, specification: Specification | None) -> Path | None:
    if specification is None:
        return None
    release = folder.absolute().parents[1] / "releases" / specification.release_id
    return release if release.is_dir() else None


def _next(checks: list[Check], folder: Path, *, running: bool, release: Path | None) -> str:
    if running:
        return "wait for the build that is at work, or stop it with Ctrl-C: it can go on later"
    broken = next((check for check in checks if check.outcome == "fail"), None)
    if broken is not None:
        return f"mend the {broken.name}: {broken.mend}"
    if release is not None:
        return f"nothing: the release is made; check it with impress verify {release}"
    return f"go on: impress build SPEC --out {folder.absolute().parents[1]}; what was paid for is not paid for again"
