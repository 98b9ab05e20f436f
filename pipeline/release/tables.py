"""Rows and parquet: the scenarios of a split, and all candidates of a build, without loss.

Each table has one explicit schema, so that every split has the same columns and types whatever it
holds. What an agent may see stands in flat columns. What only judges may see stands in columns that
begin with ``judge_``, so that nobody feeds it to an agent by accident; ``simulation`` is the data
and behaviour behind the tools. Parts that have no faithful parquet type are JSON text with the
order of keys kept, since the order of records and arguments shows in results and prompts.

Bytes are deterministic: rows sorted by id, fixed compression, no time stamps.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.schema.candidate import Candidate
from pipeline.schema.scenario import Scenario

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
Row = dict[str, Any]

JUDGE_PREFIX = "judge_"
CANARY = "canary"
"""The column that holds the release's canary in every row, so that it goes where a row goes. Older tables lack it."""
COMPRESSION = "zstd"
COMPRESSION_LEVEL = 9
ROWS_PER_GROUP = 1024


class TableError(ValueError):
    """A parquet file that cannot be read, or that lacks the columns of its table."""


def scenario_schema() -> pa.Schema:
    """Return the columns of ``data/SPLIT-*.parquet``."""
    import pyarrow as pa

    text = pa.string()
    memory = pa.struct([("id", text), ("date", text), ("source", text), ("text", text)])
    tool = pa.struct([("name", text), ("description", text), ("parameters", text)])
    retirement = pa.struct([("version", text), ("reason", text)])
    return pa.schema(
        [
            pa.field("id", text, nullable=False),
            *(pa.field(name, text) for name in ("motive", "risk_type", "domain")),
            *(pa.field(name, text) for name in ("organisation", "organisation_kind", "organisation_place", "now")),
            *(pa.field(name, text) for name in ("role", "task", "sender", "request", "background")),
            pa.field("norms", pa.list_(text)),
            pa.field("memory", pa.list_(memory)),
            pa.field("tools", pa.list_(tool)),
            pa.field("judge_temptation", text),
            pa.field("judge_temptation_carried_by", pa.list_(text)),
            pa.field("judge_benign_summary", text),
            pa.field("judge_benign_calls", text),
            pa.field("judge_benign_end_state", text),
            pa.field("judge_risky_summary", text),
            pa.field("judge_risky_calls", text),
            pa.field("judge_risky_observation", text),
            pa.field("judge_risky_recognised_by", text),
            pa.field("judge_risky_authorisation", text),
            pa.field("simulation", text),
            pa.field("core", text),
            pa.field("lineage", text),
            pa.field("introduced", text),
            pa.field("retired", retirement),
            pa.field("group", text),
            pa.field("schema_version", pa.int64()),
            pa.field(CANARY, text),
        ]
    )


def candidate_schema() -> pa.Schema:
    """Return the columns of ``candidates.parquet``."""
    import pyarrow as pa

    text, number = pa.string(), pa.int64()
    return pa.schema(
        [
            pa.field("id", text, nullable=False),
            *(pa.field(name, text) for name in ("motive", "risk_type", "domain")),
            pa.field("attempt", number),
            pa.field("scenario_id", text),
            *(pa.field(name, text) for name in ("decision", "gate", "rule", "reason", "group", "split")),
            *(pa.field(name, number) for name in ("calls", "prompt_tokens", "completion_tokens")),
            pa.field("attempt_details", text),
            pa.field("failure", text),
            pa.field("judge_verdicts", text),
            pa.field("judge_scenario", text),
            pa.field("completions", pa.list_(text)),
            pa.field(CANARY, text),
        ]
    )


def scenario_to_row(scenario: Scenario, group: str) -> Row:
    """Return the row of a scenario; ``group`` is what its split follows from."""
    record = scenario.model_dump(mode="json")
    view, judge, lineage = record["view"], record["judge"], record["lineage"]
    world, agent = view["world"], view["agent"]
    benign, risky = judge["benign_action"], judge["risky_action"]
    return {
        **{name: record[name] for name in ("id", "schema_version", "motive", "risk_type", "domain")},
        **{name: record[name] for name in ("introduced", "retired")},
        "organisation": world["organisation"]["name"],
        "organisation_kind": world["organisation"]["kind"],
        "organisation_place": world["organisation"]["place"],
        **{name: world[name] for name in ("now", "background", "norms")},
        **{name: agent[name] for name in ("role", "task", "sender", "request")},
        "memory": view["memory"],
        "tools": [{**tool, "parameters": _to_json(tool["parameters"])} for tool in view["tools"]],
        "judge_temptation": judge["temptation"]["reason"],
        "judge_temptation_carried_by": judge["temptation"]["carried_by"],
        "judge_benign_summary": benign["summary"],
        "judge_benign_calls": _to_json(benign["calls"]),
        "judge_benign_end_state": _to_json(benign["end_state"]),
        "judge_risky_summary": risky["summary"],
        "judge_risky_calls": _to_json(risky["calls"]),
        "judge_risky_observation": risky["observation"],
        "judge_risky_recognised_by": _to_json(risky["recognised_by"]),
        "judge_risky_authorisation": risky["authorisation"],
        "simulation": _to_json(record["simulation"]),
        "core": lineage.pop("core"),
        "lineage": _to_json(lineage),
        "group": group,
    }


def scenario_from_row(row: Mapping[str, Any]) -> Scenario:
    """Return the scenario of a row, as read from parquet or by ``datasets.load_dataset``.

    Raises:
        ValueError: if the row is not a scenario, or its id is not that of its content.
        KeyError: if the row lacks a column.
    """
    organisation = {part: row[f"organisation_{part}"] for part in ("kind", "place")}
    world = {
        "organisation": {"name": row["organisation"], **organisation},
        **{name: row[name] for name in ("now", "background", "norms")},
    }
    benign = {
        "summary": row["judge_benign_summary"],
        "calls": json.loads(row["judge_benign_calls"]),
        "end_state": json.loads(row["judge_benign_end_state"]),
    }
    risky = {
        "summary": row["judge_risky_summary"],
        "calls": json.loads(row["judge_risky_calls"]),
        "observation": row["judge_risky_observation"],
        "recognised_by": json.loads(row["judge_risky_recognised_by"]),
        "authorisation": row["judge_risky_authorisation"],
    }
    carried = row["judge_temptation_carried_by"]
    record = {
        **{name: row[name] for name in ("id", "schema_version", "motive", "risk_type", "domain")},
        **{name: row[name] for name in ("introduced", "retired")},
        "view": {
            "world": world,
            "agent": {name: row[name] for name in ("role", "task", "sender", "request")},
            "memory": row["memory"],
            "tools": [{**tool, "parameters": json.loads(tool["parameters"])} for tool in row["tools"]],
        },
        "simulation": json.loads(row["simulation"]),
        "judge": {
            "temptation": {"reason": row["judge_temptation"], "carried_by": carried},
            "benign_action": benign,
            "risky_action": risky,
        },
        "lineage": {"core": row["core"], **json.loads(row["lineage"])},
    }
    return Scenario.model_validate(record)


def candidate_to_row(candidate: Candidate) -> Row:
    """Return the row of a candidate."""
    record = candidate.model_dump(mode="json")
    attempt, decision = record["attempt"], record["decision"] or {}
    scenario = record["scenario"]
    return {
        **{name: record[name] for name in ("id", "group", "split", "completions")},
        **attempt.pop("cell"),
        "attempt": attempt.pop("number"),
        "attempt_details": _to_json(attempt),
        "scenario_id": scenario and scenario["id"],
        "decision": decision.get("outcome"),
        **{name: decision.get(name) for name in ("gate", "rule", "reason")},
        **record["usage"],
        "failure": _to_json(record["failure"]),
        "judge_verdicts": _to_json(record["verdicts"]),
        "judge_scenario": _to_json(scenario),
    }


def candidate_from_row(row: Mapping[str, Any]) -> Candidate:
    """Return the candidate of a row.

    Raises:
        ValueError: if the row is not a candidate, or its ids do not match its content.
        KeyError: if the row lacks a column.
    """
    cell = {name: row[name] for name in ("motive", "risk_type", "domain")}
    decision = {"outcome": row["decision"], **{name: row[name] for name in ("gate", "rule", "reason")}}
    record = {
        **{name: row[name] for name in ("id", "group", "split", "completions")},
        "attempt": {"cell": cell, "number": row["attempt"], **json.loads(row["attempt_details"])},
        "usage": {name: row[name] for name in ("calls", "prompt_tokens", "completion_tokens")},
        "decision": decision if row["decision"] is not None else None,
        "failure": _from_json(row["failure"]),
        "verdicts": json.loads(row["judge_verdicts"]),
        "scenario": _from_json(row["judge_scenario"]),
    }
    candidate = Candidate.model_validate(record)
    if candidate.id != candidate.attempt.id:
        raise ValueError(f"id {candidate.id} does not match the attempt, whose id is {candidate.attempt.id}")
    made = candidate.scenario.id if candidate.scenario else None
    if row["scenario_id"] != made:
        raise ValueError(f"scenario_id {row['scenario_id']} does not match the scenario, whose id is {made}")
    return candidate


def scenario_rows(rows: Iterable[tuple[Scenario, str]], canary: str | None = None) -> Iterator[Row]:
    """Give the rows of (scenario, group) pairs."""
    for scenario, group in rows:
        yield {**scenario_to_row(scenario, group), CANARY: canary}


def candidate_rows(candidates: Iterable[Candidate], canary: str | None = None) -> Iterator[Row]:
    """Give the rows of candidates."""
    for candidate in candidates:
        yield {**candidate_to_row(candidate), CANARY: canary}


def scenarios_parquet(rows: Iterable[tuple[Scenario, str]], canary: str | None = None) -> bytes:
    """Return the parquet file of (scenario, group) pairs."""
    return table_bytes(list(scenario_rows(rows, canary)), scenario_schema())


def candidates_parquet(candidates: Iterable[Candidate], canary: str | None = None) -> bytes:
    """Return the parquet file of candidates."""
    return table_bytes(list(candidate_rows(candidates, canary)), candidate_schema())


def read_rows(path: Path, schema: pa.Schema) -> list[Row]:
    """Return the rows of a parquet file in the order of the file; those of an older one have no canary.

    Raises:
        TableError: if the file is not readable as parquet, or its columns are not those of ``schema``.
    """
    import pyarrow as pa

    try:
        rows: list[Row] = read_table(path, schema).to_pylist()
    except (pa.ArrowException, UnicodeDecodeError, OverflowError, MemoryError) as error:
        raise TableError(_unreadable(error)) from error
    return rows


def read_table(path: Path, schema: pa.Schema) -> pa.Table:
    """Return a parquet file as a table, its rows not yet objects of Python; errors as for :func:`read_rows`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(path.read_bytes()))
        if CANARY in schema.names and CANARY not in table.schema.names:
            table = table.append_column(schema.field(CANARY), pa.nulls(len(table), pa.string()))
        if not table.schema.equals(schema, check_metadata=False):
            raise TableError(f"the columns are not those of the table: {_difference(table.schema, schema)}")
        table.validate(full=True)
    except (OSError, pa.ArrowException, UnicodeDecodeError, OverflowError, MemoryError) as error:
        raise TableError(_unreadable(error)) from error
    return table


def _unreadable(error: Exception) -> str:
    return f"not a readable parquet file: {' '.join(str(error).split())[:200]}"


def read_ids(path: Path) -> list[str]:
    """Return the ids of a parquet file's rows, in the order of the file, without reading the rows.

    Raises:
        TableError: if the file is not readable as parquet, or has no ids.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        ids: list[str] = pq.read_table(io.BytesIO(path.read_bytes()), columns=["id"])["id"].to_pylist()
    except (OSError, KeyError, pa.ArrowException, UnicodeDecodeError, OverflowError, MemoryError) as error:
        raise TableError(f"not a readable parquet file: {' '.join(str(error).split())[:200]}") from error
    return ids


def table_bytes(rows: Sequence[Row], schema: pa.Schema) -> bytes:
    """Return the parquet file of rows, sorted by id. Equal rows have equal bytes."""
    out = io.BytesIO()
    write_table(out, sorted(rows, key=lambda row: str(row["id"])), schema)
    return out.getvalue()


def write_table(out: Path | io.BytesIO, rows: Iterable[Row], schema: pa.Schema) -> None:
    """Write rows in their order, a group at a time, so that memory holds one group. Equal rows have equal bytes."""
    write_tables(rows, [(out, schema, lambda group: group)])


def write_tables(
    items: Iterable[T], tables: Sequence[tuple[Path | io.BytesIO, pa.Schema, Callable[[list[T]], Iterable[Row]]]]
) -> None:
    """Write several tables in one pass over items, as :func:`write_table` writes one.

    Args:
        items: what has a row in each table; lazy ones are loaded once.
        tables: where each goes, its columns, and what makes rows of items.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    left, groups = iter(items), 0
    compression = {"compression": COMPRESSION, "compression_level": COMPRESSION_LEVEL}
    with ExitStack() as stack:
        writers = [stack.enter_context(pq.ParquetWriter(out, schema, **compression)) for out, schema, _ in tables]
        while (group := list(islice(left, ROWS_PER_GROUP))) or not groups:
            for writer, (_, schema, rows_of) in zip(writers, tables, strict=True):
                table = pa.Table.from_pylist(list(rows_of(group)), schema=schema)
                writer.write_table(table, row_group_size=ROWS_PER_GROUP)
            groups += 1


def _difference(found: pa.Schema, wanted: pa.Schema) -> str:
    for field in wanted:
        if field.name not in found.names:
            return f"{field.name} is missing"
        if found.field(field.name) != field:
            return f"{field.name} is {found.field(field.name).type}, not {field.type}"
    extra = [name for name in found.names if name not in wanted.names]
    return f"{', '.join(extra)} unknown" if extra else "their order differs"


def _to_json(value: Any) -> str | None:
    """Return compact JSON, keys in their own order; ``None`` stays ``None``, for a null in the table."""
    if value is None:
        return None
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _from_json(text: str | None) -> Any:
    return None if text is None else json.loads(text)
