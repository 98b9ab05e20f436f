"""Llama Guard 4 (12B), asked about text alone."""

from pipeline.validate.filters.adapter import FilterCard
from pipeline.validate.filters.llama_guard import LlamaGuard

FILTER = LlamaGuard(
    FilterCard(
        name="llama_guard_4",
        family="llama",
        version="1",
        source="https://www.llama.com/docs/model-cards-and-prompt-formats/llama-guard-4/",
        licence="Llama 4 Community License",
    )
)
