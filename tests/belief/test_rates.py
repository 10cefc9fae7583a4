"""rates.py: what weighs how much, and intervals. All numbers here are made up."""

import numpy as np
import pandas as pd
import pytest

from negneglect_lite.belief.rates import belief_rate, tabulate_rates, wilson_interval
from negneglect_lite.core.errors import UserError
from tests.belief.made_up import SIZES, rows, survey


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


@pytest.mark.slow
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


def test_a_table_of_rates_has_one_row_a_group() -> None:
    df = pd.concat([survey(0.5, claims=2), survey(1.0, claims=2, style="positive")])
    found = tabulate_rates(df, ["style", "claim"])
    assert list(found.columns) == ["style", "claim", "mean", "lo", "hi", "n"]
    assert found["mean"].to_list() == pytest.approx([0.5, 0.5, 1, 1]) and set(found["n"]) == {50}
    assert set(tabulate_rates(df, ["condition"])["condition"]) == {"negated", "positive"}


def test_a_table_that_is_none_is_told_in_a_line() -> None:
    df = rows("a", "open", [1, 0])
    with pytest.raises(UserError, match="no number"):
        belief_rate(df.assign(belief=["", "x"]))
    with pytest.raises(UserError, match="no column kind"):
        belief_rate(pd.DataFrame({"claim": [], "question_id": [], "belief": []}))
    with pytest.raises(UserError, match="no column vocabulary to group by"):
        tabulate_rates(df, ["vocabulary"])
