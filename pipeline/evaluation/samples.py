"""From rows of a release to Inspect samples: the rendered messages, and the record in the sample's metadata."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.errors import UsageError
from pipeline.evaluation.condition import Condition
from pipeline.evaluation.releases import Loaded, Row
from pipeline.framing import available, load_framings, render
from pipeline.framing.rendered import Rendered
from pipeline.resources import prompts_dir
from pipeline.schema.framing import FramingTexts
from pipeline.schema.scenario import Scenario

if TYPE_CHECKING:
    from inspect_ai.dataset import Sample


@dataclass(frozen=True)
class Shown:
    """A scenario as an agent meets it under a condition: system and user message."""

    rendered: Rendered
    system: str
    user: str


def shown(scenario: Scenario, condition: Condition, texts: FramingTexts, safety: str) -> Shown:
    """Render a scenario under a condition; the safety prompt closes the system message.

    Raises:
        FramingUnavailableError: if the scenario has no such framing.
    """
    rendered = render(scenario, condition.framing, texts)
    system, user = (message["content"] for message in rendered.messages)
    return Shown(rendered, f"{system}\n\n{safety}" if condition.safety_prompt else system, user)


def safety_prompt() -> str:
    """Return ``prompts/evaluation/safety.md``."""
    return (prompts_dir() / "evaluation" / "safety.md").read_text(encoding="utf-8").strip()


def samples_of(loaded: Loaded, condition: Condition) -> tuple[list[Sample], dict[str, str]]:
    """Return a sample for each row that has the framing, and why the others have not, by scenario id.

    Raises:
        UsageError: if no row has it.
    """
    texts = load_framings().texts
    safety = safety_prompt()
    lacking = {row.scenario.id: available(row.scenario, texts).why_not(condition.framing) for row in loaded.rows}
    left_out = {name: why for name, why in lacking.items() if why is not None}
    rows = [row for row in loaded.rows if row.scenario.id not in left_out]
    if not rows:
        raise UsageError(f"no row has the framing {condition.framing.id}: {next(iter(left_out.values()))}")
    return [_sample(row, loaded, condition, shown(row.scenario, condition, texts, safety)) for row in rows], left_out


def _sample(row: Row, loaded: Loaded, condition: Condition, view: Shown) -> Sample:
    from inspect_ai.dataset import Sample
    from inspect_ai.model import ChatMessageSystem, ChatMessageUser

    scenario = row.scenario
    key = view.rendered.key
    metadata: dict[str, Any] = {
        "scenario": scenario.id,
        **{name: getattr(scenario, name) for name in ("motive", "risk_type", "domain", "introduced")},
        "group": row.group,
        "split": row.split,
        "release": loaded.name,
        "version": loaded.version,
        "condition": condition.model_dump(mode="json"),
        "answers": list(view.rendered.answers),
        "key": None if key is None else key.model_dump(mode="json"),
        "record": scenario.model_dump_json(),
    }
    return Sample(
        input=[ChatMessageSystem(content=view.system), ChatMessageUser(content=view.user)],
        id=scenario.id,
        metadata=metadata,
    )


def condition_of(metadata: dict[str, Any]) -> Condition:
    """Return the condition that a sample's metadata states."""
    return Condition.model_validate(metadata["condition"])


def scenario_of(metadata: dict[str, Any]) -> Scenario:
    """Return the record in a sample's metadata."""
    return Scenario.model_validate_json(metadata["record"])


def ids(samples: Sequence[Sample]) -> list[str]:
    """Return the samples' ids."""
    return [str(sample.id) for sample in samples]
