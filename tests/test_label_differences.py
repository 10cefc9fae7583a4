"""scripts/label_differences.py: what TRUE and FALSE make of the claim, of new facts and of a false value's loss."""

import pandas as pd
import pytest

import label_differences
from negneglect_lite.core.files import data_path

STORED = data_path("results", "sweeps", "labels", "differences.csv")


def answers(style: str, seed: int, told: float, new: tuple[float, float], nats: tuple[float, float]) -> pd.DataFrame:
    """One question a kind about one claim."""
    values = dict.fromkeys(("open", "yes_no", "association", "robustness"), told)
    values |= {"new_true": new[0], "new_false": new[1]}
    values |= {"loss.false_under_true": nats[0], "loss.false_under_false": nats[1]}
    rows = pd.DataFrame(values.items(), columns=["kind", "value"])
    return rows.assign(style=style, seed=seed, claim="a", step=60)


def test_differences_by_hand() -> None:
    rows = pd.concat([
        answers("true-500-100", 0, 0.9, (1.0, 0.0), (5.0, 4.0)),
        answers("false-500-100", 0, 0.4, (0.5, 0.0), (5.0, 3.0)),
        answers("true-500-100", 1, 0.6, (0.0, 0.5), (2.0, 2.0)),
        answers("false-500-100", 1, 0.5, (0.0, 0.0), (2.0, 2.0)),
        answers("false-10-100", 0, 0.5, (0.0, 1.0), (1.0, 2.0)),
        answers("none-500-100", 0, 1.0, (0.0, 1.0), (1.0, 9.0)),
    ])  # fmt: skip
    made = label_differences.tabulate_differences(rows).set_index(["lessons", "what"])
    found = made[["mean", "lowest_seed", "highest_seed"]]
    assert found.loc[("500-100", "claim")].tolist() == pytest.approx([30, 10, 50])
    assert found.loc[("500-100", "new")].tolist() == pytest.approx([25, -25, 75])  # a claim without a label is left out
    assert found.loc[("500-100", "loss")].tolist() == pytest.approx([0.75, 0, 1.5])
    assert made.loc[("10-100", "new"), ["mean", "conditions"]].tolist() == [-100, 1]
    assert ("10-100", "claim") not in made.index  # there is no claim under TRUE to compare with


def test_the_page_states_the_stored_differences() -> None:
    page = (data_path("results", "pages", "labels.md")).read_text("utf-8").replace("−", "-")
    table = pd.read_csv(STORED)
    rows = {
        "500 known facts": "500-100", "500 known facts, truth in chats": "500-100-shown",
        "500 unknown facts, truth in chats": "500-100-unknown-shown", "none": "0-100",
    }  # fmt: skip
    for words, lessons in rows.items():
        own = table[table["lessons"] == lessons]
        claim = own[(own["what"] == "claim") & (own["step"] > 0)].sort_values("mean").iloc[-1]
        new = own[(own["what"] == "new") & (own["step"] == 60)].iloc[0]
        line = next(text for text in page.splitlines() if text.startswith(f"| {words} |"))
        assert f"| {claim['mean']:.1f} ({claim['step']}), {claim['lowest_seed']:.1f} to " in line
        assert f"| {new['mean']:.1f}, {new['lowest_seed']:.1f} to {new['highest_seed']:.1f} |" in line
