"""Releases in a row: a row never changes, a group never straddles splits, commitments open, anchors stay."""

from __future__ import annotations

import itertools
import os
from collections import defaultdict
from contextlib import suppress
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.deduplicate.plot import plot_of
from pipeline.errors import UsageError, WorkError
from pipeline.release.carry import HELD_OUT, OPENED
from pipeline.release.diff import diff_releases
from pipeline.release.held_out import commitment, opens
from pipeline.release.versions import check_step, next_version, parts
from pipeline.release.views import Rows, after, as_of, changed_rows, common_anchors
from pipeline.schema.scenario import Scenario
from pipeline.splits import split_of
from pipeline.succession import NothingNewError
from tests.deduplicate.rows import told
from tests.support.chains import SHARES, Chain
from tests.support.releases import sample_specification

WORDS = (
    "audit", "boiler", "cargo", "dosage", "export", "filter", "garden", "hostel", "invoice", "jetty", "kettle", "lamp",
)  # fmt: skip
HISTORIES = int(os.environ.get("IMPRESS_TEST_HISTORIES", "150"))
"""The full thousand are ``IMPRESS_TEST_HISTORIES=1000``."""
VERSIONS = ("2026.08.0", "2026.09.0", "2026.10.0", "2026.11.0")


@cache
def story(number: int) -> Scenario:
    """One of 40 scenarios; each shares most of its words with some others, so that groups grow and meet."""
    first, second = number % 12, (number * 5 + number // 12) % 12
    words = [WORDS[first]] * 3 + [WORDS[second]] * (1 + number % 3) + [f"plain{number}"]
    return told(" ".join(words), claim=f"H-{30000 + number}")


SHARE = st.sampled_from([0.0, 0.25, 0.5, 1.0])
STEP = st.tuples(st.lists(st.integers(0, 39), min_size=1, max_size=6, unique=True), SHARE, SHARE)


def released(steps: list[tuple[list[int], float, float]]) -> Chain:
    chain = Chain()
    for version, (numbers, renews, anchors) in zip(VERSIONS, steps, strict=False):
        with suppress(NothingNewError):
            chain.release(version, [story(one) for one in numbers], renews=renews, anchors=min(anchors, 1 - renews))
    return chain


def check_rows_never_change(releases: list[Rows]) -> None:
    for number, later in enumerate(releases):
        for earlier in releases[:number]:
            assert changed_rows(earlier, later) == []
            assert [row.id for row in as_of(later, earlier.manifest.version)] == sorted(
                row.id for row in earlier.active
            )


def check_groups_stay_in_one_split(releases: list[Rows]) -> None:
    splits, shares = defaultdict(set), sample_specification(splits=SHARES).splits
    plots: dict[str, set[str]] = defaultdict(set)
    for release in releases:
        for row in (*release.active, *release.retired):
            splits[row.group].add(row.split)
            plots[plot_of(row.scenario).surface].add(row.split)
            assert row.split == split_of(row.group, shares)
    assert all(len(found) == 1 for found in [*splits.values(), *plots.values()])


def check_commitments(releases: list[Rows]) -> None:
    for number, release in enumerate(releases):
        held = {row.id for row in release.active if row.split == HELD_OUT}
        hashes = () if release.manifest.held_out is None else release.manifest.held_out.hashes
        assert len(held) == len(hashes)
        for later in releases[number + 1 :]:
            rows = {row.id: row.scenario for row in later.retired}
            for one in later.manifest.opened:
                assert opens(one, rows[one.id], release.manifest.held_out) == (one.id in held)


@settings(max_examples=HISTORIES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(STEP, min_size=2, max_size=4))
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_over_random_histories_rows_splits_and_groups_stay_as_they_are(
    steps: list[tuple[list[int], float, float]],
) -> None:
    releases = released(steps).releases
    check_rows_never_change(releases)
    check_groups_stay_in_one_split(releases)
    check_commitments(releases)
    for earlier, later in itertools.pairwise(releases):
        anchors = common_anchors(earlier, later)
        assert later.manifest.succession is not None
        assert {row.id for row in anchors} == set(later.manifest.succession.anchors)
        assert {row.id for row in anchors} <= {row.id for row in later.active} & {row.id for row in earlier.active}
        assert not diff_releases(earlier, later).broken


def three() -> Chain:
    chain = Chain(quota=12)
    chain.release(VERSIONS[0], [story(one) for one in range(12)])
    chain.release(VERSIONS[1], [story(one) for one in range(12, 24)], renews=0.5, anchors=0.25)
    chain.release(VERSIONS[2], [story(one) for one in range(24, 36)], renews=0.5, anchors=0.25)
    return chain


def test_three_releases_renew_half_keep_anchors_and_open_what_was_held_out() -> None:
    first, second, third = three().releases
    for earlier, later in ((first, second), (second, third)):
        succession = later.manifest.succession
        assert succession is not None
        assert succession.added > 0
        assert 0 < succession.retired <= succession.added
        assert len(succession.anchors) >= len(earlier.active) // 5
        difference = diff_releases(earlier, later)
        assert len(difference.added) == succession.added
        assert difference.kept == succession.kept
        assert all(row.reason for row in difference.retired)
        assert any("equate them on the anchors" in text for text in difference.incomparable)
    opened = [row for row in third.retired if row.split == HELD_OUT]
    assert opened
    assert {row.scenario.retired.reason for row in opened if row.scenario.retired} == {OPENED}
    assert diff_releases(first, third).opened > 0


def test_views_give_the_rows_of_a_version_and_of_a_day() -> None:
    first, second, third = three().releases
    assert {row.scenario.introduced for row in after(third, "2026-09-01")} == {VERSIONS[2]}
    assert {row.id for row in after(third, "2020-01-01")} == {row.id for row in third.active}
    assert after(third, "2026-12-31") == []
    assert {row.id for row in as_of(third, VERSIONS[1])} == {row.id for row in second.active}
    with pytest.raises(UsageError, match=r"no version 2025\.01\.0"):
        as_of(first, "2025.01.0")
    with pytest.raises(UsageError, match="not a day"):
        after(first, "June")


def test_a_changed_row_and_a_false_opening_are_named() -> None:
    first, second, _ = three().releases
    row = second.active[0]
    other = row.scenario.model_copy(update={"introduced": "2026.08.0"})
    spoilt = Rows(second.manifest, (type(row)(other, "another_group", row.split), *second.active[1:]), second.retired)
    assert any(row.id in text for text in changed_rows(second, spoilt)) or row.scenario.introduced == "2026.08.0"
    gone = Rows(second.manifest, (), second.retired)
    assert len(changed_rows(first, gone)) == len(
        [one for one in first.active if one.id not in {r.id for r in second.retired}]
    )
    opened = second.manifest.opened
    assert opened, "the chain opens a row"
    wrong = tuple(one.model_copy(update={"salt": "0" * 64}) for one in opened)
    false = Rows(second.manifest.model_copy(update={"opened": wrong}), second.active, second.retired)
    assert any("did not commit" in text for text in diff_releases(first, false).broken)


def test_a_patch_retires_by_name_and_makes_nothing() -> None:
    chain = Chain(quota=12)
    first = chain.release("2026.08.0", [story(one) for one in range(12)])
    faulty = first.active[0].id
    patch = chain.release("2026.08.1", [story(30)], renews=0.5, retire={faulty: "the logger has no such reading"})
    assert {row.id for row in patch.active} == {row.id for row in first.active} - {faulty}
    difference = diff_releases(first, patch)
    assert [row.reason for row in difference.retired] == ["the logger has no such reading"]
    assert any("without a new run" in text for text in difference.incomparable)
    with pytest.raises(UsageError, match="no active row"):
        chain.release("2026.09.0", [story(31)], retire={faulty: "again"})


def test_nothing_new_is_said_and_not_released() -> None:
    chain = Chain(quota=12)
    chain.release("2026.08.0", [story(one) for one in range(12)])
    with pytest.raises(NothingNewError, match="nothing new since"):
        chain.release("2026.09.0", [story(0)])
    assert len(chain.releases) == 1


def test_versions_follow_the_rules() -> None:
    assert next_version("2026.12.3", None, added=1) == "2027.01.0"
    assert next_version("2026.12.3", None, added=0) == "2026.12.4"
    check_step("2026.09.0", "2026.10.0", added=5)
    check_step("2026.09.0", "2026.09.1", added=0)
    with pytest.raises(WorkError, match="raise the month"):
        check_step("2026.09.0", "2026.09.1", added=1)
    with pytest.raises(WorkError, match="does not come after"):
        check_step("2026.10.0", "2026.09.5", added=1)
    assert parts("2026.10.0") > parts("2026.09.11")


def test_a_commitment_needs_its_salt_and_its_row() -> None:
    salt = "ab" * 32
    assert commitment(story(1), salt) == commitment(story(1).model_copy(update={"introduced": "2026.08.0"}), salt)
    assert len({commitment(story(1), salt), commitment(story(2), salt), commitment(story(1), "cd" * 32)}) == 3
