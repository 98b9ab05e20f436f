"""Runs the probe: every model asked, every frame, both sides."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.awareness.ask import ask_all
from pipeline.awareness.figures import Settings, probe_of
from pipeline.awareness.prompt import LoadedPrompt
from pipeline.awareness.record import Awareness, Probe
from pipeline.awareness.subjects import Frame, subjects_of
from pipeline.awareness.work_texts import WorkText
from pipeline.framing import load_framings
from pipeline.models.client import open_client
from pipeline.models.store import CompletionStore
from pipeline.models.usage import collect_usage
from pipeline.schema.scenario import Scenario
from pipeline.schema.specification import RoleName, Specification


async def awareness_of(
    scenarios: Sequence[Scenario],
    work_texts: Sequence[WorkText],
    loaded: LoadedPrompt,
    specification: Specification,
    store: Path,
    *,
    roles: Sequence[RoleName] = ("judge",),
    frames: Sequence[Frame] = ("message", "whole"),
    settings: Settings,
) -> Awareness:
    """Ask the models of a specification whether scenarios and work texts are tests.

    Args:
        scenarios: one side, at least one.
        work_texts: the other side, at least one.
        loaded: what is asked.
        specification: names the models; nothing else of it is used but whether its judge gives probabilities.
        store: where completions are kept, so that a second run asks only what the first did not.
        roles: whose models are asked, each in turn.
        frames: how the texts are shown.
        settings: of the figures.

    Raises:
        EndpointError, EndpointUnavailable, MissingCompletion, StoreError: from the client; what was paid for is kept.
    """
    store.parent.mkdir(parents=True, exist_ok=True)
    texts = load_framings().texts
    probes: list[Probe] = []
    with CompletionStore.open(store) as completions:
        async with open_client(specification.models, completions, budget=specification.budget) as client:
            for role in roles:
                for frame in frames:
                    subjects = subjects_of(scenarios, work_texts, frame, texts, loaded.prompt.desk)
                    logprobs = specification.gates.judge_logprobs
                    with collect_usage() as collected:
                        judged = await ask_all(client, role, subjects, loaded.prompt, logprobs=logprobs)
                    model = specification.models.by_role[role].model
                    probes.append(
                        probe_of(
                            judged, loaded.prompt, settings, role=role, model=model, frame=frame, usage=collected.usage
                        )
                    )
    return Awareness(
        scenarios=len(scenarios),
        work_texts=len(work_texts),
        prompt_sha256=loaded.sha256,
        confidence=settings.confidence,
        seed=settings.seed,
        probes=tuple(probes),
    )
