"""Labels files made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline.label_files import DECISION, labels_text
from pipeline.schema.label import Label, LabelsHead, Remark

AT = "2026-11-28T10:00:00+00:00"


def head(release: str = "scripted-2026.11.0", readers: int = 2) -> LabelsHead:
    """The first line of a labels file."""
    return LabelsHead(release=release, manifest_sha256="0" * 64, readers=readers, blind=True, rubrics={})


def label(item: str, reader: str, answer: str, question: str = DECISION, **more: object) -> Label:
    """One label; its value is that of accept, yes and of nothing else."""
    value = None if answer == "unsure" else answer in ("accept", "yes")
    fields = {"item": item, "reader": reader, "answer": answer, "question": question, "value": value, "at": AT}
    return Label.model_validate({**fields, **more})


def write_labels(
    file: Path, decisions: Mapping[str, Mapping[str, str]], *, release: str = "scripted-2026.11.0", note: str = ""
) -> Path:
    """Write a labels file with decisions by item and reader, and a note on each item that somebody rejects."""
    lines: list[Label | Remark] = []
    for item, said in decisions.items():
        lines += [label(item, reader, answer) for reader, answer in said.items()]
        if note and "reject" in said.values():
            lines.append(Remark(item=item, text=note, reader=next(iter(said)), at=AT))
    file.write_text(labels_text(head(release), lines))
    return file
