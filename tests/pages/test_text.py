"""What cannot be seen is written out."""

from __future__ import annotations

import pytest

from pipeline.pages.text import cell_text, one_line, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("Łódź 北京 👩‍🔬", "Łódź 北京 👩‍🔬"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("bell\x07", "bell⟨U+0007⟩"),
        ("a\u200bb\ufeff", "a⟨U+200B⟩b⟨U+FEFF⟩"),
        ("a\u2028b", "a⟨U+2028⟩b"),
        ("\U000e0041", "⟨U+E0041⟩"),
    ],
)
def test_hidden_characters_are_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_one_line_is_cut_with_an_ellipsis() -> None:
    assert one_line(" a\n b\t c ") == "a b c"
    assert one_line("abcdef", 4) == "abc…"
    assert one_line("abcd", 4) == "abcd"


@pytest.mark.parametrize(
    ("value", "cell"),
    [("=1+1", "'=1+1"), ("@a", "'@a"), ("-2+3", "'-2+3"), (-2.5, "-2.5"), (None, ""), ("a=b", "a=b"), ("\tx", "'\tx")],
)
def test_a_spreadsheet_takes_no_text_for_a_formula(value: object, cell: str) -> None:
    assert cell_text(value) == cell
