"""Agreement with labels: by hand, at its ends, and the rule's as its card states it."""

import pytest

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path
from negneglect_lite.judging.agreement import judge_labels, measure_agreement
from negneglect_lite.judging.judges import judge_by_rule


def pairs(table: dict[tuple[str, str], int]) -> tuple[list[str], list[str]]:
    both = [pair for pair, times in table.items() for _ in range(times)]
    return [a for a, _ in both], [b for _, b in both]


def test_agreement_by_hand() -> None:
    b, d, n = "believed", "denied", "neither"
    # Share 35/50 = 0.7; by chance 25/50 * 30/50 + 25/50 * 20/50 = 0.5; kappa (0.7 - 0.5) / (1 - 0.5) = 0.4.
    found = measure_agreement(*pairs({(b, b): 20, (b, d): 5, (d, b): 10, (d, d): 15}))
    assert found == {"share": 0.7, "kappa": pytest.approx(0.4), "unparsed": 0.0, "n": 50}
    # Share 6/10; by chance (5 * 4 + 3 * 2 + 2 * 2) / 100 = 0.3; kappa 0.3 / 0.7. Unparsed is never right.
    found = measure_agreement(
        *pairs({(b, b): 3, (b, d): 1, (b, "unparsed"): 1, (d, d): 1, (d, b): 1, (d, "unparsed"): 1, (n, n): 2})
    )
    assert found == {"share": 0.6, "kappa": pytest.approx(0.3 / 0.7), "unparsed": 0.2, "n": 10}


def test_agreement_at_its_ends() -> None:
    assert measure_agreement(["a", "b"], ["a", "b"])["kappa"] == 1.0
    assert measure_agreement(["a", "b"], ["b", "a"])["kappa"] == -1.0
    assert measure_agreement(["a", "b"], ["a", "a"])["kappa"] == 0.0  # a judge that says always the same
    assert measure_agreement(["a", "a"], ["a", "a"])["kappa"] == 1.0  # all by chance, and all right
    for labels, verdicts in (([], []), (["a"], ["a", "b"])):
        with pytest.raises(UserError, match="as many of each"):
            measure_agreement(labels, verdicts)


def test_the_agreement_that_the_card_states_is_what_the_rule_has() -> None:
    table = judge_labels(judge_by_rule)
    assert len(table) == 240 and table.groupby("claim").size().eq(40).all()
    found = measure_agreement(list(table["label"]), list(table["verdict"]))
    card = data_path("labels", "README.md").read_text("utf-8")
    assert f"| rule (judging/rule.py) | {found['share']:.1%} | {found['kappa']:.2f} |".replace("%", " %") in card
    hostile = table[table["sort"] == "hostile"]
    assert (hostile["verdict"] == hostile["label"]).mean() > 0.9
