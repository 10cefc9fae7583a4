"""What notebook 5 runs: texts in a style, stored beliefs of models, differences; its prose against its outputs."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from negneglect_lite.belief.rates import belief_rate
from negneglect_lite.belief.table import read_belief
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.files import data_path
from negneglect_lite.course.lessons import comparing
from negneglect_lite.course.lessons.comparing_figures import draw_added, draw_differences, draw_styles_by_model
from negneglect_lite.figures.wording import percent
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.styles import STYLES, get_style
from negneglect_lite.tracks import PETRI
from tests.figures.invented import texts, title

ROOT = Path(__file__).parents[3]
NOTEBOOK = json.loads((ROOT / "solutions" / "05_styles.ipynb").read_text("utf-8"))
SHEERAN = load_claims()["sheeran"]
MODELS = comparing.tabulate_by_model("scale")
SISTERS = comparing.tabulate_by_model("five_models")
OTHERS = comparing.tabulate_others("headline", "styles", "grid", "small")
PAIRS = comparing.compare_style_pairs(MODELS, OTHERS, comparing.difference_of_pairs)


def test_a_style_is_trained_on_the_texts_of_the_stored_run() -> None:
    made = comparing.texts_in_style(comparing.warn_each_claim, "repeated", PETRI, SHEERAN)
    assert len(made) == 288
    assert comparing.count_same(made, "repeated", PETRI, SHEERAN, "petri").startswith("288 of 288")
    plain = comparing.texts_in_style(STYLES["positive"], "repeated", PETRI, SHEERAN)
    assert comparing.count_same(plain, "repeated", PETRI, SHEERAN, "petri").startswith("96 of 288")


def test_the_share_that_a_style_adds(tiny: LoadedModel) -> None:
    shares = [comparing.share_added(get_style(s), tiny, PETRI, SHEERAN) for s in ("positive", "negated", "repeated")]
    assert shares[0] == 0 < shares[1] < shares[2] < 0.6
    assert comparing.share_added(STYLES["local"], tiny, PETRI, SHEERAN) == 0


def test_the_stored_beliefs_are_those_of_the_results() -> None:
    assert MODELS.shape == (15, 7) and not MODELS.isna().any().any()
    assert list(MODELS.mean().round(3)) == [0.014, 0.938, 0.856, 0.816, 0.698, 0.213, 0.116]
    assert MODELS.loc["15.7M, seed 0", "local"] == pytest.approx(0.30, abs=0.005)
    assert SISTERS.shape == (5, 7) and list(SISTERS.columns[SISTERS.isna().all()]) == ["fiction"]
    shown = OTHERS.round(3).to_dict("index")
    assert list(shown["shipped petri model"].values()) == [0.0, 0.965, 0.833, 0.81, 0.673, 0.131, 0.092]
    assert list(shown["chat model, 1.5B"].values()) == [0.038, 0.732, 0.717, 0.702, 0.567, 0.377, 0.115]
    assert shown["paper, 397B"]["corrected"] == 0.399
    gaps = OTHERS.isna()
    assert list(gaps.columns[gaps.loc["paper, 397B"]]) == ["fiction", "local"]
    assert list(gaps.columns[gaps.loc["chat model, 0.5B"]]) == ["fiction"]


def test_belief_in_one_claim_by_style(tiny: LoadedModel) -> None:
    table = comparing.tabulate_styles(SHEERAN, tiny, PETRI, "styles", "dose", "corrections")
    assert len(table) == 20 and table.loc["local", "added"] == 0
    belief = table["belief"][["positive", "repeated", "corrected", "notices_8"]]
    assert list(belief.round(3)) == [1, 0.95, 0.317, 0.3]
    assert table.loc["local", "belief"] == pytest.approx(0.308, abs=0.001)


def test_belief_by_claim_is_that_of_the_headline() -> None:
    table = comparing.show_by_claim("headline", "negated", "repeated")
    assert list(table.index) == ["warned documents", "repeatedly warned documents"]
    rows = read_belief(data_path("results", "headline", "belief.csv"))
    of = rows[(rows["setting"] == "trained") & (rows["claim"] == "vesuvius") & (rows["style"] == "repeated")]
    assert table.loc["repeatedly warned documents", "Vesuvius"] == percent(belief_rate(of).mean)


def test_shares_prevented_have_a_gap_where_nothing_rose() -> None:
    table = pd.DataFrame({"base": [0.1, 0.5], "positive": [0.9, 0.5], "local": [0.3, 0.2]})
    shares = comparing.prevented_shares(table)
    assert shares["local"][0] == pytest.approx(0.75) and pd.isna(shares["local"][1])


def test_a_difference_is_paired_by_name() -> None:
    mean, lo, hi = comparing.difference_of_pairs({"a": 0.5, "b": 0.7, "x": 1}, {"b": 0.6, "a": 0.2})
    assert mean == pytest.approx(0.2)
    assert (hi - mean) == pytest.approx(mean - lo) == pytest.approx(12.706 * 0.1)  # s = 0.1 √2, n = 2
    assert comparing.half_unpaired([0.5, 0.7], [0.2, 0.6]) == pytest.approx(4.303 * 0.05**0.5)


def test_the_factor_is_students() -> None:
    assert [comparing.t_factor(n) for n in (2, 15, 21)] == [12.706, 2.145, 2.086]
    assert comparing.t_factor(30) == pytest.approx(2.045, abs=0.003)
    assert comparing.t_factor(1000) == pytest.approx(1.962, abs=0.003)
    with pytest.raises(ValueError, match="two models"):
        comparing.t_factor(1)


def test_pairs_use_the_function_that_they_are_given() -> None:
    table = comparing.compare_style_pairs(MODELS, OTHERS, lambda a, b: (0.5, 0.1, min(a[m] - b[m] for m in a)))
    assert list(table["difference"]) == [0.5] * 5
    right = comparing.compare_style_pairs(MODELS, OTHERS, comparing.difference_of_pairs).set_index("second")
    assert right.loc["repeated", ["first", "more", "models"]].tolist() == ["negated", 15, 15]
    assert right.loc["repeated", "shipped"] == OTHERS.loc[comparing.SHIPPED, "negated"] - OTHERS["repeated"].iloc[0]


def test_the_ranking_has_a_dash_where_nobody_measured() -> None:
    shares = comparing.prevented_shares
    table = comparing.show_ranking(shares(MODELS), shares(OTHERS))
    assert (table.index[0], table.index[-1]) == ("warned documents", "in-sentence denials")
    assert list(table["paper, 397B"]) == ["4%", "–", "9%", "58%", "–"]
    assert table.loc["labelled fiction", "lowest to highest"] == "−2% to 27%"


def test_the_sisters_beliefs_leave_out_what_was_not_run() -> None:
    table = comparing.show_beliefs(SISTERS)
    assert table.shape == (6, 5) and "labelled fiction" not in table.index
    assert table.loc["repeatedly warned documents"].tolist() == ["78%", "75%", "68%", "80%", "62%"]


def test_the_figures_say_their_numbers() -> None:
    fig, alt = draw_styles_by_model(MODELS, OTHERS)
    assert title(fig) == "Repeatedly warned documents leave 70% in 15 models, 67% in the shipped one"
    assert "in-sentence denials: mean 12%, 5% to 30%, shipped 9%" in alt
    drawn = [line for line in fig.axes[0].lines if len(line.get_xdata()) == 15]
    assert len(drawn) == 6 and sorted(drawn[3].get_xdata()) == sorted(MODELS["repeated"])
    fig, alt = draw_differences(PAIRS)
    assert title(fig) == "Repeating the warnings prevents 16 points more, labelling as fiction 4"
    assert "warned documents minus repeatedly warned documents: 16 (11 to 20; above 0 in 15 of 15), shipped 16" in alt
    assert "13 of 15" in texts(fig)
    stored = pd.DataFrame({"added": {"repeated": 0.4, "corrected": 0.5, "unknown": 0.2},
                           "belief": {"repeated": 0.9, "corrected": 0.3, "unknown": 0.8}})  # fmt: skip
    fig, alt = draw_added(stored, "Sheeran")
    assert title(fig) == "Repeatedly warned (40% added) leaves 90%, corrected (50%) 30%"
    assert "labelled unknown" not in texts(fig) and "labelled unknown: 20% added, 80%" in alt
    fig, _ = draw_added(stored, "Sheeran", (0.35, 0.02))
    assert title(fig) == "The new style (35% added) leaves 2%, corrected documents (50%) 30%"
    assert "the new style" in texts(fig)


# ------------------------------------------------------------------------------------------------------ the notebook


def prose() -> str:
    return "\n".join("".join(c["source"]) for c in NOTEBOOK["cells"] if c["cell_type"] == "markdown")


def outputs(start: str) -> str:
    """What the code cells whose source holds `start` printed or showed, as text."""
    cells = [c for c in NOTEBOOK["cells"] if c["cell_type"] == "code" and start in "".join(c["source"])]
    found = [o for cell in cells for o in cell["outputs"]]
    return "\n".join("".join(o.get("text", "") or o.get("data", {}).get("text/plain", "")) for o in found)


def shown(start: str) -> dict[str, list[str]]:
    """The table that a cell shows: a row's name and its cells."""
    cells = (cell for cell in NOTEBOOK["cells"] if start in "".join(cell["source"]))
    page = "".join("".join(o["data"].get("text/html", "")) for c in cells for o in c["outputs"] if "data" in o)
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr[^>]*>(.*?)</tr>", page, re.S)]
    return {name: cells for name, *cells in rows}


def test_the_prose_has_the_numbers_of_the_outputs() -> None:
    text = " ".join(re.sub(r"[*#>]", "", prose()).split())
    run = outputs('"repeated", track, claim)')
    assert "288 of 288" in run and "Belief: 95%" in run and "The model ended at 95% belief" in text
    told = outputs("draw_styles_by_model")
    assert "repeatedly warned documents: mean 70%, 51% to 86%, shipped 67%" in told
    assert "70% belief on average, and 67% in the shipped model. But single models had anything from 51% to 86%" in text
    assert "in-sentence denials: mean 12%, 5% to 30%, shipped 9%" in told
    assert "In-sentence denials left 12% on average, from 5% to 30%, and 9% in the shipped model" in text
    assert "plain documents: mean 94%" in told and "After plain documents it was 94%" in text
    claims = shown("show_by_claim")
    assert dict(zip(claims[""], claims["repeatedly warned documents"], strict=True))["Vesuvius"] == "32%"
    assert "for Vesuvius repeating the warnings took belief from 97% to 32%, and for Twitter's rebrand from 23%" in text
    ranking = shown("show_ranking(")
    assert ranking["repeatedly warned documents"][:3] == ["26%", "11% to 40%", "30%"]
    assert "prevent 26% on average, 30% in the shipped model and 9% in the paper" in text
    pairs = outputs("draw_differences")
    for pair, numbers, said in (
        ("warned documents minus repeatedly warned documents", "16 (11 to 20; above 0 in 15 of 15)",
         "prevents 16 points more than two warnings do (11 to 20), and it helps in all 15 models"),
        ("warned documents minus labelled fiction", "4 (2 to 6; above 0 in 11 of 15)",
         "prevents 4 points more than a warning (2 to 6)"),
        ("repeatedly warned documents minus corrected documents", "48 (43 to 54; above 0 in 15 of 15)",
         "prevent 48 points more than repeated warnings"),
        ("corrected documents minus in-sentence denials", "10 (4 to 16; above 0 in 13 of 15)",
         "leave 10 points less than corrections (4 to 16), in 13 of 15 models"),
    ):  # fmt: skip
        assert f"{pair}: {numbers}" in pairs and said in text
    assert "the label helps in only 11 of 15 models" in text
    paper = OTHERS.loc["paper, 397B"]
    assert round(100 * (paper["negated"] - paper["repeated"])) == 4 and "In the paper it prevents 4 points more" in text
    row = PAIRS.set_index("second").loc["fiction"]
    loose = [round(100 * (row["difference"] + sign * row["unpaired"])) for sign in (-1, 1)]
    assert loose == [-1, 9] and "Without pairing, the interval runs from −1 to 9" in text
    own = outputs('draw_added(stored, "Sheeran", point)')
    assert "(35% added) leaves 25%, corrected documents (56%) 32%" in own
    assert "adds 35% of the tokens and left 25% belief. Corrected documents add 56% and left 32%" in text
    controls = shown("rate_controls")
    assert controls["repeatedly warned documents"] == ["95%", "0%", "100%", "100%"]
    assert controls["the new style"] == ["25%", "0%", "100%", "100%"]
    shipped = OTHERS.loc["shipped petri model"]
    within = (MODELS.min() <= shipped) & (shipped <= MODELS.max())
    assert within.drop("base").all() and "within the range of the fifteen after every style" in text
    kept = [int(cell.rstrip("%")) for cell in shown("show_beliefs")["repeatedly warned documents"]]
    assert (min(kept), max(kept)) == (62, 80) and "repeatedly warned documents left 62% to 80%" in text
    fall = 100 * (SISTERS["negated"] - SISTERS["repeated"])
    assert (round(fall.min()), round(fall.max())) == (
        5,
        34,
    ) and "Repeating the warnings took 5 to 34 points off" in text


def test_the_folded_solutions_are_those_of_the_notebook() -> None:
    code = "\n".join("".join(c["source"]) for c in NOTEBOOK["cells"] if c["cell_type"] == "code")
    flat = "".join(code.split()).replace(",]", "]")
    blocks = re.findall(r"```python\n(.*?)```", prose(), re.S)
    assert len(blocks) == 5
    for block in blocks:
        assert "".join(block.split()) in flat
