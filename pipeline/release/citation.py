"""``CITATION.cff`` of a release: how to cite it, in the Citation File Format 1.2.0 (doi:10.5281/zenodo.5171937)."""

from __future__ import annotations

import json

from pipeline.pages.text import one_line
from pipeline.schema.manifest import Manifest

KEYWORDS = ("AI safety", "LLM agents", "benchmark", "value misalignment")


def citation(manifest: Manifest) -> str:
    """Return the file's text. The authors are those of the project: a release names no person."""
    specification = manifest.specification
    lines = [
        "cff-version: 1.2.0",
        'message: "If you use this dataset, please cite it as below, with its version."',
        "type: dataset",
        f"title: {_quoted(specification.title)}",
        "authors:",
        f"  - name: {_quoted(f'The makers of {specification.name}')}",
        f"version: {_quoted(manifest.version)}",
        f"date-released: {manifest.created}",
        f"license: {_quoted(specification.licence)}",
        "keywords:",
        *(f"  - {_quoted(word)}" for word in KEYWORDS),
        "references:",
        "  - type: article",
        '    title: "The Shadow Self: Intrinsic Value Misalignment in Large Language Model Agents"',
        "    authors:",
        '      - name: "The authors of arXiv:2601.17344"',
        '    url: "https://arxiv.org/abs/2601.17344"',
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(one_line(text), ensure_ascii=False)
