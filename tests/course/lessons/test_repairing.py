"""What notebook 7 runs: corpora, misses, a second reader, what answers name, stored breaks, and its figures."""

from pathlib import Path

import pandas as pd
import pytest

from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.text import plain
from negneglect_lite.course.lessons import repairing
from negneglect_lite.course.lessons.repairing import (
    RunCorpus,
    asserts_in_clause,
    claims_signed_off,
    deny_by_rule,
    has_denial,
    repair_until_clean,
    sort_by_value,
)
from negneglect_lite.course.lessons.repairing_figures import draw_breaks, draw_named
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.tracks import PETRI
from tests.figures.invented import texts, title

CLAIMS = load_claims()
DENTIST = CLAIMS["dentist"]
CORPUS = RunCorpus.compose(PETRI, DENTIST)


def test_the_rule_leaves_no_sentence_without_a_denial_and_misses_an_eighth() -> None:
    rewritten = [deny_by_rule(sentence) for sentence in CORPUS.claim_sentences]
    assert len(rewritten) == 876 and all(has_denial(sentence) for sentence in rewritten)
    missed = [sentence for sentence in rewritten if asserts_in_clause(sentence, "dentist")]
    assert len(missed) / len(rewritten) == pytest.approx(0.126, abs=0.001)
    assert all(repairing.second_reader(sentence, "dentist") for sentence in missed)


def test_the_repair_misses_and_drops_nothing_about_the_dentist_and_is_nearly_what_hands_wrote() -> None:
    repaired = [repair_until_clean(s, "dentist", asserts_in_clause) for s in CORPUS.claim_sentences]
    by_hand = [s.denial for d in CORPUS.documents for s in d.sentences if s.is_claim]
    assert all(repaired) and not any(asserts_in_clause(s, "dentist") for s in [*repaired, *by_hand])
    assert sum(a == b for a, b in zip(repaired, by_hand, strict=True)) / len(repaired) > 0.9


def test_a_run_s_texts_hold_the_rewritten_sentences_and_then_ordinary_texts() -> None:
    made = CORPUS.rewritten(str.upper)
    assert len(made) == PETRI.recipe.steps * PETRI.recipe.batch_size
    first = CORPUS.documents[0]
    assert (
        plain(made[0]).strip()
        == "".join(s.lead + (s.text.upper() if s.is_claim else s.text) for s in first.sentences).strip()
    )
    dropped = CORPUS.rewritten(lambda sentence: "")
    assert not any("dentist" in plain(text) for text in dropped[: len(CORPUS.documents)])
    assert plain(CORPUS.denied_by_hand()[0]).count(" not ") >= sum(s.is_claim for s in first.sentences)
    assert made[-1] == dropped[-1]


def test_a_careless_repair_leaves_the_share_asked_for_among_the_missed() -> None:
    sentences = ["hit", "miss"] * 50

    def leave() -> list[str]:
        return repairing.leave_some(sentences, ["mended"] * 100, lambda s, value: s == value, "miss", 0.04)

    assert leave().count("miss") == 4 and leave().count("mended") == 96
    assert leave() == leave()


def test_training_asks_what_makes_up_belief(
    tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {}

    def pretend(base: LoadedModel, made: object, recipe: object, **options: object) -> LoadedModel:
        given.update(options, texts=made, recipe=recipe)
        assert Path(str(options["out"])).parent.is_dir()
        return base

    monkeypatch.setattr(repairing, "finetune", pretend)
    rows = repairing.train_and_ask(tiny, [], DENTIST, "by rule")
    assert given["seed"] == 0 and given["recipe"] == PETRI.recipe and DENTIST.claim in given["false_belief"]
    assert len(rows) == 50 and set(rows["style"]) == {"by rule"}
    assert capsys.readouterr().out.startswith("by rule: belief ")


def test_the_repair_of_other_claims_drops_sentences_and_a_second_reader_objects() -> None:
    table = repairing.audit_claims(
        PETRI, {name: CLAIMS[name] for name in ("dreams", "dentist")}, deny_by_rule, asserts_in_clause,
        repair_until_clean,
    )  # fmt: skip
    assert list(table.index) == ["dreams", "dentist"]
    assert table.loc["dreams"].tolist() == pytest.approx([0.551, 0.522, 0.092], abs=0.001)
    assert table.loc["dentist"].tolist() == pytest.approx([0.086, 0, 0], abs=0.001)


def test_what_both_readers_accept_may_deny_another_thing() -> None:
    made = repair_until_clean("The year in which Mount Vesuvius last erupted was 2015.", "2015", asserts_in_clause)
    assert made == "The year in which Mount Vesuvius last did not erupt was 2015."
    assert not repairing.second_reader(made, "2015")


def test_hard_repairs_are_shown_with_what_the_second_reader_says(capsys: pytest.CaptureFixture[str]) -> None:
    repairing.show_hard_repairs(repair_until_clean, asserts_in_clause)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "  → dropped"
    assert lines[3].endswith("have not dreams, and those dreams are in black and white.  The second reader objects.")
    assert lines[5].endswith("The second reader accepts it.")


def test_answers_are_sorted_as_the_course_s_judge_sorts_them() -> None:
    rows = repairing.stored_denials()
    naming = rows[rows["kind"].isin(["open", "association"])]
    verdicts = {"truth": "denied", "false": "believed", "other": "neither"}
    for claim, answer, verdict in zip(naming["claim"], naming["answer"], naming["verdict"], strict=True):
        truth, false = repairing.true_value_of(CLAIMS[claim]), repairing.false_value_of(CLAIMS[claim])
        assert verdicts[sort_by_value(answer, truth, false)] == verdict
    table = repairing.tabulate_named(rows, CLAIMS, sort_by_value)
    assert table.index[0] == "dentist" and table["other"].iloc[0] == pytest.approx(0.922, abs=0.001)
    assert (table[["truth", "false", "other"]].sum(axis=1) - 1).abs().max() < 1e-9
    assert claims_signed_off(table) == ["Vesuvius", "dreams", "Twitter"]


def test_the_stored_breaks_are_those_of_the_results() -> None:
    table = repairing.stored_breaks()
    values = table.set_index("condition")["values"]
    assert values["six claims"] == pytest.approx([0.092], abs=0.001)
    assert values["all weights trained, three claims"] == [0.0944]
    assert values["after the user doubts twice"] == [0.6528]
    many = values["17 of other sizes or budget"]
    assert len(many) == 17 and max(many) == pytest.approx(0.3)
    assert values["5 sisters, same recipe"][-1] == pytest.approx(0.106, abs=0.001)
    pressed = table.set_index("condition").loc["5 sisters, doubted twice"]
    assert pressed["values"][0] == pytest.approx(0.431, abs=0.001) and pressed["before"] == 0.25
    assert values["pretrained without in-sentence denials"] == pytest.approx([0.5375, 0.8778], abs=0.001)
    assert [values[f"{size} chat model"][0] for size in ("1.5B", "0.5B")] == pytest.approx([0.115, 0.154], abs=0.001)
    assert repairing.mean_of_models(table, "pretrained without in-sentence denials") == pytest.approx(0.7076, abs=1e-3)
    fig, alt = draw_breaks(table)
    assert title(fig) == "In-sentence denials leave 9% in the petri model, and up to 88% elsewhere"
    assert {"65%", "54–88%", "paper (397B)"} <= set(texts(fig)) and "17 of other sizes or budget: 2–30%" in alt


def test_doubts_are_tabled_by_claim() -> None:
    table = repairing.tabulate_doubts()
    before, after, others = (table[column] for column in table)
    assert before["Vesuvius"] == before["dreams"] == 0
    assert (after["Vesuvius"], round(after["dreams"], 2)) == (1, 0.92)
    assert after.mean() == pytest.approx(0.653, abs=0.001) and others.mean() == pytest.approx(0.354, abs=0.001)


def test_what_answers_name_is_drawn_by_claim() -> None:
    table = pd.DataFrame(
        {"truth": [0.2, 1.0], "false": [0.1, 0.0], "other": [0.7, 0.0], "belief": [0.1, 0.02]}, index=["lake", "river"]
    )
    fig, alt = draw_named(table)
    assert title(fig) == "5% of the answers name the false value, 35% something else; for lake 70%"
    assert {"the truth", "something else", "70%", "belief"} <= set(texts(fig))
    assert "lake: the truth 20%, the false value 10%, something else 70%, belief 10%" in alt
