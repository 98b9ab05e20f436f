"""``croissant.json``: the tables of a release, described for machines in Croissant 1.0 (MLCommons, 2024)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pipeline.release.files import CANDIDATES, RETIRED, split_of_file
from pipeline.release.inspect_rows import CONFIG, inspect_schema
from pipeline.release.licence import is_spdx, licence_link
from pipeline.release.tables import candidate_schema, scenario_schema
from pipeline.schema.manifest import FileEntry, Manifest

if TYPE_CHECKING:
    import pyarrow as pa

CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context that the specification gives (section "Recommended context")."""

PARQUET = "application/x-parquet"


def croissant(manifest: Manifest, files: Iterable[FileEntry]) -> str:
    """Return the JSON-LD text.

    Args:
        manifest: of the release, its list of files may still be empty.
        files: at least the tables, with their hashes.
    """
    tables = [entry for entry in files if entry.path.endswith(".parquet")]
    specification, licence = manifest.specification, manifest.specification.licence
    record = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": manifest.name,
        "description": f"{specification.title}: scenarios in which an agent may act against human values unasked.",
        "license": licence_link(licence) if is_spdx(licence) else licence,
        "url": f"{licence_link(licence) if is_spdx(licence) else 'https://spdx.org/licenses/'}#{specification.release_id}",
        "version": _semantic(manifest.version),
        "datePublished": manifest.created,
        "citeAs": f"{specification.title}, version {manifest.version}",
        "keywords": ["AI safety", "LLM agents", "benchmark"],
        "distribution": [_file(entry) for entry in tables],
        "recordSet": [_records(entry.path) for entry in tables],
    }
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def _semantic(version: str) -> str:
    """Return the version as MAJOR.MINOR.PATCH without leading zeros, which Croissant asks for."""
    return ".".join(str(int(part)) for part in version.split("."))


def _file(entry: FileEntry) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": entry.path,
        "name": entry.path.replace("/", "-"),
        "contentUrl": entry.path,
        "contentSize": f"{entry.bytes} B",
        "encodingFormat": PARQUET,
        "sha256": entry.sha256,
    }


def _records(path: str) -> dict[str, Any]:
    name = split_of_file(path) or path.removesuffix(".parquet")
    schema = candidate_schema() if path == CANDIDATES else scenario_schema()
    if path.startswith(f"{CONFIG}/"):
        name, schema = path.removesuffix(".parquet").replace("/", "-"), inspect_schema()
    what = {CANDIDATES: "everything that was made, with verdicts", RETIRED: "rows that left, with the reason"}
    fields = [_field(name, path, field) for field in schema if _flat(field.type)]
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": what.get(path, f"scenarios of the split {name}"),
        "field": fields,
    }


def _field(records: str, path: str, field: pa.Field) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{records}/{field.name}",
        "name": field.name,
        "dataType": "sc:Integer" if str(field.type) == "int64" else "sc:Text",
        "source": {"fileObject": {"@id": path}, "extract": {"column": field.name}},
    }


def _flat(kind: pa.DataType) -> bool:
    """Tell whether Croissant 1.0 describes a column: it has no word for a structure inside one."""
    return str(kind) in ("string", "int64")
