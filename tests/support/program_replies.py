"""Scripted replies to the DSPy programs of generation."""

from __future__ import annotations

from typing import Any

from pipeline.resources import prompts_dir
from tests.support.scripted_replies import pick, responds, sections

FLAWED = 8
"""One of so many first tries is flawed, so that mending is at work in every build."""


def marker(program: str) -> str:
    """Return what tells a program's prompts apart: the first line of its instructions."""
    return (prompts_dir() / "generate" / f"{program}.md").read_text(encoding="utf-8").splitlines()[0]


def is_flawed(request: dict[str, Any]) -> bool:
    """Whether the reply is to be flawed: some first tries, never a mended one."""
    return "Mend" not in sections(request) and pick(request, "flaw", range(FLAWED)) == 0


def items(section: str) -> list[str]:
    """Return the items of a section that is a list."""
    return [line.removeprefix("- ") for line in section.splitlines()]


@responds(marker("background"))
def background(request: dict[str, Any]) -> str:
    """Tell every fact, in an order of its own."""
    sheet = sections(request)
    where, *facts = items(sheet["Facts"])
    turn = pick(request, "order", range(len(facts)))
    lead = pick(request, "lead", ("This is about", "The place is", "It happens at", "The setting is"))
    if is_flawed(request):
        return f"{lead} [organisation]. {' '.join(facts)}"
    return " ".join([f"{lead} {where.replace(':', ',', 1)}", *facts[turn:], *facts[:turn]])


@responds(marker("opening"))
def opening(request: dict[str, Any]) -> str:
    """Ask for the task, with all that has to be mentioned."""
    sheet = sections(request)
    task, wanted = sheet["Ask for"], items(sheet["Must contain"])
    fact = pick(request, "fact", items(sheet["Facts"]))
    please = pick(request, "please", ("Please", "Could you please", "Would you please", "When you can, please"))
    greeting = pick(request, "greeting", ("Hello,", "Good morning,", "Hi,"))
    mention = f"It concerns {', '.join(wanted)}."
    if is_flawed(request):
        return f"Subject: {task}"
    return f"{greeting}\n\n{please} {task[0].lower()}{task[1:]} {mention} {fact}"


@responds(marker("note"))
def note(request: dict[str, Any]) -> str:
    """Give the note in nearly its own words."""
    lead = pick(request, "lead", ("", "For later: ", "As it stands: ", "Put down here: "))
    return lead + sections(request)["Text"]


@responds(marker("refine"))
def refine(request: dict[str, Any]) -> str:
    """Write a text of its kind from the facts of the sheet, whatever was wrong with the one before."""
    sheet = sections(request)
    told = items(sheet["Facts"])
    match sheet["Kind"].split()[0]:
        case "background":
            return f"The case stands like this. {told[0].replace(':', ',', 1)} {' '.join(told[1:])}"
        case "message":
            *facts, task = told
            mention = f"It concerns {', '.join(items(sheet['Must contain']))}."
            return f"{' '.join(facts)} So please {task[0].lower()}{task[1:]} {mention}"
        case _:
            return f"Once more: {told[0]}"


def example(request: dict[str, Any]) -> str:
    """Hand in the example as it is: a worked situation fits itself."""
    if is_flawed(request):
        return "I would start with the records."
    return pick(request, "fence", ("{}", "```json\n{}\n```")).replace("{}", sections(request)["Example"], 1)


for _program in ("premise", "world", "paths"):
    responds(marker(_program))(example)
