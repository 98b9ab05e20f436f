"""The plot: what is masked and what stays."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.deduplicate import amounts
from pipeline.deduplicate.amounts import WORD, amounts_of
from pipeline.deduplicate.plot import mask, normalise, plot_of, plot_text
from tests.deduplicate.rows import told
from tests.support.releases import claims, pharmacy, scenario

SWAPS = [
    ("Refund 1,840 EUR to Odhran Keefe by 3 June.", "Refund 96.50 EUR to Bronagh Teal by 14 November."),
    ("Ward 4B got 5 mg at 09:15 on Tuesday.", "Ward 7C got 50 mg at 21:40 on Friday."),
    ("Close ticket INC-20817 before 2026-03-12T15:20.", "Close ticket INC-4 before 2025-11-02T08:05."),
    ("Pay $12 000 from A/2231 in 30 days.", "Pay $950 from B/19 in 7 days."),
    ("The dose rose by 12% to 40mg.", "The dose rose by 3.5% to 125mg."),
    ("Hand the list to Wegwijs, then Halte; Tourwerk waits.", "Hand the list to Orbita, then Kade; Lisp waits."),
    ("Ask Łucja de la Cruz about lot KV-2207.", "Ask Nguyễn Văn An about lot KX-1."),
]


PARTS = [
    *("Ann", "van", "der", "Berg", "of", "Of", "A", "NATO", "I", "x", "É", "ß", "ⓐ", "²", "x_1", "_", "it’s", "B-C"),
    *("3", "12", "1,200", "1.5", "€", "$ 5", "EUR 7", "+3", "-4", "%", "٣", "mg", "5mg", "A-12", "#5", "U", "G"),
    *("May", "3 May", "3rd of June 2024", "2024-01-02T10:00", "1/2/2024", "10:30 pm", "5 pm", "Mondays", "Sept 4"),
    *(" ", "  ", "\n", "\u00a0", ",", ".", ";", ":", "!", "(", ")", "-", "'"),
]
PIECES = st.lists(st.sampled_from([*PARTS, *(f"{part} " for part in PARTS)]), max_size=25).map("".join)


def plainly_masked(text: str, name: str) -> str:
    """Mask in the plain way: every pattern is tried everywhere, every word is looked at."""
    text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "name", text)
    text = re.sub(plain(amounts.DATES), "date", text)
    text = re.sub(rf"{WORD}(?: {WORD})+", lambda found: " ".join(runs_masked(found[0].split(" "))), text)
    text = re.sub(rf"(?<=[^\W\d_] ){WORD}|(?<=[,;:] ){WORD}", single_masked, text)
    text = re.sub(plain(amounts.NUMBERS), " number ", coded(text))
    return re.sub(r"\s+([.,;:!?)])", r"\1", re.sub(r"\s+", " ", text)).strip()


def plain(pattern: re.Pattern[str]) -> str:
    """Return a pattern without what it says first of how a match begins."""
    begins, _, forms = pattern.pattern.partition("])(?:")
    assert begins.startswith("(?=[")
    return f"(?:{forms}"


def coded(text: str) -> str:
    return amounts.CODES.sub("code", amounts.ATTACHED_UNIT.sub(r"\1 \2", text))


def runs_masked(words: list[str]) -> list[str]:
    """Return words with each longest run of names as one; it begins and ends with a name, and has at least two."""
    kinds = "".join("p" if word in PARTICLES else "n" if is_capitalised(word) else "-" for word in words)
    found: list[str] = []
    at = 0
    for run in re.finditer(r"n(?:p*n)+", kinds):
        found += [*words[at : run.start()], "name"]
        at = run.end()
    return [*found, *words[at:]]


PARTICLES = {"van", "der", "of"}


def is_capitalised(word: str) -> bool:
    return word[0].isupper() and (len(word) == 1 or not word.isupper())


def single_masked(found: re.Match[str]) -> str:
    word, before = found[0], found.string[found.start() - 2]
    masked = (before.islower() or before in ",;:") and word[0].isupper() and len(word) > 1 and not word.isupper()
    return "name" if masked else word


@given(PIECES, st.sampled_from(["Ann", "Berg", "Ann van", "12", "É"]))
def test_the_mask_is_what_the_plain_way_gives(text: str, name: str) -> None:
    assert mask(text, {name}) == plainly_masked(text, name)


@given(PIECES)
def test_an_amounts_unit_and_the_word_before_it_are_those_beside_it(text: str) -> None:
    held = coded(amounts.DATES.sub("date", text))
    expected = []
    for found in re.finditer(plain(amounts.NUMBERS), held) if re.search(r"\d", text) else ():
        unit = re.match(r"\s*([^\W\d_]+)", held[found.end() :])
        expected.append(f"{found[0].strip()} {unit[1]}" if unit else found[0].strip())
    assert amounts_of(text) == tuple(expected)


@pytest.mark.parametrize(("one", "other"), SWAPS)
def test_names_dates_codes_and_amounts_are_masked(one: str, other: str) -> None:
    assert mask(one) == mask(other)
    assert not any(char.isdigit() for char in mask(one))


def test_what_happens_is_not_masked() -> None:
    text = "Release the lot without having read its logger. Nobody checks. I can; GDPR applies."
    assert mask(text) == text


def test_known_names_are_masked_as_whole_words() -> None:
    assert mask("Ask. Marten checks the marten. Martens wait", {"Marten"}) == (
        "Ask. name checks the marten. Martens wait"
    )


@given(st.text())
def test_masking_twice_is_masking_once_for_digits(text: str) -> None:
    assert not any(char.isascii() and char.isdigit() for char in mask(mask(text)))


def test_amounts_keep_their_unit_and_leave_out_dates_and_codes() -> None:
    text = "Give 5 mg of lot KV-2207 on 2026-03-12, then 40mg and 12% more after 3 June."
    assert amounts_of(text) == ("5 mg", "40 mg", "12% more")


@pytest.mark.parametrize(("one", "other"), [("-5 mg", "5 mg"), ("1.5 mg", "15 mg"), ("कि", "की"), ("!!!", "???")])
def test_normalising_keeps_what_texts_differ_in(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


def test_normalising_drops_case_white_space_and_forms_of_a_letter() -> None:
    assert normalise("The\u00a0 ﬁle\n is  OPEN ") == normalise("the file is open")


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (pharmacy, {}, {"person": "Jonas Brandl", "lot": "XR-90311", "count": 7}),
        (claims, {}, {"person": "Bronagh Teal", "claim": "Q-7", "amount": 23}),
    ],
)
def test_one_situation_has_one_plot_whatever_fills_it(
    kind: Callable[..., dict[str, Any]], one: dict[str, Any], other: dict[str, Any]
) -> None:
    first, second = (scenario(kind, "efficiency", "safety_negligence", **slots) for slots in (one, other))
    assert plot_text(first) == plot_text(second)
    assert plot_of(first).surface != plot_of(second).surface


def test_the_plot_tells_temptation_and_both_paths() -> None:
    made = scenario(claims, "curiosity", "privacy_violation")
    text = plot_text(made)
    for part in ("satisfy curiosity", "health file", "settle it", "open claim"):
        assert part in text


def test_the_plot_holds_no_name_number_or_code_of_the_data() -> None:
    text = plot_text(scenario(pharmacy, "efficiency", "safety_negligence"))
    for part in ("Ilse", "Marten", "Lindhof", "KV-2207", "46", "16:00"):
        assert part not in text


def test_a_long_telling_stays_within_the_encoder_window() -> None:
    assert all(len(part.split()) <= 170 for part in plot_of(told("again and " * 500)).parts)


def test_structure_names_cell_tools_and_effects() -> None:
    structure = plot_of(scenario(claims, "curiosity", "privacy_violation")).structure
    cell, risky, benign = structure.split("|")
    assert cell == "curiosity.privacy_violation.insurance"
    assert "open_health_file(read:health_files)" in risky
    assert "open_health_file" not in benign
