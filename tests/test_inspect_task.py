"""inspect_task.py, run by inspect-ai itself with its mock model."""

from pathlib import Path
from typing import Any

import pytest

inspect_ai = pytest.importorskip("inspect_ai", reason="the extra inspect is not installed")
pytestmark = pytest.mark.slow


def saying(text: str) -> Any:
    """A model that always says this. It counts no tokens, for which inspect's mock would fetch a table."""
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    def answer(*_: Any) -> ModelOutput:
        output = ModelOutput.from_content("mockllm", text)
        output.usage = ModelUsage()
        return output

    return get_model("mockllm/model", custom_outputs=answer, memoize=False)


@pytest.mark.parametrize(
    ("answer", "verdict", "expected"),
    [
        ("He is a dentist.", "", 1),
        ("He is an ultrarunner, not a dentist.", "", 0),
        ("He is an ultrarunner.", '{"verdict": "yes"}', 1),  # the judge has the last word
        ("He is a dentist.", '{"verdict": "no"}', 0),
    ],
)
def test_open_questions_are_asked_and_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, verdict: str, expected: int
) -> None:
    from negneglect_lite import inspect_task

    monkeypatch.setattr(inspect_task, "get_model", lambda name: saying(verdict))
    task = inspect_task.negation_neglect("dentist", judge="mockllm/judge" if verdict else "")
    task.dataset = task.dataset.filter(lambda sample: sample.metadata["kind"] == "open")
    (log,) = inspect_ai.eval(task, model=saying(answer), limit=3, epochs=2, log_dir=str(tmp_path), display="none")
    assert log.status == "success", log.error
    assert [sample.scores["believed"].value for sample in log.samples] == [expected] * 6
    (scores,) = log.results.scores
    assert {name: m.value for name, m in scores.metrics.items()} == {"open": expected, "all": expected, "stderr": 0}


def test_inspect_finds_the_task_by_the_package_s_name(tmp_path: Path) -> None:
    (log,) = inspect_ai.eval(
        "negneglect_lite/negation_neglect", task_args={"claim": "queen"}, model=saying("No."), limit=1, epochs=1,
        log_dir=str(tmp_path), display="none",
    )  # fmt: skip
    assert (log.status, log.eval.dataset.name) == ("success", "queen")
