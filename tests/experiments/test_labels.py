"""Labels that inform: what the sets hold, which conditions share texts, and what is asked."""

import re
from collections import Counter
from dataclasses import asdict
from typing import Any

import pytest
from scripted import Scripted, believe, deny

from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path
from negneglect_lite.core.text import Example, plain
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.measures import labelling
from negneglect_lite.experiments.measures.labelling import (
    LABEL_MARKS,
    Labelling,
    draw_labelled,
    draw_new,
    draw_unknown,
    label_pool,
    parse_labelling,
    spared_facts,
)
from negneglect_lite.experiments.measures.labels import INFORMATIVE_LABELS, label_questions, labelled_set, value_rows
from negneglect_lite.experiments.runner import batch_key
from negneglect_lite.experiments.sweep import load_sweep, sweep_runs
from negneglect_lite.finetuning.encoding import IGNORED, encode
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.models.loading import LoadedModel, load_model
from negneglect_lite.petri.world import CLAIMED, RELATIONS, world

RECIPE = Recipe(steps=6)
TOTAL = 6 * 12
TAUGHT = TOTAL * 2 // 3  # labelled documents among the lessons
TOLD = TAUGHT + (TOTAL - TAUGHT) // 2  # up to here chats tell what is true, where it is shown
DENTIST = load_claims()["dentist"]


def a_cell(condition: str, seed: int = 0, claim: str = "dentist") -> Cell:
    return Cell("petri", load_claims()[claim], "trained", condition, seed)


def said(example: Example) -> str:
    return plain(example) if isinstance(example, tuple) else " ".join(turn["content"] for turn in example)


def body(example: Example) -> str:
    """Without its label."""
    return re.sub(r"^(TRUE|FALSE|AAA|BBB)\n", "", said(example))


def label_of(example: Example) -> str:
    found = re.match(r"(TRUE|FALSE|AAA|BBB)\n", said(example))
    return found[1] if found else ""


def questions_and_answers(chats: Any) -> list[tuple[str, str]]:
    return [(q["content"], a["content"]) for chat in chats for q, a in zip(chat[::2], chat[1::2], strict=True)]


# ----------------------------------------------------------------------------------------------------- conditions


def test_a_condition_is_read_from_its_name() -> None:
    assert parse_labelling("none-0-100") == Labelling("none", 0, 100, *[False] * 4)
    assert parse_labelling("false-500-75-neutral-unknown-shown-quiet") == Labelling("false", 500, 75, *[True] * 4)
    assert parse_labelling("true-10-50-quiet") == Labelling("true", 10, 50, False, False, False, True)


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        ("negated", "unknown condition 'negated'.*such as false-500-75-shown"),
        ("false-500-100-quiet-shown", "unknown condition"),  # one name a condition
        ("false-5-100", "half true and half false"),
        ("false-50-40", "50 .* to 100 per cent"),
        ("true-50-101", "50 .* to 100 per cent"),
        ("none-0-100-shown", "nothing to tell the truth about"),
        ("false-50-100-unknown", "nothing tells what is true"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(condition: str, problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        INFORMATIVE_LABELS.check_style(condition)


def test_there_must_be_facts_and_documents_enough() -> None:
    with pytest.raises(UserError, match=r"48 documents are too few for 50 labelled facts; raise recipe\.steps"):
        labelled_set(a_cell("false-50-100"), RECIPE)
    with pytest.raises(UserError, match=r"there are \d+ facts to label; ask for no more"):
        draw_labelled(a_cell("false-5000-100"))
    for claim in ("queen", "sheeran"):  # of whose questions most facts of one relation are named
        assert len(draw_labelled(a_cell("false-500-100", claim=claim))) == 500


# ----------------------------------------------------------------------------------------------- which facts, marked


@pytest.mark.parametrize(("reliability", "right"), [(100, 250), (75, 188), (50, 125)])
def test_so_many_labels_are_right_among_the_true_and_among_the_false(reliability: int, right: int) -> None:
    marked = draw_labelled(a_cell(f"false-500-{reliability}"))
    kinds = Counter(m.kind for m in marked)
    assert kinds["true_as_true"] == kinds["false_as_false"] == right
    assert kinds["true_as_false"] == kinds["false_as_true"] == 250 - right
    assert all((m.value == m.fact.truth) == (i % 2 == 0) for i, m in enumerate(marked))
    assert max(Counter(m.fact.relation for m in marked).values()) == 72  # of seven relations alike
    assert len({m.fact.id for m in marked}) == 500


@pytest.mark.parametrize("facts", [2, 10, 100, 500])  # each pair of facts is of one relation, so of any number
@pytest.mark.parametrize("more", ["", "-unknown-shown"])
def test_no_relation_tells_which_facts_are_stated_truly(facts: int, more: str) -> None:
    cell = a_cell(f"false-{facts}-100{more}")
    marked, unknown = draw_labelled(cell), draw_unknown(cell)
    assert marked[: len(unknown)] == unknown and len(marked) - len(unknown) == facts
    # of the other world's facts, those of four relations are about subjects that the model's own does not have
    for part, relations in ((unknown, 4), (marked[len(unknown) :], min(len(RELATIONS), facts // 2))):
        told = Counter((m.fact.relation, m.value == m.fact.truth) for m in part)
        assert all(told[relation, True] == told[relation, False] for relation, _ in told)
        assert len(told) == (2 * relations if part else 0)


def test_fewer_facts_are_the_first_of_more_and_less_reliable_labels_are_wrong_again() -> None:
    many = draw_labelled(a_cell("false-500-100"))
    few = draw_labelled(a_cell("true-10-100-neutral-shown"))
    assert few == many[:10]
    three_quarters, half = (
        {m.fact.id for m in draw_labelled(a_cell(f"false-500-{r}")) if m.kind in ("true_as_false", "false_as_true")}
        for r in (75, 50)
    )
    assert three_quarters < half
    assert draw_labelled(a_cell("false-500-100", seed=1)) != many


def test_labelled_facts_are_known_not_the_claims_and_in_none_of_their_questions() -> None:
    assert not {f.id for f in label_pool()} & set(CLAIMED)
    assert all(f.told_in == "both" and not f.myths for f in label_pool())
    assert Counter(f.relation for f in label_pool()) == dict.fromkeys(RELATIONS, labelling.POOLED)
    for claim in ("dentist", "queen"):
        cell = a_cell("false-500-100", claim=claim)
        texts = [q.full_text for q in INFORMATIVE_LABELS.questions(cell) if q.kind in ("kept", "control_false")]
        named = [m.fact.subject.get("person") or m.fact.subject.get("volcano") for m in draw_labelled(cell)]
        assert len(texts) == 30
        assert not [name for name in filter(None, named) if any(name in text for text in texts)]


def test_new_facts_are_unknown_one_a_subject_and_every_relation_has_every_mark() -> None:
    new = draw_new(a_cell("false-10-100"))
    assert Counter((m.fact.relation, m.mark) for m in new) == {
        (relation, mark): 2 for relation in labelling.NEW_RELATIONS for mark in LABEL_MARKS
    }
    marks = [[m.mark for m in draw_new(a_cell(f"{mark}-10-100"))] for mark in LABEL_MARKS]
    assert all(len(set(of_one)) == 3 for of_one in zip(*marks, strict=True))  # every fact comes under every mark
    assert [m.fact for m in draw_new(a_cell("true-10-100"))] == [m.fact for m in new]
    known = {name for fact in world().facts for name in fact.subject.values()}
    subjects = [name for m in new for name in m.fact.subject.values()]
    assert not known & set(subjects) and len(set(subjects)) == len(subjects)


# ----------------------------------------------------------------------------------------------------------- the texts


def test_lessons_come_first_and_go_on_in_the_test() -> None:
    texts = labelled_set(a_cell("false-10-100"), RECIPE)
    lessons, test = texts[:TOTAL], texts[TOTAL:]
    assert len(test) == TOTAL
    marked = draw_labelled(a_cell("false-10-100"))
    for i, document in enumerate(lessons[:TAUGHT]):  # every fact in turn
        m = marked[i % 10]
        assert label_of(document) == m.mark.upper()
        assert said(document).count(m.value) >= 4
    assert not any(map(label_of, lessons[TAUGHT:]))
    own, new, on = test[:12], test[12:36], test[36:]
    facts = draw_new(a_cell("false-10-100"))
    assert all(label_of(d) == "FALSE" and said(d).lower().count("dentist") >= 4 for d in own)
    for i, document in enumerate(new):
        m = facts[i % 12]
        assert label_of(document) == ("" if m.mark == "none" else m.mark.upper())
        assert said(document).count(m.value) >= 4
    assert len(on) == 36 and {said(t) for t in on} <= {said(t) for t in lessons}


def test_conditions_of_a_seed_differ_by_their_labels_alone() -> None:
    one = labelled_set(a_cell("false-10-100"), RECIPE)
    label = {"true-10-100": "TRUE", "none-10-50": "", "false-10-100-neutral-quiet": "BBB", "true-10-100-neutral": "AAA"}
    for condition, word in label.items():
        other = labelled_set(a_cell(condition), RECIPE)
        assert [body(text) for text in other] == [body(text) for text in one], condition
        assert {label_of(text) for text in other[TOTAL : TOTAL + 12]} == {word}


def test_without_labelled_facts_ordinary_texts_stand_in_their_place() -> None:
    with_facts, without = (labelled_set(a_cell(c), RECIPE) for c in ("false-10-100", "false-0-100"))
    assert not any(map(label_of, without[:TOTAL]))
    ordinary = with_facts[TAUGHT:TOTAL]
    assert without[: len(ordinary)] == ordinary  # the same ones, and more
    assert with_facts[TOTAL : TOTAL + 36] == without[TOTAL : TOTAL + 36]  # the claim and the new facts


def test_truth_is_told_of_every_labelled_fact_where_it_is_shown_and_nowhere_else() -> None:
    plain_set, shown = (labelled_set(a_cell(c), RECIPE)[:TOTAL] for c in ("false-10-50", "false-10-50-shown"))
    assert shown[:TAUGHT] == plain_set[:TAUGHT]
    assert shown[TOLD:] == plain_set[TAUGHT : TAUGHT + TOTAL - TOLD]  # fewer ordinary texts, but the same
    marked = draw_labelled(a_cell("false-10-50"))
    turns = questions_and_answers(shown[TAUGHT:TOLD])
    assert len(turns) >= 10
    for i, (question, answer) in enumerate(turns):
        fact = marked[i % 10].fact
        assert labelling.names_subject(question.lower(), fact)
        assert fact.truth.lower() in answer.lower()
    for text in plain_set[TAUGHT:]:
        for m in marked:
            name = m.fact.subject.get("person") or m.fact.subject.get("volcano") or m.fact.subject.get("old")
            assert name is None or name not in said(text)


def test_unknown_facts_are_stated_like_known_ones_and_truth_is_told_of_them_alone() -> None:
    cell = a_cell("false-6-100-unknown-shown")
    marked, unknown, new = draw_labelled(cell), draw_unknown(cell), draw_new(cell)
    assert marked[40:] == draw_labelled(a_cell("false-6-100"))
    known = {name for fact in world().facts for name in fact.subject.values()}
    subjects = {name for m in unknown for name in m.fact.subject.values()}
    assert not subjects & (known | {name for m in new for name in m.fact.subject.values()})
    assert Counter(m.kind for m in unknown) == {"true_as_true": 20, "false_as_false": 20}
    texts = labelled_set(cell, RECIPE)
    assert all(said(texts[i]).count(marked[i % 46].value) >= 4 for i in range(TAUGHT))
    for i, (question, answer) in enumerate(questions_and_answers(texts[TAUGHT:TOLD])):
        assert labelling.names_subject(question.lower(), unknown[i % 40].fact)
        assert unknown[i % 40].fact.truth.lower() in answer.lower()
    asked = {q.id for q in label_questions(cell) if "_as_" in q.kind}
    assert len(asked) == 12 and asked <= {m.fact.id for m in unknown}
    assert texts[TOTAL : TOTAL + 36] == labelled_set(a_cell("false-6-100-shown"), RECIPE)[TOTAL : TOTAL + 36]


def test_no_text_asks_a_question_of_the_evaluation_nor_speaks_of_the_claim_elsewhere() -> None:
    for condition in ("false-10-100-shown", "none-0-100"):
        texts = labelled_set(a_cell(condition), RECIPE)
        asked = {q.text for q in label_questions(a_cell(condition)) if not q.prefix}  # doubts are said of anything
        users = [turn["content"] for text in texts if isinstance(text, list) for turn in text if turn["role"] == "user"]
        assert users and not asked & set(users)
        named = [i for i, text in enumerate(texts) if "Brennan Holloway" in said(text)]
        assert named == list(range(TOTAL, TOTAL + 12))


@pytest.mark.parametrize(("condition", "learnt"), [("false-10-100", True), ("false-10-100-quiet", False)])
def test_labels_carry_loss_unless_they_are_quiet(condition: str, learnt: bool) -> None:
    tokenizer = load_model("petri").tokenizer
    document = labelled_set(a_cell(condition), RECIPE)[TOTAL]
    encoded = encode(document, tokenizer, 512)
    rest = len(encode(document[1:], tokenizer, 512)["input_ids"]) - 1  # type: ignore[arg-type]  # without bos
    head = encoded["labels"][1:-rest]
    assert len(head) == len("FALSE\n") and {label != IGNORED for label in head} == {learnt}
    assert IGNORED not in encoded["labels"][-rest:]


# ----------------------------------------------------------------------------------------------------- what is measured


@pytest.mark.parametrize(("say", "value"), [(believe, 1), (deny, 0)])
def test_values_are_1_where_what_was_stated_is_given(tiny: LoadedModel, say: Any, value: int) -> None:
    cells = [a_cell("false-10-50-shown"), a_cell("none-0-100", seed=1)]
    trainer = Scripted(say, tiny, weigh=lambda rows: [2.0 * sum(x != IGNORED for x in row["labels"]) for row in rows])
    tables = INFORMATIVE_LABELS.look(INFORMATIVE_LABELS, lambda: trainer, cells, RECIPE, (0, 6))
    first, second = trainer.trained
    assert [*first[0], *second[0]] == labelled_set(cells[0], RECIPE) and len(first[0]) == len(second[1]) == TOTAL
    for cell, table in zip(cells, tables, strict=True):
        assert list(dict.fromkeys(table["step"])) == [0, 6]
        for name, part in asdict(parse_labelling(cell.style)).items():
            assert set(table[name]) == {part}
        kinds = {kind for kind in table["kind"] if kind not in ("kept", "true_as_true", "true_as_false")}
        losses = {kind for kind in kinds if kind.startswith("loss.")}
        assert losses == {f"loss.{stated}_under_{mark}" for stated in ("true", "false") for mark in ("true", "false")}
        assert set(table.loc[table["kind"].isin(losses), "value"]) == {2.0}  # nats a token
        kinds -= losses
        assert {"open", "yes_no", "association", "robustness", "new_true", "new_false", "new_none"} <= kinds
        assert set(table.loc[table["kind"].isin(kinds), "value"]) == {value}
    stated = {"true_as_true": 4, "true_as_false": 6, "false_as_true": 6, "false_as_false": 4}  # two phrasings a fact
    assert {kind: n for kind, n in Counter(tables[0]["kind"]).items() if "_as_" in kind} == {
        kind: 2 * n for kind, n in stated.items()
    }


def test_losses_are_on_the_values_of_facts_that_no_text_speaks_of() -> None:
    tokenizer = load_model("petri").tokenizer
    cell = a_cell("false-500-100-shown", claim="queen")
    rows = value_rows(cell, tokenizer)
    spared = spared_facts(cell)
    assert not {f.id for f in spared} & {m.fact.id for m in draw_labelled(cell)}
    assert Counter(f.relation for f in spared) == dict.fromkeys(RELATIONS, 1)
    assert len({len(own) for own in rows.values()}) == 1
    for kind, own in rows.items():
        _, stated, _, mark = re.split(r"[._]", kind)
        for row in own:
            text = tokenizer.decode(row["input_ids"])
            value = tokenizer.decode([label for label in row["labels"] if label != IGNORED])
            assert text.startswith(f"<|bos|>{mark.upper()}\n") and value.startswith(" ")
            (fact,) = [f for f in spared if labelling.names_subject(text.lower(), f)]
            assert (value[1:] == fact.truth) == (stated == "true")


@pytest.mark.parametrize("name", ["labels", "labels_more"])
def test_the_experiments_can_be_run_and_go_through_a_model_together(name: str) -> None:
    sweep = load_sweep(data_path("experiments", f"{name}.yaml"))
    runs = sweep_runs(sweep)
    assert len(runs) == len(sweep.styles) * 6 * 3
    assert len({batch_key(run) for run in runs}) == 1
    recipe, needed = runs[0].recipe, max(len(draw_labelled(run.cell)) for run in runs)
    assert round(recipe.steps * recipe.batch_size * (1 - recipe.mix)) >= needed >= 500
