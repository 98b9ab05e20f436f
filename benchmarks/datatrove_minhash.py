"""datatrove's MinHash on a file of texts, run by :mod:`benchmarks.texts` in an environment that has datatrove.

python benchmarks/datatrove_minhash.py rows.jsonl FOLDER      # writes FOLDER/stayed.json: numbers of the rows that stay
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def main(file: Path, folder: Path) -> None:
    """Run the four steps with the defaults of datatrove, two tasks at once where a step can be cut."""
    from datatrove.executor import LocalPipelineExecutor  # type: ignore[import-not-found]
    from datatrove.pipeline.dedup import (  # type: ignore[import-not-found]
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.dedup.minhash import MinhashConfig  # type: ignore[import-not-found]
    from datatrove.pipeline.readers import JsonlReader  # type: ignore[import-not-found]

    config = MinhashConfig()
    parts = _parted(file, folder / "parts", 2)
    signatures, buckets, removed = (str(folder / name) for name in ("signatures", "buckets", "removed"))
    stayed: list[int] = []

    def note(data: Any, rank: int = 0, world_size: int = 1) -> Any:
        for document in data:
            stayed.append(int(document.id))
            yield document

    def run(steps: list[Any], tasks: int, workers: int, name: str) -> None:
        logs = str(folder / "logs" / name)
        LocalPipelineExecutor(steps, tasks=tasks, workers=workers, logging_dir=logs, skip_completed=False).run()

    run([JsonlReader(parts), MinhashDedupSignature(signatures, config)], 2, 2, "signatures")
    run([MinhashDedupBuckets(signatures, buckets, config=config)], config.num_buckets, 2, "buckets")
    run([MinhashDedupCluster(buckets, removed, config=config)], 1, 1, "clusters")
    run([JsonlReader(parts), MinhashDedupFilter(removed), note], 2, 1, "filter")
    (folder / "stayed.json").write_text(json.dumps(sorted(stayed)), encoding="utf-8")


def _parted(file: Path, folder: Path, number: int) -> str:
    """Cut the file into so many, so that tasks can share it."""
    folder.mkdir()
    lines = file.read_text(encoding="utf-8").split("\n")
    for part in range(number):
        (folder / f"{part:05d}.jsonl").write_text("\n".join(lines[part::number]) + "\n", encoding="utf-8")
    return str(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
