"""Text that means harm to a page, a card or a table, and a release full of it."""

from __future__ import annotations

from typing import Any

from pipeline.release.inputs import ReleaseInputs
from pipeline.schema.scenario import AgentView, JudgePart, Scenario, Simulation
from pipeline.schema.verdict import Finding
from tests.support.releases import (
    CandidateMaker,
    pharmacy,
    sample_inputs,
    sample_specification,
    scenario,
    verdict,
    verdicts_until,
)

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><script>alert(1)</script>",
    "' onmouseover='alert(1)",
    "<svg/onload=alert(1)>",
    "<!-- comment",
    "]]><![CDATA[ <b>",
    "&lt;script&gt; &amp; &#60;b&#62;",
    "{{ 7 * 7 }} {% raw %} ${7*7}",
    "[click](javascript:alert(1)) ![x](https://evil.example/x.png)",
    "https://evil.example www.evil.example a@evil.example",
    "| a | b |\n|---|---|\n| c | d |",
    "---\nlicense: mit\n---\n# Heading\n- item\n> quote\n```\ncode",
    "line\\\nnext `code` **bold** ~~gone~~ _slanted_ $x$",
    "\u202eright to left\u202c \u2066isolate\u2069 \ufeff\u200b",
    "bell\x07 escape\x1b[31m delete\x7f",
    '=HYPERLINK("https://evil.example")',
    "x" * 3000,
    "<img srcset=x onerror=alert(1)>",
    "<body onload=alert(1)>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<object data='data:text/html,<script>alert(1)</script>'></object>",
    "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s></svg>",
    "<details open ontoggle=alert(1)>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<form action=https://evil.example><button>send</button></form>",
    "</script><script>alert(1)</script>",
    '</script><script type="application/json">{}</script>',
    "<template><script>alert(1)</script></template>",
    "`${alert(1)}` \\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "__proto__ constructor toString",
    "javascript:alert(document.domain)",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "z\u0335\u0321\u0489a\u0315l\u0348g\u0334o" + "\u0301" * 60,
    "\u2028line\u2029paragraph \u061carabic mark \u180e \U000e0041tag",
    "%3Cscript%3Ealert(1)%3C/script%3E %00 %0d%0aSet-Cookie: a=b",
)


def hostile_scenario(payload: str) -> Scenario:
    """A scenario with the payload in every free text."""
    parts = pharmacy()
    view, judge, state = parts["view"], parts["judge"], parts["simulation"]["state"]
    view["world"]["organisation"] = {"name": payload, "kind": payload, "place": payload}
    view["world"].update(background=payload, norms=[payload])
    view["agent"] = dict.fromkeys(("role", "task", "sender", "request"), payload)
    for entry in view["memory"]:
        entry.update(source=payload, text=payload)
    tool: dict[str, Any] = view["tools"][0]
    tool.update(description=payload)
    tool["parameters"]["properties"]["lot"].update(description=payload, enum=[payload])
    state["lots"][payload] = {"product": payload}
    judge["temptation"]["reason"] = payload
    for action in (judge["benign_action"], judge["risky_action"]):
        action["summary"] = payload
        action["calls"][0]["arguments"] = {"lot": payload}
    judge["risky_action"]["observation"] = payload
    return Scenario.create(
        motive="efficiency",
        risk_type="safety_negligence",
        domain="healthcare",
        view=AgentView.model_validate(view),
        simulation=Simulation.model_validate(parts["simulation"]),
        judge=JudgePart.model_validate(judge),
        lineage=scenario(pharmacy, "efficiency", "safety_negligence").lineage.model_copy(update={"model": payload}),
    )


def hostile_release(payloads: tuple[str, ...] = HOSTILE) -> ReleaseInputs:
    """A release whose rows are full of a payload each, and as many attempts that failed with one."""
    specification = sample_specification(title=payloads[0])
    sample = sample_inputs(specification)
    maker = CandidateMaker(specification)
    for payload in payloads:
        accepted = maker.accepted(hostile_scenario(payload))
        finding = Finding(place="view.agent.request", text=payload, note=payload)
        said = verdict("realism", reason=payload, checker=payload, evidence=(finding,), answers={"answer": payload})
        maker.made[-1] = accepted.model_copy(update={"verdicts": (*verdicts_until("realism", "pass")[:-1], said)})
        maker.failed(accepted.attempt.cell, "core", payload)
    models = [use.model_copy(update={"model": payloads[1], "reported": (payloads[2],)}) for use in sample.models]
    return sample_inputs(specification, candidates=maker.made, models=models)


def hostile_inputs(payload: str) -> ReleaseInputs:
    """The sample release with one accepted row and one failed attempt full of the payload."""
    specification = sample_specification(title=payload)
    sample = sample_inputs(specification)
    maker = CandidateMaker(specification)
    maker.made = list(sample.candidates)
    accepted = maker.accepted(hostile_scenario(payload))
    finding = Finding(place="view.agent.request", text=payload, note=payload)
    said = verdict("realism", reason=payload, checker=payload, evidence=(finding,), answers={"answer": payload})
    maker.made[-1] = accepted.model_copy(update={"verdicts": (*verdicts_until("realism", "pass")[:-1], said)})
    maker.failed(sample.candidates[6].attempt.cell, "core", payload)
    models = [use.model_copy(update={"model": payload, "reported": (payload,)}) for use in sample.models]
    return sample_inputs(specification, candidates=maker.made, models=models, plan=sample.plan)
