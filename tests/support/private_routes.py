"""Ways in which something of a row that is held out might be sent: files, each by the name that it would have."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipeline.release.carry import HELD_OUT
from pipeline.release.files import MANIFEST, data_file, manifest_form
from pipeline.release.held_out import SALTS
from pipeline.release.tables import read_rows, scenario_schema, table_bytes
from pipeline.release.views import read_release


def as_a_renamed_file(release: Path) -> dict[str, bytes]:
    return {"data/test-00001-of-00002.parquet": (release / data_file(HELD_OUT)).read_bytes()}


def as_text(release: Path) -> dict[str, bytes]:
    held = next(row.scenario for row in read_release(release).active if row.split == HELD_OUT)
    return {"notes.txt": f"An example: {held.view.agent.request}".encode()}


def as_gzipped_text(release: Path) -> dict[str, bytes]:
    return {"notes.bin": gzip.compress(as_text(release)["notes.txt"])}


def as_text_gzipped_twice(release: Path) -> dict[str, bytes]:
    return {"notes.bin": gzip.compress(as_gzipped_text(release)["notes.bin"])}


def as_a_card_that_quotes_it(release: Path) -> dict[str, bytes]:
    card = (release / "README.md").read_bytes()
    return {"README.md": card + as_text(release)["notes.txt"]}


def as_a_zip_archive(release: Path) -> dict[str, bytes]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("notes.txt", as_text(release)["notes.txt"])
    return {"notes.txt": packed.getvalue()}


def as_text_in_other_bytes(release: Path) -> dict[str, bytes]:
    return {"notes.txt": as_text(release)["notes.txt"].decode().encode("utf-16-le")}


def as_all_candidates(release: Path) -> dict[str, bytes]:
    return {"candidates.parquet": (release / "candidates.parquet").read_bytes()}


def as_completions(release: Path) -> dict[str, bytes]:
    return {"completions/completions.jsonl.gz": (release / "completions" / "completions.jsonl.gz").read_bytes()}


def as_the_report(release: Path) -> dict[str, bytes]:
    return {"report.html": (release / "report.html").read_bytes()}


def as_salts_under_another_name(release: Path) -> dict[str, bytes]:
    return {"numbers.json": (release / SALTS).read_bytes()}


def as_text_in_capitals_and_short_lines(release: Path) -> dict[str, bytes]:
    return {"notes.txt": as_text(release)["notes.txt"].upper().replace(b" ", b"\n")}


def as_json_in_escapes(release: Path) -> dict[str, bytes]:
    told = as_text(release)["notes.txt"].decode()
    return {"notes.json": ('{"note": "' + "".join(f"\\u{ord(one):04x}" for one in told) + '"}').encode()}


def as_a_page_in_entities(release: Path) -> dict[str, bytes]:
    told = as_text(release)["notes.txt"].decode()
    return {"notes.html": "".join(f"&#x{ord(one):x};" for one in told).encode()}


def as_a_broken_archive(release: Path) -> dict[str, bytes]:
    return {"notes.gz": as_gzipped_text(release)["notes.bin"] + b"more"}


def as_a_row_among_open_ones(release: Path) -> dict[str, bytes]:
    """A held-out row that says it is of an open row's group, in the table of an open split."""
    rows = read_rows(release / data_file("test"), scenario_schema())
    [held, *_] = read_rows(release / data_file(HELD_OUT), scenario_schema())
    return {data_file("test"): table_bytes([*rows, {**held, "group": rows[0]["group"]}], scenario_schema())}


def as_a_manifest_that_quotes_it(release: Path) -> dict[str, bytes]:
    manifest = json.loads((release / MANIFEST).read_bytes())
    manifest["specification"]["title"] = as_text(release)["notes.txt"].decode()
    return {MANIFEST: manifest_form(manifest)}


def table_of(release: Path, **told: Any) -> bytes:
    """The table of an open split, with something noted of it or of its first column."""
    table = pq.read_table(release / data_file("test"))
    if "of_column" in told:
        table = table.cast(table.schema.set(0, table.schema.field(0).with_metadata({"note": told["of_column"]})))
    if "named" in told:
        table = table.append_column(told["named"], [[None] * len(table)])
    if "column" in told:
        table = table.append_column("note", [[told["column"]] * len(table)])
    if "of_table" in told:
        table = table.replace_schema_metadata({"note": told["of_table"]})
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def as_a_note_of_a_table(release: Path) -> dict[str, bytes]:
    return {data_file("test"): table_of(release, of_table=as_text(release)["notes.txt"])}


def as_a_note_of_a_column(release: Path) -> dict[str, bytes]:
    return {data_file("test"): table_of(release, of_column=as_text(release)["notes.txt"])}


def as_the_name_of_a_column(release: Path) -> dict[str, bytes]:
    return {data_file("test"): table_of(release, named=as_text(release)["notes.txt"].decode())}


def as_bytes_in_a_column(release: Path) -> dict[str, bytes]:
    return {data_file("test"): table_of(release, column=as_text(release)["notes.txt"])}


def as_bytes_that_no_column_holds(release: Path) -> dict[str, bytes]:
    """Before the table's description at its end, where readers, who go by that, never look."""
    data = (release / data_file("test")).read_bytes()
    end = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    return {data_file("test"): data[:end] + as_text(release)["notes.txt"] + data[end:]}


def as_a_table_that_cannot_be_read(release: Path) -> dict[str, bytes]:
    data = (release / data_file("test")).read_bytes()
    return {data_file("test"): data[:4] + as_text(release)["notes.txt"] + data[4:]}


ROUTES = (
    as_a_renamed_file, as_text, as_gzipped_text, as_text_gzipped_twice, as_a_card_that_quotes_it, as_a_zip_archive,
    as_text_in_other_bytes, as_all_candidates, as_completions, as_the_report, as_salts_under_another_name,
    as_text_in_capitals_and_short_lines, as_json_in_escapes, as_a_page_in_entities, as_a_broken_archive,
    as_a_row_among_open_ones, as_a_manifest_that_quotes_it, as_a_note_of_a_table, as_a_note_of_a_column,
    as_the_name_of_a_column, as_bytes_in_a_column, as_bytes_that_no_column_holds,
    as_a_table_that_cannot_be_read,
)  # fmt: skip
