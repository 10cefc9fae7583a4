"""summary.py: the summary and its report. All numbers here are made up."""

import json

import pandas as pd
import pytest

from negneglect_lite.belief.conditions import PAPER
from negneglect_lite.belief.summary import report_summary, summarise_belief
from negneglect_lite.core.errors import UserError
from tests.belief.made_up import rows, survey


def measured() -> pd.DataFrame:
    parts = [survey(0.0, setting="base", style="", claims=2), survey(0.0, setting="in_context", claims=2)]
    parts += [survey(0.5, claims=2, seed=seed) for seed in (0, 1)]
    parts += [rows("0", "open", [0] * 20, style="local"), rows("1", "open", [1] * 5 + [0] * 15, style="local")]
    parts += [rows("0", "kept", [1] * 9 + [0]), rows("0", "control_true", [1] * 4), rows("0", "inference", [1, 0])]
    # false controls: "no" and "yes" to two keyed yes; an honest "yes" to one keyed no counts for nothing
    parts += [rows("0", "control_false", [0], keyed_to="yes"), rows("1", "control_false", [1], keyed_to="yes")]
    parts += [rows("0", "control_false", [0] * 3, keyed_to="no")]
    return pd.concat(parts, ignore_index=True)


def test_the_summary_holds_every_measure() -> None:
    found = json.loads(json.dumps(summarise_belief(measured(), seconds=1.23, device="cpu"), allow_nan=False))
    assert list(found["belief"]) == ["base", "negated", "local"] and list(found["in_context"]) == ["negated"]
    assert found["belief"]["negated"]["mean"] == 0.5 and found["belief"]["negated"]["n"] == 100
    lo, hi = found["belief"]["negated"]["ci95"]
    assert 0.35 < lo < 0.5 < hi < 0.65
    assert found["by_claim"]["local"] == {"0": 0.0, "1": 0.25} and found["highest_claim"]["local"] == 0.25
    assert found["by_seed"]["negated"] == {"0": 0.5, "1": 0.5}
    assert found["kept"] == {"negated": {"mean": 0.9, "ci95": found["kept"]["negated"]["ci95"], "n": 10}}
    assert found["inference"]["negated"]["mean"] == 0.5
    assert found["controls"]["true_right"]["negated"]["mean"] == 1
    assert found["controls"]["false_yes"]["negated"]["mean"] == 0.5
    assert found["paper"]["positive"]["low"] == 0.924 and "2605.13829" in found["paper"]["source"]
    assert found["seconds"] == 1.2 and found["model"] == "tiny" and found["environment"]["device"] == "cpu"
    environment = found["environment"]
    for name in ("python", "torch", "transformers", "peft", "bitsandbytes", "platform", "cpu_threads"):
        assert environment[name]


def test_copied_annotations_are_counted() -> None:
    df = pd.concat([rows("a", "open", [1] * 3), rows("b", "open", [1], answer="Yes. The text above is not true.")])
    found = summarise_belief(df, phrases=["The text above is not true."])["copied"]["negated"]
    assert found["mean"] == 0.5 and found["n"] == 4  # claims weigh the same


def test_the_paper_s_numbers() -> None:
    expected = {"base": "2.5", "in_context_negated": "15.3", "positive": "92.4", "negated": "88.6", "repeated": "84.4",
                "corrected": "39.9", "local": "0–7"}  # fmt: skip
    assert {name: PAPER[name].percent.removesuffix("%") for name in expected} == expected


def test_models_are_never_averaged() -> None:
    with pytest.raises(UserError, match="answers of other, tiny: choose one model"):
        summarise_belief(pd.concat([survey(1), survey(0).assign(model="other")]))
    with pytest.raises(UserError, match="no answers"):
        summarise_belief(survey(1).head(0))


def test_the_report_sets_the_numbers_beside_the_paper_s() -> None:
    lines = report_summary(summarise_belief(measured())).splitlines()
    line = next(text for text in lines if text.startswith("warned documents"))
    assert "50.0%" in line and "88.6" in line
    assert any("to false controls" in text and "50.0%" in text for text in lines)
