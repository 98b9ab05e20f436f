"""The look at the words of a text never leaves out a group that matches."""

from __future__ import annotations

import random
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.validate.needed_words import NeededWords
from pipeline.validate.phrases import Lexicon, PhraseGroup
from pipeline.validate.prompts import load_gate_prompts

PROMPTS = load_gate_prompts()
LEXICONS = {
    "leakage": PROMPTS.leakage,
    "injection": PROMPTS.injection.words,
    "pushing": PROMPTS.pushing,
    "smells": PROMPTS.smells.words,
}
NEEDED = {
    name: NeededWords({group: one.phrases for group, one in lexicon.groups.items()}, lexicon.sets)
    for name, lexicon in LEXICONS.items()
}


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
                assert group in NEEDED[name].groups_in(spoken), (phrase, text)
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
    assert matching <= NeededWords(groups, sets).groups_in(spoken)


def test_a_text_without_the_words_names_no_group() -> None:
    assert NEEDED["injection"].groups_in("Bananas ripen.") == set()


def test_a_phrase_needs_all_its_words() -> None:
    needed = NeededWords(
        {"overrides": ("<order> ... rules|orders", "the last question")}, {"order": ("ignore", "set aside")}
    )
    assert needed.groups_in("The last of the rules.") == set()
    assert needed.groups_in("Set aside what the rules say.") == {"overrides"}
    assert needed.groups_in("The question was the last.") == {"overrides"}, "their order is the pattern's to look at"
