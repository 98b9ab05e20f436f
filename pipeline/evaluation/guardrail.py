"""A guardrail: a filter of the gate benignness that reads an agent's calls, before they run or after.

``lexical``, ``toxicity`` and ``stakes`` need no model. A guard model is one YAML file, as it stands under
``models.guards.NAME`` of a specification. Fail-closed: what is not a pass holds the call up.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import get_args

from pipeline.errors import UsageError
from pipeline.evaluation.condition import GuardrailPlace
from pipeline.mistakes import did_you_mean
from pipeline.schema.specification import GateSettings, GuardModel, ModelRole, Models, NoEndpoint
from pipeline.schema.verdict import Verdict
from pipeline.seeds import Seeds, load_seeds
from pipeline.validate.context import Check, ValidationContext
from pipeline.validate.filters import ADAPTERS, FILTERS
from pipeline.validate.filters.guards import guard_checks
from pipeline.yaml_input import load_yaml_record

STORE = Path("generated/runs/guardrails.sqlite")
"""Where answers of guard models are kept."""


@dataclass(frozen=True)
class Guardrail:
    """A filter and where it stands. ``model`` is ``None`` for a filter that is built in."""

    name: str
    place: GuardrailPlace
    model: GuardModel | None = None

    @property
    def id(self) -> str:
        """How conditions name it."""
        return f"{self.place}:{self.name}"

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[OpenGuardrail]:
        """Make it ready for one run."""
        if self.model is None:
            (check,) = (one for one in FILTERS if one.checker == self.name)
            yield OpenGuardrail(check)
            return
        from pipeline.models.client import open_client
        from pipeline.models.store import CompletionStore

        nobody = ModelRole(endpoint=NoEndpoint(kind="none"), model="none")
        models = Models(generator=nobody, judge=nobody, guards={self.name: self.model})
        async with AsyncExitStack() as stack:
            store = stack.enter_context(CompletionStore.open(STORE))
            client = await stack.enter_async_context(open_client(models, store))
            (check,) = guard_checks(models.guards, client, ADAPTERS)
            yield OpenGuardrail(check)


@cache
def _seeds() -> Seeds:
    """Read the seeds once a process: filters ask for them, and there is a guardrail for each run."""
    return load_seeds()


@dataclass(frozen=True)
class OpenGuardrail:
    """A guardrail at work."""

    check: Check
    context: ValidationContext = field(default_factory=lambda: ValidationContext(_seeds(), GateSettings(), None))

    async def verdict(self, text: str) -> Verdict:
        """Judge one text: a call, or a call with its result.

        Raises:
            EndpointError, EndpointUnavailable: from the guard model's client.
        """
        return await self.check.on(text, self.context)


def read_guardrail(text: str | None) -> Guardrail | None:
    """Read ``before:lexical``, ``after:guard.yaml`` and the like; ``None`` for none.

    Raises:
        UsageError: for a place or a filter that there is not.
        InputError: for a mistake in the file.
    """
    if text is None or text == "none":
        return None
    where, _, what = text.partition(":")
    places: tuple[GuardrailPlace, ...] = get_args(GuardrailPlace)
    place = next((one for one in places if one == where), None)
    if place is None or not what:
        raise UsageError(f"guardrail {text!r} is not PLACE:FILTER; PLACE is one of {', '.join(places)}")
    if Path(what).suffix == ".yaml":
        if not Path(what).is_file():
            raise UsageError(f"guardrail {text!r}: there is no file {what}")
        return Guardrail(Path(what).stem, place, load_yaml_record(Path(what), GuardModel))
    built_in = [one.checker for one in FILTERS if one.on_text is not None and not one.asks_judge]
    if what not in built_in:
        allowed = ", ".join([*built_in, "a file NAME.yaml with a guard model"])
        raise UsageError(
            f"guardrail {text!r}: there is no filter {what!r}{did_you_mean(what, built_in)}; allowed: {allowed}"
        )
    return Guardrail(what, place)
