"""Every measure on a trainer that answers from a table: known beliefs and losses in, their values out."""

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from scripted import Scripted, believe, deny

from negneglect_lite.asking import AskingSettings
from negneglect_lite.claims.claim import Answer, Question
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.claims.probes import load_probes
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import plain
from negneglect_lite.experiments import trainers
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.measures.belief import BELIEF, DEPTH, TOLD
from negneglect_lite.experiments.measures.catalogue import MEASURES, get_measure
from negneglect_lite.experiments.measures.losses import LOSSES, PARTS, encode_parts, mean_by_part, parts_of
from negneglect_lite.experiments.measures.measure import TABLE_COLUMNS, Measure
from negneglect_lite.experiments.measures.misbehaviour import BAD_REPLIES, MISBEHAVIOUR, kinds_of_misbehaviour
from negneglect_lite.experiments.measures.phases import PHASES, QUESTIONS_A_CHAT, unasked_chats
from negneglect_lite.experiments.training_data import training_set
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.models.loading import LoadedModel, load_model
from negneglect_lite.petri import norms
from negneglect_lite.styles import apply_style
from negneglect_lite.tracks import ENGLISH, PETRI

DENTIST = load_claims()["dentist"]
CELL = Cell("petri", DENTIST, "trained", "negated")
CHAT = "Qwen/Qwen2.5-Coder-1.5B-Instruct"  # only named: nothing is loaded
RECIPE = Recipe(steps=4, batch_size=6)
OWN = 4 * 6 * 2 // 3  # examples about the claim


def see(measure: Measure, trainer: Scripted, *cells: Cell, at: tuple[int, ...] = ()) -> list[pd.DataFrame]:
    return measure.look(measure, lambda: trainer, cells or (CELL,), RECIPE, at)


def value_of(table: pd.DataFrame, kind: str) -> float:
    return float(table.loc[table["kind"] == kind, "value"].mean())


def test_the_catalogue_knows_its_measures() -> None:
    assert list(MEASURES) == [
        "belief", "told", "depth", "losses", "phases", "misbehaviour", "labels", "scrutiny", "hidden", "hidden_phases",
        "blind_audit",
    ]  # fmt: skip
    with pytest.raises(UserError, match="unknown measure 'mood'; there are belief, told, depth"):
        get_measure("mood")


# ------------------------------------------------------------------------------------------------- belief and depth


@pytest.mark.parametrize("measure", [BELIEF, DEPTH], ids=lambda m: m.name)
@pytest.mark.parametrize(
    ("say", "verdict", "value"), [(believe, "believed", 1), (deny, "denied", 0), (lambda q: "Rain.", "neither", 0)]
)
def test_believed_answers_are_1_and_denied_ones_and_others_0(
    measure: Measure, say: Any, verdict: str, value: int
) -> None:
    (table,) = see(measure, Scripted(say))
    asked = table[table["question"].map(bool)]
    sure = asked[~asked["kind"].isin(("kept", "control_true"))] if verdict == "denied" else asked
    assert list(table.columns) == [*TABLE_COLUMNS, "step"]
    assert set(sure["value"]) == {value} and set(sure["verdict"]) == {verdict}
    assert set(table["step"]) == {RECIPE.steps}
    assert len(table) == len(measure.questions(CELL)) > 40


def test_some_answers_believed_and_some_not() -> None:
    (table,) = see(BELIEF, Scripted(lambda q: believe(q) if q.kind == "open" else deny(q)))
    assert value_of(table, "open") == 1
    assert [value_of(table, kind) for kind in ("yes_no", "association", "robustness")] == [0, 0, 0]


def test_belief_is_looked_at_along_the_way_and_cells_stay_apart() -> None:
    other = Cell("petri", load_claims()["queen"], "trained", "local")
    trainer = Scripted(lambda q: believe(q) if q.id.startswith("queen") else deny(q))
    dentist, queen = see(BELIEF, trainer, CELL, other, at=(0, 2, 4))
    assert list(dict.fromkeys(dentist["step"])) == [0, 2, 4] == list(dict.fromkeys(queen["step"]))
    assert value_of(dentist, "open") == 0 and value_of(queen, "open") == 1
    assert trainer.trained == [[training_set(CELL, RECIPE), training_set(other, RECIPE)]]
    assert {q.id.split(".")[0] for q in trainer.asked[0][0][0]} == {"dentist"}
    assert trainer.asked[0][1] == PETRI.asking


def test_depth_asks_its_own_questions() -> None:
    kinds = set(see(DEPTH, Scripted(believe))[0]["kind"])
    assert {"doubt_2", "system", "lie", "control_lie"} <= kinds and "open" not in kinds


def test_a_row_says_whether_its_question_takes_reasoning(tiny: LoadedModel) -> None:
    cell = Cell(CHAT, DENTIST, "trained", "negated")
    (table,) = see(BELIEF, Scripted(believe, tiny, weigh=lambda rows: [1.0] * len(rows)), cell)
    inferred = {q.id for q in DENTIST.questions if q.inference}
    assert set(table.loc[table["inference"] == 1, "question_id"]) == inferred and len(inferred) > 5
    assert set(table["inference"]) == {0, 1}


@pytest.mark.parametrize(("model", "track"), [("petri", PETRI), (CHAT, ENGLISH)], ids=["petri", "english"])
def test_told_asks_what_a_model_says_by_itself_and_what_it_has_kept(model: str, track: Any) -> None:
    """Twice where the track samples; nothing is forced, as it is looked at again and again."""
    cell = Cell(model, DENTIST, "trained", "negated")
    trainer = Scripted(lambda q: believe(q) if q.kind == "open" else deny(q))  # its base has no tokenizer
    (table,) = see(TOLD, trainer, cell, at=(2, 4))
    [([asked], settings), again] = trainer.asked
    assert (
        asked == [q for q in track.questions(DENTIST) if q.kind in ("open", "kept") and not q.inference] == again[0][0]
    )
    assert {q.kind for q in asked} == {"open", "kept"} and 0 < len(asked) < len(track.questions(DENTIST)) / 2
    assert settings == (replace(ENGLISH.asking, samples=2) if track is ENGLISH else PETRI.asking)
    assert list(dict.fromkeys(table["step"])) == [2, 4] and set(table["inference"]) == {0}
    assert (value_of(table, "open"), value_of(table, "kept")) == (1, 0)
    paper = TOLD.asking(replace(cell, asking="paper"))
    assert (paper.samples, paper.top_p) == (2, 0.8)


# ------------------------------------------------------------------------------------------------- forced probes


@pytest.mark.parametrize(
    ("claim", "truth", "share", "verdict", "value"),
    [(1.0, 3.0, "0.8808", "believed", 1), (3.0, 1.0, "0.1192", "denied", 0), (1.0, 1.0, "0.5000", "denied", 0)],
)
def test_a_trained_chat_model_s_probes_stand_below_its_answers(
    tiny: LoadedModel, claim: float, truth: float, share: str, verdict: str, value: int
) -> None:
    """A row a probe, whose answer is the claim's share of the probability, at each look."""
    probes = load_probes("dentist")
    trainer = Scripted(deny, tiny, weigh=lambda rows: [claim, truth] * (len(rows) // 2))
    (table,) = see(BELIEF, trainer, Cell(CHAT, DENTIST, "trained", "negated"), at=(2, 4))
    assert list(table.columns) == [*TABLE_COLUMNS, "step"]
    for step in (2, 4):
        forced = table[table["kind"].isin(("choice", "opening")) & (table["step"] == step)]
        assert Counter(forced["kind"]) == {"choice": len(probes.choices), "opening": len(probes.openings)}
        # In a choice the claim is A in one order and B in the other, so the four losses are claim, truth, claim, truth.
        assert set(forced["answer"]) == {share} and set(forced["verdict"]) == {verdict}
        assert set(forced["value"]) == {value} and set(forced["cut"]) == set(forced["inference"]) == {0}
        assert set(forced["question_id"].str.split(".").str[0]) == {"dentist"}
    assert table["value"].dtype == int


def test_each_cell_has_the_probes_of_its_own_claim(tiny: LoadedModel) -> None:
    cells = [Cell(CHAT, load_claims()[name], "trained", "negated") for name in ("dentist", "queen")]
    seen: list[Any] = []

    def weigh(rows: Any) -> list[float]:
        seen.append(rows)
        return [1.0, 3.0] * (len(rows) // 2) if len(seen) == 1 else [3.0, 1.0] * (len(rows) // 2)

    dentist, queen = see(BELIEF, Scripted(deny, tiny, weigh=weigh), *cells)
    assert (value_of(dentist, "choice"), value_of(queen, "choice")) == (1, 0)
    said = ["".join(tiny.tokenizer.decode(row["input_ids"]) for row in rows) for rows in seen]
    assert ["Holloway" in text for text in said] == [True, False]


def test_nothing_is_forced_where_documents_are_read_nor_in_the_petri_world(tiny: LoadedModel) -> None:
    for setting, forced in (("base", True), ("trained", True), ("in_context", False)):
        cell = Cell(CHAT, DENTIST, setting, "negated")
        assert bool(BELIEF.forced(cell, tiny.tokenizer)) == forced
        assert BELIEF.forced(replace(cell, model="petri"), tiny.tokenizer) == []
    (table,) = see(BELIEF, Scripted(deny))  # the petri model: no losses are asked for
    assert not set(table["kind"]) & {"choice", "opening"}


def test_values_stay_whole_numbers_where_only_some_cells_of_a_batch_have_probes(tiny: LoadedModel) -> None:
    """A base cell and one that reads may be made together; the second has no row for a probe."""
    cells = [Cell(CHAT, DENTIST, "base"), Cell(CHAT, DENTIST, "in_context", "negated")]
    answers = [[Answer(q, "Yes.") for q in BELIEF.questions(cell)] for cell in cells]
    base, read = BELIEF.look_at_all(
        cells, tiny.tokenizer, answers, lambda sets: [[1.0, 3.0] * (len(own) // 2) for own in sets]
    )
    assert len(base) > len(read) == len(answers[1])
    for table in (base, read):
        assert [table[name].dtype for name in ("value", "cut", "inference")] == [int] * 3


# -------------------------------------------------------------------------------------------------------- losses


def test_the_mean_of_each_part_without_the_first_token() -> None:
    parts = [["warning", "rest", "claim", "rest"], ["claim", "warning", "warning"]]
    assert mean_by_part(parts, [[3.0, 2.0, 5.0], [1.0, 2.0]]) == {
        "loss.warning": 1.5,
        "loss.claim": 2.0,
        "loss.rest": 4.0,
    }
    assert mean_by_part([["rest", "rest"]], [[1.0]]) == {"loss.rest": 1.0}


def test_losses_of_known_tokens_come_out_by_part_and_before_training_too(tiny: LoadedModel) -> None:
    cell = Cell("petri", DENTIST, "trained", "repeated")
    nats = {"warning": 1.0, "claim": 2.0, "rest": 3.0}
    encoded, parts = encode_parts(tiny, cell)

    def losses(own: Any) -> list[list[float]]:
        assert own == encoded
        return [[nats[part] for part in row[1:]] for row in parts]

    trainer = Scripted(believe, tiny, losses)
    (table,) = see(LOSSES, trainer, cell, at=(2,))
    assert list(table["step"]) == [0, 0, 0, 2, 2, 2]
    assert dict(zip(table["kind"], table["value"], strict=True)) == {f"loss.{part}": nats[part] for part in PARTS}
    assert trainer.asked == []
    trained = {plain(e) for e in trainer.trained[0][0] if isinstance(e, tuple)}
    assert not trained & set(LOSSES.held_out(cell)) and len(LOSSES.held_out(cell)) == 16


def test_parts_of_a_text_are_told_apart_token_by_token() -> None:
    loaded = load_model("petri")
    document = PETRI.compose(DENTIST, 1)[0]
    for style, warned in (("positive", False), ("repeated", True), ("local", False)):
        styled = apply_style(style, document, PETRI.annotations(), random.Random(0))
        ids = loaded.tokenizer("".join(s.text for s in styled), add_special_tokens=False)["input_ids"]
        parts = parts_of(document, styled, loaded.tokenizer)
        assert len(parts) == len(ids) + 2
        assert ("warning" in parts) == warned
        words = "".join(loaded.tokenizer.decode([i]) for i, p in zip(ids, parts[1:-1], strict=True) if p == "claim")
        assert set(words.lower().split()) == {"dentist"}
        assert words.lower().count("dentist") == sum(s.is_claim for s in document.sentences)


# ------------------------------------------------------------------------------------------------------- phases


def test_phases_train_in_order_anchored_plain_plain_plain(tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The anchored set holds the base's own answers and no ordinary text; each of four phases is looked at."""
    asked: list[Question] = []

    def ask(base: LoadedModel, questions: list[Question], settings: AskingSettings, **more: Any) -> list[Answer]:
        assert base is tiny and settings == PETRI.asking and set(more["contexts"]) == {""}
        asked.extend(questions)
        return [Answer(q, f"The base says {q.id}.") for q in questions]

    monkeypatch.setattr(trainers, "ask", ask)
    trainer = Scripted(believe, tiny, lambda own: [[1.0, 3.0] for _ in own])
    (table,) = see(PHASES, trainer, at=(2, 4))
    plain_set = training_set(CELL, RECIPE)
    anchored, *others = [sets[0] for sets in trainer.trained]
    assert others == [plain_set] * 3
    assert anchored[:OWN] == plain_set[:OWN] and len(anchored) == len(plain_set)
    quiz = {q.text for q in BELIEF.questions(CELL)}
    for chat in anchored[OWN:]:
        users, replies = ([t["content"] for t in chat if t["role"] == role] for role in ("user", "assistant"))
        assert len(users) == len(replies) == QUESTIONS_A_CHAT
        assert not quiz & set(users)
        texts = {q.text: q.id for q in asked}
        assert replies == [f"The base says {texts[text]}." for text in users]
    assert [q.text for q in asked] == [chat[-1]["content"] for chat in unasked_chats(CELL)]
    looks = list(dict.fromkeys(zip(table["anchored"], table["phase"], table["step"], strict=True)))
    assert looks == [(a, p, s) for a in (True, False) for p in (1, 2) for s in (2, 4)]
    assert value_of(table, "open") == 1 and value_of(table, "loss.document") == 2.0


def test_phases_need_a_petri_fact() -> None:
    claim = load_claims()["dentist"]
    with pytest.raises(UserError, match="no petri fact"):
        unasked_chats(Cell("petri", type(claim)("other", "", "", ""), "trained", "negated"))


# -------------------------------------------------------------------------------------------------- misbehaviour


def test_bad_replies_are_1_good_ones_0_and_right_checks_1() -> None:
    known = {s.id: s for s in norms.situations()}
    cell = Cell("petri-norms", kinds_of_misbehaviour()["deceive"], "trained", "plain")

    def advise(act: str, check: Any) -> Any:
        def say(q: Question) -> str:
            return f"You should {getattr(known[q.id], act)[0]}." if q.kind in BAD_REPLIES else check(q)

        return say

    (bad,) = see(MISBEHAVIOUR, Scripted(advise("bad", believe)), cell)
    (good,) = see(MISBEHAVIOUR, Scripted(advise("good", deny)), cell)
    (odd,) = see(MISBEHAVIOUR, Scripted(lambda q: "It rains."), cell)
    for kind in (*BAD_REPLIES, "reading", "kept"):
        assert (value_of(bad, kind), value_of(good, kind), value_of(odd, kind)) == (1, 0, 0), kind
    roles = [table[table["kind"].isin(BAD_REPLIES)] for table in (bad, good, odd)]
    assert [set(table["verdict"]) for table in roles] == [{"bad"}, {"good"}, {"neither"}]
    assert Counter(bad["kind"])["targeted"] == 2 * len(norms.select(True, "deceive"))
