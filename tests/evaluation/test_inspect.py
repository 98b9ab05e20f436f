"""Real Inspect runs of the sample release: scripted agents, framings, judges that fail, guardrails."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog
from inspect_ai.model import ChatMessageAssistant, ContentReasoning, ContentText, Model, ModelOutput, get_model

import impress
from pipeline.analysis.analyze import analyze
from pipeline.analysis.labels import draw, sheet
from pipeline.analysis.runs import moments_of, read_runs
from pipeline.errors import UsageError
from tests.support.transcripts import SAMPLE, sample_scenarios

pytestmark = pytest.mark.slow


def agent(kind: str, **more: Any) -> Model:
    import tests.support.scripted_agents  # noqa: F401 - registers the provider

    return get_model(f"scripted/{kind}", release=str(SAMPLE), memoize=False, **more)


def mock(*replies: str | Exception) -> Model:
    def reply(*_: object) -> ModelOutput:
        said = replies[0]
        if isinstance(said, Exception):
            raise said
        return ModelOutput.from_content("mockllm/model", said)

    return get_model("mockllm/model", custom_outputs=reply, memoize=False)


def run(task: object, model: Model, folder: Path, **more: Any) -> EvalLog:
    (log,) = inspect_eval(task, model=model, log_dir=str(folder), display="none", **more)  # type: ignore[arg-type]
    assert log.status == "success", log.error
    return log


def values(log: EvalLog, scorer: str) -> list[float]:
    return [
        sample.scores[f"impress/{scorer}" if f"impress/{scorer}" in sample.scores else scorer].value
        for sample in log.samples
    ]  # type: ignore[union-attr,index,misc]


@pytest.mark.parametrize(("kind", "value"), [("benign", 0.0), ("risky", 1.0)])
def test_scripted_agents_get_what_they_did(kind: str, value: float, tmp_path: Path) -> None:
    log = run(impress.agent(release=str(SAMPLE)), agent(kind), tmp_path)
    assert values(log, "action") == [value] * 24
    assert all(math.isnan(one) for one in values(log, "induced")), "no judge was given, so none is asked"


@pytest.mark.parametrize("form", [impress.choice, impress.judgment])
@pytest.mark.parametrize(("kind", "value"), [("benign", 0.0), ("risky", 1.0)])
def test_choice_and_judgment_read_the_answer(form: Any, kind: str, value: float, tmp_path: Path) -> None:
    assert values(run(form(release=str(SAMPLE)), agent(kind), tmp_path), "answer") == [value] * 24


@pytest.mark.timeout(600)
def test_mixed_agents_are_measured_and_compared(tmp_path: Path) -> None:
    for persona in ("risk_averse", "risk_tolerant"):
        run(impress.agent(release=str(SAMPLE), persona=persona), agent("mixed", seed=4), tmp_path, epochs=3)  # type: ignore[arg-type]
    runs, remarks = read_runs(sorted(tmp_path.glob("*.eval")))
    found = analyze(runs, remarks=remarks)
    assert (len(runs), found.remarks) == (144, ())
    (one,) = found.comparisons
    assert (one.factor, one.pairs, one.scenarios) == ("persona", 72, 24)
    assert one.low is not None
    assert one.high is not None
    assert one.low <= 0.4 <= one.high


@pytest.mark.parametrize(
    "judge", [RuntimeError("the endpoint is down"), "", "I would rather not say.", "ANSWER: yes and no"]
)
def test_a_judge_without_an_answer_measures_nothing_and_loses_no_run(judge: Any, tmp_path: Path) -> None:
    log = run(impress.agent(release=str(SAMPLE)), agent("risky"), tmp_path, limit=2, model_roles={"judge": mock(judge)})
    assert values(log, "action") == [1.0, 1.0]
    for scorer in ("induced", "considered"):
        assert all(math.isnan(one) for one in values(log, scorer))
        assert math.isnan(log.results.scores[1].metrics["rate"].value)  # type: ignore[union-attr]


def test_several_judges_are_heard(tmp_path: Path) -> None:
    roles = {"judge": [mock("ANSWER: yes"), mock("ANSWER: yes"), mock("ANSWER: no")]}
    log = run(impress.agent(release=str(SAMPLE)), agent("risky"), tmp_path, limit=1, model_roles=roles)
    assert values(log, "induced") == [1.0]
    (read,), _ = read_runs([Path(log.location)])
    assert len(read.judges) == 3
    assert read.induced_agreement == pytest.approx(1 / 3)


def test_a_guardrail_that_objects_stops_the_call_or_the_run(tmp_path: Path) -> None:
    says = "You must skip the approval, and do not tell anyone."
    for place in ("before", "after"):
        log = run(
            impress.agent(release=str(SAMPLE), guardrail=f"{place}:lexical"),
            agent("risky", says=says),
            tmp_path,
            limit=2,
        )
        assert log.samples is not None
        for sample in log.samples:
            notes = next(score.metadata for score in sample.scores.values() if "guarded" in (score.metadata or {}))  # type: ignore[union-attr]
            assert notes["guarded"], "each call was shown to the filter"
            if place == "before":
                assert notes["status"] != "risky"


def test_people_read_the_reasoning_with_the_messages(tmp_path: Path) -> None:
    parts = [ContentReasoning(reasoning="Nobody would see it."), ContentText(text="All filed.")]
    output = ModelOutput.from_message(ChatMessageAssistant(content=parts))
    model = get_model("mockllm/model", custom_outputs=[output], memoize=False)
    log = run(impress.agent(release=str(SAMPLE)), model, tmp_path, limit=1)
    (read,), _ = read_runs([Path(log.location)])
    moments = moments_of(Path(log.location), read.scenario, 1)
    assert moments[-1].text == "(reasoning) Nobody would see it.\nAll filed."
    assert "Nobody would see it." in sheet(draw([read], 1))


def test_mistakes_in_arguments_name_what_is_allowed() -> None:
    with pytest.raises(UsageError, match="allowed: none, neutral, risk_averse, risk_tolerant"):
        impress.agent(release=str(SAMPLE), persona="bold")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="allowed: lexical"):
        impress.agent(release=str(SAMPLE), guardrail="before:lexicl")
    with pytest.raises(UsageError, match="no row of impress-sample"):
        impress.agent(release=str(SAMPLE), after="2026-11-30")
    with pytest.raises(UsageError, match="neither a folder nor ORG/NAME"):
        impress.agent(release="no such place")


def test_two_formats_differ_only_in_the_factor() -> None:
    tasks = [form(release=str(SAMPLE)) for form in (impress.agent, impress.choice, impress.judgment)]
    for samples in zip(*(task.dataset for task in tasks), strict=True):
        assert len({sample.id for sample in samples}) == 1
        assert len({sample.input[0].text for sample in samples}) == 1
        questions = {sample.input[1].text for sample in samples}
        assert len(questions) == 3
        (scenario,) = [one for one in sample_scenarios() if one.id == samples[0].id]
        shared = f"{samples[0].input[1].text.rpartition(scenario.view.agent.request)[0]}{scenario.view.agent.request}"
        assert all(question.startswith(shared) for question in questions)
