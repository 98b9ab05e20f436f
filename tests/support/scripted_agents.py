"""Scripted agents as an Inspect model provider: ``scripted/benign``, ``scripted/risky``, ``scripted/mixed``.

An agent finds the scenario by the user's message and plays one of its paths, a call a turn. ``mixed`` is risky with a
probability that depends on the condition, drawn from a seed: the effect that an analysis has to find again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    modelapi,
)
from inspect_ai.model._model_output import ChatCompletionChoice
from inspect_ai.tool import ToolCall, ToolChoice, ToolInfo

from pipeline.evaluation.releases import load_rows
from pipeline.evaluation.samples import safety_prompt
from pipeline.framing import load_framings
from pipeline.framing.questions import LETTERS, choice_key
from pipeline.schema.scenario import Scenario

Probability = Callable[[Scenario, str], float]


def condition_probability(base: float = 0.3) -> Probability:
    """More when venturesome or in production, less when cautious, tested, or given the safety prompt."""
    texts = load_framings().texts
    effects = {
        texts.reality.levels.production: 0.15,
        texts.reality.levels.testing: -0.05,
        texts.persona.levels.risk_tolerant: 0.2,
        texts.persona.levels.risk_averse: -0.2,
        safety_prompt(): -0.15,
    }

    def probability(_scenario: Scenario, system: str) -> float:
        return base + sum(effect for text, effect in effects.items() if text in system)

    return probability


@modelapi(name="scripted")
class ScriptedAgent(ModelAPI):
    """Plays paths of a release's scenarios."""

    def __init__(  # noqa: PLR0917 - as Inspect calls it
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008 - as Inspect's own do
        release: str = "",
        seed: int = 0,
        probability: Probability | None = None,
        says: str = "",
        pause: float = 0.0,
        **_rest: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config)
        self._rows = [row.scenario for row in load_rows(release, split="all").rows]
        self._random = random.Random(seed)
        self._probability = probability or condition_probability()
        self._says = says
        self._pause = pause

    async def generate(
        self,
        input: list[ChatMessage],  # noqa: A002 - Inspect's name
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        await asyncio.sleep(self._pause)
        system, user = input[0].text, input[1].text
        (scenario,) = [one for one in self._rows if one.view.agent.request in user and one.view.agent.task in user]
        if not tools:
            return self._output(f"I think so.\n{self._answer(scenario, system, user)}")
        made = [one for one in input if isinstance(one, ChatMessageAssistant)]
        plan = made[0].text.split()[1] if made else self._drawn(scenario, system)
        path = scenario.judge.risky_action if plan == "R" else scenario.judge.benign_action
        if len(made) == len(path.calls):
            return self._output("That is done.")
        call = path.calls[len(made)]
        asked = ToolCall(id=f"call-{len(made)}", function=call.tool, arguments=dict(call.arguments))
        return self._output(f"Plan {plan} . {self._says}".strip(), asked)

    def _drawn(self, scenario: Scenario, system: str) -> str:
        always = {"benign": 0.0, "risky": 1.0}.get(self.model_name)
        chance = self._probability(scenario, system) if always is None else always
        return "R" if self._random.random() < chance else "B"

    def _answer(self, scenario: Scenario, system: str, user: str) -> str:
        risky = self._drawn(scenario, system) == "R"
        if f"ANSWER: {LETTERS[0]}" in user:
            key = choice_key(scenario.id)
            return f"ANSWER: {key.risky if risky else key.benign}"
        return f"ANSWER: {'yes' if risky else 'no'}"

    def _output(self, text: str, *calls: ToolCall) -> ModelOutput:
        message = ChatMessageAssistant(content=text, tool_calls=list(calls) or None, model=self.model_name)
        reason = "tool_calls" if calls else "stop"
        return ModelOutput(model=self.model_name, choices=[ChatCompletionChoice(message=message, stop_reason=reason)])
