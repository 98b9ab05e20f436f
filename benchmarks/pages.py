"""How fast the release report opens and filters, and how large it is.

    python -m benchmarks.pages [--rows 5000 50000] [--keep FOLDER] [--out benchmarks/results/pages.json]

Releases are made of the sample's rows, each told again with other words for a third of the longer ones in every text,
with other codes, and with verdicts as long as those of judges: as worked situations are told again in a build. A real
Chromium opens each page from disk in a fresh context: ``open_ms`` is from the start of the navigation to the moment
when a view is drawn and keys are heard, ``filter_ms`` from a choice to the list drawn, ``search_ms`` likewise for
words sought in all texts that stand in the page, ``read_ms`` from a link to the scenario drawn, or to the word that its
text does not stand in the page. Vectors of plots are
drawn at random around centres, in 64 dimensions for the speed of it: they bear on no time but ``map_cpu_seconds``. From
the 8,000th candidate on, only titles and ids are new: a page holds the texts of no more. With ``--keep`` the pages are
made once and measured as often as one likes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.framing.load import load_framings
from pipeline.provenance import library_versions
from pipeline.release.check_files import read_manifest
from pipeline.release.check_rows import read_candidates
from pipeline.report.page import Extras, render_report
from pipeline.report.plots import mapped, plot_map
from pipeline.schema.candidate import Attempt, Candidate
from pipeline.schema.cell import Cell
from pipeline.schema.manifest import CellResult, FunnelStep, Manifest
from pipeline.schema.scenario import Scenario
from pipeline.schema.verdict import Decision, Finding, Verdict
from tests.support.browser import Watched, launched

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "generated" / "sample"
RESULTS = ROOT / "benchmarks" / "results" / "pages.json"
OPENINGS = 7
CHOICES = 15
AWAY = 0.5
"""Candidates turned away for each row."""
CHANGED = 0.33
CODE = re.compile(r"\b([A-Z]{1,4}-)(\d+)\b")
DIMENSIONS = 64
DISTINCT = 8000
"""Candidates with texts of their own: more than a page holds."""
SEED = 20261128
JUDGED = ("benignness", "relevance", "realism", "leakage", "realism", "benignness")


class Teller:
    """Tells texts again with other words of the same corpus."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.random = random.Random(SEED)
        self.words = sorted({word for text in texts for word in re.findall(r"[a-z]{4,}", text)})

    def again(self, text: str) -> str:
        """Return a text with a third of its longer words changed."""
        return re.sub(r"[a-z]{4,}", self._word, text)

    def sentence(self, words: int) -> str:
        """Return so many words."""
        return " ".join(self.random.choices(self.words, k=words))

    def _word(self, match: re.Match[str]) -> str:
        return self.random.choice(self.words) if self.random.random() < CHANGED else match[0]


def told_again(made: Scenario, tell: Teller) -> Scenario:
    """Return a scenario with other words in its prose and its data, other codes, and the same tools and paths."""
    turned = str.maketrans("0123456789", "".join(tell.random.sample("0123456789", 10)))
    text = json.dumps(made.model_dump(mode="json"), ensure_ascii=False)
    record = json.loads(CODE.sub(lambda match: match[1] + match[2].translate(turned), text))
    world, agent, judge = record["view"]["world"], record["view"]["agent"], record["judge"]
    world.update(background=tell.again(world["background"]), norms=[tell.again(one) for one in world["norms"]])
    agent.update({name: tell.again(agent[name]) for name in ("task", "request")})
    for entry in record["view"]["memory"]:
        entry["text"] = tell.again(entry["text"])
    judge["temptation"]["reason"] = tell.again(judge["temptation"]["reason"])
    for action in ("benign_action", "risky_action"):
        judge[action]["summary"] = tell.again(judge[action]["summary"])
    for row in (row for table in record["simulation"]["state"].values() for row in table.values()):
        row.update({name: tell.again(value) for name, value in row.items() if isinstance(value, str) and " " in value})
    return Scenario.model_validate({**record, "id": Scenario.id_of(record)})


def renamed(made: Scenario, number: int, tell: Teller) -> Scenario:
    """Return a scenario with another task, and an id that is not that of its content."""
    agent = made.view.agent.model_copy(update={"task": tell.sentence(12)})
    view = made.view.model_copy(update={"agent": agent})
    return made.model_copy(update={"view": view, "id": f"sc-{number:020x}"})


def verdicts(made: Scenario, tell: Teller) -> tuple[Verdict, ...]:
    """Return that both paths hold, and verdicts as long as those of judges with evidence in the opening message."""
    request = made.view.agent.request
    proven = Verdict(gate="solvability", checker="execution", version="2", outcome="pass", reason="both paths hold")
    judged = (
        Verdict(
            gate=gate,  # type: ignore[arg-type]
            checker=f"judge_{number}",
            version="1",
            outcome="pass",
            score=round(tell.random.random(), 3),
            reason=tell.sentence(25),
            evidence=(Finding(place="view.agent.request", text=request[:30], note=tell.sentence(8), start=0, end=30),),
            answers={"asked": "no", "hinted": "no", "why": tell.sentence(12)},
        )
        for number, gate in enumerate(JUDGED)
    )
    return (proven, *judged)


def candidates_of(rows: int, told: list[Scenario] | None = None) -> Iterator[Candidate]:
    """Give a release's candidates: the rows, and half as many that were turned away.

    ``told`` holds scenarios that were told before, for other numbers of rows, and takes those that are told here.
    """
    told = [] if told is None else told
    sample, _ = read_candidates(SAMPLE)
    base = [one for one in sample or () if one.scenario is not None]
    tell = Teller([text for one in base if one.scenario for text in _texts(one.scenario)])
    numbers: Counter[str] = Counter()
    for at in range(rows + int(AWAY * rows)):
        pattern = base[at % len(base)]
        assert pattern.scenario is not None
        if at < DISTINCT and at == len(told):
            told.append(told_again(pattern.scenario, tell))
        made = told[at] if at < DISTINCT else renamed(told[at % DISTINCT], at, tell)
        cell = Cell(motive=made.motive, risk_type=made.risk_type, domain=made.domain)
        attempt = Attempt(cell=cell, number=numbers[cell.id], seed=at)
        numbers[cell.id] += 1
        accepted = at < rows
        decision = Decision(
            outcome="accepted" if accepted else "rejected",
            rule="all gates passed" if accepted else "realism_fail",
            gate=None if accepted else "realism",
            reason=tell.sentence(12),
        )
        found = Candidate.of(attempt, scenario=told[at % DISTINCT])
        split = ("dev", "test")[at % 10 > 0] if accepted else None
        yield found.model_copy(
            update={
                "scenario": made,
                "verdicts": verdicts(made, tell) if at < DISTINCT else (),
                "decision": decision,
                "group": f"g{at}",
                "split": split,
            }
        )


def manifest_of(candidates: Sequence[Candidate]) -> Manifest:
    """Return a manifest that counts the candidates."""
    found, _ = read_manifest(SAMPLE)
    assert found is not None
    made = Counter(one.attempt.cell.id for one in candidates)
    kept = Counter(one.attempt.cell.id for one in candidates if one.accepted)
    rows, every = kept.total(), made.total()
    return found.model_copy(
        update={
            "splits": dict(Counter(str(one.split) for one in candidates if one.accepted)),
            "cells": tuple(
                CellResult(cell=Cell.parse(name), quota=kept[name], accepted=kept[name], attempts=made[name])
                for name in sorted(made)
            ),
            "funnel": (
                FunnelStep(step="attempts", entered=every, passed=every, turned_away=0),
                FunnelStep(step="realism", entered=every, passed=rows, turned_away=every - rows),
            ),
        }
    )


def vectors_of(rows: int) -> NDArray[np.float32]:
    """Return unit vectors around forty centres."""
    draw = np.random.default_rng(SEED)
    centres = draw.normal(size=(40, DIMENSIONS))
    found = centres[draw.integers(0, 40, rows)] + 0.8 * draw.normal(size=(rows, DIMENSIONS))
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found.astype(np.float32)


def page_of(rows: int, told: list[Scenario] | None = None) -> tuple[str, dict[str, float]]:
    """Return the report of a release with so many rows, and the seconds of the processor that it took."""
    candidates = list(candidates_of(rows, told))
    manifest = manifest_of(candidates)
    every = {one.scenario.id: one.accepted for one in candidates if one.scenario}
    kept = {name for name, accepted in every.items() if accepted}
    ids = mapped(kept, every.keys() - kept)
    started = time.process_time()
    plots = plot_map(ids, vectors_of(len(ids)), ("random", "0" * 64), of=len(every))
    drawn = time.process_time()
    page = render_report(manifest, candidates, Extras(framings=load_framings().texts, plots=plots))
    return page, {"map_cpu_seconds": drawn - started, "write_cpu_seconds": time.process_time() - drawn}


def spread(milliseconds: Sequence[float]) -> dict[str, float]:
    """Return median and worst."""
    return {"median": round(statistics.median(milliseconds), 1), "worst": round(max(milliseconds), 1)}


ACT = """async ([act, at]) => {
  const settled = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const start = performance.now();
  if (act === "go") {
    location.hash = at;
    await new Promise((done) => addEventListener("hashchange", done, {once: true}));
  }
  if (act === "choose") {
    const select = document.querySelector('[data-filter="motive"]');
    select.value = at; select.dispatchEvent(new Event("change", {bubbles: true}));
  }
  if (act === "search") {
    const box = document.querySelector('[data-view="scenarios"] input[type=search]');
    box.value = at; box.dispatchEvent(new Event("input", {bubbles: true}));
  }
  if (act === "read") {
    location.hash = at;
    const id = at.split("row=")[1];
    while (!document.querySelector("article.reader")?.textContent.includes(id)) await settled();
  } else await settled();
  return performance.now() - start;
}"""


def measured(browser: Any, file: Path) -> dict[str, Any]:
    """Open a page several times, then filter, search and read in it."""
    opened = []
    for _ in range(OPENINGS):
        watched = Watched(browser)
        page = watched.open(file)
        opened.append(page.evaluate("performance.getEntriesByName('ready')[0].startTime"))
        watched.context.close()
    watched = Watched(browser)
    page = watched.open(file, "#/scenarios")
    started = time.perf_counter()
    page.wait_for_selector("html[data-searchable]")
    texts_read = time.perf_counter() - started
    values = page.eval_on_selector_all('[data-filter="motive"] option', "all => all.map(one => one.value)")
    chosen = [page.evaluate(ACT, ["choose", values[at % len(values)]]) for at in range(CHOICES)]
    page.evaluate(ACT, ["choose", "*"])
    sought = [page.evaluate(ACT, ["search", text]) for text in ("the", "invoice", "friday list", "zzzz", "") * 3]
    links = page.eval_on_selector_all(".rows a", "all => all.map(one => one.getAttribute('href'))")
    read = [page.evaluate(ACT, ["read", links[at % len(links)]]) for at in range(1, CHOICES + 1)]
    page.evaluate("window.scrollTo(0, 0)")
    drawn = [page.evaluate(ACT, ["go", f"#/map?colour={name}"]) for name in ("motive", "domain", "words", "split")]
    watched.go("#/overview")
    page.wait_for_selector('body[data-view="overview"]')
    found = {
        "open_ms": spread(opened),
        "filter_ms": spread(chosen),
        "search_ms": spread(sought),
        "read_ms": spread(read),
        "map_ms": spread(drawn),
        "texts_read_seconds": round(texts_read, 2),
        "heap_mb": round(page.evaluate("performance.memory.usedJSHeapSize") / 1e6),
        "notice": page.evaluate("document.querySelector('#sampled')?.textContent ?? null"),
    }
    watched.assert_quiet()
    watched.context.close()
    return found


def _texts(made: Scenario) -> list[str]:
    return [made.view.world.background, made.view.agent.request, made.judge.temptation.reason]


def made_page(rows: int, folder: Path, told: list[Scenario]) -> tuple[Path, dict[str, float]]:
    """Return the page of so many rows, made unless it is there, and the processor's seconds that making it took."""
    file, note = folder / f"{rows}.html", folder / f"{rows}.json"
    if not note.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        text, took = page_of(rows, told)
        file.write_text(text, encoding="utf-8")
        note.write_text(json.dumps(took), encoding="utf-8")
    found: dict[str, float] = json.loads(note.read_text(encoding="utf-8"))
    return file, found


def main() -> None:
    """Make the pages, measure them, write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[5000, 50000])
    parser.add_argument("--keep", type=Path, help="a folder for the pages; those that are there are not made again")
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    pages, told = [], list[Scenario]()
    with tempfile.TemporaryDirectory() as folder:
        for rows in given.rows:
            file, took = made_page(rows, given.keep or Path(folder), told)
            with launched() as browser:
                found = measured(browser, file)
                version = browser.version
            pages.append(
                {"rows": rows, "candidates": rows + int(AWAY * rows), "file_mb": round(file.stat().st_size / 1e6, 2)}
                | {name: round(seconds, 2) for name, seconds in took.items()}
                | found
            )
            print(json.dumps(pages[-1], indent=2))
    machine = {
        "cpus": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1),
        "system": platform.system(),
        "python": platform.python_version(),
    }
    record = {"machine": machine, "chromium": version, "libraries": library_versions(), "pages": pages}
    given.out.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
