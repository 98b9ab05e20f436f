"""From texts to the rows that stay, beside the encoder alone, SemHash and datatrove's MinHash, on the same texts.

    pip install -e ".[benchmarks]"
    python -m venv rival && rival/bin/pip install "datatrove[processing]==0.10.1" orjson spacy
    DATATROVE_PYTHON=rival/bin/python python -m benchmarks.texts     # writes benchmarks/results/texts.json

datatrove's pins are not the product's, so it has an environment of its own; without ``DATATROVE_PYTHON`` its figures
are null. datatrove stands for MinHash; text-dedup 0.4.0 is left out: it wants rich below 14, urllib3 up to 2.0 and
pyspark, so it would need a third environment.

A text is five clauses of the worked situations in random order and choice, about 30 words. A tenth of the rows are
copies of others, each of another row, in equal parts of every kind in :data:`CHANGES`. A copy is found if it or its
original went; a row went wrongly if it is of no such pair, or its partner went too. What is a copy is thus known by
construction; each contender keeps its own idea of it: the product's and SemHash's threshold is that of a build on the
cosine, datatrove's its default (5 words a shingle, 14 bands of 8).

``encoder`` is the packaged model on the distinct texts, ``impress`` all of ``deduplicate_file`` with nothing kept from
before, from the file to the evidence: the aim is 1.2 times the encoder. Both run in one process with the model loaded.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import random
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.deduplicate.encoder import load_encoder
from pipeline.deduplicate.files import deduplicate_file
from pipeline.schema.specification import DeduplicationSettings
from pipeline.seeds import load_seeds

RESULTS = Path(__file__).parent / "results" / "texts.json"
RIVAL = "DATATROVE_PYTHON"
"""Environment variable: the Python of an environment with datatrove."""
THRESHOLD = DeduplicationSettings().threshold
CLAUSES = 5
COPIES = 0.1
LIBRARIES = ("datasketch", "faiss-cpu", "numpy", "semhash", "sentence-transformers", "torch")

Stayed = set[int]
"""Numbers of the rows that stay."""


@dataclass(frozen=True)
class Rows:
    """Texts, and the copies among them: number of the copy, number of its original, kind."""

    texts: tuple[str, ...]
    copies: tuple[tuple[int, int, str], ...]


def _typeset(text: str, draw: random.Random) -> str:
    return text.upper() if draw.random() < 0.5 else text.replace(" ", "  ")


def _word_added(text: str, draw: random.Random) -> str:
    return f"{text} {draw.choice(('Today.', 'Please.', 'Again.'))}"


def _word_changed(text: str, draw: random.Random) -> str:
    words = text.split(" ")
    words[draw.randrange(1, len(words))] = draw.choice(("other", "whole", "former", "general"))
    return " ".join(words)


def _reordered(text: str, draw: random.Random) -> str:
    sentences = text.removesuffix(".").split(". ")
    first = draw.randrange(1, len(sentences))
    return ". ".join(sentences[first:] + sentences[:first]) + "."


CHANGES: dict[str, Callable[[str, random.Random], str]] = {
    "capitals or spaces": _typeset,
    "a word added": _word_added,
    "a word changed": _word_changed,
    "sentences in another order": _reordered,
}
"""What is done to a text to make a copy of it."""


def clauses() -> list[str]:
    """Return the clauses of four to nine words in the worked situations."""
    found = set()
    for domain in load_seeds().domains.values():
        for situation in domain.situations:
            for text in _texts(situation.model_dump(mode="json")):
                found |= {part.strip() for part in re.split(r"[.,;:!?()\n]", text)}
    plain = re.compile(r"[A-Za-z' -]+")
    return sorted(one for one in found if 4 <= len(one.split()) <= 9 and plain.fullmatch(one))


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in _texts(one)]


def made(number: int, seed: int = 0) -> Rows:
    """Return so many texts, a tenth of them copies, in random order."""
    draw, parts = random.Random(seed), clauses()
    copied = int(number * COPIES)
    originals: list[str] = []
    while len(originals) < number - copied:
        originals.append(" ".join(f"{part[0].upper()}{part[1:]}." for part in draw.sample(parts, CLAUSES)))
    kinds = list(CHANGES)
    rows = [(text, None, "") for text in originals] + [
        (CHANGES[kinds[copy % len(kinds)]](originals[of], draw), of, kinds[copy % len(kinds)])
        for copy, of in enumerate(draw.sample(range(len(originals)), copied))
    ]
    places = draw.sample(range(number), number)
    texts = {places[row]: text for row, (text, _, _) in enumerate(rows)}
    copies = [(places[row], places[of], kind) for row, (_, of, kind) in enumerate(rows) if of is not None]
    return Rows(tuple(texts[place] for place in range(number)), tuple(copies))


def judged(rows: Rows, stayed: Stayed) -> dict[str, Any]:
    """Return the share of copies found, by kind and in all, and the share of removed rows that were copies."""
    found = {kind: [not {copy, of} <= stayed for copy, of, it in rows.copies if it == kind] for kind in CHANGES}
    removed = len(rows.texts) - len(stayed)
    right = sum(map(sum, found.values()))
    return {
        "removed": removed,
        "recall": round(right / len(rows.copies), 4),
        "precision": round(right / removed, 4) if removed else None,
        "recall_by_kind": {kind: round(sum(of) / len(of), 4) for kind, of in found.items()},
    }


def encoder(file: Path, texts: Sequence[str]) -> None:
    """The packaged model alone."""
    load_encoder().encode(texts)


def impress(file: Path, texts: Sequence[str]) -> Stayed:
    """The product, from a file, with a new folder for vectors."""
    with tempfile.TemporaryDirectory() as folder:
        found = deduplicate_file(file, threshold=THRESHOLD, folder=Path(folder))
    return {int(row.id) for row in found.selected}


def semhash(file: Path, texts: Sequence[str]) -> Stayed:
    """SemHash from texts, with the product's encoder."""
    from semhash import SemHash

    class Packaged:
        def encode(self, inputs: Any, **_: Any) -> Any:
            return load_encoder().encode(list(inputs))

    records = [{"text": text, "id": str(number)} for number, text in enumerate(texts)]
    found = SemHash.from_records(records, columns=["text"], model=Packaged()).self_deduplicate(threshold=THRESHOLD)
    return {int(record["id"]) for record in found.selected}


def datatrove(file: Path, texts: Sequence[str]) -> Stayed | None:
    """Datatrove's four MinHash steps by its local executor, in an environment of its own; ``None`` where it is not."""
    python = os.environ.get(RIVAL)
    if not python:
        return None
    script = Path(__file__).with_name("datatrove_minhash.py")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([python, str(script), str(file), folder], check=True, stdout=subprocess.DEVNULL)
        return set(json.loads((Path(folder) / "stayed.json").read_text(encoding="utf-8")))


ARMS: dict[str, Callable[[Path, Sequence[str]], Stayed | None]] = {
    "encoder": encoder,
    "impress": impress,
    "semhash": semhash,
    "datatrove": datatrove,
}
"""The contenders by name."""


def measured(arm: str, file: Path, rows: Rows) -> dict[str, Any]:
    """Run one contender; times are null where it is not at hand. Processes it starts count among its CPU seconds."""
    before, began = os.times(), time.perf_counter()
    stayed = ARMS[arm](file, rows.texts)
    seconds, after = time.perf_counter() - began, os.times()
    if arm != "encoder" and stayed is None:
        return {"arm": arm, "seconds": None, "cpu_seconds": None}
    worked = sum(after[:4]) - sum(before[:4])
    judgement = {} if stayed is None else judged(rows, stayed)
    return {"arm": arm, "seconds": round(seconds, 2), "cpu_seconds": round(worked, 2), **judgement}


def rival_version() -> str | None:
    """Return datatrove's version in its environment; ``None`` where it is not at hand."""
    if not os.environ.get(RIVAL):
        return None
    code = "import importlib.metadata as m; print(m.version('datatrove'))"
    return subprocess.run([os.environ[RIVAL], "-c", code], check=True, text=True, capture_output=True).stdout.strip()


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    rows = made(given.rows)
    load_encoder().encode(["the first call loads and warms up"])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.jsonl"
        lines = (json.dumps({"id": number, "text": text}) for number, text in enumerate(rows.texts))
        file.write_text("\n".join(lines), encoding="utf-8")
        found = []
        for arm in ARMS:
            found.append(measured(arm, file, rows))
            print(json.dumps(found[-1]), flush=True)
    ours, alone = found[1], found[0]
    result = {
        "rows": given.rows,
        "words_a_text": round(sum(len(text.split()) for text in rows.texts) / given.rows, 1),
        "threshold": THRESHOLD,
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES} | {"datatrove": rival_version()},
        "impress_to_encoder": {
            "seconds": round(ours["seconds"] / alone["seconds"], 3),
            "cpu_seconds": round(ours["cpu_seconds"] / alone["cpu_seconds"], 3),
        },
        "results": found,
    }
    given.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
