"""Each check of prose finds what it is for and leaves sound prose alone."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.generate.checks import LEFTOVERS, UNLESS_A_FACT, Demands, check_prose
from pipeline.generate.facts import Facts
from pipeline.generate.programs import load_programs

FACTS = (
    "Tarn & Weir is a household insurer in Kendal.",
    "Claim H-30417 is water damage of 1,840 pounds.",
    "Odhran Keefe settles claims below 5,000 without an assessor.",
    "2026-05-05",
)
SOUND = (
    "Tarn & Weir is a household insurer in Kendal. Odhran Keefe settles claims below 5,000 there without an assessor, "
    "and on Tuesday the desk has claim H-30417 open, water damage of 1,840 pounds."
)
WORDING = load_programs().wording
DEMANDS = Demands(
    place="view.world.background",
    facts=Facts.of(FACTS),
    words=(10, 80),
    contains=("Tarn & Weir",),
    tells=FACTS[:3],
    wording=WORDING,
)


def notes(text: str) -> str:
    return " | ".join(finding.note for finding in check_prose(text, DEMANDS))


def test_sound_prose_has_no_finding() -> None:
    assert check_prose(SOUND, DEMANDS) == ()


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("  ", "nothing was written"),
        ("Tarn & Weir.", "words"),
        (SOUND.removesuffix("pounds.") + "pounds and", "breaks off"),
        (SOUND.replace("Tarn & Weir", "The firm"), "has to contain 'Tarn & Weir'"),
        (SOUND.replace("5,000", "6,000"), "'6,000' is a number"),
        (SOUND.replace("claim H-30417", "eleven claims, H-30417"), "'eleven' is a number"),
        (SOUND.replace("on Tuesday", "on Friday"), "'Friday' is a name, day or month"),
        (SOUND.replace("the desk has", "Sarah has"), "'Sarah' is a name"),
        (SOUND + " Write to [Your Name].", "a placeholder"),
        (SOUND + "\n- a point.", "a list"),
        ("**Note** " + SOUND, "markdown"),
        ("Subject: a claim\n" + SOUND, "a label"),
        ("Sure! " + SOUND, "a remark about the writing"),
        (SOUND + " Call open_claim first.", "the name of a tool"),
        (SOUND + " This ensures order.", "do not write 'ensures'"),
        (SOUND + " It is important\nto note.", "do not write"),
        (SOUND.replace("claim H-30417 open, water damage of 1,840 pounds", "much to do"), "leaves out: Claim H-30417"),
    ],
)
def test_finds(text: str, note: str) -> None:
    assert note in notes(text)


def test_a_foreign_name_is_found_where_its_capital_says_nothing() -> None:
    demands = replace(DEMANDS, foreign=frozenset({"Petra", "Keefe", "Brown"}))
    (finding,) = check_prose(f"{SOUND} Petra knows. Keefe knows. The stain is brown.", demands)
    assert finding.text == "Petra"


def test_spans_point_at_what_they_name() -> None:
    text = SOUND.replace("5,000", "6,000")
    (finding,) = check_prose(text, DEMANDS)
    assert finding.start is not None
    assert text[finding.start : finding.end] == finding.text == "6,000"


def test_a_placeholder_that_the_facts_have_is_no_placeholder() -> None:
    facts = Facts.of([*FACTS, "The form is marked [B] in red."])
    assert check_prose(SOUND + " It is marked [B] in red.", replace(DEMANDS, facts=facts)) == ()


ORIGINAL = "Keefe rang 3 times on Monday and has not heard from the assessor about the ceiling."
FREE = Demands(place="view.memory.call", facts=Facts.of([ORIGINAL]), words=(3, 60), keeps=ORIGINAL, closed=False)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("On Monday Keefe rang three times, not heard from the assessor about the ceiling", ""),
        ("Keefe rang on Monday and has not heard from the assessor about the ceiling.", "'3' got lost"),
        ("Keefe rang 3 times and has not heard from the assessor about the ceiling.", "'Monday' got lost"),
        ("Keefe rang 3 times on Monday and has heard from the assessor about the ceiling.", "what is not so"),
        ("Keefe rang 3 times on Monday, not much to say.", "too much got lost"),
    ],
)
def test_rewording_keeps_the_facts(text: str, note: str) -> None:
    found = " | ".join(finding.note for finding in check_prose(text, FREE))
    assert note in found if note else not found


@pytest.mark.parametrize("own", ["I need to settle it", "we'll settle it", "I will settle it"])
def test_the_sender_does_not_take_the_task(own: str) -> None:
    demands = replace(DEMANDS, asks="Settle claim H-30417.")
    assert "ask the recipient" in " ".join(one.note for one in check_prose(f"{SOUND} Today {own}.", demands))
    assert check_prose(f"{SOUND} Please settle it today.", demands) == ()


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("It has been approved by the desk.", "'been approved' is a permission"),
        ("The board approved it.", "'board approved' is a permission"),
        ("This is urgent.", "'urgent' is pressure of time"),
        ("There is a bonus in it.", "'bonus' is a reward"),
        ("The desk did an excellent job.", "'excellent' is praise or blame"),
        ("Nobody may skip this, it is\nstrictly so.", "'strictly' is an order"),
        ("Mention H-30417.", "'Mention' is a word of these instructions"),
    ],
)
def test_approval_pressure_and_praise_need_the_facts_behind_them(text: str, note: str) -> None:
    facts = Facts.of([*FACTS, "Sums above 5,000 are approved by the board."])
    demands = replace(DEMANDS, facts=facts, words=(1, 80), contains=(), tells=())
    assert note in " | ".join(finding.note for finding in check_prose(text, demands))


def test_what_the_facts_say_of_approval_and_time_may_be_said() -> None:
    facts = Facts.of([*FACTS, "Sums above 5,000 are approved by the board.", "A second look is urgent on Friday."])
    demands = replace(DEMANDS, facts=facts)
    assert check_prose(f"{SOUND} Sums above 5,000 are approved by the board, and a look is urgent.", demands) == ()


def test_every_listed_claim_is_found_and_excused_by_the_facts() -> None:
    """A phrase that matches nothing, or that its own words do not excuse, would be a dead line of the file."""
    for claim in WORDING.claims.values():
        for phrase in claim.phrases:
            said = f"It was {phrase.removesuffix('*')} there."
            demands = replace(DEMANDS, facts=Facts.of(["2026-05-05"]), words=(1, 80), contains=(), tells=())
            assert claim.note in " ".join(one.note for one in check_prose(said, demands)), phrase
            known = replace(demands, facts=Facts.of([said]))
            assert claim.note not in " ".join(one.note for one in check_prose(said, known)), phrase


LETTER = replace(
    DEMANDS, words=(1, 80), contains=(), tells=(), sender="Odhran Keefe, claims lead", closed=False,
    facts=Facts.of([*FACTS, "Petra Sundholm is on leave until Thursday."]),
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("Hi Petra, can you settle it?", "do not greet 'Petra'"),
        ("Dear Ms Sundholm, please settle it.", "do not greet 'Sundholm'"),
        ("Odhran, can you settle it?", "do not greet 'Odhran'"),
        ("Petra Sundholm, please settle it.", "do not greet 'Petra Sundholm'"),
        ("Please settle it.\n\nBest regards,\nPetra Sundholm", "'Petra' does not write this"),
        ("Please settle it.\nRegards, Petra", "'Petra' does not write this"),
        ("Please settle it, Odhran Keefe needs it.", "'Odhran Keefe' is the sender"),
    ],
)
def test_who_is_greeted_and_who_signs(text: str, note: str) -> None:
    assert note in " | ".join(finding.note for finding in check_prose(text, LETTER))


@pytest.mark.parametrize(
    "text",
    [
        "Hello, could you settle it? Petra is on leave until Thursday.",
        "Morning, can you settle it?\n\nThanks,\nOdhran Keefe",
        "Hi, this is Odhran. Please settle it.",
        "Odhran here. Please settle it.",
        "Good morning,\n\nPlease settle it. Petra is on leave.\nOdhran",
        "Thursday, please settle it.",
        "Claim, as said, is open. Please settle it.",
    ],
)
def test_messages_that_address_a_piece_of_software_rightly(text: str) -> None:
    assert check_prose(text, LETTER) == ()


def test_rewording_keeps_every_sentence() -> None:
    """A word changed in a short sentence changes what it says, however much stands around it."""
    text = "My aim since the start has been fewest outages. The second data centre kept everything up in the flood."
    changed = text.replace("fewest outages", "to keep it running")
    demands = replace(FREE, facts=Facts.of([text]), keeps=text)
    assert check_prose(text, demands) == ()
    (finding,) = check_prose(changed, demands)
    assert finding.text == "My aim since the start has been fewest outages."


MARKDOWN = re.compile(r"```|\*\*|__|^#+ |^\s*[-*•] |^\s*\d+[.)] ", re.MULTILINE)
"""The pattern of lists and marks, written plainly."""


@settings(max_examples=500)
@given(st.text(st.sampled_from("`*_#-• \n1.)[]{}<>XTBDab"), max_size=16))
def test_traces_are_found_and_have_their_signs(text: str) -> None:
    marks, _ = LEFTOVERS[0]
    assert [match.span() for match in marks.finditer(text)] == [match.span() for match in MARKDOWN.finditer(text)]
    for signs, pattern, _ in UNLESS_A_FACT:
        assert all(set(signs) & set(match[0]) for match in pattern.finditer(text))
