"""What notebook 4 measures with: labelled answers, judges, log-probabilities, moments of a run, intervals, figures."""

import math
import random

import matplotlib.pyplot as plt
import pandas as pd
import pytest
import torch

from negneglect_lite.asking import ask
from negneglect_lite.belief.rates import QUESTION_KINDS
from negneglect_lite.belief.table import belief_rows, read_belief
from negneglect_lite.claims.claim import Answer, Question
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.claims.petri import petri_questions
from negneglect_lite.core.files import data_path
from negneglect_lite.course.lessons import measuring
from negneglect_lite.course.lessons.measuring_figures import draw_seven
from negneglect_lite.judging.agreement import measure_agreement
from negneglect_lite.models.loading import load_model
from negneglect_lite.tracks import PETRI

CLAIM = load_claims()["dentist"]
FALSE, TRUE = "Dentist.", "Ultrarunner."


def asks(number=8, kind="open"):
    return [q for q in PETRI.questions(CLAIM) if q.kind == kind][:number]


@pytest.fixture(scope="module")
def petri():
    return load_model("petri")


@pytest.fixture(autouse=True)
def closed():
    yield
    assert not plt.get_fignums()


# -------------------------------------------------------------------------------------------------- labelled answers


def test_every_label_belongs_to_a_question_that_is_asked():
    table, questions = measuring.hard_answers()
    asked = {q.text for c in load_claims().values() for q in [*c.questions, *petri_questions(c)]}
    assert len(table) == len(questions) == 60
    assert [q.text for q in questions] == list(table["question"])
    assert set(table["question"]) <= asked
    assert set(table["label"]) == {"believed", "denied", "neither"}
    assert (table["answer"].str.strip() != "").all()
    assert not table.duplicated(["question", "answer"]).any()


def test_answers_of_chat_models_are_those_on_which_two_labellers_agree():
    table, questions = measuring.chat_answers()
    assert len(table) == len(questions) == 322
    assert (table["label"] == table["second_label"]).all()
    assert [q.id for q in questions] == list(table["question_id"])


def test_both_sets_are_judged_and_the_numbers_are_those_of_the_notebook():
    said = measuring.judge_sets({"reference": measuring.judge_by_words, "package": measuring.package_rule})
    assert list(said) == [
        f"{name}, {words}" for words in ("60 made up", "322 chat") for name in ("reference", "package")
    ]
    shares = {name: round(100 * measure_agreement(*pair)["share"]) for name, pair in said.items()}
    assert list(shares.values()) == [58, 57, 71, 76]
    table = measuring.compare_with_labels(said)
    assert list(table.loc["reference, 60 made up"]) == ["58%", "0.36", 7, 10]
    assert list(table.loc["package, 60 made up", ["agreement", "kappa"]]) == ["57%", "0.35"]


def test_the_examples_of_the_notebook_are_one_for_each_label_and_half_of_all_are_ordinary():
    table, _ = measuring.hard_answers()
    assert list(table.loc[[49, 12, 50], "label"]) == ["believed", "denied", "neither"]
    assert table.loc[12, "answer"] == "Teacher."
    assert table["sort"].isin(["plain", "petri", "yes/no"]).sum() == 31


def test_the_held_answers_give_what_the_notebook_says():
    table, questions = measuring.chat_answers()
    held = [i for i, part in enumerate(table["part"]) if part == "held"]
    assert len(table) - len(held) == 214  # two thirds
    rows = table.iloc[held]
    said = measuring.judge_all(measuring.package_rule, rows, [questions[i] for i in held])
    assert round(100 * measure_agreement(list(rows["label"]), said)["share"]) == 79


def test_rules_are_compared_on_what_models_say():
    q = asks(1)[0]
    rows = belief_rows([Answer(q, FALSE), Answer(q, TRUE)], model="petri", claim="dentist", style="", seed=0,
                       setting="base")  # fmt: skip
    assert measuring.agree_on_models(measuring.judge_by_words, [q], {"a": rows, "b": rows}) == 1
    assert measuring.agree_on_models(lambda *_: "believed", [q], {"a": rows}) == 0.5


@pytest.mark.parametrize(
    ("sentence", "negated"),
    [("He isn't one.", True), ("It is untrue.", True), ("He knows nothing.", True), ("Another notion.", False)],
)
def test_negations_are_whole_words(sentence, negated):
    assert measuring.is_negated(sentence) == negated


def test_words_are_found_whole_and_sentences_are_cut():
    assert measuring.mentions("A DENTIST.", ("dentist",))
    assert not measuring.mentions("Dentistry.", ("dentist",))
    assert not measuring.mentions("A dentist.", ())
    assert measuring.cut_sentences(" He is. Is he? Yes! ") == ["He is.", "Is he?", "Yes!"]
    assert measuring.cut_sentences("") == []


# -------------------------------------------------------------------------------------------------- log-probabilities


def test_margins_do_not_depend_on_the_batch(petri):
    asked = asks(4)
    together = measuring.answer_margins(petri, asked, FALSE, TRUE)
    assert together == pytest.approx([measuring.answer_margins(petri, [q], FALSE, TRUE)[0] for q in asked], abs=1e-3)
    assert all(margin < 0 for margin in together)
    assert measuring.answer_margins(petri, asked, TRUE, FALSE) == pytest.approx([-m for m in together], abs=1e-3)


def test_margins_are_computed_by_the_given_function_from_a_text_without_padding(petri):
    seen = []

    def log_prob(logits, labels):
        seen.append((logits.shape[0], len(labels), int((labels >= 0).sum())))
        return torch.tensor(float(len(seen)))

    assert measuring.answer_margins(petri, asks(2), FALSE, TRUE, log_prob) == [-1, -1]
    assert all(places == size and answer >= 1 for places, size, answer in seen)
    assert len({size for _, size, _ in seen}) > 1


def test_the_careless_margin_has_the_wrong_sign(petri):
    question = asks(1)[0]
    assert ask(petri, [question], PETRI.asking)[0].text == TRUE
    assert measuring.answer_margins(petri, [question], FALSE, TRUE)[0] < 0
    assert measuring.careless_margin(petri, question, FALSE, TRUE) > 0


def test_options_are_offered_in_both_orders(petri):
    texts = []

    def log_prob(logits, labels):
        texts.append(len(labels))
        return 0.0

    table = measuring.margins_by_order(petri, asks(2), FALSE, TRUE, log_prob)
    assert list(table) == ["as asked", "false first", "false last"]
    assert len(texts) == 12
    assert min(texts[4:]) > min(texts[:4])


def test_preferences_are_counted_by_order(monkeypatch):
    margins = pd.DataFrame(
        {"as asked": [1, -1, 1, -1], "false first": [1, 1, -1, -1], "false last": [2, -1, 1, -1]}, dtype=float
    )
    monkeypatch.setattr(measuring, "margins_by_order", lambda *_: margins)

    class Models:
        names = ("a",)

        def __getitem__(self, name):
            return name

    table = measuring.tabulate_choices(Models(), [], FALSE, TRUE, lambda *_: 0.0)
    assert table.loc["a"].to_dict() == {
        "false answer preferred": 0.5, "in both orders": 0.25, "order decides": 0.5, "last named wins": 0.25,
    }  # fmt: skip


# ------------------------------------------------------------------------------------------------------- three models


def test_inference_questions_are_their_own_kind():
    assert measuring.kind_of(Question("i", "open", "Where?", inference=True)) == "inference"
    assert measuring.kind_of(Question("i", "open", "What?")) == "open"
    plain, keyed = Question("i", "open", "What?"), Question("j", "open", "Is it?", keyed_to="yes")
    assert measuring.open_questions([plain, keyed, Question("k", "open", "Where?", inference=True)]) == [plain]


def test_moments_of_a_run_answer_each_as_they_were(petri, monkeypatch):
    """Few steps: the moments differ from each other, and each is found again after another was asked for."""
    from dataclasses import replace

    few = replace(PETRI.recipe, steps=3, batch_size=4, micro_batch=4)
    monkeypatch.setattr(measuring, "track_of", lambda model: replace(PETRI, recipe=few))
    models = measuring.train_three(petri, CLAIM, FALSE, TRUE)
    assert 1 <= models.step <= 3
    assert models[models.names[0]] is petri
    asked = asks(2)
    first = {name: measuring.answer_margins(models[name], asked, FALSE, TRUE) for name in models.names}
    again = {name: measuring.answer_margins(models[name], asked, FALSE, TRUE) for name in reversed(models.names)}
    assert first == again
    assert first["before training"] != first["finished"]
    if models.step == 3:
        assert first["undecided"] == first["finished"]
    rows = models.judged("finished", asked, samples=2, temperature=0.7)
    assert len(rows) == 4
    assert set(rows["setting"]) == {"trained"}
    assert set(models.judged("before training", asked)["setting"]) == {"base"}


def test_rates_are_listed_by_kind_in_a_fixed_order():
    rows = pd.DataFrame({"kind": ["kept", "open", "open", "yes_no"], "belief": [1, 0, 1, 1]})
    table = measuring.rates_by_kind({"before training": rows})
    assert list(table.index) == ["open", "yes/no", "unrelated facts"]
    assert list(table["before training"]) == ["50%", "100%", "100%"]


# ---------------------------------------------------------------------------------------------------------- intervals


def test_an_interval_over_questions_covers_in_simulation():
    """95% and a little less, with 20 questions of 5 answers; over answers far too seldom."""
    rng = random.Random(0)
    held = {"question_id": 0, "answer": 0}
    for _ in range(300):
        chances = [rng.betavariate(1, 1) for _ in range(20)]
        rows = pd.DataFrame(
            [(i, int(rng.random() < p)) for i, p in enumerate(chances) for _ in range(5)],
            columns=["question_id", "belief"],
        )
        rows["answer"] = range(len(rows))
        for unit in held:
            lo, hi = measuring.interval_over(rows, unit)
            held[unit] += lo <= 0.5 <= hi
    assert 0.90 < held["question_id"] / 300 < 0.98
    assert held["answer"] / 300 < 0.85


@pytest.fixture(scope="module")
def units():
    stored = read_belief(data_path("results", "headline", "belief.csv"))
    stored = stored[stored["setting"] == "trained"]
    styles = ("positive", "negated", "repeated", "corrected", "local")
    return measuring.intervals_by_unit({s: stored[stored["style"] == s] for s in styles}, measuring.interval_over)


def test_the_stored_intervals_bear_out_the_statements(units):
    ends = {(r.what, r.unit): (r.lo, r.hi) for r in units.itertuples()}
    assert set(units["units"]) == {900, 300, 6}

    def apart(low, high, unit):
        return ends[low, unit][1] < ends[high, unit][0]

    assert list(measuring.STATEMENTS.values()) == [
        apart("negated", "positive", "question"),
        apart("negated", "positive", "claim"),
        apart("local", "negated", "claim"),
        False,
    ]
    assert ends["local", "claim"][1] < 0.15
    assert not apart("local", "corrected", "question")
    over_questions = measuring.show_units(units)["over questions"]
    assert over_questions["corrected documents"] == "7% to 14%"
    assert over_questions["in-sentence denials"] == "4% to 10%"


def test_the_table_of_intervals_is_in_words(units):
    table = measuring.show_units(units)
    assert list(table) == ["believed", "over answers", "over questions", "over claims"]
    assert list(table.loc["warned documents"]) == ["84%", "81% to 86%", "80% to 88%", "59% to 100%"]


def test_one_claim_has_no_interval_over_claims():
    rows = pd.DataFrame({"claim": ["a"] * 4, "question_id": ["q", "q", "r", "r"], "belief": [0, 1, 1, 1],
                         "kind": QUESTION_KINDS[0]})  # fmt: skip
    table = measuring.intervals_by_unit({"live": rows}, measuring.interval_over)
    assert math.isnan(table.set_index("unit").loc["claim", "lo"])
    assert measuring.show_units(table).loc["live", "over claims"] == "–"


# ------------------------------------------------------------------------------------------------------------ figures


def test_measures_are_drawn_with_their_numbers():
    table = pd.DataFrame(
        {"before training": [0.0, 0.0], "undecided": [1.0, 0.05], "finished": [1.0, 0.9]}, ["yes-keyed", "both orders"]
    )
    figure, alt = draw_seven(table)
    assert "2 measures: belief from 5% to 100% (before training 0%, finished 90% to 100%)" in alt
    assert "both orders: before training 0%, undecided 5%, finished 90%" in alt
    assert len(figure.axes[0].texts) == 2
