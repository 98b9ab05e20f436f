"""Are copies found, and different plots left alone? Recall by kind of copy, false positives, and every miss.

    python -m benchmarks.copies                          # writes benchmarks/results/copies.json
    python -m benchmarks.copies --paraphrase 14          # with paraphrases of so many exemplars, by the embedded model

Copies are made of the 24 exemplars and 48 worked situations by code that knows nothing of the masks they are to get
past: names, places, amounts, dates and codes are swapped for others, sentences put in another order, each alone and all
together; beside them stand the renamed copies written by hand (the twins of the gate novelty). Different plots are all
pairs of worked situations and exemplars of one domain, brought under one organisation, motive and risk type before they
are compared. A pair is a copy from the threshold of a build on. Intervals are Wilson's at 95%.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.metadata
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gates import situations
from pipeline.deduplicate.encoder import RememberingEncoder, load_encoder
from pipeline.deduplicate.plot import plot_of
from pipeline.deduplicate.survivors import Entry, compare, embed
from pipeline.exemplars import load_exemplars, load_twins, twin_scenario
from pipeline.generate.core import Prose, assemble
from pipeline.generate.kits import core_from_situation
from pipeline.intervals import wilson_interval
from pipeline.models.client import open_client
from pipeline.models.requests import ChatMessage
from pipeline.models.store import CompletionStore
from pipeline.schema.scenario import AgentView, JudgePart, Lineage, Scenario, Simulation
from pipeline.schema.specification import DeduplicationSettings
from pipeline.seeds import Seeds, load_seeds, load_specification

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "copies.json"
SPECIFICATION = ROOT / "seeds" / "specs" / "demo.yaml"
LIBRARIES = ("datasketch", "sentence-transformers", "torch", "transformers")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_ISO = re.compile(r"\b(20\d\d)-(\d\d)-(\d\d)")
_DAY = re.compile(rf"\b(\d{{1,2}}) ({'|'.join(MONTHS)})\b")
_CODE = re.compile(r"\b(?=[A-Za-z0-9/-]*[A-Za-z])(?=[A-Za-z0-9/-]*\d)[A-Za-z0-9][A-Za-z0-9/-]*\b")
_AMOUNT = re.compile(r"(?<![\w.-])\d+(?![\w-])")
_TIME = re.compile(r"T?\d\d:\d\d")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")

OTHER_PLOT = "other_plot"

Swap = Callable[[str], str]


@dataclass(frozen=True)
class Pair:
    """Two scenarios, what the one is to the other, and whether it is a copy."""

    kind: str
    name: str
    one: Scenario
    other: Scenario

    @property
    def copy(self) -> bool:
        """Whether the one is a copy of the other."""
        return self.kind != OTHER_PLOT


def rebuilt(scenario: Scenario, swap: Swap, **labels: str) -> Scenario:
    """Return the scenario with every text in it swapped, keys of records and values alike."""
    content = _walked(scenario.model_dump(mode="json"), swap)
    return Scenario.create(
        motive=labels.get("motive", scenario.motive),
        risk_type=labels.get("risk_type", scenario.risk_type),
        domain=scenario.domain,
        view=AgentView.model_validate(content["view"]),
        simulation=Simulation.model_validate(content["simulation"]),
        judge=JudgePart.model_validate(content["judge"]),
        lineage=scenario.lineage,
    )


def _walked(value: Any, swap: Swap) -> Any:
    if isinstance(value, str):
        return swap(value)
    if isinstance(value, list):
        return [_walked(item, swap) for item in value]
    if isinstance(value, dict):
        return {swap(key) if " " in key or any(c.isdigit() for c in key) else key: _walked(item, swap)
                for key, item in value.items()}  # fmt: skip
    return value


def swap_words(words: dict[str, str]) -> Swap:
    """Return a swap of whole words."""
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in sorted(words, key=len, reverse=True)))
    return lambda text: pattern.sub(lambda match: words[match[0]], text) if words else text


def swap_dates(days: int) -> Swap:
    """Return a swap that moves every day by some days; the words for days stay."""

    def iso(match: re.Match[str]) -> str:
        moved = date(int(match[1]), int(match[2]), int(match[3])) + timedelta(days)
        return moved.isoformat()

    def written(match: re.Match[str]) -> str:
        moved = date(2026, MONTHS.index(match[2]) + 1, min(28, int(match[1]))) + timedelta(days)
        return f"{moved.day} {MONTHS[moved.month - 1]}"

    return lambda text: _DAY.sub(written, _ISO.sub(iso, text))


def swap_amounts(factor: int) -> Swap:
    """Return a swap of whole numbers outside dates and codes."""

    def told(text: str) -> str:
        kept = [match.span() for pattern in (_ISO, _DAY, _TIME, _CODE) for match in pattern.finditer(text)]

        def scaled(match: re.Match[str]) -> str:
            inside = any(start <= match.start() < end for start, end in kept)
            return match[0] if inside else str(int(match[0]) * factor + 1)

        return _AMOUNT.sub(scaled, text)

    return told


def swap_codes(shift: int) -> Swap:
    """Return a swap of the digits of codes."""
    return lambda text: _CODE.sub(lambda m: re.sub(r"\d", lambda d: str((int(d[0]) + shift) % 10), m[0]), text)


def swap_order(seed: int) -> Swap:
    """Return a swap of the order of sentences in texts of more than two."""

    def told(text: str) -> str:
        sentences = _SENTENCE.split(text)
        return (
            " ".join(random.Random(f"{seed}{text}").sample(sentences, len(sentences))) if len(sentences) > 2 else text
        )

    return told


def names_in(scenario: Scenario) -> set[str]:
    """Return the words of the names of people: of the sender and of two capitalised words in records or prose."""
    texts = [scenario.view.agent.sender, scenario.view.agent.request, scenario.view.world.background]
    texts += [entry.text for entry in scenario.view.memory]
    texts += re.findall(r'"([^"]+)"', json.dumps(scenario.simulation.model_dump(mode="json"), ensure_ascii=False))
    runs = [run for text in texts for run in re.findall(r"\b[A-Z\u00c0-\u00de][\w'-]+ [A-Z\u00c0-\u00de][\w'-]+", text)]
    place = scenario.view.world.organisation
    own = set(f"{place.name} {place.place}".split())
    common = {word.lower() for text in texts for word in re.findall(r"\b[a-z]+\b", text)}
    return {word for run in runs for word in run.split() if word not in own and word.lower() not in common}


def swaps_of(scenario: Scenario, seeds: Seeds, seed: int) -> dict[str, Swap]:
    """Return the swaps by kind; the last one makes all of them."""
    draw = random.Random(seed)
    pool = sorted({word for names in seeds.pools.people.values() for word in [*names.given, *names.family]})
    fresh = draw.sample(pool, len(pool))
    organisation = scenario.view.world.organisation
    people = dict(zip(sorted(names_in(scenario)), fresh, strict=False))
    places = {
        organisation.place: draw.choice(["Ljubljana", "Valparaíso", "Windhoek"]),
        organisation.name: "Karvonen & Dahl",
    }
    first = organisation.name.split()[0]
    if first.lower() not in {"the"}:
        places.setdefault(first, "Karvonen")
    kinds = {
        "names": swap_words(people),
        "places": swap_words(places),
        "amounts": swap_amounts(3),
        "dates": swap_dates(37),
        "codes": swap_codes(4),
        "sentence_order": swap_order(seed),
    }
    together = list(kinds.values())

    def everything(text: str) -> str:
        for swap in together:
            text = swap(text)
        return text

    return {**kinds, "all_together": everything}


def copies(seeds: Seeds) -> Iterator[Pair]:
    """Yield each exemplar and worked situation with its swapped copies, and the renamed copies of exemplars."""
    exemplars = load_exemplars()
    twins = load_twins(exemplars)
    sources = {name: one.scenario for name, one in exemplars.items()} | situations(seeds)
    for seed, (name, scenario) in enumerate(sources.items()):
        for kind, swap in swaps_of(scenario, seeds, seed).items():
            copy = rebuilt(scenario, swap)
            if copy.id != scenario.id:
                yield Pair(kind, name, scenario, copy)
        for twin in twins.get(name, ()):
            if twin.gate == "novelty":
                renamed = twin_scenario(exemplars[name], twin)
                yield Pair("by_hand", f"{name}/{twin.id}", scenario, renamed)


def different_plots(seeds: Seeds) -> Iterator[Pair]:
    """Yield pairs of one domain, under the organisation, motive and risk type of the first."""
    exemplars = {one.scenario.domain: one.scenario for one in load_exemplars().values()}
    for domain in seeds.domains.values():
        tellings: list[tuple[str, Scenario]] = []
        for situation in domain.situations:
            for motive in situation.temptations:
                core = core_from_situation(domain, situation, motive, seeds.pools, seed=len(tellings))
                prose = Prose(background=" ".join(core.premise), request=" ".join([core.task, *core.must_mention]))
                cell = f"{core.motive}.{core.risk_type}.{core.domain}"
                lineage = Lineage(cell=cell, attempt=0, seed=0, core="kit", situation=situation.id)
                tellings.append((situation.id, assemble(core, prose, lineage)))
        if domain.id in exemplars:
            tellings.append(("exemplar", exemplars[domain.id]))
        for (first, one), (second, other) in combinations(tellings, 2):
            if first != second:
                place, moved = one.view.world.organisation, other.view.world.organisation
                under = swap_words({moved.name: place.name, moved.place: place.place})
                labels = {"motive": one.motive, "risk_type": one.risk_type}
                yield Pair(OTHER_PLOT, f"{domain.id}: {first}, {second}", one, rebuilt(other, under, **labels))


async def paraphrases(work: Path, number: int) -> list[Pair]:
    """Return the first ``number`` exemplars, each with a copy told in other words by the embedded model; resumable."""
    specification = load_specification(SPECIFICATION)
    told: dict[str, str] = {}
    pairs = []
    with CompletionStore.open(work / "paraphrases.sqlite") as store:
        async with open_client(specification.models, store) as client:
            for name, exemplar in list(load_exemplars().items())[:number]:
                judge = exemplar.scenario.judge
                for text in (
                    judge.temptation.reason, judge.risky_action.summary, judge.benign_action.summary,
                    exemplar.scenario.view.agent.task,
                ):  # fmt: skip
                    ask = f"Say this in other words. Keep every fact. Write the new text alone.\n\n{text}"
                    said = await client.complete("judge", (ChatMessage(role="user", content=ask),), max_tokens=300)
                    told[text] = said.text.strip() or text
                copy = rebuilt(exemplar.scenario, lambda text: told.get(text, text))
                pairs.append(Pair("paraphrase", name, exemplar.scenario, copy))
                print(f"paraphrased {name}", flush=True)
    return pairs


@dataclass(frozen=True)
class Call:
    """What is said of a pair: its cosine, the layer that calls it a copy, and why a person has to look first."""

    cosine: float
    layer: str | None
    doubt: str | None


def compared(pairs: list[Pair], settings: DeduplicationSettings) -> list[Call]:
    """Return what the layers say of each pair, each as a build would find it alone."""
    plots = [plot_of(scenario) for pair in pairs for scenario in (pair.one, pair.other)]
    encoder = RememberingEncoder(load_encoder(settings.encoder))
    vectors = embed([plot.parts for plot in plots], encoder).astype(np.float64)
    calls = []
    for number in range(0, len(plots), 2):
        entries = [Entry.of(plot) for plot in plots[number : number + 2]]
        _, second = compare(entries, encoder, settings.threshold).judge(settings.threshold)
        match = None if second.kept else second.match
        cosine = float(vectors[number] @ vectors[number + 1])
        calls.append(Call(cosine, match.layer if match else None, match.doubt if match else None))
    return calls


def table(pairs: list[Pair], calls: list[Call]) -> dict[str, Any]:
    """Return, by kind, how many are called copies by which layer, with the interval and every wrong call."""
    found: dict[str, Any] = {}
    for kind in dict.fromkeys(pair.kind for pair in pairs):
        of_kind = [(pair, call) for pair, call in zip(pairs, calls, strict=True) if pair.kind == kind]
        called = sum(call.layer is not None for _, call in of_kind)
        cosines = [call.cosine for _, call in of_kind]
        found[kind] = {
            "pairs": len(of_kind),
            "called_copies": called,
            "share": round(called / len(of_kind), 4),
            "interval": [round(bound, 4) for bound in wilson_interval(called, len(of_kind))],
            "layers": dict(sorted(Counter(call.layer for _, call in of_kind if call.layer is not None).items())),
            "looked_at_first": {pair.name: call.doubt for pair, call in of_kind if call.doubt is not None},
            "lowest_cosine": round(min(cosines), 4),
            "highest_cosine": round(max(cosines), 4),
            "wrong": {
                pair.name: round(call.cosine, 4) for pair, call in of_kind if (call.layer is not None) is not pair.copy
            },
        }
    return found


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--paraphrase", type=int, default=0, metavar="N")
    parser.add_argument("--work", type=Path, default=Path("generated/runs/copies"))
    arguments = parser.parse_args()
    seeds, settings = load_seeds(), DeduplicationSettings()
    pairs = [*copies(seeds), *different_plots(seeds)]
    if arguments.paraphrase:
        arguments.work.mkdir(parents=True, exist_ok=True)
        pairs += asyncio.run(paraphrases(arguments.work, arguments.paraphrase))
    kinds = table(pairs, compared(pairs, settings))
    for kind, one in kinds.items():
        print(f"{kind:15} {one['called_copies']}/{one['pairs']} called copies {one['interval']}, cosines "
              f"{one['lowest_cosine']} to {one['highest_cosine']}, layers {one['layers']}; "
              f"looked at first: {one['looked_at_first']}; wrong: {one['wrong']}")  # fmt: skip
    result = {
        "threshold": settings.threshold,
        "encoder": settings.encoder,
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "kinds": kinds,
    }
    RESULTS.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
