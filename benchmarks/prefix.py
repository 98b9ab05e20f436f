"""Prompt tokens that the embedded server processes for all questions of benignness on one scenario, in two orders.

    IMPRESS_CACHE=... python -m benchmarks.prefix        # writes benchmarks/results/prefix.json

``scenario_first`` are the product's own messages: instructions, the fenced case, then one question. ``question_first``
holds the same texts with the question before the case, as a rubric is commonly written. Each order has a server of its
own with the settings of a build (one slot, prompt cache on) and asks about the same exemplars one after the other.
Counted is what llama.cpp reports for each call: tokens processed (``prompt_n``) and tokens taken from the cache
(``cache_n``).
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.exemplars import load_exemplars
from pipeline.models.embedded import EmbeddedServer, EmbeddedSettings
from pipeline.models.weights import resolve
from pipeline.schema.scenario import Scenario
from pipeline.schema.specification import EmbeddedEndpoint, Specification
from pipeline.seeds import load_specification
from pipeline.validate.judge import case_text
from pipeline.validate.prompts import load_gate_prompts

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "prefix.json"
SPECIFICATION = ROOT / "seeds" / "specs" / "demo.yaml"
ORDERS = ("scenario_first", "question_first")
AIM = 3.0
"""Times fewer tokens that the product's order has to process."""


@dataclass(frozen=True)
class Processed:
    """Tokens of one prompt: processed, and taken from the cache."""

    tokens: int
    cached: int


def prompts(scenario: Scenario, order: str) -> Iterator[list[dict[str, str]]]:
    """Yield the messages of each question on a scenario, in one of :data:`ORDERS`."""
    gates = load_gate_prompts()
    for question in gates.benignness.questions:
        parts = [case_text(scenario, paths=question.paths), question.ask]
        content = "\n\n".join(parts if order == "scenario_first" else reversed(parts))
        yield [{"role": "system", "content": gates.judge.system}, {"role": "user", "content": content}]


def processed(server: EmbeddedServer, messages: list[dict[str, str]]) -> Processed:
    """Send one chat and return what the server says of its prompt."""
    body = {"messages": messages, "max_tokens": 1, "temperature": 0, "seed": 0}
    request = urllib.request.Request(
        f"{server.base_url}/chat/completions",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {server.token()}"},
    )
    with urllib.request.urlopen(request, timeout=600) as response:
        timings = json.load(response)["timings"]
    return Processed(timings["prompt_n"], timings["cache_n"])


def settings_of(specification: Specification) -> EmbeddedSettings:
    """Return the settings with which a build serves its judge."""
    endpoint = specification.models.judge.endpoint
    if not isinstance(endpoint, EmbeddedEndpoint):
        raise SystemExit("the judge of the specification is not embedded")
    return EmbeddedSettings(
        weights=resolve(endpoint.weights, endpoint.path),
        reported="judge",
        context_tokens=endpoint.context_tokens,
        parallel=endpoint.parallel,
    )


def measure(settings: EmbeddedSettings, scenarios: dict[str, Scenario]) -> dict[str, dict[str, list[Processed]]]:
    """Return, by order and exemplar, what each question cost."""
    found: dict[str, dict[str, list[Processed]]] = {}
    for order in ORDERS:
        server = EmbeddedServer(settings)
        found[order] = {}
        for name, scenario in scenarios.items():
            found[order][name] = [processed(server, messages) for messages in prompts(scenario, order)]
            print(order, name, [(one.tokens, one.cached) for one in found[order][name]], flush=True)
        server.stop()
    return found


def table(found: dict[str, dict[str, list[Processed]]]) -> dict[str, Any]:
    """Return tokens a scenario in both orders, and how many times fewer ours are."""
    rows: list[dict[str, Any]] = []
    for name in found[ORDERS[0]]:
        ours, theirs = (found[order][name] for order in ORDERS)
        tokens = [sum(one.tokens for one in calls) for calls in (ours, theirs)]
        rows.append(
            {
                "exemplar": name,
                "questions": len(ours),
                "tokens": dict(zip(ORDERS, tokens, strict=True)),
                "tokens_a_question": {order: [one.tokens for one in found[order][name]] for order in ORDERS},
                "times_fewer_tokens": round(tokens[1] / tokens[0], 2),
            }
        )
    return {"aim": AIM, "least": min(row["times_fewer_tokens"] for row in rows), "rows": rows}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--exemplars", type=int, default=4, help="how many to ask about")
    arguments = parser.parse_args()
    specification = load_specification(SPECIFICATION)
    exemplars = list(load_exemplars().items())[: arguments.exemplars]
    measured = table(measure(settings_of(specification), {name: one.scenario for name, one in exemplars}))
    judge = specification.models.judge.model_dump(mode="json", exclude_none=True)
    versions = {"xllamacpp": importlib.metadata.version("xllamacpp")}
    for row in measured["rows"]:
        print(f"{row['exemplar']}: {row['tokens']} tokens, {row['times_fewer_tokens']} times fewer")
    result = {"judge": judge, "libraries": versions, **measured}
    RESULTS.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
