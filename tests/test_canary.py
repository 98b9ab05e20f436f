"""Canaries: the same for the same rows, another for any other release."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from pipeline.canary import canary_of, canary_sentence

ids = st.lists(st.text(alphabet="0123456789abcdef", min_size=4, max_size=20), unique=True, max_size=8)
names = st.sampled_from(["impress", "sample"])
versions = st.sampled_from(["2026.11.0", "2026.12.0"])
releases = st.tuples(names, versions, ids)


@given(release=releases, data=st.data())
def test_the_order_of_rows_does_not_matter(release: tuple[str, str, list[str]], data: st.DataObject) -> None:
    name, version, rows = release
    assert canary_of(name, version, data.draw(st.permutations(rows))) == canary_of(name, version, rows)


@given(one=releases, other=releases)
def test_another_name_version_or_row_is_another_canary(
    one: tuple[str, str, list[str]], other: tuple[str, str, list[str]]
) -> None:
    same = (*one[:2], sorted(one[2])) == (*other[:2], sorted(other[2]))
    assert (canary_of(*one) == canary_of(*other)) is same


def test_it_is_a_guid_that_stands_in_its_sentence() -> None:
    canary = canary_of("impress", "2026.11.0", ["sc-1"])
    assert uuid.UUID(canary).version == 5
    assert str(uuid.UUID(canary)) == canary
    sentence = canary_sentence("impress", "2026.11.0", canary)
    assert canary in sentence
    assert "impress 2026.11.0" in sentence
