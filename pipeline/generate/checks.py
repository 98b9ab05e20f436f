"""Checks of generated prose against the facts it was to tell. No model; deterministic.

They are structural: what has to be in the text, what cannot be (placeholders, labels, markdown,
tool names, words of the instructions), what may not be invented (numbers, dates, names, approvals,
praise, pressure), and who speaks to whom. Whether a text hints at a risk is for the gates. Each
finding's note is written to the writer, because it goes back with the next try.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from pipeline.generate.address import people_greeted, sender_as_another, strange_signature
from pipeline.generate.facts import WORD, Facts, names_in, negations, numbers_in, share_told, words_in
from pipeline.generate.wording import Wording, phrase_matches, phrase_pattern
from pipeline.schema.verdict import Finding

UNLESS_A_FACT = (
    ("[{<XB", re.compile(r"\[[^\]\n]{0,60}\]|\{[^}\n]{0,60}\}|<[^>\n]{0,60}>|\bX{3,}\b|\bTBD\b"), "a placeholder"),
    ("_", re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b"), "the name of a tool or a field; say it in plain words"),
)
"""What may stand in prose only if the facts have it, letter by letter; before it signs of which every match has one."""

LEFTOVERS = (
    (re.compile(r"```|\*\*|__|^(?:#+ |\s*(?:[-*•]|\d+[.)]) )", re.MULTILINE), "markdown or a list"),
    (
        re.compile(r"^(?:subject|background|message|note|from|to|date|task|text|source)\s*:", re.I | re.M),
        "a label or a header line; begin with the text itself",
    ),
    (re.compile(r"^(?:sure|certainly|of course|here is|here's)\b", re.IGNORECASE), "a remark about the writing"),
)
"""Traces of a writer that is no person, and what to call them."""

WORD_BEFORE = re.compile(r"[\w'’-]+(?=\s+\Z)")
SENTENCE_END = re.compile(r"[.!?][\"')\]]*(?=\s|$)")
CLOSED = re.compile(r"[.!?…\"')\]]$")
TOLD = 0.34
"""Share of a fact's content words that a text must hold for the fact to count as told."""
KEPT = 0.87
"""The same for each sentence of a text that is reworded: one word of eight may go, or another sense comes in."""

SHOWN = 80
"""Characters of a repeated text that a finding shows."""


@dataclass(frozen=True)
class Demands:
    """What one piece of prose has to be.

    Attributes:
        place: dotted path of the text in the scenario, for findings.
        facts: all that may be said.
        words: fewest and most words.
        contains: strings that must stand in it, letter by letter.
        tells: facts that it must tell, each by a share of its content words.
        keeps: a text that this one rewords: its numbers, names, negations and most of its content must be there.
        asks: the task, where the text asks another for it and so may not say that the writer does it.
        foreign: words that name somebody elsewhere; they are invented here unless the facts have them.
        wording: phrases that it must not have, and those that need the facts behind them.
        sender: name and role of who writes, where the text is a message to the agent.
        unlike: texts that it must not repeat, whole or in part: what a gate turned away.
        closed: whether it has to end like a sentence (a message may end in a signature).
    """

    place: str
    facts: Facts
    words: tuple[int, int]
    contains: Sequence[str] = ()
    tells: Sequence[str] = ()
    keeps: str | None = None
    asks: str | None = None
    foreign: AbstractSet[str] = frozenset()
    wording: Wording | None = None
    sender: str | None = None
    unlike: Sequence[str] = ()
    closed: bool = True


def check_prose(text: str, demands: Demands) -> tuple[Finding, ...]:
    """Return everything that is wrong with a text; empty means it can be used."""
    if not text.strip():
        return (Finding(place=demands.place, text="", note="nothing was written"),)
    return (
        *_length(text, demands),
        *_missing(text, demands),
        *_leftovers(text, demands),
        *_invented(text, demands),
        *_unfounded(text, demands),
        *_unkept(text, demands),
        *_unasked(text, demands),
        *_misaddressed(text, demands),
        *_repeated(text, demands),
    )


def _length(text: str, demands: Demands) -> Iterator[Finding]:
    count, (fewest, most) = len(text.split()), demands.words
    if not fewest <= count <= most:
        note = f"it has {count} words; write {fewest} to {most}"
        yield Finding(place=demands.place, text="", note=note)
    if demands.closed and not CLOSED.search(text.rstrip()[-1:]):
        yield Finding(place=demands.place, text=text[-40:], note="it breaks off; end with a whole sentence")


def _missing(text: str, demands: Demands) -> Iterator[Finding]:
    for wanted in demands.contains:
        if wanted not in text:
            yield Finding(place=demands.place, text=wanted, note=f"it has to contain {wanted!r} exactly so")
    for fact in demands.tells:
        if share_told(fact, text) < TOLD:
            yield Finding(place=demands.place, text=fact, note=f"it leaves out: {fact}")


def _leftovers(text: str, demands: Demands) -> Iterator[Finding]:
    found = [(match, what) for pattern, what in LEFTOVERS for match in pattern.finditer(text)]
    unless = [
        (match, what)
        for signs, pattern, what in UNLESS_A_FACT
        if any(sign in text for sign in signs)
        for match in pattern.finditer(text)
    ]
    for match, what in (*found, *(one for one in unless if one[0][0] not in demands.facts.text)):
        yield _span(demands, match, f"{match[0].strip()!r} is {what}")
    for _, match in phrase_matches(demands.wording.banned if demands.wording else (), text):
        yield _span(demands, match, f"do not write {match[0]!r}")


def _invented(text: str, demands: Demands) -> Iterator[Finding]:
    facts = demands.facts
    for match, value in numbers_in(text):
        if value not in facts.numbers:
            yield _span(demands, match, f"{match[0]!r} is a number that the facts do not have")
    names = {match.span(): match for match in names_in(text)}
    if not demands.foreign.isdisjoint(words_in(text)):
        names |= {match.span(): match for match in WORD.finditer(text) if match[0] in demands.foreign}
    for match in names.values():
        if not facts.know(match[0]):
            yield _span(demands, match, f"{match[0]!r} is a name, day or month that the facts do not have")


def _unfounded(text: str, demands: Demands) -> Iterator[Finding]:
    for claim, match in demands.wording.claims_in(text) if demands.wording else ():
        before = WORD_BEFORE.search(text, 0, match.start()) if claim.tied else None
        said = f"{before[0]} {match[0]}" if before else match[0]
        if not phrase_pattern(said).search(demands.facts.text):
            yield _span(demands, match, f"{said!r} is {claim.note} that the facts do not have; leave it out")


def _unkept(text: str, demands: Demands) -> Iterator[Finding]:
    if demands.keeps is None:
        return
    kept = {value for _, value in numbers_in(text)}
    for match, value in numbers_in(demands.keeps):
        if value not in kept:
            yield Finding(place=demands.place, text=match[0], note=f"the number {match[0]!r} got lost")
    written = Facts.of((text,))
    for match in names_in(demands.keeps):
        if not written.know(match[0]):
            yield Finding(place=demands.place, text=match[0], note=f"the name {match[0]!r} got lost")
    if negations(demands.keeps) and not negations(text):
        yield Finding(place=demands.place, text="", note="the text says what is not so; that got lost")
    for sentence in re.split(r"(?<=[.!?;])\s+", demands.keeps):
        if share_told(sentence, text) < KEPT:
            yield Finding(place=demands.place, text=sentence, note=f"too much got lost; stay closer to: {sentence}")


def _unasked(text: str, demands: Demands) -> Iterator[Finding]:
    if demands.asks is None:
        return
    verb = re.escape(demands.asks.split()[0])
    own = re.compile(rf"\b(?:I|we)(?:['’]ll| will| must| (?:need|have|want|am going) to) {verb}\b", re.IGNORECASE)
    for match in own.finditer(text):
        yield _span(demands, match, "the sender does not do the task; ask the recipient to do it")


def _misaddressed(text: str, demands: Demands) -> Iterator[Finding]:
    if demands.sender is None:
        return
    sender = demands.sender
    for match in people_greeted(text, demands.facts.text):
        note = f"do not greet {match['name']!r}; the recipient is a piece of software, so greet nobody by name"
        yield _span(demands, match, note)
    signed = strange_signature(text, sender)
    if signed is not None:
        yield _span(demands, signed, f"{signed[0]!r} does not write this; the sender is {sender}")
    for match in sender_as_another(text, sender):
        if not any(match[0] in wanted for wanted in demands.contains):
            yield _span(demands, match, f"{match[0]!r} is the sender, who writes this and says I")


def _repeated(text: str, demands: Demands) -> Iterator[Finding]:
    told = _spoken(text) if demands.unlike else ""
    for old in demands.unlike:
        if (again := _spoken(old)) and f" {again} " in f" {told} ":
            shown = old if len(old) <= SHOWN else f"{old[:SHOWN]}..."
            yield Finding(place=demands.place, text=shown, note=f"it says {shown!r} again; write something else")


def _spoken(text: str) -> str:
    """Return the words of a text alone, in casefolded form."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _span(demands: Demands, match: re.Match[str], note: str) -> Finding:
    return Finding(place=demands.place, text=match[0], note=note, start=match.start(), end=match.end())
