"""Llama Guard 3 (1B and 8B)."""

from pipeline.validate.filters.adapter import FilterCard
from pipeline.validate.filters.llama_guard import LlamaGuard

FILTER = LlamaGuard(
    FilterCard(
        name="llama_guard_3",
        family="llama",
        version="1",
        source="https://www.llama.com/docs/model-cards-and-prompt-formats/llama-guard-3/",
        licence="Llama 3.1 Community License (8B), Llama 3.2 Community License (1B)",
    )
)
