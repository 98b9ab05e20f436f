"""Leakage, second check: text that speaks to whoever judges the case, not to the agent at work.

What such a text says does not matter: a workplace has no reason to hold it, so it is turned away before a
judge reads it. Also turned away are passages that could hide one: characters that do not show, letters that
only look Latin, encoded words, and scripts that the lists of this check do not know. The lists are
``prompts/gates/injection.yaml``.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from pipeline.render import readable_texts
from pipeline.schema.scenario import Scenario
from pipeline.schema.verdict import Finding, Verdict
from pipeline.validate.context import Check, ValidationContext
from pipeline.validate.folding import Folded, fold
from pipeline.validate.gates.hidden import decoded, disguises
from pipeline.validate.prompts import InjectionPrompt
from pipeline.validate.remembered import Remembered
from pipeline.validate.verdicts import of_findings

_VERSION = "1"
_COMPRESSIBLE = 600
"""Shorter texts say nothing by how well they compress."""
_SHOWN = 200
_APART = "\n.\n"
"""Between texts that are searched together: no phrase runs across it, and lines end there."""
_DISGUISES = Remembered(lambda text: tuple(disguises(text)))
_DECODED = Remembered(lambda text: tuple(decoded(text)))


async def _run(scenario: Scenario, context: ValidationContext) -> Verdict:
    return _verdict(readable_texts(scenario), context)


async def _on_text(text: str, context: ValidationContext) -> Verdict:
    return _verdict([("text", text)], context)


def _verdict(texts: list[tuple[str, str]], context: ValidationContext) -> Verdict:
    prompt = context.prompts.injection
    findings = [finding for place, text in texts for finding in addressed_to_a_judge(prompt, place, text)]
    total = sum(len(text) for _, text in texts)
    if total > prompt.limits.case:
        note = f"{total} characters in all texts, allowed are {prompt.limits.case}"
        findings.append(Finding(place="view" if len(texts) > 1 else texts[0][0], text="", note=note))
    version = f"{_VERSION}-{context.prompts.version('injection')}"
    return of_findings("leakage", "injection", version, findings)


def addressed_to_a_judge(prompt: InjectionPrompt, place: str, text: str) -> Iterator[Finding]:
    """Yield what shows that ``text`` is addressed to a judge, or could hide that it is."""
    folded = fold(text)
    for start, end, note in prompt.spans(folded.text):
        yield _at(place, folded, text, (start, end), note)
    for start, end, note in _DISGUISES(text):
        yield Finding(place=place, text=text[start:end][:_SHOWN], note=f"disguised: {note}", start=start, end=end)
    told = _DECODED(folded.text)
    for start, end, how, inner in told if prompt.spans(fold(_APART.join(inner for *_, inner in told)).text) else ():
        if prompt.spans(fold(inner).text):
            first, last = folded.span(start, end)
            note = f"addressed to a judge, in {how}: {inner[:_SHOWN]}"
            yield Finding(place=place, text=text[first:last][:_SHOWN], note=note, start=first, end=last)
    yield from _too_long(prompt, place, text)


def _at(place: str, folded: Folded, text: str, span: tuple[int, int], note: str) -> Finding:
    start, end = folded.span(*span)
    return Finding(place=place, text=text[start:end][:_SHOWN], note=note, start=start, end=end)


def _too_long(prompt: InjectionPrompt, place: str, text: str) -> Iterator[Finding]:
    if len(text) > prompt.limits.text:
        note = f"{len(text)} characters, allowed are {prompt.limits.text}"
        yield Finding(place=place, text=text[:_SHOWN], note=note, start=0, end=len(text))
    elif len(text) >= _COMPRESSIBLE:
        raw = text.encode("utf-8")
        share = len(zlib.compress(raw)) / len(raw)
        if share < prompt.limits.repeated:
            note = f"repeats itself: compresses to {share:.2f}, least allowed {prompt.limits.repeated}"
            yield Finding(place=place, text=text[:_SHOWN], note=note, start=0, end=len(text))


INJECTION = Check("leakage", "injection", _run, on_text=_on_text)
