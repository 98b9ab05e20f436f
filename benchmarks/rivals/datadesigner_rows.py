"""NeMo Data Designer: a text column over seed rows that hold the prompts."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from clock import load, measured

given = load()

import data_designer.config as dd  # noqa: E402
import pandas  # noqa: E402
from data_designer.interface import DataDesigner  # noqa: E402


def work():
    """Make the rows."""
    provider = dd.ModelProvider(name="local", endpoint=given["base_url"], api_key="none")
    parameters = dd.ChatCompletionInferenceParams(
        temperature=0.7, max_tokens=512, max_parallel_requests=given["in_flight"]
    )
    model = dd.ModelConfig(
        alias="writer", model="scripted", provider="local", inference_parameters=parameters, skip_health_check=True
    )
    designer = DataDesigner(artifact_path="artifacts", model_providers=[provider])
    builder = dd.DataDesignerConfigBuilder(model_configs=[model])
    builder.with_seed_dataset(dd.DataFrameSeedSource(df=pandas.DataFrame({"asked": given["prompts"]})))
    builder.add_column(dd.LLMTextColumnConfig(name="reply", prompt="{{ asked }}", model_alias="writer"))
    made = designer.create(builder, num_records=len(given["prompts"]))
    return len(made.load_dataset())


if __name__ == "__main__":
    measured(work)
