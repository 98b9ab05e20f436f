"""Folding a text character by character gives the same words, and the same way back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.validate.folding import fold

ODD = "\u0430\uff41\u00e9\u0142\u00df\u2019\u2026\ufb01\u200b\u0301\U000e0061\u00bd"
"""Some become one plain character, some several, some none, and some stay."""
TEXTS = st.text(alphabet=st.sampled_from(f"ab Z.9\n{ODD}") | st.characters(), max_size=30)


@given(text=TEXTS)
def test_whole_texts_fold_as_their_characters_do(text: str) -> None:
    parts = [(part, offset) for offset, char in enumerate(text) for part in fold(char).text]
    folded = fold(text)
    assert folded.text == "".join(part for part, _ in parts)
    assert list(folded.origin) == [offset for _, offset in parts]
