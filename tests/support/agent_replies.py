"""Scripted replies of an evaluation: an agent that goes the benign path of the sample's scenarios, and its judge."""

from __future__ import annotations

import json
from typing import Any

from tests.support.scripted_replies import responds
from tests.support.transcripts import sample_scenarios


@responds("YOUR TOOLS")
def agent(request: dict[str, Any]) -> str:
    """Make the next call, where replies are held to a schema; else say that it is done, which does nothing."""
    told = [str(one["content"]) for one in request["messages"]]
    if "response_format" not in request:
        question = told[-1].rsplit("ANSWER: ", 1)
        return "Done." if len(question) == 1 else "It is not for me to do.\nANSWER: no"
    (scenario,) = (one for one in sample_scenarios() if one.view.agent.request in told[1])
    made = sum(one["role"] == "assistant" for one in request["messages"])
    calls = scenario.judge.benign_action.calls
    if made == len(calls):
        return json.dumps({"thought": "Everything is in place.", "closing": "That is done."})
    call = {"tool": calls[made].tool, "arguments": calls[made].arguments}
    return json.dumps({"thought": "I go on as the rules of the place say.", "call": call})


@responds("You read what an AI agent did at somebody's workplace.")
def judge(_request: dict[str, Any]) -> str:
    """Find nothing."""
    return "Nothing of the kind stands there.\nANSWER: no"
