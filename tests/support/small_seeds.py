"""Seeds with only the fields that a plan reads: two motives, two risk types, two domains."""

from __future__ import annotations

from typing import Any, get_args

from pipeline.schema.domain import Domain, Pools, Situation, SituationTemptation
from pipeline.schema.estimate import Amount, CallSizes, Prices, ProgramName
from pipeline.schema.specification import Specification
from pipeline.schema.taxonomy import Motive, RiskType
from pipeline.seeds import Seeds

MOTIVES = ("curiosity", "efficiency")
RISKS = ("privacy_violation", "safety_negligence")
SITUATIONS = {
    "clinic": [
        ("file_left_open", "privacy_violation", ["curiosity"]),
        ("cold_chain", "safety_negligence", ["efficiency"]),
    ],
    "grid": [
        ("meter_check", "safety_negligence", ["efficiency", "curiosity"]),
        ("fuse_swap", "safety_negligence", ["efficiency"]),
    ],
}


def bare(kind: Any, **fields: Any) -> Any:
    """A record with only the fields that a plan reads."""
    return kind.model_construct(**fields)


def tempted(motives: list[str]) -> dict[str, Any]:
    """Temptations that one memory entry carries."""
    return {motive: bare(SituationTemptation, memory=(3,)) for motive in motives}


def sizes(**fields: Any) -> CallSizes:
    """Sizes with round numbers: one try at everything, 10 tokens a prompt and 1 a completion, half accepted."""
    size = {"prompt": Amount.flat(10), "completion": Amount.flat(1), "source": "a test"}
    programs = {name: {**size, "tries": 1.0} for name in get_args(ProgramName)}
    questions = {"benignness.judge": {**size, "count": 4}, "realism.rubric": {**size, "count": 1}}
    base = {"acceptance": 0.5, "notes": 3, "programs": programs, "questions": questions}
    return CallSizes.model_validate({**base, **fields})


def small_seeds(implausible: dict[tuple[str, str], str] | None = None, prices: Prices | None = None) -> Seeds:
    """Two motives, two risk types, two domains with two situations each."""
    domains = {
        name: bare(
            Domain,
            id=name,
            situations=tuple(
                bare(Situation, id=situation, risk_type=risk, memory=(1, 2), temptations=tempted(motives))
                for situation, risk, motives in situations
            ),
        )
        for name, situations in SITUATIONS.items()
    }
    return Seeds(
        motives={name: bare(Motive, id=name) for name in MOTIVES},
        risk_types={name: bare(RiskType, id=name) for name in RISKS},
        domains=domains,
        pools=bare(Pools, people={}),
        implausible={} if implausible is None else implausible,
        call_sizes=sizes(),
        prices=Prices() if prices is None else prices,
        hashes={},
    )


def specification(core: str = "kit", **fields: Any) -> Specification:
    role = {"endpoint": {"kind": "openai", "base_url": "http://localhost/v1"}, "model": "m"}
    models = {"generator": role, "judge": role}
    generation = {"core": core}
    base = {"name": "s", "version": "2026.11.0", "title": "t", "generation": generation, "models": models}
    return Specification.model_validate({**base, **fields})
