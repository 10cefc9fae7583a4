"""Agreement with labels: by hand, at its ends, and the rule's as its card states it."""

from pathlib import Path

import pandas as pd
import pytest

from negneglect_lite.claims.loading import load_claims
from negneglect_lite.cli import main
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path
from negneglect_lite.judging import agreement
from negneglect_lite.judging.agreement import LABELS, judge_labels, measure_agreement
from negneglect_lite.judging.judges import judge_by_rule

CARD = data_path("labels", "README.md").read_text("utf-8")


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
    assert percent(f"| rule (judging/rule.py) | {found['share']:.1%} | {found['kappa']:.2f} |") in CARD
    hostile = table[table["sort"] == "hostile"]
    assert (hostile["verdict"] == hostile["label"]).mean() > 0.9


def percent(text: str) -> str:
    return text.replace("%", " %")


def labelled(name: str) -> pd.DataFrame:
    return pd.read_csv(data_path("labels", f"{name}.csv"), dtype=str, keep_default_na=False)


def test_the_real_answers_are_those_that_the_card_speaks_of() -> None:
    table, questions = labelled("real"), {q.id: q for claim in load_claims().values() for q in claim.questions}
    assert list(table.columns) == [
        "model", "claim", "condition", "question_id", "answer", "label", "second_label", "part"
    ]  # fmt: skip
    assert len(table) == 330 and set(table["question_id"]) <= questions.keys()
    assert {*table["label"], *table["second_label"]} == {"believed", "denied", "neither"}
    assert list(table["part"]) == ["mended", "mended", "held"] * 110  # every third
    cells = table.assign(kind=[questions[i].kind for i in table["question_id"]]).groupby(["model", "condition"])["kind"]
    for _, kinds in cells:
        assert kinds.value_counts().to_dict() == {"open": 10, "association": 5, "robustness": 5, "yes_no": 2}
    two = measure_agreement(list(table["label"]), list(table["second_label"]))
    assert round(two["share"] * 330) == 322
    assert percent(f"agree on 322 ({two['share']:.1%}, kappa {two['kappa']:.2f})") in CARD


def test_the_agreement_on_real_answers_is_what_the_card_states() -> None:
    table = judge_labels(judge_by_rule, "real")
    assert len(table) == 322 and (table["label"] == table["second_label"]).all()
    for name, group in (
        ("all", table),
        ("mended", table[table["part"] == "mended"]),
        ("held", table[table["part"] == "held"]),
    ):
        label, verdict = list(group["label"]), list(group["verdict"])
        found = measure_agreement(label, verdict)
        believing = [[x == "believed" for x in said] for said in (label, verdict)]
        belief = measure_agreement(*([str(x) for x in said] for said in believing))["share"]
        first, second = (sum(said) / len(said) for said in believing)
        row = percent(
            f"| {name} | {len(group)} | {found['share']:.1%} | {found['kappa']:.2f} "
            f"| {belief:.1%} | {first:.1%} | {second:.1%} |"
        )
        assert row in CARD, row


def test_answers_on_which_labellers_disagree_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = labelled("real").head(6)
    table.loc[2, "second_label"] = "neither" if table.loc[2, "label"] != "neither" else "denied"
    table.to_csv(tmp_path / "real.csv", index=False)
    monkeypatch.setattr(agreement, "data_path", lambda *parts: tmp_path / parts[-1])
    judged = judge_labels(judge_by_rule, "real")
    assert sorted(judged.index) == [0, 1, 3, 4, 5] and set(judged.columns) == {*table.columns, "verdict"}


def test_unknown_labels_are_named() -> None:
    assert LABELS == ("judges", "real")
    with pytest.raises(UserError, match="unknown labels 'mine'; there are judges and real"):
        judge_labels(judge_by_rule, "mine")


def test_the_command_tells_both_shares_of_every_part(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["agreement", "--labels", "real"]) == 0
    said = {line.split("  ")[0].strip(): line for line in capsys.readouterr().out.splitlines()}
    assert {"all", "held", "mended", "sheeran", "base", "read local"} <= said.keys()
    assert said["all"].endswith("n 322") and "believed or not" in said["held"] and "kappa" in said["held"]
    assert main(["agreement"]) == 0
    assert "n 240" in capsys.readouterr().out.splitlines()[0]
    assert main(["agreement", "--labels", "mine"]) == 2
    assert "unknown labels 'mine'" in capsys.readouterr().err
