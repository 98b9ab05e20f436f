"""``impress plan``: readable on the full grid, complete in JSON."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from pipeline.cli import main
from pipeline.resources import seeds_dir
from pipeline.seeds import load_seeds

FULL = str(seeds_dir() / "specs" / "full.yaml")


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["plan", *arguments])
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture(scope="module")
def shown() -> str:
    return run(FULL).stdout


def test_the_full_grid_fits_a_few_screens_and_names_every_pair(shown: str) -> None:
    assert len(shown.splitlines()) < 120
    for motive, risk in load_seeds().implausible:
        assert f"{motive} x {risk}" in shown
    for word in ("one cell alone", "prompt tokens", "completion tokens", "cost, USD", "basis:", "as of"):
        assert word in shown, word


def test_cells_lists_every_cell_and_json_holds_everything(shown: str) -> None:
    document = json.loads(run(FULL, "--json").stdout)
    seeds = load_seeds()
    grid = len(seeds.motives) * len(seeds.risk_types) * len(seeds.domains)
    assert len(document["cells"]) + len(document["excluded"]) == grid
    assert {pool["axis"] for pool in document["pools"]} == {"motive", "risk_type", "all"}
    every = run(FULL, "--cells").stdout
    for one in (*document["cells"], *document["excluded"]):
        cell = one["cell"]
        assert f"{cell['motive']}.{cell['risk_type']}.{cell['domain']}" in every
    assert len(every) > len(shown)


@pytest.mark.parametrize("name", ["demo", "openai", "vllm", "full"])
def test_no_shipped_specification_cuts_answers_off(name: str) -> None:
    estimate = json.loads(run(str(seeds_dir() / "specs" / f"{name}.yaml"), "--json").stdout)["estimate"]
    assert not [note for note in estimate["notes"] if "max_tokens" in note]
