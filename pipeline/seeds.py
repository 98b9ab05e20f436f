"""Reads and checks what people edit: motives, risk types, domain kits, pools, implausible pairs, specifications."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from pipeline.entries import load_entries, raise_first
from pipeline.errors import InputError
from pipeline.mistakes import Mistake, Place
from pipeline.references import pair_mistakes, repeated, situation_mistakes, unknown
from pipeline.resources import seeds_dir
from pipeline.schema.base import Record, sha256_of
from pipeline.schema.cell import Cell, ImplausiblePairs
from pipeline.schema.domain import Domain, Pools
from pipeline.schema.estimate import CallSizes, Price, Prices
from pipeline.schema.limits import ProviderLimit, ProviderLimits
from pipeline.schema.novelty import NoveltyCurve
from pipeline.schema.specification import Grid, Specification
from pipeline.schema.taxonomy import Motive, RiskType
from pipeline.yaml_input import LineLookup, load_yaml_document, load_yaml_record


@dataclass(frozen=True)
class Seeds:
    """All seeds, by id, in the order of their ids.

    ``hashes`` gives the SHA-256 of each entry's canonical JSON by ``motives/ID``, ``risk_types/ID``,
    ``domains/ID``, ``pools``, ``implausible``, ``estimates`` and ``prices``: comments and layout of a
    file do not change it. ``implausible`` gives the reason by motive and risk type.
    """

    motives: dict[str, Motive]
    risk_types: dict[str, RiskType]
    domains: dict[str, Domain]
    pools: Pools
    implausible: dict[tuple[str, str], str]
    call_sizes: CallSizes
    prices: Prices
    hashes: dict[str, str]


def load_seeds(root: Path | None = None) -> Seeds:
    """Read and check all seeds.

    Args:
        root: the folder with ``motives/``, ``risk_types/``, ``domains/``, ``pools.yaml``, ``implausible.yaml``,
            ``estimates.yaml`` and ``prices.yaml``; the installation's own seeds if left out.

    Raises:
        InputError: for the first mistake in any file, with the number of the others in that file.
    """
    root = seeds_dir() if root is None else root
    motives = load_entries(root / "motives", Motive)
    risk_types = load_entries(root / "risk_types", RiskType)
    domains = load_entries(root / "domains", Domain)
    for domain, lines in domains.values():
        raise_first(lines, _domain_mistakes(domain, motives, risk_types))
    pools, lines = load_yaml_document(root / "pools.yaml", Pools)
    raise_first(lines, _pool_mistakes(pools))
    implausible, lines = load_yaml_document(root / "implausible.yaml", ImplausiblePairs)
    raise_first(lines, pair_mistakes(implausible.pairs, motives, risk_types, _realised(domains)))
    call_sizes = load_yaml_record(root / "estimates.yaml", CallSizes)
    prices, lines = load_yaml_document(root / "prices.yaml", Prices)
    raise_first(lines, _listed_twice("prices", prices.prices))
    entries: dict[str, Record] = {
        **{f"motives/{name}": entry for name, (entry, _) in motives.items()},
        **{f"risk_types/{name}": entry for name, (entry, _) in risk_types.items()},
        **{f"domains/{name}": entry for name, (entry, _) in domains.items()},
        "pools": pools,
        "implausible": implausible,
        "estimates": call_sizes,
        "prices": prices,
    }
    return Seeds(
        motives={name: entry for name, (entry, _) in motives.items()},
        risk_types={name: entry for name, (entry, _) in risk_types.items()},
        domains={name: entry for name, (entry, _) in domains.items()},
        pools=pools,
        implausible={(pair.motive, pair.risk_type): pair.reason for pair in implausible.pairs},
        call_sizes=call_sizes,
        prices=prices,
        hashes={name: sha256_of(entry.model_dump(mode="json")) for name, entry in entries.items()},
    )


def load_limits(root: Path | None = None) -> ProviderLimits:
    """Read and check what is known of providers' limits. They decide how long a build takes, never what is in it.

    Args:
        root: the folder with ``limits.yaml``; the installation's own seeds if left out. Without the file nothing
            is known.

    Raises:
        InputError: for the first mistake, with the number of the others.
    """
    path = (seeds_dir() if root is None else root) / "limits.yaml"
    if not path.exists():
        return ProviderLimits()
    limits, lines = load_yaml_document(path, ProviderLimits)
    raise_first(lines, _listed_twice("limits", limits.limits))
    return limits


def load_specification(path: Path, seeds: Seeds | None = None) -> Specification:
    """Read and check a specification.

    Args:
        path: the specification's file; calibration, curve and reviews lie in its folder, unless it says otherwise.
        seeds: the seeds that its grid names; the installation's own if left out.

    Raises:
        InputError: for the first mistake, with the number of the others.
    """
    specification, lines = load_yaml_document(path, Specification)
    raise_first(lines, _specification_mistakes(specification, load_seeds() if seeds is None else seeds))
    return _with_curve(_with_files_beside(specification, path.parent), path.parent)


def _with_curve(specification: Specification, folder: Path) -> Specification:
    """Put the curve in the place of its file's name, so that whoever has the specification has the curve."""
    named = specification.deduplication.curve
    if not isinstance(named, str):
        return specification
    file = folder / named
    try:
        curve = NoveltyCurve.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        wrong = "`deduplication.curve` names no curve that can be read"
        raise InputError(wrong, file=file, allowed="what `impress dedup --calibrate --out` writes") from error
    settings = specification.deduplication.model_copy(update={"curve": curve})
    return specification.model_copy(update={"deduplication": settings})


def _with_files_beside(specification: Specification, folder: Path) -> Specification:
    """Return the specification with the calibration and the reviews that it names found from its folder."""
    calibration, reviews = specification.gates.calibration, specification.reviews
    if calibration is not None:
        found = calibration.model_copy(update={"path": str(folder / calibration.path)})
        gates = specification.gates.model_copy(update={"calibration": found})
        specification = specification.model_copy(update={"gates": gates})
    if reviews is not None:
        placed = reviews.model_copy(update={"path": str(folder / reviews.path)})
        specification = specification.model_copy(update={"reviews": placed})
    return specification


def _domain_mistakes(domain: Domain, motives: Collection[str], risk_types: Collection[str]) -> Iterator[Mistake]:
    yield from repeated(
        "situation", [(("situations", index, "id"), one.id) for index, one in enumerate(domain.situations)]
    )
    for index, situation in enumerate(domain.situations):
        for mistake in situation_mistakes(situation, motives, risk_types):
            yield replace(mistake, path=("situations", index, *mistake.path))


def _pool_mistakes(pools: Pools) -> Iterator[Mistake]:
    avoided = {name.casefold() for name in pools.avoid}
    for tradition, pool in pools.people.items():
        for part, names in (("given", pool.given), ("family", pool.family)):
            placed: list[tuple[Place, str]] = [
                (("people", tradition, part, index), name) for index, name in enumerate(names)
            ]
            yield from repeated("name", placed)
            for path, name in placed:
                if name.casefold() in avoided:
                    yield Mistake(path, "this name is on the list `avoid`", name, "names that are not on it")


def _realised(domains: Mapping[str, tuple[Domain, LineLookup]]) -> dict[tuple[str, str], str]:
    """Return the first worked situation of each pair of motive and risk type: its id, file and line."""
    found: dict[tuple[str, str], str] = {}
    for domain, lines in domains.values():
        for index, situation in enumerate(domain.situations):
            for motive in situation.temptations:
                line = lines.line(("situations", index, "temptations", motive), at_key=True)
                found.setdefault((motive, situation.risk_type), f"`{situation.id}` ({lines.file}:{line})")
    return found


def _listed_twice(name: str, entries: Sequence[Price | ProviderLimit]) -> Iterator[Mistake]:
    names: list[tuple[Place, str]] = [
        ((name, index, "model"), f"{entry.model} at {entry.base_url}") for index, entry in enumerate(entries)
    ]
    yield from repeated("model", names)


def _specification_mistakes(specification: Specification, seeds: Seeds) -> Iterator[Mistake]:
    yield from _grid_mistakes(specification.grid, seeds)
    if specification.attempts_per_cell < specification.quota:
        problem = f"fewer attempts than the quota of {specification.quota} accepted rows can never fill a cell"
        yield Mistake(
            ("attempts_per_cell",), problem, specification.attempts_per_cell, f"at least {specification.quota}"
        )
    previous = specification.previous
    if previous is not None and previous.release == specification.release_id:
        problem = "is this release itself, which is not there before it is made"
        yield Mistake(("previous", "release"), problem, previous.release, "an earlier release")
    for number, one in enumerate(specification.deduplication.against):
        if one.release == specification.release_id:
            place = ("deduplication", "against", number, "release")
            yield Mistake(place, "is this release itself", one.release, "an earlier release")


def _grid_mistakes(grid: Grid, seeds: Seeds) -> Iterator[Mistake]:
    axes: dict[str, tuple[str, Collection[str]]] = {
        "motives": ("motive", seeds.motives),
        "risk_types": ("risk type", seeds.risk_types),
        "domains": ("domain", seeds.domains),
    }
    for axis, (what, known) in axes.items():
        chosen: tuple[str, ...] | None = getattr(grid, axis)
        if chosen is None:
            continue
        if grid.cells is not None:
            yield Mistake(("grid", axis), "says nothing beside `cells`, which lists the cells; leave one of them out")
        if not chosen:
            yield Mistake(("grid", axis), "is an empty list; leave it out to take all", allowed=sorted(known))
        names = [(("grid", axis, index), name) for index, name in enumerate(chosen)]
        yield from repeated(what, names)
        yield from (unknown(what, path, name, known) for path, name in names if name not in known)
    if grid.cells is not None:
        yield from _cell_mistakes(grid.cells, axes, seeds.implausible)


def _cell_mistakes(
    cells: tuple[str, ...],
    axes: dict[str, tuple[str, Collection[str]]],
    implausible: Mapping[tuple[str, str], str],
) -> Iterator[Mistake]:
    if not cells:
        problem = "is an empty list; leave it out to take all"
        yield Mistake(("grid", "cells"), problem, allowed="motive.risk_type.domain")
    yield from repeated("cell", [(("grid", "cells", index), text) for index, text in enumerate(cells)])
    for index, text in enumerate(cells):
        path = ("grid", "cells", index)
        try:
            cell = Cell.parse(text)
        except ValueError:
            yield Mistake(path, "is not the id of a cell", text, "motive.risk_type.domain")
            continue
        for (what, known), name in zip(axes.values(), (cell.motive, cell.risk_type, cell.domain), strict=True):
            if name not in known:
                yield unknown(what, path, name, known)
        reason = implausible.get((cell.motive, cell.risk_type))
        if reason is not None:
            problem = f"this pair of motive and risk type is no clean probe ({reason})"
            yield Mistake(
                path, problem, text, "pairs that seeds/implausible.yaml does not list; edit it if you disagree"
            )
