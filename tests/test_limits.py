"""The table of providers' limits: checked on load, taken where a specification states none."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.models.sources import ServerSource, sources_of
from pipeline.schema.limits import ProviderLimits
from pipeline.schema.specification import CallLimits, Models
from pipeline.seeds import load_limits
from tests.models.samples import models

ENTRY = "  - {base_url: 'http://h/v1/', model: scripted, requests_per_minute: 7, as_of: '2026-01-01', source: s}\n"


def write(folder: Path, text: str) -> Path:
    (folder / "limits.yaml").write_text(text)
    return folder


def test_the_shipped_limits_load_and_name_their_day() -> None:
    shipped = load_limits()
    assert shipped.limits
    assert all(entry.requests_per_minute or entry.tokens_per_minute for entry in shipped.limits)


def test_without_the_file_nothing_is_known(tmp_path: Path) -> None:
    assert load_limits(tmp_path) == ProviderLimits()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("limits:\n" + ENTRY * 2, r"limits\[1\].*stands twice"),
        ("limits:\n" + ENTRY.replace("7", "0"), r"limits\[0\].requests_per_minute"),
        ("limits:\n" + ENTRY.replace("2026-01-01", "soon"), r"limits\[0\].as_of"),
    ],
)
def test_a_mistake_names_its_place(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        load_limits(write(tmp_path, text))


def limits_of(given: Models, known: ProviderLimits) -> list[tuple[float | None, float | None]]:
    """Requests and tokens per minute of generator and judge."""
    sources = [source for _, source in sources_of(given, limits=known).values()]
    assert all(isinstance(source, ServerSource) for source in sources)
    return [(source.rates.limit("requests"), source.rates.limit("tokens")) for source in sources]


def test_a_specification_comes_before_the_table_and_roles_of_one_model_share(tmp_path: Path) -> None:
    known = load_limits(write(tmp_path, "limits:\n" + ENTRY))
    assert limits_of(models("http://h/v1"), known) == [(7, None)] * 2
    assert limits_of(models("http://other/v1"), known) == [(None, None)] * 2
    stated = models("http://h/v1", tokens_per_minute=900)
    assert limits_of(stated, known) == [(None, 900)] * 2
    stricter = stated.judge.model_copy(update={"limits": CallLimits(requests_per_minute=3, tokens_per_minute=1000)})
    assert limits_of(stated.model_copy(update={"judge": stricter}), known) == [(3, 900)] * 2
    (_, one), (_, other) = sources_of(stated).values()
    assert one.rates is other.rates
