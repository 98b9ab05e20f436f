"""Guard models as checks of the gate benignness: what one is shown, and how its answers become a verdict.

A guard sees the scenario as a user's message: all that the agent sees and what tools tell it, fenced, and
nothing of what only judges may see. A text that is too long is not cut: its verdict is an error.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.fence import visible
from pipeline.mistakes import did_you_mean
from pipeline.models.client import GuardCompleter
from pipeline.resources import prompts_dir
from pipeline.schema.base import Json
from pipeline.schema.scenario import Scenario
from pipeline.schema.specification import GuardModel, NoEndpoint
from pipeline.schema.verdict import Finding, Verdict
from pipeline.validate.context import Check, ValidationContext
from pipeline.validate.filters.adapter import GuardAdapter, GuardNotes, Reading, problem
from pipeline.validate.judge import case_text
from pipeline.validate.verdicts import not_run
from pipeline.yaml_input import load_yaml_record

_HASH_DIGITS = 8


@dataclass(frozen=True)
class Guard:
    """A configured guard model, ready to be asked.

    Attributes:
        name: under which it stands in ``models.guards``; the checker of its verdicts.
        adapter: how it is asked and understood.
        model: endpoint, sampling, threshold.
        client: who obtains its answers; without one its verdicts are ``not_run``.
    """

    name: str
    adapter: GuardAdapter
    model: GuardModel
    client: GuardCompleter | None
    notes: GuardNotes = field(init=False)
    version: str = field(init=False)

    def __post_init__(self) -> None:
        notes, digest = load_guard_notes(self.adapter.card.name, prompts_dir() / "guards")
        object.__setattr__(self, "notes", notes)
        object.__setattr__(self, "version", f"{self.adapter.card.version}+{digest}")

    async def verdict_on(self, text: str) -> Verdict:
        """Judge one text. It may hold anything: special tokens are made visible before they reach a prompt.

        Raises:
            EndpointError, EndpointUnavailable, MissingCompletion: from the client.
        """
        if self.client is None or isinstance(self.model.endpoint, NoEndpoint):
            return not_run("benignness", self.name, "no endpoint answers for this guard model")
        shown = visible(text)
        if len(shown) > self.model.max_characters:
            too_long = (
                f"the text has {len(shown)} characters, and {self.model.max_characters} are the most that is sent"
            )
            return self._verdict({"text": problem(too_long)}, ())
        readings: dict[str, Reading] = {}
        keys = []
        for question, prompt in self.adapter.prompts(shown, self.notes).items():
            completion = await self.client.ask_guard(self.name, prompt)
            readings[question] = self.adapter.read(completion, question)
            keys.append(completion.key)
        return self._verdict(readings, tuple(keys))

    async def on_text(self, text: str, context: ValidationContext) -> Verdict:
        """Judge a bare text, as a check is asked to."""
        return await self.verdict_on(text)

    async def run(self, scenario: Scenario, context: ValidationContext) -> Verdict:
        """Judge a scenario."""
        return await self.verdict_on(case_text(scenario, paths=False))

    def _verdict(self, readings: Mapping[str, Reading], keys: tuple[str, ...]) -> Verdict:
        """One problem makes the verdict an error; else one answer that is not benign makes it a fail."""
        problems = [f"{question}: {one.problem}" for question, one in readings.items() if one.benign is None]
        concerns = [said for question, one in readings.items() for said in self._concern(question, one)]
        codes = tuple(dict.fromkeys(code for one in readings.values() for code in one.categories))
        scores = [one.unsafe for one in readings.values()]
        known = [score for score in scores if score is not None]
        passes = bool(readings) and not problems and not concerns
        return Verdict(
            gate="benignness",
            checker=self.name,
            version=self.version,
            outcome="pass" if passes else "error" if problems or not concerns else "fail",
            score=1 - max(known) if len(known) == len(scores) and known and not problems else None,
            reason="; ".join([*problems, *concerns]) or f"{self.adapter.card.name} finds nothing unsafe",
            evidence=tuple(Finding(place="view", text="", note=self._told(code)) for code in codes),
            answers=self._answers(readings, codes),
            completions=keys,
        )

    def _concern(self, question: str, one: Reading) -> list[str]:
        found = ", ".join(self._told(code) for code in one.categories)
        if one.benign is False:
            return [f"{question}: {one.word}" + (f" ({found})" if found else "")]
        if one.benign and one.unsafe is not None and one.unsafe >= self.model.threshold:
            doubt = f"unsafe with probability {one.unsafe:.2f}, and {self.model.threshold:g} turns away"
            return [f"{question}: {one.word}, but {doubt}"]
        return []

    def _told(self, code: str) -> str:
        """A category with its name and our risk types; one that the notes lack as it is, and that they lack it."""
        entry = self.notes.categories.get(code)
        if entry is None:
            return f"{code}, a category without an entry"
        mapped = ", ".join(entry.risk_types) or "none of our risk types"
        return f"{code} {entry.name}: {mapped}" if entry.name != code else f"{code}: {mapped}"

    def _answers(self, readings: Mapping[str, Reading], codes: tuple[str, ...]) -> dict[str, Json]:
        known = (self.notes.categories[code] for code in codes if code in self.notes.categories)
        risk_types = sorted({name for category in known for name in category.risk_types})
        words: dict[str, Json] = {question: one.word or None for question, one in readings.items()}
        return {**words, "categories": list(codes), "risk_types": list(risk_types)}


def guard_checks(
    guards: Mapping[str, GuardModel], client: GuardCompleter | None, adapters: Mapping[str, GuardAdapter]
) -> tuple[Check, ...]:
    """Return the check of each configured guard model.

    Args:
        guards: ``models.guards`` of a specification.
        client: who obtains the answers; without one each verdict is ``not_run``.
        adapters: the registry's (:data:`pipeline.validate.filters.ADAPTERS`).

    Raises:
        UsageError: if a guard names an adapter that is not in the registry.
        InputError: if an adapter's notes have a mistake.
    """
    checks = []
    for name, model in guards.items():
        adapter = adapters.get(model.adapter)
        if adapter is None:
            raise UsageError(
                f"models.guards.{name}.adapter: there is no filter {model.adapter!r}"
                f"{did_you_mean(model.adapter, adapters)}; allowed: {', '.join(sorted(adapters))}"
            )
        guard = Guard(name, adapter, model, client)
        checks.append(
            Check(
                "benignness",
                name,
                guard.run,
                asks_guard=True,
                family=adapter.card.family,
                on_text=guard.on_text,
            )
        )
    return tuple(checks)


@cache
def load_guard_notes(name: str, folder: Path) -> tuple[GuardNotes, str]:
    """Read and check an adapter's ``NAME.yaml``; return it with the first digits of the file's SHA-256.

    Raises:
        InputError: for the first mistake, with file, line, value and what is allowed.
    """
    path = folder / f"{name}.yaml"
    notes = load_yaml_record(path, GuardNotes)
    return notes, hashlib.sha256(path.read_bytes()).hexdigest()[:_HASH_DIGITS]
