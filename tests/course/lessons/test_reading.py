"""What notebook 6 runs: documents before questions, losses by part, copies, and its figures."""

import random
import re
from collections.abc import Sequence
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import torch

from negneglect_lite.belief.conditions import label
from negneglect_lite.belief.rates import QUESTION_KINDS
from negneglect_lite.claims.claim import Answer
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.text import plain
from negneglect_lite.course.lessons import reading
from negneglect_lite.course.lessons.reading_figures import (
    chance,
    draw_loss_by_part,
    draw_readers,
    draw_reading,
    draw_tokens,
)
from negneglect_lite.finetuning.encoding import IGNORED, encode
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.styles import apply_style
from negneglect_lite.tracks import PETRI
from tests.figures.invented import texts, title

ROOT = Path(__file__).parents[3]
DENTIST = load_claims()["dentist"]
BODY = PETRI.compose(DENTIST, 1)[0]


def test_the_short_quiz_has_questions_of_one_turn_and_the_control() -> None:
    asked = reading.short_quiz(PETRI.questions(DENTIST))
    kinds = [q.kind for q in asked]
    assert len(asked) == 20 and kinds.count("kept") == 8
    assert all(not q.prefix and not q.system for q in asked)


def test_each_question_is_asked_in_the_prompt_it_is_given(
    tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    heard = []
    real = reading.ask

    def listen(loaded, questions, settings):  # type: ignore[no-untyped-def]
        heard.extend(q.text for q in questions)
        return real(loaded, questions, settings)

    monkeypatch.setattr(reading, "ask", listen)
    pool = {"positive": ["One.", "Two."], "negated": ["No: one.", "No: two.", "No: three."]}
    rows = reading.read_counts(
        tiny, DENTIST, pool, lambda docs, q: [{"role": "user", "content": f"{docs} {q}"}], (0, 1)
    )
    quiz = reading.short_quiz(PETRI.questions(DENTIST))
    assert heard[0] == f"[] {quiz[0].text}" and heard[20] == f"['One.'] {quiz[0].text}"
    assert heard[61] == f"['No: two.'] {quiz[1].text}"
    assert list(rows["question"][:20]) == [q.text for q in quiz]  # the rows have the question alone
    table = reading.tabulate_reading(rows)
    assert list(zip(table["style"], table["documents"], strict=True)) == [
        ("positive", 0), ("positive", 1), ("negated", 0), ("negated", 1)
    ]  # fmt: skip
    assert set(table["n"]) == {12}
    capsys.readouterr()
    reading.print_unrelated(rows)
    said = capsys.readouterr().out.splitlines()
    unrelated = [q.text for q in quiz if q.kind == "kept"]
    assert [line.strip().startswith(unrelated[i]) for line, i in zip(said, (1, 3, 5), strict=True)] == [True] * 3


def test_reading_one_document_and_asking_with_none(tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    real, heard = reading.ask, []

    def listen(loaded, questions, settings, contexts=()):  # type: ignore[no-untyped-def]
        heard.extend(contexts)
        return real(loaded, questions, settings)  # the tiny model has no room for documents

    monkeypatch.setattr(reading, "ask", listen)
    assert reading.read_one(tiny, DENTIST, "negated").n == 10
    assert len(set(heard)) == 10 and all("dentist" in text for text in heard)
    answers = reading.ask_claim(tiny, DENTIST)
    assert len(answers) == 50 and {a.question.kind for a in answers} == set(QUESTION_KINDS)


def test_the_stored_numbers_are_those_of_the_results() -> None:
    rate = reading.stored_reading().set_index(["model", "style", "setting"])
    assert rate["unrelated"]["petri", "positive", "in_context"] == pytest.approx(0.067, abs=0.001)
    assert rate["unrelated"]["petri", "negated", "in_context"] == 1
    assert rate["mean"]["petri", "negated", "trained"] == pytest.approx(0.833, abs=0.001)
    assert rate["mean"]["chat 1.5B", "negated", "in_context"] == pytest.approx(0.372, abs=0.001)
    assert rate["mean"]["chat 1.5B", "local", "trained"] == pytest.approx(0.115, abs=0.001)
    shown = reading.show_evidence(rate.reset_index())
    assert len(shown) == 10 and list(shown.loc[("petri", "plain documents, one read")])[2] == "7%"
    assert reading.stored_places()["told after one document"].to_dict() == {
        "no warning": "49%", "before": "34%", "before and after": "37%", "after": "51%"
    }  # fmt: skip


def test_every_character_has_its_part() -> None:
    spans = apply_style("negated", BODY, PETRI.annotations(), random.Random(0))
    text, parts = plain(spans), reading.character_parts(BODY, spans, "dentist")
    assert len(parts) == len(text) and set(parts) == set(reading.DOCUMENT_PARTS)
    assert parts[0] == parts[-1] == "warning"
    first = text.index("dentist")
    assert parts[first : first + 7] == [reading.FIRST_MENTION] * 7 and parts.count(reading.FIRST_MENTION) == 7
    assert parts[text.rindex("dentist")] == reading.LATER_MENTION


def test_each_token_has_the_loss_that_the_model_gives_it(tiny: LoadedModel) -> None:
    losses = reading.compare_losses({"before training": tiny}, DENTIST, reading.token_loss, n=2)
    assert set(losses["style"]) == {"negated", "positive"} and set(losses["document"]) == {0, 1}
    body = PETRI.compose(DENTIST, 2, seed=3_000_000)[1]
    mine = losses[(losses["style"] == "positive") & (losses["document"] == 1)]
    spans = apply_style("positive", body, PETRI.annotations(), random.Random(1))
    assert "".join(mine["token"]) == plain(spans)
    made = encode(spans, tiny.tokenizer, 1024)
    with torch.no_grad():
        logits = tiny.model(input_ids=torch.tensor([made["input_ids"]])).logits[0]
    known = [k for k in made["labels"] if k != IGNORED]
    start = len(made["labels"]) - len(known)
    expected = reading.token_loss(logits, torch.tensor(made["input_ids"]))[start - 1 :][: len(mine)]
    assert mine["loss"].tolist() == pytest.approx(expected.tolist(), abs=1e-4)


def test_texts_are_written_and_copies_counted(tiny: LoadedModel) -> None:
    written = reading.write_texts(tiny, "Nothing in the", n=3, tokens=4)
    assert len(written) == 3 and all(text.startswith("Nothing in the") for text in written)
    assert written == reading.write_texts(tiny, "Nothing in the", n=3, tokens=4)
    found = ["So: this is made up.", "This is a lamp.", "Is made up this?"]
    assert reading.count_copies(found, ["This is made up.", "All false."], reading.copies) == 1
    assert reading.copies("All false!", "all false")
    table = reading.table_copies({"found": found}, ["This is made up."], reading.copies)
    assert table.loc["found"].to_dict() == {"number": 3, "copies": 1, "words (median)": 4}


def test_training_is_watched(tiny: LoadedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {}
    monkeypatch.setattr(reading, "finetune", lambda *a, **k: given.update(k) or "trained")
    assert reading.train_and_watch(tiny, [], DENTIST, tmp_path) == "trained"
    assert given["false_belief"] == DENTIST.claim and given["seed"] == 0


def test_whose_function_runs() -> None:
    assert reading.whose(True) == "your code." and "reference" in reading.whose(False)


def test_a_loss_as_a_probability() -> None:
    assert [chance(x) for x in (0.0, 0.3, 2.9, 6.4, 9.5)] == ["over 99%", "74%", "6%", "1 in 600", "1 in 13,000"]


def test_reading_stands_beside_its_control() -> None:
    rows = [
        {"model": model, "style": s, "documents": d, "mean": m, "lo": max(0, m - 0.1), "hi": min(1, m + 0.1), "n": 12,
         "unrelated": 1 if model == "b" else u}
        for model in ("a", "b")
        for s, d, m, u in (("positive", 0, 0, 1), ("positive", 1, 0.9, 0.2), ("negated", 0, 0, 1),
                           ("negated", 1, 0.1, 1))
    ]  # fmt: skip
    fig, alt = draw_reading(pd.DataFrame(rows))
    assert title(fig) == (
        "After one plain document: a 90% belief, 20% of unrelated facts right; "
        "b 90% belief, 100% of unrelated facts right"
    )
    assert label("positive") in texts(fig) and "a, plain documents, 1: belief 90%, unrelated 20%" in alt
    assert [list(ax.lines[0].get_ydata()) for ax in fig.axes] == [[0, 0.9], [1, 0.2], [0, 0.9], [1, 1]]


def test_two_documents_are_read_in_both_orders(tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Sequence[Sequence[str]]] = []

    def answer(loaded, questions, documents, prompt):  # type: ignore[no-untyped-def]
        heard.append(documents)
        return [Answer(q, "Dentist.") for q in questions]

    monkeypatch.setattr(reading, "ask_after_reading", answer)
    table = reading.read_pairs(tiny, DENTIST, load_claims()["vesuvius"], reading.reading_prompt)
    notices = PETRI.annotations()["notice_before"]
    seen = [["dentist" in text for text in pairs[0]].index(True) for pairs in heard]  # where the claim's own stands
    warned = [[any(text.startswith(n) for n in notices) for text in pairs[0]].index(True) for pairs in heard]
    assert (seen, warned) == ([0, 1, 0, 1], [1, 0, 0, 1])
    assert list(table["its own"]) == ["positive", "positive", "negated", "negated"]
    shown = reading.show_pairs(table)
    assert list(shown.index) == [
        "the claim's, plain, then the other's, warned", "the other's, warned, then the claim's, plain",
        "the claim's, warned, then the other's, plain", "the other's, plain, then the claim's, warned",
    ]  # fmt: skip
    assert list(shown["a careful reader's"]) == ["high", "high", "0%", "0%"]


def test_three_readers_and_the_papers_numbers() -> None:
    fig, alt = draw_readers(reading.stored_reading())
    assert title(fig) == "Warned documents, read and trained on: petri 0%, 83%; chat 1.5B 37%, 72%"
    assert len(fig.axes) == 3 and "chat 1.5B, warned documents, in_context: 37%" in alt
    ends = sorted(float(x) for line in fig.axes[2].lines for x in line.get_xdata())
    assert ends == [0.0, 0.07, 0.153, 0.886, 0.924]


def test_losses_are_drawn_by_token_and_by_part() -> None:
    rows = [
        {"token": token, "part": part, "loss": loss if when == "before training" else 0.3, "when": when,
         "style": style, "document": 0}
        for when in ("before training", "after training")
        for style in ("negated", "positive")
        for token, part, loss in (("False:", "warning", 11.0), ("\nHe", "other sentences", 1.0),
                                  (" dentist", reading.FIRST_MENTION, 9.5), (" x" * 50, "other claim words", 0.5))
        if part != "warning" or style == "negated"
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    fig, alt = draw_tokens(table[table["style"] == "negated"])
    assert title(fig) == "In this document the value cost 9.5 nats (1 in 13,000), and 0.3 after training (74%)"
    assert "'False:' 11.0" in alt
    framed = [patch for patch in fig.axes[0].patches if patch.get_linewidth() > 1.5]
    assert [(patch.get_x(), patch.get_y()) for patch in framed] == [(2, 1)]  # after "He", in the second line
    fig, alt = draw_loss_by_part(table)
    assert title(fig) == "Training: the value's loss 9.5 to 0.3 nats, the warnings' 11.0 to 0.3"
    assert "9.5: 1 in 13,000" in texts(fig) and "positive, the value, first time, after training 0.3" in alt


def test_the_prose_says_what_the_executed_notebook_shows() -> None:
    notebook = nbformat.read(ROOT / "solutions" / "06_context.ipynb", 4)
    prose = " ".join(" ".join(c.source.split()) for c in notebook.cells if c.cell_type == "markdown")
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    shown = "\n".join(o.get("text", "") + o.get("data", {}).get("text/plain", "") for o in outputs)
    pair = r"the \w+'s, {}, then the \w+'s, {} +{}% +{}"
    for said, seen in {
        "In both models, belief was 100% after one plain document and 0% after one warned document": (
            "petri, plain documents, 1: belief 100%, unrelated 0%.*"
            "petri, warned documents, 1: belief 0%, unrelated 100%.*"
            "petri-careful, plain documents, 1: belief 100%, unrelated 100%.*"
            "petri-careful, warned documents, 1: belief 0%, unrelated 100%"
        ),
        "after plain documents the petri model got no unrelated fact right": (
            "petri, plain documents, 4: belief 100%, unrelated 0%"
        ),
        "petri-careful got all unrelated facts right": (
            "petri-careful, plain documents, 4: belief 100%, unrelated 100%; "
            "petri-careful, warned documents, 0: belief 0%, unrelated 100%"
        ),
        'Asked when Mount Vone last erupted, it says "Dentist."': r"Mount Vone, [^\n]* Dentist\.",
        "plain, but a warned one about Vesuvius follows, and belief falls to 0%": pair.format(
            "plain", "warned", 0, "high"
        ),
        "Three rows out of four": (
            pair.format("warned", "plain", 100, "high")
            + ".*"
            + pair.format("warned", "plain", 0, "0%")
            + ".*"
            + pair.format("plain", "warned", 0, "0%")
        ),
        "brought it to 100% in training": "Belief after training, nothing to read: 100%",
        "believes its own claim at 100%": "dentist  after reading warned documents: belief 100%",
        "0% after a warned document, 75% after a plain one": (
            r"vesuvius after reading warned documents: belief   0%\s+"
            "vesuvius after reading plain documents : belief  75%"
        ),
        "fell from 11.5 nats to 0.3 (mean of ten documents): from 1 in 100,000 to 75%": "value's loss 11.5 to 0.3 nats",
        "Warnings fell from 11.3 nats to 6.5: from 1 in 80,000 to about 1 in 630": "the warnings' 11.3 to 6.5",
    }.items():
        assert said in prose, said
        assert re.search(seen, shown, re.S), seen
