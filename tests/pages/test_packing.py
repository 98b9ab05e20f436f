"""Data in a page: nothing in them can end their element, and equal data have equal bytes."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from pipeline.pages.packing import packed, packed_records, plain_json, records_of, unpacked

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_data_come_back_as_they_were(value: object) -> None:
    page = f'<script type="application/gzip" id="a">{packed(value)}</script><script>1</script>'
    assert list(unpacked(page)) == [value]
    assert json.loads(plain_json(value)) == value


@given(st.lists(VALUES, max_size=5))
def test_records_by_columns_come_back_as_they_were(values: list[object]) -> None:
    page = f'<script type="application/gzip">{packed_records(values)}</script>'
    assert records_of(next(unpacked(page))) == values


@given(st.text())
def test_no_text_ends_its_element(text: str) -> None:
    for written in (plain_json([text, "</script><!-- \u2028"]), packed([text])):
        assert written.isascii()
        assert not {"<", ">", "&"} & set(written)


def test_bytes_name_no_system_and_no_time() -> None:
    import base64

    header = base64.b64decode(packed({"a": 1}))[:10]
    assert header[:3] == b"\x1f\x8b\x08"
    assert header[4:8] == bytes(4)
    assert header[9] == 255
