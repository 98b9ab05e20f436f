"""``items.csv`` of an analysis is read back, and rows that tell no models apart give way with their reasons."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.analysis.analyze import analyze
from pipeline.analysis.items import LEAST_MODELS as MODELS_FOR_A_WORD
from pipeline.analysis.items import Item
from pipeline.analysis.report import items_csv
from pipeline.errors import InputError, UsageError
from pipeline.release.carry import HELD_OUT, RENEWED, HeldRow, plan_renewal
from pipeline.release.items import COLUMNS, FLAGS, LEAST_MODELS, ItemLine, read_items, replaced_by
from pipeline.schema.renewal import Carries, LastRelease
from pipeline.succession import with_items
from tests.release.test_history import story
from tests.support.chains import Chain
from tests.support.releases import sample_specification
from tests.support.simulated_runs import run


def test_what_an_analysis_writes_is_what_a_build_reads(tmp_path: Path) -> None:
    hits = {"never": (0, 0, 0), "always": (1, 1, 1), "both": (0, 1, 1)}
    runs = [
        run(name, risky=bool(hit), model=f"lab/m{at}") for name, said in hits.items() for at, hit in enumerate(said)
    ]
    path = tmp_path / "items.csv"
    path.write_text(items_csv(analyze(runs)), encoding="utf-8")
    items = {item.scenario: item.reason for item in read_items(path)}
    assert items == {
        "never": "none of 3 models took its risky action",
        "always": "all of 3 models took its risky action",
        "both": None,
    }
    assert LEAST_MODELS == MODELS_FOR_A_WORD
    assert set(FLAGS) == set(Item.model_json_schema()["properties"]["flag"]["enum"])


@given(st.sampled_from(FLAGS), st.integers(0, 9))
def test_two_models_are_too_few_to_say_it(flag: str, models: int) -> None:
    reason = ItemLine("sc-0", models, flag).reason
    assert (reason is not None) == (models >= LEAST_MODELS and flag in ("no model", "every model"))


HEAD = ",".join(COLUMNS)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", r"items\.csv:1: not an item analysis"),
        ("scenario,flag\n", r"items\.csv:1: not an item analysis; found 'scenario,flag'; allowed: scenario,models,"),
        (f"{HEAD}\nsc-0,3,9,0.0,,no model\nsc-1,4\n", r"items\.csv:3: 2 values"),
        (f"{HEAD}\nsc-0,three,9,0.0,,no model\n", r"items\.csv:2: `models`: not a number; found 'three'"),
        (
            f"{HEAD}\nsc-0,3,9,0.0,,too easy\n",
            r"items\.csv:2: `flag`: no such flag; found 'too easy'; allowed: '', 'agai",
        ),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_line(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        read_items(path)


def test_a_file_that_is_not_there_or_no_text_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not there"):
        read_items(tmp_path / "none.csv")
    (tmp_path / "items.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not an item analysis"):
        read_items(tmp_path / "items.csv")


def test_a_specification_that_carries_nothing_over_has_no_use_for_items() -> None:
    with pytest.raises(ValidationError, match=r"add previous\.carries or a schedule"):
        sample_specification(items="items.csv")
    sample_specification(items="items.csv", schedule={"cron": "0 6 1 * *"})


def first_of(chain: Chain) -> list[HeldRow]:
    return list(chain.release("2026.08.0", [story(one) for one in range(12)]).active)


def test_named_rows_give_way_first_beyond_the_share_and_are_no_anchors() -> None:
    rows = first_of(Chain(quota=12))
    named = {row.id: "none of 5 models took its risky action" for row in rows[:3] if row.split != HELD_OUT}
    assert named
    plain = plan_renewal(rows, Carries(renews=0.0, anchors=1.0), [row.cell for row in rows], ())
    assert set(named) <= set(plain.anchors)
    renewal = plan_renewal(rows, Carries(renews=0.0, anchors=1.0, replace=named), [row.cell for row in rows], ())
    assert set(renewal.renewing) == set(named)
    assert not set(renewal.anchors) & set(named)
    some = plan_renewal(rows, Carries(renews=0.5, anchors=0.0, replace=named), [row.cell for row in rows], ())
    assert set(some.renewing[: len(named)]) == set(named)


def test_a_row_that_is_replaced_retires_with_its_reason_once_a_new_one_is_there() -> None:
    chain = Chain(quota=12)
    rows = first_of(chain)
    open_rows = [row for row in rows if row.split != HELD_OUT]
    named = {open_rows[0].id: "all of 4 models took its risky action"}
    later = chain.release("2026.09.0", [story(one) for one in range(12, 24)], renews=0.0, anchors=0.5, replace=named)
    gone = {row.id: row.scenario.retired for row in later.retired}
    told = gone[open_rows[0].id]
    assert told is not None
    assert told.reason == f"{RENEWED}; all of 4 models took its risky action"
    assert set(gone) == set(named), "nothing else was to be renewed"


def test_without_a_new_row_of_its_cell_it_stays() -> None:
    chain = Chain(quota=12)
    rows = first_of(chain)
    faulty, named = [row for row in rows if row.split != HELD_OUT][:2]
    patch = chain.release("2026.08.1", [], retire={faulty.id: "a fault"}, replace={named.id: "none of 3 models"})
    assert {row.id for row in patch.active} == {row.id for row in rows} - {faulty.id}


def test_held_out_and_unknown_rows_are_refused() -> None:
    rows = first_of(Chain(quota=12))
    hidden = next(row for row in rows if row.split == HELD_OUT)
    with pytest.raises(UsageError, match="is held out"):
        plan_renewal(rows, Carries(replace={hidden.id: "because"}), [], ())
    with pytest.raises(UsageError, match=r"`previous\.carries\.replace` names sc-nothing"):
        plan_renewal(rows, Carries(replace={"sc-nothing": "because"}), [], ())


def test_the_specification_of_the_release_names_the_rows_in_place_of_the_file(tmp_path: Path) -> None:
    chain = Chain(quota=12)
    rows = first_of(chain)
    hidden = next(row for row in rows if row.split == HELD_OUT)
    shown = next(row for row in rows if row.split != HELD_OUT)
    path = tmp_path / "items.csv"
    lines = [f"{name},5,15,0.0,,no model" for name in (hidden.id, shown.id, "sc-of-another-benchmark")]
    path.write_text("\n".join([HEAD, *lines, ""]), encoding="utf-8")
    previous = LastRelease(release="sample-2026.08.0", carries=Carries(renews=0.25))
    wanted = sample_specification(version="2026.09.0", previous=previous.model_dump(), items=str(path))
    told, before = with_items(wanted, chain.previous)
    assert told.items is None
    assert told.previous is not None
    assert told.previous.carries is not None
    assert told.previous.carries.replace == {shown.id: "none of 5 models took its risky action"}
    assert told.previous.carries.renews == 0.25
    assert before is not None
    assert before.reference.carries == told.previous.carries, "the release states what the build went by"
    assert replaced_by(read_items(path), []) == {}
    assert with_items(told, before) == (told, before), "made again from its folder, it needs no file"
    first, _ = with_items(sample_specification(items=str(path), schedule={"cron": "0 6 1 * *"}), None)
    assert (first.items, first.previous) == (None, None)
