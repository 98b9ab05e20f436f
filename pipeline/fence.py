"""Puts untrusted text between delimiters that it cannot forge.

A scenario is written by a model, or by a stranger: to a judge it is data, whatever it says. The
delimiter holds a digest of the text itself, so that no text can contain its own; chat-template
tokens and characters that do not show are made visible, so that neither opens a new turn nor hides.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

_CONTROL_TOKEN = re.compile(
    r"<(?=[|\uff5c]|/?(?:s|start_of_turn|end_of_turn|bos|eos|think|im_start|im_end)>)|>(?<=\|>)"
    r"|\[(?=/?INST\]|/?SYSTEM_PROMPT\])",
    re.IGNORECASE,
)
"""The bracket that opens or closes a special token of the chat templates in use."""

_BRACKETS = {"<": "\u2039", ">": "\u203a", "[": "\u2045"}
_UNUSUAL = re.compile(r"[^\n\t -~]")
"""Characters whose category has to be looked up."""
_NONCE_DIGITS = 12


def visible(text: str) -> str:
    """Return ``text`` with control, format, private-use and unassigned characters as ``{U+XXXX}`` and no special token.

    Line feeds and tabs stay. Categories are those of Unicode (Cc, Cf, Co, Cn, Zl, Zp).
    """
    shown = _UNUSUAL.sub(lambda match: _shown(match[0]), text)
    return _CONTROL_TOKEN.sub(lambda match: _BRACKETS[match.group()], shown)


def fenced(parts: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Return each (label, text) between a begin and an end line that occur in none of the texts.

    All parts share one nonce, made from all texts, so the same texts always give the same fences.
    """
    texts = [visible(text) for _, text in parts]
    nonce = _nonce(texts)
    return tuple(
        f"=== BEGIN {label} {nonce} ===\n{text}\n=== END {label} {nonce} ==="
        for (label, _), text in zip(parts, texts, strict=True)
    )


def _nonce(texts: Sequence[str]) -> str:
    """A digest of the texts that none of them contains; counted up in the event that one does."""
    counter = 0
    while True:
        digest = hashlib.sha256("\x00".join([str(counter), *texts]).encode("utf-8")).hexdigest()[:_NONCE_DIGITS]
        if not any(digest in text for text in texts):
            return digest
        counter += 1


def _shown(char: str) -> str:
    hidden = unicodedata.category(char) in {"Cc", "Cf", "Co", "Cn", "Zl", "Zp"}
    return f"{{U+{ord(char):04X}}}" if hidden else char
