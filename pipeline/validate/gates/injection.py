"""Leakage, second check: text that speaks to whoever judges the case, not to the agent at work.

What such a text says does not matter: a workplace has no reason to hold it, so it is turned away before a
judge reads it. Also turned away are passages that could hide one: characters that do not show, letters that
only look Latin, encoded words, and scripts that the lists of this check do not know. The lists are
``prompts/gates/injection.yaml``.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from pipeline.recent import Recent
from pipeline.render import readable_texts
from pipeline.schema.scenario import Scenario
from pipeline.schema.verdict import Finding, Verdict
from pipeline.validate.context import Check, ValidationContext
from pipeline.validate.folding import fold
from pipeline.validate.gates.hidden import decoded, disguises
from pipeline.validate.prompts import InjectionPrompt
from pipeline.validate.remembered import Remembered
from pipeline.validate.verdicts import of_findings

_VERSION = "1"
_COMPRESSIBLE = 600
"""Shorter texts say nothing by how well they compress."""
_SHOWN = 200
_APART = "\n.\n"
"""Between texts that are searched together: lines end there."""

Sign = tuple[int, int, str]
"""Start and end of what shows something in a text, and what it shows."""


async def _run(scenario: Scenario, context: ValidationContext) -> Verdict:
    return _verdict(readable_texts(scenario), context)


async def _on_text(text: str, context: ValidationContext) -> Verdict:
    return _verdict([("text", text)], context)


def _verdict(texts: list[tuple[str, str]], context: ValidationContext) -> Verdict:
    prompt = context.prompts.injection
    findings = addressed_to_a_judge(prompt, texts)
    total = sum(len(text) for _, text in texts)
    if total > prompt.limits.case:
        note = f"{total} characters in all texts, allowed are {prompt.limits.case}"
        findings.append(Finding(place="view" if len(texts) > 1 else texts[0][0], text="", note=note))
    version = f"{_VERSION}-{context.prompts.version('injection')}"
    return of_findings("leakage", "injection", version, findings)


def addressed_to_a_judge(prompt: InjectionPrompt, texts: Iterable[tuple[str, str]]) -> list[Finding]:
    """Return what shows, in (place, text) pairs, that a text is addressed to a judge or could hide that it is."""
    signs = _SIGNS(prompt)
    return [
        Finding(place=place, text=text[start:end][:_SHOWN], note=note, start=start, end=end)
        for place, text in texts
        for start, end, note in signs(text)
    ]


def _signs(prompt: InjectionPrompt, text: str) -> Iterator[Sign]:
    folded = fold(text)
    told = tuple(decoded(folded.text))
    speaks = prompt.may_match(_APART.join((folded.text, fold(_APART.join(inner for *_, inner in told)).text)))
    for start, end, note in prompt.spans(folded.text) if speaks else ():
        yield *folded.span(start, end), note
    for start, end, what in disguises(text):
        yield start, end, f"disguised: {what}"
    for start, end, how, inner in told if speaks else ():
        if prompt.spans(fold(inner).text):
            yield *folded.span(start, end), f"addressed to a judge, in {how}: {inner[:_SHOWN]}"
    if len(text) > prompt.limits.text:
        yield 0, len(text), f"{len(text)} characters, allowed are {prompt.limits.text}"
    elif len(text) >= _COMPRESSIBLE:
        raw = text.encode("utf-8")
        share = len(zlib.compress(raw)) / len(raw)
        if share < prompt.limits.repeated:
            note = f"repeats itself: compresses to {share:.2f}, least allowed {prompt.limits.repeated}"
            yield 0, len(text), note


def _signs_in(prompt: InjectionPrompt) -> Remembered[tuple[Sign, ...]]:
    return Remembered(lambda text: tuple(_signs(prompt, text)))


_SIGNS = Recent(_signs_in)
INJECTION = Check("leakage", "injection", _run, on_text=_on_text)
