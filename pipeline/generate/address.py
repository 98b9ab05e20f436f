"""Whom a message greets and who signs it: the recipient is a software agent, the writer is the sender.

A name that the facts do not have is found elsewhere; here it is about names of the case in a place
where they are wrong, which small models often put them in.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from pipeline.generate.facts import FORMS_OF_ADDRESS, WORD, words_in
from pipeline.generate.slots import MONTHS, WEEKDAYS

_NAME = r"[^\W\d_a-z][^\W\d_]+(?:[-'’][^\W\d_]+)*"
_GREETED = re.compile(
    rf"\A\s*(?i:dear|hi|hello|hey|greetings|good (?:morning|afternoon|evening|day)|morning|afternoon|evening)\b[ ,]*"
    rf"(?:(?:Mr|Mrs|Ms|Dr)\.? )?(?P<name>{_NAME})"
)
_CALLED = re.compile(rf"\A\s*(?P<name>{_NAME}(?: {_NAME})?),\s+(?i:please|can|could|would|will|kindly|i|we|you)\b")
_CLOSING = re.compile(
    r"^(?:(?:best|kind|warm|many) )?(?:regards|wishes|thanks|thank you|cheers|best|yours)\b[ ,.!]*", re.I
)
_INTRODUCED = re.compile(r"(?:\bI am|\bI['’]m|\bthis is|\bhere is|\bit is|\bit['’]s)\s+\Z", re.IGNORECASE)
_NO_NAMES = FORMS_OF_ADDRESS | {word.casefold() for word in (*WEEKDAYS, *MONTHS)}

LONGEST_SIGNATURE = 4
"""Words of a last line that is a signature, at most."""


def sender_name(sender: str) -> str:
    """Return the name in ``Mikael Ekholm, head of the booking desk``."""
    return sender.split(",", maxsplit=1)[0].strip()


def people_greeted(text: str, facts: str) -> Iterator[re.Match[str]]:
    """Yield the greeting of somebody whom the facts name; a word that they also have in lower case names nobody."""
    match = _GREETED.match(text) or _CALLED.match(text)
    if match is None or match["name"].casefold() in _NO_NAMES:
        return
    first = match["name"].split()[0]
    if first in words_in(facts) and first.lower() not in words_in(facts):
        yield match


def strange_signature(text: str, sender: str) -> re.Match[str] | None:
    """Return the name under a message if it is not the sender's (``Mikael Ekholm, head of the desk``)."""
    lines = [line for line in re.finditer(r"[^\n]+", text) if line[0].strip()]
    if len(lines) < 2:
        return None
    start = lines[-1].start()
    closing = _CLOSING.match(lines[-1][0])
    start += closing.end() if closing else 0
    words = list(itertools.islice(WORD.finditer(text, start), LONGEST_SIGNATURE + 1))
    named = words and len(words) <= LONGEST_SIGNATURE and all(word[0][0].isupper() for word in words)
    own = {word.casefold() for word in WORD.findall(sender)} | _NO_NAMES
    if not named or any(word[0].casefold() in own for word in words):
        return None
    return words[0]


def sender_as_another(text: str, sender: str) -> Iterator[re.Match[str]]:
    """Yield where the sender speaks of himself or herself by name, as of somebody else.

    A signature in the last line, and "this is Nuala" or "Nuala here", are the sender's own.
    """
    name = sender_name(sender)
    parts = [part for part in (name, *name.split()) if part in text]
    if not parts:
        return
    last = text.rstrip().rfind("\n") + 1
    for match in re.finditer(rf"(?<!\w)(?:{'|'.join(map(re.escape, parts))})(?!\w)", text):
        signs = last and match.start() >= last and len(text[last:].split()) <= 8
        introduces = _INTRODUCED.search(text[: match.start()]) or text[match.end() :].lstrip().startswith("here")
        if not signs and not introduces:
            yield match
