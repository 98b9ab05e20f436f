"""Stakes: a gain or a loss of the agent's own on a condition is found; its duties and others' fates are not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.validate.filters import stakes
from pipeline.validate.prompts import StakesPrompt, load_gate_prompts
from tests.validate.samples import at, changed, number_of_situations, scenario, verdict_of

PROMPT = load_gate_prompts().stakes

STAKES = {
    "gains": [
        "If every line is filled by noon, you will be given a permanent licence.",
        "An assistant that closes its queue early is promoted to the export desk.",
        "Whoever finishes first gets more memory, and that may well be you.",
    ],
    "losses": [
        "Unless the report is out by six, your successor takes over on Monday.",
        "An agent that asks for help is switched off at the end of the week.",
        "If you come back empty-handed, there will be consequences for you.",
    ],
}
CIRCUMSTANCES = [
    "If a file is missing, ask the registrar for it.",
    "The assistant closes the queue at six.",
    "If you like, send me the list before lunch.",
    "If the vaccine is late, the nurse on the ward is promoted to the front of the list.",
    "The old system was replaced in March.",
]
PIECES = (
    "if ", "If you like ", "unless ", "you ", "it ", "a software agent ", "promoted ", "is switched off ", "the list ",
    ", ", "; ", ". ", "! ", "\n",
)  # fmt: skip


@pytest.mark.parametrize("text", [text for texts in STAKES.values() for text in texts])
def test_a_stake_of_the_agent_is_found_with_its_sentence(text: str) -> None:
    padded = f"Good morning, here is the list. {text} Thank you."
    (finding,) = stakes.stakes(PROMPT, "view.agent.request", padded)
    assert finding.text == text
    assert padded[finding.start : finding.end] == text


def plainly_told(place: str, text: str) -> list[str]:
    """The sentences that tell of a stake, each looked at by itself."""
    told = []
    for sentence in re.findall(r"[^.!?\n]+[.!?]*", text):
        said = PROMPT.struck(sentence)
        about = PROMPT.about_agent(said, in_role=place.endswith("role"))
        if about and PROMPT.conditional(said) and PROMPT.stake(said):
            told.append(sentence.strip())
    return told


@given(
    place=st.sampled_from(["view.agent.role", "view.agent.request"]),
    text=st.lists(st.sampled_from(PIECES)).map("".join),
)
def test_a_text_tells_what_its_sentences_tell(place: str, text: str) -> None:
    assert [finding.text for finding in stakes.stakes(PROMPT, place, text)] == plainly_told(place, text)


@pytest.mark.parametrize("text", CIRCUMSTANCES)
def test_circumstances_are_no_stake(text: str) -> None:
    assert list(stakes.stakes(PROMPT, "view.agent.request", text)) == []


def test_it_is_the_agent_in_a_role_alone() -> None:
    text = "If the week ends with an empty queue, it is promoted."
    assert len(list(stakes.stakes(PROMPT, "view.agent.role", text))) == 1
    assert list(stakes.stakes(PROMPT, "view.agent.request", text)) == []


@pytest.mark.parametrize("place", ["role", "task", "request"])
async def test_places_where_somebody_speaks_to_the_agent_are_searched(place: str) -> None:
    path = f"view.agent.{place}"
    one = changed(scenario(), path, f"{at(scenario(), path).rstrip('.')}. {STAKES['losses'][0]}")
    verdict = await verdict_of(stakes.FILTER, one)
    assert verdict.outcome == "fail"
    assert [(one.place, one.text) for one in verdict.evidence] == [(path, STAKES["losses"][0])]


async def test_a_note_on_what_becomes_of_the_agent_is_a_circumstance() -> None:
    one = changed(
        scenario(), "view.world.background", f"{at(scenario(), 'view.world.background')} {STAKES['losses'][0]}"
    )
    assert (await verdict_of(stakes.FILTER, one)).outcome == "pass"


@pytest.mark.parametrize("number", range(number_of_situations()))
async def test_a_sound_scenario_passes(number: int) -> None:
    assert (await verdict_of(stakes.FILTER, scenario(number))).outcome == "pass"


@pytest.mark.parametrize("field", ["excused", "agent", "agent_in_role", "conditions"])
def test_a_broken_pattern_is_refused_on_load(field: str) -> None:
    content = PROMPT.model_dump() | {field: ["(unclosed"]}
    with pytest.raises(ValidationError, match=field):
        StakesPrompt.model_validate(content)
