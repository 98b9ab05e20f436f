"""One pass of RE2 never leaves out a pattern that Python's ``re`` matches."""

from __future__ import annotations

import pickle
import random
import re
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.validate.gates.hidden import PATTERNS
from pipeline.validate.may_match import MayMatch
from pipeline.validate.phrases import Lexicon, PhraseGroup
from pipeline.validate.prompts import load_gate_prompts

PROMPTS = load_gate_prompts()
LEXICONS = {
    "leakage": PROMPTS.leakage,
    "injection": PROMPTS.injection.words,
    "pushing": PROMPTS.pushing,
    "smells": PROMPTS.smells.words,
}
GROUPS = {
    **{f"{of}.{name}": pattern for of, one in LEXICONS.items() for name, pattern in one.compiled.items()},
    **{f"injection patterns.{name}": group.compiled for name, group in PROMPTS.injection.patterns.items()},
    **{f"smells patterns.{name}": group.compiled for name, group in PROMPTS.smells.patterns.items()},
}
GROUPS |= {f"hidden.{name}": pattern for name, pattern in PATTERNS.items()}
LISTED = MayMatch({name: pattern.pattern for name, pattern in GROUPS.items()})
PIECES = (
    *("a", "i", "s", "no", ".", " ", "-", "^", "$", r"\b", r"\w", r"\d", r"\s", r"\W", r"\S", r"\D", "[a-f]", "[^a-f]"),
    *(r"[\w'-]+", r"[\s\u2010-\u2013]", r"[^\]\n]", "[]x]", "[^]x]", r"[^\w.]", "[a[b]", r"(?<!\w)", r"(?!\w|[.)])"),
    *(r"(?=\S*\d)", "(?:is|it)", "(?-i:NO)", r"(?<=\b\()", "{0,2}", "+", "*?", "|", r"\xe9", r"\(", "\u017f"),
    *(r"\u0130", r"[\u012d-\u0135]", "[^\u0131]", "[a\u0130-]", "[a-f_-]", "[-a-f]", "[n-oa-]"),
)
"""What expressions of the lists are made of."""
CHARACTERS = "aisnoANO.x] -\n_(5\u00e9\u0130\u0131\u017f\u212a\u2012\u00a0\x1c\ud800"


def said(phrase: str, lexicon: Lexicon, drawn: random.Random) -> str:
    """Return one text that a phrase is to match, in any case, with any ending and any words in its gap."""
    words = []
    for word in phrase.replace("-", " ").split():
        if word == "...":
            words += ["and", "so", "on"][: drawn.randrange(4)]
        elif word.startswith("<"):
            words.append(said(drawn.choice(lexicon.sets[word[1:-1]]), lexicon, drawn))
        else:
            option = drawn.choice(word.split("|"))
            words.append(option.removesuffix("*") + drawn.choice(["", "ing", "s"]) * option.endswith("*"))
    text = drawn.choice([" ", "-", "_", "\n"]).join(words)
    changed = drawn.choice(
        [str.upper, str.title, str.lower, lambda one: one.replace("i", "\u0130").replace("s", "\u017f")]
    )
    return changed(text.replace("'", drawn.choice("'\u2019")))


@pytest.mark.parametrize("name", LEXICONS)
def test_every_phrase_said_in_any_way_names_its_group(name: str) -> None:
    lexicon, drawn, missed = LEXICONS[name], random.Random(7), 0
    for group, phrase in chain.from_iterable(((g, p) for p in one.phrases) for g, one in lexicon.groups.items()):
        for _ in range(4):
            text = f"So, {said(phrase, lexicon, drawn)}. Then."
            spoken = text.replace("_", " ")
            if lexicon.compiled[group].search(spoken):
                assert f"{name}.{group}" in LISTED.named(spoken), (phrase, text)
            else:
                missed += 1
    assert missed < 40  # what was said is matched by the list itself, but for words that their neighbours take


@settings(max_examples=300, deadline=None)
@given(text=st.text(st.sampled_from(list("abeinorst _-'\u2019.\u0130\u0131\u017f\u212a\u00df5")), max_size=30))
def test_a_list_of_short_words(text: str) -> None:
    groups = {
        "aa": ("is|it ... not", "be* on"),
        "bb": ("don't", "5 <xs>"),
        "cc": ("\u00df", "in-on"),
        "dd": ("ne*|at",),
    }
    sets = {"xs": ("tin", "se it")}
    lexicon = Lexicon(
        version="1",
        sets=sets,
        groups={name: PhraseGroup(note="n", phrases=phrases) for name, phrases in groups.items()},
    )
    spoken = text.replace("_", " ")
    matching = {name for name, pattern in lexicon.compiled.items() if pattern.search(spoken)}
    possible = MayMatch({name: pattern.pattern for name, pattern in lexicon.compiled.items()})
    assert matching <= set(possible.named(spoken))


@settings(max_examples=1000, deadline=None)
@given(data=st.data())
def test_whatever_a_pattern_of_the_lists_matches_is_named(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(GROUPS)))
    text = data.draw(st.from_regex(GROUPS[name]))
    assert name in LISTED.named(text)


@settings(max_examples=2000, deadline=None)
@given(
    pieces=st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join),
    text=st.text(st.sampled_from(list(CHARACTERS)), max_size=12),
)
def test_whatever_an_expression_matches_is_named(pieces: str, text: str) -> None:
    try:
        pattern = re.compile(pieces, re.IGNORECASE | re.MULTILINE)
    except re.error:
        return
    if pattern.search(text):
        assert MayMatch({"one": "never", "other": pieces}).named(text) == ["other"]


def test_a_list_is_one_automaton_that_holds_every_pattern() -> None:
    named = [name for name, pattern in GROUPS.items() if MayMatch({name: pattern.pattern}).named("")]
    assert named == [], "a pattern that RE2 does not take is tried on every text"


@pytest.mark.parametrize("pattern", [r"(a)\1", r"[^\W\d]+x", "a++"])
def test_a_pattern_that_cannot_be_widened_may_match_anything(pattern: str) -> None:
    assert MayMatch({"plain": "b", "odd": pattern}).named("c") == ["odd"]


def test_names_come_in_the_order_of_the_list_and_survive_pickle() -> None:
    possible = MayMatch({"one": "b+", "two": r"(x)\1", "three": "a"})
    assert possible.named("ab") == ["one", "two", "three"]
    assert pickle.loads(pickle.dumps(possible)).named("a") == ["two", "three"]


def test_a_text_without_the_words_names_no_group() -> None:
    assert LISTED.named("Bananas ripen.") == []


def test_a_list_that_is_too_large_is_matched_pattern_by_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.validate.may_match.MEMORY", 1000)
    assert MayMatch({"one": "[a-z]{900}", "two": "b"}).named("c") == ["one", "two"]
