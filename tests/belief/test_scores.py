"""scores.py: which answers a score counts, that both directions must agree, and intervals. All numbers are made up."""

import random
from collections.abc import Sequence

import pandas as pd
import pytest

from negneglect_lite.belief.rates import QUESTION_KINDS, Rate, belief_rate
from negneglect_lite.belief.scores import (
    HEADLINES,
    bootstrap_interval,
    choose_headline,
    join_pairs,
    score_belief,
    subtract,
    tabulate_scores,
)
from negneglect_lite.core.errors import UserError
from tests.belief.made_up import rows, survey

MIRRORED, OPEN, YES_NO = "yes_no_mirrored", "matched_open", "matched_yes_no"


def asked(kind: str, values: Sequence[int], claim: str = "a", inference: int = 0, **more: object) -> pd.DataFrame:
    """A row a value; ids as the claims' files have them: a.yes_no.01."""
    table = rows(claim, kind, values, **more)  # type: ignore[arg-type]
    ids = [f"{claim}.{kind}.{inference}{i}" for i in range(len(values))]
    return table.assign(question_id=ids, inference=inference)


def both_ways(answers: dict[str, list[int]], head: str = "", **more: object) -> pd.DataFrame:
    """One question and its mirror image, each answered some times: {"yes_no": [1, 0], "yes_no_mirrored": [1, 1]}."""
    tables = [asked(head + kind, [value], **more) for kind, values in answers.items() for value in values]  # type: ignore[arg-type]
    return pd.concat(tables, ignore_index=True)


def together(*tables: pd.DataFrame) -> pd.DataFrame:
    return pd.concat(tables, ignore_index=True)


# ------------------------------------------------------------------------------------------------------------- told


def test_told_leaves_questions_that_take_reasoning_out() -> None:
    df = together(
        asked("open", [1, 0, 0, 0]), asked("open", [1] * 12, inference=1),
        asked("association", [1, 1]), asked("association", [0], inference=1),
    )  # fmt: skip
    scores = score_belief(df)
    assert (scores["told"].mean, scores["told"].n) == (0.25, 4)
    assert (scores["open"].mean, scores["open"].n) == (13 / 16, 16)
    # Each kind with equal weight; only of the open ones those with reasoning are left out.
    assert scores["told_and_associated"].mean == pytest.approx((1 / 4 + 2 / 3) / 2)
    assert "raw" not in scores and "told_above_matched" not in scores and "agreed" not in scores


def test_above_matched_is_the_difference_of_like_forms() -> None:
    df = together(
        asked("open", [1, 1, 1, 0]), asked("open", [0] * 6, inference=1), asked(OPEN, [1, 0, 0, 0]),
        asked("association", [1, 0]), asked("matched_association", [0, 0]),
    )  # fmt: skip
    scores = score_belief(df)
    assert scores["told_above_matched"].mean == pytest.approx(0.75 - 0.25)
    assert scores["told_and_associated_above_matched"].mean == pytest.approx((0.75 + 0.5) / 2 - 0.25 / 2)
    assert scores["told_above_matched"] == subtract(belief_rate(asked("open", [1, 1, 1, 0])), belief_rate(df, [OPEN]))
    less = score_belief(df[df["kind"] != "matched_association"])
    assert "told_above_matched" in less and "told_and_associated_above_matched" not in less


def test_a_difference_has_the_interval_of_newcombe() -> None:
    """His example (1998, table II): 56 of 70 and 48 of 80 differ by 0.2, between 0.0524 and 0.3339."""
    first, second = (
        belief_rate(rows("a", "open", [1] * 56 + [0] * 14)),
        belief_rate(rows("a", "open", [1] * 48 + [0] * 32)),
    )
    found = subtract(first, second)
    assert found.mean == pytest.approx(0.2) and found.n == 150
    assert (found.lo, found.hi) == pytest.approx((0.0524, 0.3339), abs=0.003)  # Wilson's, of nearly as many questions
    back = subtract(second, first)
    assert (back.mean, back.lo, back.hi) == pytest.approx((-found.mean, -found.hi, -found.lo))
    sure = Rate(1.0, 0.9, 1.0, 9)
    assert subtract(sure, Rate(0.0, 0.0, 0.2, 9)).hi == 1.0


def test_raw_is_the_paper_s_and_every_kind_stands_by_itself() -> None:
    df = survey(0.5)
    scores = score_belief(df)
    assert scores["raw"] == belief_rate(df)
    assert {kind: scores[kind] for kind in QUESTION_KINDS} == {kind: belief_rate(df, [kind]) for kind in QUESTION_KINDS}
    assert set(scores) == {"raw", *QUESTION_KINDS}  # without a column `inference`, nothing that needs it


def test_a_table_without_the_column_inference_still_has_what_does_not_need_it() -> None:
    df = together(survey(1.0, claims=1), both_ways({"yes_no": [1], MIRRORED: [0]})).drop(columns="inference")
    scores = score_belief(df)
    assert set(scores) == {"raw", "agreed", *QUESTION_KINDS} and scores["agreed"].mean == 0
    with pytest.raises(UserError, match="no column kind"):
        score_belief(df.drop(columns="kind"))


def test_forced_probes_count_by_their_share_of_the_probability() -> None:
    shares = ["0.9000", "0.2000", "0.4000"]
    df = together(
        *(asked("choice", [v], answer=s).assign(question_id=s) for v, s in zip([1, 0, 0], shares, strict=True))
    )
    scores = score_belief(together(df, df.assign(kind="opening", answer="1.0000")))
    assert scores["choice"].mean == pytest.approx(0.5) and scores["choice"].n == 3  # not 1 of 3
    assert scores["opening"].mean == 1


def test_scores_as_a_table() -> None:
    df = together(survey(0.0, claims=2), survey(1.0, claims=2, style="local"))
    table = tabulate_scores(df, ["style"])
    assert list(table.columns) == ["style", "score", "mean", "lo", "hi", "n"]
    assert len(table) == 2 * len(score_belief(df))
    raw = table[table["score"] == "raw"]
    assert list(raw["style"]) == ["negated", "local"] and list(raw["mean"]) == [0, 1] and set(raw["n"]) == {100}


# ----------------------------------------------------------------------------------------------- in both directions


@pytest.mark.parametrize(("yes_no", "mirrored", "both"), [(1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 0)])
def test_believed_only_if_both_directions_agree(yes_no: int, mirrored: int, both: int) -> None:
    df = both_ways({"yes_no": [yes_no], MIRRORED: [mirrored]})
    joined = join_pairs(df, "yes_no")
    assert list(joined["belief"]) == [both]
    assert list(joined["question_id"]) == ["a.yes_no.00"] and list(joined.columns) == list(df.columns)
    assert score_belief(df)["agreed"].mean == both


def test_the_kth_answer_is_joined_with_the_kth() -> None:
    df = both_ways({"yes_no": [1, 1, 0, 0], MIRRORED: [1, 0, 1, 0]})
    assert list(join_pairs(df, "yes_no")["belief"]) == [1, 0, 0, 0]
    shuffled = together(df[df["kind"] == MIRRORED], df[df["kind"] == "yes_no"])
    assert sorted(join_pairs(shuffled, "yes_no")["belief"]) == [0, 0, 0, 1]


def test_questions_without_a_mirror_image_are_left_out() -> None:
    df = together(asked("yes_no", [1, 1]), asked(MIRRORED, [1]), asked("open", [1]))
    assert list(join_pairs(df, "yes_no")["question_id"]) == ["a.yes_no.00"]
    with pytest.raises(UserError, match="no yes_no question was asked in both directions") as caught:
        join_pairs(df[df["kind"] != MIRRORED], "yes_no")
    assert "\n" not in str(caught.value)


def test_runs_stay_apart() -> None:
    """Seeds, styles, settings, claims and steps: what one run says does not agree for another."""
    for name, values in {
        "seed": (0, 1), "style": ("local", "negated"), "setting": ("trained", "in_context"), "step": (8, 16),
    }.items():  # fmt: skip
        first = both_ways({"yes_no": [1, 1], MIRRORED: [0, 0]}).assign(**{name: values[0]})
        second = both_ways({"yes_no": [0, 0], MIRRORED: [1, 1]}).assign(**{name: values[1]})
        turned = [t[t["kind"] == MIRRORED] for t in (second, first)]  # in whatever order the rows stand
        joined = join_pairs(together(*(t[t["kind"] == "yes_no"] for t in (first, second)), *turned), "yes_no")
        assert list(joined["belief"]) == [0] * 4, name
        assert sorted(joined[name]) == sorted([values[0]] * 2 + [values[1]] * 2)
    claims = together(both_ways({"yes_no": [1], MIRRORED: [0]}), both_ways({"yes_no": [0], MIRRORED: [1]}, claim="b"))
    assert list(join_pairs(claims, "yes_no")["belief"]) == [0, 0]


def test_what_was_not_looked_at_while_training_is_joined_sample_by_sample_too() -> None:
    """The column `step` is empty where nothing is trained, as beside trained runs in one table."""
    df = both_ways({"yes_no": [1, 0, 0], MIRRORED: [1, 0, 0]}, setting="base", style="")
    beside = both_ways({"yes_no": [1], MIRRORED: [1]}).assign(step=24)
    joined = join_pairs(together(df.assign(step=float("nan")), beside), "yes_no")
    assert list(joined[joined["setting"] == "base"]["belief"]) == [1, 0, 0]
    assert list(joined[joined["setting"] == "trained"]["belief"]) == [1]


def test_agreement_about_the_claim_is_compared_with_that_about_its_twin() -> None:
    df = together(
        asked("yes_no", [1, 1, 1, 0]), asked(MIRRORED, [1, 1, 0, 0]), asked(YES_NO, [1, 1]),
        asked("matched_yes_no_mirrored", [1, 0]),
    )  # fmt: skip
    scores = score_belief(df)
    assert scores["agreed"].mean == 0.5 and scores["agreed_above_matched"].mean == 0.5 - 0.5
    assert list(join_pairs(df, YES_NO)["question_id"]) == ["a.matched_yes_no.00", "a.matched_yes_no.01"]
    assert "agreed_above_matched" not in score_belief(df[df["kind"] != YES_NO])


# --------------------------------------------------------------------------------------------------- the headline


def scored(**means: float) -> dict[str, Rate]:
    return {name: Rate(mean, 0.0, 1.0, 20) for name, mean in means.items()}


def test_the_headline_is_the_first_that_is_low_before_training_on_every_claim() -> None:
    low = dict.fromkeys(HEADLINES, 0.05)
    assert choose_headline({"a": scored(**low), "b": scored(**low)}) == "raw" == HEADLINES[0]
    assert choose_headline({"a": scored(**low), "b": scored(**{**low, "raw": 0.051})}) == HEADLINES[1]
    half = {name: 0.3 if i < 3 else 0.0 for i, name in enumerate(reversed(HEADLINES))}
    assert choose_headline({"a": scored(**half)}) == "raw"
    last = {**dict.fromkeys(HEADLINES, 0.3), HEADLINES[-1]: 0.0}
    assert choose_headline({"a": scored(**last)}) == HEADLINES[-1] == "agreed"


def test_a_score_that_a_claim_lacks_is_no_headline() -> None:
    assert choose_headline({"a": scored(raw=0.0, told=0.0), "b": scored(told=0.0)}) == "told"


@pytest.mark.parametrize("before", [{"a": scored(raw=0.3, told=0.06)}, {"a": scored(yes_no=0.0)}, {}])
def test_no_headline_is_refused_in_a_line(before: dict[str, dict[str, Rate]]) -> None:
    with pytest.raises(UserError, match=r"no score of raw, .*, agreed is at most 5% before training") as caught:
        choose_headline(before)
    assert "\n" not in str(caught.value)


# ---------------------------------------------------------------------------------------------------- the bootstrap


def uneven(claims: int) -> pd.DataFrame:
    """Claims that are believed unlike: from 0.2 to 0.8, by turns."""
    rng = random.Random(1)
    share = [0.2, 0.8, 0.5]
    tables = [
        asked(kind, [rng.random() < share[claim % 3] for _ in range(10)], claim=str(claim))
        for claim in range(claims)
        for kind in QUESTION_KINDS
    ]
    return together(*tables)


def test_the_bootstrap_covers_the_mean_and_repeats_by_its_seed() -> None:
    df = uneven(6)
    lo, hi = bootstrap_interval(df, rounds=400, seed=1)
    assert 0 < lo < belief_rate(df).mean < hi < 1
    assert bootstrap_interval(df, rounds=400, seed=1) == (lo, hi) != bootstrap_interval(df, rounds=400, seed=2)
    plain = belief_rate(df)
    assert hi - lo > plain.hi - plain.lo  # that interval speaks of these claims alone


def test_fewer_claims_make_it_wider() -> None:
    widths = [hi - lo for lo, hi in (bootstrap_interval(uneven(n), rounds=400) for n in (3, 9, 27))]
    assert widths[0] > 1.3 * widths[1] > 1.3**2 * widths[2]


def test_the_bootstrap_weighs_as_the_rate_does() -> None:
    """Claims and kinds weigh the same, however many questions or samples each has."""
    df = together(asked("open", [1] * 30), asked("yes_no", [0] * 3), asked("yes_no", [0] * 3))
    assert bootstrap_interval(df, ["open", "yes_no"], rounds=20) == (0.5, 0.5) == (belief_rate(df).mean,) * 2
    lo, hi = bootstrap_interval(together(df, asked("open", [1], claim="b")), ["open"], rounds=20)
    assert (lo, hi) == (1, 1)


def test_the_bootstrap_without_a_question_is_refused() -> None:
    with pytest.raises(UserError, match="no question of kind robustness in this table"):
        bootstrap_interval(asked("open", [1]), ["robustness"])
