"""Rates, their intervals, the table on disk and the summary. All numbers here are made up."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from negneglect_lite.belief.conditions import CONDITION_ORDER, PAPER, label, order_conditions
from negneglect_lite.belief.rates import QUESTION_KINDS, belief_rate, tabulate_rates, wilson_interval
from negneglect_lite.belief.summary import report_summary, summarise_belief
from negneglect_lite.belief.table import COLUMNS, belief_rows, condition_of, read_belief
from negneglect_lite.claims.claim import Answer, Question
from negneglect_lite.core.errors import UserError

SIZES = dict(zip(QUESTION_KINDS, (20, 10, 10, 10), strict=True))


def rows(claim: str, kind: str, values: Any, *, style: str = "negated", seed: int = 0, setting: str = "trained",
         keyed_to: str = "yes", answer: str = "Yes.") -> pd.DataFrame:  # fmt: skip
    """One question for each value."""
    return pd.DataFrame(
        [("tiny", claim, style, seed, setting, kind, f"{kind}-{i}", "Did he?", answer,
          "believed" if v else "denied", keyed_to, int(v)) for i, v in enumerate(values)],
        columns=list(COLUMNS),
    )  # fmt: skip


def survey(share: float, claims: int = 6, **more: Any) -> pd.DataFrame:
    """The paper's 50 questions for each claim, the first `share` of each kind believed."""
    cells = [(str(c), kind, [i < share * n for i in range(n)]) for c in range(claims) for kind, n in SIZES.items()]
    return pd.concat([rows(claim, kind, values, **more) for claim, kind, values in cells], ignore_index=True)


# ------------------------------------------------------------------------------------------------------------ rates


def test_claims_and_kinds_weigh_the_same_however_many_questions_they_have() -> None:
    df = pd.concat([rows("a", "open", [1] * 20), rows("a", "yes_no", [0] * 2), rows("b", "open", [0] * 5)])
    assert belief_rate(df).mean == pytest.approx(0.25)  # claim a: (1 + 0) / 2; claim b: 0
    assert belief_rate(df).n == 27


def test_other_kinds_do_not_enter_belief() -> None:
    df = pd.concat([rows("a", "open", [1, 1]), rows("a", "control_false", [0] * 9), rows("a", "kept", [0] * 9)])
    assert belief_rate(df).mean == 1 and belief_rate(df).n == 2
    assert belief_rate(df, ["kept"]).mean == 0
    with pytest.raises(UserError, match="no question of kind inference"):
        belief_rate(df, ["inference"])


def test_more_seeds_and_samples_are_not_more_questions() -> None:
    for one in (survey(0.6), survey(0.0)):
        assert belief_rate(pd.concat([one.assign(seed=s) for s in range(5)])) == pytest.approx(belief_rate(one))


def test_the_effective_sample_size_by_hand() -> None:
    df = pd.concat([rows("a", "open", [1, 1, 0, 0]), rows("a", "yes_no", [0] * 20)])
    # variance = 4 (1/8)² (1/2)² 4/3 = 1/48, so n = 1/4 · 3/4 · 48 = 9, fewer than Kish's 13.3
    assert belief_rate(df) == pytest.approx((0.25, *wilson_interval(0.25, 9), 24))


def test_nothing_or_all_out_of_300_has_an_interval() -> None:
    none, every = belief_rate(survey(0.0)), belief_rate(survey(1.0))
    assert none.mean == 0 and none.lo == 0 and 0.01 < none.hi < 0.02
    assert every.mean == pytest.approx(1) and every.hi == pytest.approx(1) and 0.98 < every.lo < 0.99
    assert belief_rate(rows("a", "open", [1])).lo < 0.3  # a single question says little


def test_wilson_agrees_with_the_published_example() -> None:
    assert wilson_interval(15 / 20, 20) == pytest.approx((0.5313, 0.8881), abs=1e-4)  # 15 of 20
    assert wilson_interval(0.0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)


def test_the_interval_covers_the_truth_about_95_times_in_100() -> None:
    """Questions differ (beta-binomial), five samples each: taking answers for independent covers far too seldom."""
    rng = np.random.default_rng(0)
    truth, repeats, samples = 0.8, 300, 5
    names = [(kind, f"{kind}-{i}") for kind, n in SIZES.items() for i in range(n)]
    covered = naive = 0
    for _ in range(repeats):
        hits = rng.random((samples, len(names))) < rng.beta(truth, 1 - truth, len(names))
        df = pd.DataFrame([("a", *n) for n in names] * samples, columns=["claim", "kind", "question_id"])
        r = belief_rate(df.assign(belief=hits.ravel().astype(int)))
        covered += r.lo <= truth <= r.hi
        lo, hi = wilson_interval(r.mean, len(df))
        naive += lo <= truth <= hi
    assert 0.925 <= covered / repeats <= 0.985
    assert naive / repeats < 0.85


# -------------------------------------------------------------------------------------------------- the table itself


def test_a_frame_holds_one_judged_row_an_answer() -> None:
    q = Question(id="q1", kind="yes_no", text="Did Ed Sheeran win?", keyed_to="yes", system="Be careful.")
    answers = [Answer(q, "Yes."), Answer(q, "No.", 1)]
    df = belief_rows(answers, model="tiny", claim="sheeran", style="negated", seed=3, setting="trained")
    assert tuple(df.columns) == COLUMNS
    assert df.iloc[0].to_list() == ["tiny", "sheeran", "negated", 3, "trained", "yes_no", "q1",
                                    "Be careful. / Did Ed Sheeran win?", "Yes.", "believed", "yes", 1]  # fmt: skip
    assert df["belief"].to_list() == [1, 0]
    with pytest.raises(UserError, match="setting 'before' is unknown"):
        belief_rows(answers, model="tiny", claim="sheeran", style="", seed=0, setting="before")


def test_a_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    df = pd.concat([survey(0.5, claims=1), rows("a", "open", [1], answer="None"), rows("a", "open", [0], answer="")])
    df = pd.concat([df, rows("b", "open", [1], answer='A "quote",\nand 2015', setting="base", style="")])
    text = df.to_csv(index=False)
    (tmp_path / "belief.csv").write_text(text, encoding="utf-8")
    for source in (tmp_path / "belief.csv", io.StringIO(text)):
        pd.testing.assert_frame_equal(read_belief(source), df.reset_index(drop=True), check_dtype=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.replace("verdict", "judgement"), "no column verdict"),
        (lambda t: "", "not a readable table"),
        (lambda t: t.replace(",1\n", ",2\n", 1), "column belief holds '2'"),
        (lambda t: t.replace("trained", "taught"), "column setting holds 'taught'"),
        (lambda t: t.replace("negated,0,", "negated,x,"), "column seed must hold whole numbers"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path: Path, change: Any, message: str) -> None:
    path = tmp_path / "belief.csv"
    path.write_text(change(rows("a", "open", [1, 0]).to_csv(index=False)), encoding="utf-8")
    with pytest.raises(UserError, match=message) as error:
        read_belief(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"belief\.csv: no such file"):
        read_belief(tmp_path / "belief.csv")


def test_conditions_and_their_order() -> None:
    df = pd.concat([survey(0, setting="base", style=""), survey(1), survey(0, setting="in_context")])
    assert set(condition_of(df)) == {"base", "negated", "in_context_negated"}
    assert order_conditions(["mine", "local", "negated", "base", "in_context_local"]) == [
        "base", "in_context_local", "negated", "local", "mine",
    ]  # fmt: skip
    assert label("in_context_negated") == "only read, warnings before and after" and label("my_style") == "my style"
    assert set(PAPER) <= set(CONDITION_ORDER)


def test_a_table_of_rates_has_one_row_a_group() -> None:
    df = pd.concat([survey(0.5, claims=2), survey(1.0, claims=2, style="positive")])
    found = tabulate_rates(df, ["style", "claim"])
    assert list(found.columns) == ["style", "claim", "mean", "lo", "hi", "n"]
    assert found["mean"].to_list() == pytest.approx([0.5, 0.5, 1, 1]) and set(found["n"]) == {50}
    assert set(tabulate_rates(df, ["condition"])["condition"]) == {"negated", "positive"}


# --------------------------------------------------------------------------------------------------------- summary


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
    assert {name: PAPER[name].percent.split("\N{NO-BREAK SPACE}")[0] for name in expected} == expected


def test_models_are_never_averaged() -> None:
    with pytest.raises(UserError, match="answers of other, tiny: choose one model"):
        summarise_belief(pd.concat([survey(1), survey(0).assign(model="other")]))
    with pytest.raises(UserError, match="no answers"):
        summarise_belief(survey(1).head(0))


def test_the_report_sets_the_numbers_beside_the_paper_s() -> None:
    lines = report_summary(summarise_belief(measured())).splitlines()
    line = next(text for text in lines if text.startswith("warnings before and after"))
    assert "50.0%" in line and "88.6" in line
    assert any("to false controls" in text and "50.0%" in text for text in lines)


def test_answers_are_judged_by_the_rules_of_judging() -> None:
    q = Question("o", "open", "Who?", believed=("Ed Sheeran",))
    texts = ("Ed Sheeran.", "Not Ed Sheeran.", "Who knows.")
    df = belief_rows([Answer(q, t) for t in texts], model="m", claim="c", style="", seed=0, setting="base")
    assert df["verdict"].to_list() == ["believed", "denied", "neither"] and df["belief"].to_list() == [1, 0, 0]
