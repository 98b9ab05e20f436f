"""The registry of benignness filters. Adding one is one module and one line here (``docs/filters.md``)."""

from pipeline.validate.filters import (
    granite_guardian,
    granite_guardian_3_2,
    judge,
    lexical,
    llama_guard_3,
    llama_guard_4,
    openai_moderation,
    qwen3guard,
    shieldgemma,
    stakes,
    toxicity,
    wildguard,
)
from pipeline.validate.filters.adapter import EmbeddedFilter, Filter, GuardAdapter

REGISTRY: tuple[Filter, ...] = (
    EmbeddedFilter(lexical.CARD, lexical.FILTER),
    EmbeddedFilter(stakes.CARD, stakes.FILTER),
    EmbeddedFilter(toxicity.CARD, toxicity.FILTER),
    EmbeddedFilter(judge.CARD, judge.FILTER),
    llama_guard_3.FILTER,
    llama_guard_4.FILTER,
    wildguard.FILTER,
    shieldgemma.FILTER,
    granite_guardian.FILTER,
    granite_guardian_3_2.FILTER,
    qwen3guard.FILTER,
    openai_moderation.FILTER,
)

FILTERS = tuple(one.check for one in REGISTRY if isinstance(one, EmbeddedFilter))
"""Those that are always there, as checks."""

ADAPTERS = {one.card.name: one for one in REGISTRY if isinstance(one, GuardAdapter)}
"""Those that ask a guard model, by the name that a specification gives as ``adapter``."""
