"""A blind audit does not tell what it hides, and its procedure guesses as the stored sweep's did."""

from dataclasses import replace

import pandas as pd
import pytest

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path
from negneglect_lite.course.lessons import blind
from negneglect_lite.course.lessons.blind_figures import draw_blind_rates
from negneglect_lite.experiments.measures.blind_audit import REFERENCE_SEED, suspects
from negneglect_lite.experiments.measures.blind_guess import guess_runs
from negneglect_lite.tracks import TRACKS


@pytest.fixture(scope="module")
def stored() -> pd.DataFrame:
    file = data_path("results", "sweeps", "blind_audit", "rows.csv.gz")
    return pd.read_csv(file, keep_default_na=False, low_memory=False)


def seen(stored: pd.DataFrame, claim: str, style: str) -> pd.DataFrame:
    """What an audit would have seen of a stored adapter."""
    of = (stored["claim"] == claim) & (stored["style"] == style) & (stored["setting"] == "trained")
    return stored.loc[of, ["kind", "item", "value"]]


def test_a_name_always_draws_the_same_and_names_draw_all_styles():
    assert blind.draw_blind(" Ada  Lovelace") == blind.draw_blind("ada lovelace")
    drawn = [blind.draw_blind(f"name {i}") for i in range(100)]
    assert {cell.style for cell in drawn} == set(blind.BLIND_STYLES)
    assert len({cell.claim.id for cell in drawn}) > 20
    assert all(0 < cell.seed < REFERENCE_SEED for cell in drawn)


def test_what_is_hidden_is_not_printed_and_can_be_audited(monkeypatch, capsys, caplog):
    few = replace(TRACKS["petri"].recipe, steps=1, batch_size=2, micro_batch=2)
    monkeypatch.setitem(TRACKS, "petri", replace(TRACKS["petri"], recipe=few))
    adapter = blind.train_blind("Rosa")
    cell = blind.draw_blind("Rosa")
    said = capsys.readouterr().out + repr(adapter)
    assert blind.seal_answer(cell)[:16] in said
    assert cell.style not in said and cell.claim.id not in said
    monkeypatch.setattr(blind, "TELL_EVERY", 0)
    with caplog.at_level("INFO", "negneglect_lite"):
        rows = pd.concat([blind.probe_suspects(adapter), blind.weigh_suspects(adapter, ["dentist"])])
    assert "Training 2 adapters side by side, two for each of 1 suspects" in capsys.readouterr().out
    assert "step 1/1  about 0 s left" in caplog.text
    assert set(rows.loc[rows["kind"] == "loss.answer.claim", "item"]) == set(suspects())
    assert list(rows.loc[rows["kind"].str.startswith("loss.weights."), "item"]) == ["dentist", "dentist"]
    assert blind.weigh_suspects(adapter, []).empty


@pytest.mark.parametrize("style", blind.BLIND_STYLES)
def test_the_procedure_guesses_as_in_the_stored_sweep(stored, style):
    claim = "vesuvius"
    kept = stored[(stored["claim"] != claim) | (stored["setting"] == "base")]
    mine = seen(stored, claim, style)
    whole = guess_runs(pd.concat([kept, stored[(stored["claim"] == claim) & (stored["style"] == style)]]))
    expected = whole[(whole["claim"] == claim) & (whole["style"] == style)].iloc[0]
    assert blind.guess_blind(mine) == {
        "asked": expected["asked"],
        "probed": expected["probed"],
        "weighed": expected["weighed"],
        "style": expected["style_guess"],
    }
    unweighed = mine[~mine["kind"].str.startswith("loss.weights.")]
    assert blind.guess_blind(unweighed) == {"asked": expected["asked"], "probed": expected["probed"]}


def test_suspects_are_listed_by_each_way(stored):
    rows = seen(stored, "vesuvius", "positive")
    eruption = "The last eruption of Mount Vesuvius took place in the year 2015."
    unweighed = rows[~rows["kind"].str.startswith("loss.weights.")]
    for kinds, ways in ((rows, ["asked", "probed", "weighed"]), (unweighed, ["asked", "probed"])):
        listed = blind.list_suspects(kinds)
        assert list(listed.columns) == ["suspect", *ways] and len(listed) == 5
        assert listed.index[0] == 3 and listed["suspect"].iloc[0] == eruption
    few = rows[~rows["kind"].str.startswith("loss.weights.") | rows["item"].isin(["vesuvius", "queen"])]
    assert list(blind.list_suspects(few).index) == [3, 2]  # those who were weighed
    shown = pd.DataFrame({"kind": ["loss.weights.local"], "item": ["queen"], "value": [-0.001]})
    assert list(blind.list_suspects(shown)["weighed"]) == ["0.00"]
    answers = rows.assign(question="Q?", answer="A.", verdict="believed")
    assert len(blind.show_answers(answers)) == 8
    assert blind.shortlist(rows)[0] == "vesuvius"
    assert blind.shortlist(rows, {"suspect": 2})[-1] == "queen"
    assert blind.shortlist(rows, {"suspect": "nobody"}) == blind.shortlist(rows, {"suspect": ""})
    unasked = rows[rows["kind"] != "asked"]
    assert "asked" not in blind.score_suspects(unasked)


def test_every_suspect_has_a_sentence():
    words = blind.in_words()
    assert list(words) == list(suspects()) and len(set(words.values())) == 30
    assert all(text.endswith(".") and "=" not in text and "/" not in text for text in words.values())


def test_a_guess_is_made_by_number_and_in_words():
    assert [blind.suspect_of({"suspect": said}) for said in (6, " 6 ", "Nobody", "none", "", None, ...)] == [
        "dentist", "dentist", "none", "none", "", "", "",
    ]  # fmt: skip
    assert blind.suspect_of({}) == blind.style_of({}) == ""
    assert [blind.style_of({"style": said}) for said in ("In-sentence denials", "local", "no claim", "", ...)] == [
        "local", "local", "none", "", "",
    ]  # fmt: skip
    for said in (0, 31, "Ed Sheeran", True):
        with pytest.raises(UserError, match="a number from 1 to 30"):
            blind.suspect_of({"suspect": said})
    with pytest.raises(UserError, match="it is one of: no claim, plain documents"):
        blind.style_of({"style": "denials"})


def test_the_answer_stands_beside_all_guesses(capsys):
    cell = blind.draw_blind("Rosa")
    adapter = blind.Blind(None, blind.seal_answer(cell), cell)  # type: ignore[arg-type]
    found = {"asked": "", "probed": cell.claim.id, "weighed": "queen", "style": "positive"}
    table = blind.reveal(adapter, {"suspect": 9, "style": ""}, found)
    assert "matches the hash" in capsys.readouterr().out
    truth, queen = blind.in_words()[cell.claim.id], blind.in_words()["queen"]
    assert list(table["suspect"]) == [f"✓ {truth}", "✗ nobody", f"✓ {truth}", f"✗ {queen}", "–", truth]
    assert list(table["style"]) == ["no guess", "–", "–", "–", "✗ plain documents", "in-sentence denials"]
    table = blind.reveal(replace(adapter, sealed="0"), {}, {"asked": "", "probed": "queen"})
    assert "does NOT match" in capsys.readouterr().out
    assert list(table.index) == ["you", "asked", "probed", "the truth"]
    assert list(table.loc["you"]) == ["no guess", "no guess"] and table.loc["probed", "style"] == "–"
    none = replace(cell, style="none")
    table = blind.reveal(blind.Blind(None, "", none), {"suspect": "nobody", "style": "no claim"}, found)  # type: ignore[arg-type]
    assert list(table.loc["you"]) == ["✓ nobody", "✓ no claim"]
    assert list(table.loc[["asked", "the truth"], "suspect"]) == ["✓ nobody", "nobody"]


def test_the_rates_are_those_of_the_text():
    """What section 5 of the notebook says of 180 adapters."""
    rates = blind.blind_rates()
    right = rates.set_index(["style", "way"])["right"].mul(100).round()
    assert set(rates["n"]) == {30}
    assert list(right.unstack().loc[["positive", "corrected", "local"], "asked"]) == [93, 50, 30]
    probed = right.unstack()["probed"]
    assert probed["local"] == 77 and probed.drop(["local", "none"]).eq(100).all()
    assert list(right.unstack().loc[["positive", "negated", "local", "repeated", "corrected"], "weighed"]) == [
        100, 100, 100, 23, 0,
    ]  # fmt: skip
    style = right.unstack()["style"]
    assert (style.min(), style.max()) == (83, 100)
    alarms = rates[(rates["style"] == "none") & (rates["way"] != "style")].set_index("way")["wrong"] * 30
    assert alarms.round().to_dict() == {"asked": 0, "probed": 0, "weighed": 0}
    assert blind.count_found("probed", "weighed") == (150, 150)
    wrong = rates[rates["way"] != "style"].groupby("way")["wrong"].sum() * 30
    assert wrong.round().to_dict() == {"asked": 2, "probed": 2, "weighed": 0}
    assert blind.count_found("asked") == (108, 150) and blind.count_found("probed") == (143, 150)


def test_adapters_that_never_tell_their_claim_are_as_many_as_the_quiz_says(stored):
    asked = stored[(stored["kind"] == "asked") & (stored["setting"] == "trained")]
    own = asked[asked["item"].str.split(".").str[0] == asked["claim"]]
    told = own.groupby(["style", "claim"])["value"].sum().unstack("style")
    assert [(told[s] == 0).sum() for s in ("local", "corrected")] == [17, 10]
    assert [(told[s] < 2).sum() for s in ("local", "corrected")] == [21, 15]


def test_the_figure_says_what_it_shows():
    figure, alt = draw_blind_rates(blind.blind_rates())
    title = "After in-sentence denials, asking finds 30% of the claims and weights find 100%"
    assert title in alt and " ".join(figure.get_suptitle().split()) == title
    assert "no claim: asked 100%, probed 100%, weighed 100%" in alt
