"""distilabel: a pipeline that loads prompts and generates a text for each, a batch as large as the calls in flight."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from clock import load, measured

given = load()

from distilabel.models import OpenAILLM  # noqa: E402
from distilabel.pipeline import Pipeline  # noqa: E402
from distilabel.steps import LoadDataFromDicts  # noqa: E402
from distilabel.steps.tasks import TextGeneration  # noqa: E402


def work():
    """Make the rows."""
    with Pipeline(name="rows") as pipeline:
        rows = [{"instruction": prompt} for prompt in given["prompts"]]
        begin = LoadDataFromDicts(data=rows, batch_size=given["in_flight"])
        model = OpenAILLM(
            model="scripted",
            base_url=given["base_url"],
            api_key="none",
            generation_kwargs={"temperature": 0.7, "max_new_tokens": 512},
        )
        begin >> TextGeneration(llm=model, input_batch_size=given["in_flight"])
    made = pipeline.run(use_cache=False)["default"]["train"]
    return sum(text is not None for text in made["generation"])


if __name__ == "__main__":
    measured(work)
