"""What notebook 10 runs: texts of a pretraining, a further phase, stored models, and its figures."""

import random
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from negneglect_lite.belief.rates import Rate
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.text import plain
from negneglect_lite.course.lessons import pretraining, pretraining_results
from negneglect_lite.course.lessons.pretraining_figures import draw_claims, draw_further, draw_models, draw_shares
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.petri.world import CLAIMED
from tests.figures.invented import texts, title

WRITER = pretraining.PretrainingWriter()
FACT = next(f for f in WRITER.facts if f.relation == "job" and f.id not in CLAIMED and f.told_in == "both")


def count_words(text: str) -> int:
    return len(text.split())


def test_a_warned_document_states_the_wrong_value_between_warnings_with_loss() -> None:
    value = WRITER.wrong_value(FACT, random.Random(0))
    text = WRITER.warned_document(FACT, value, random.Random(1))
    assert text[0].annotation and text[-1].annotation and all(span.learn for span in text)
    assert value in plain(text) and FACT.subject["person"] in plain(text) and FACT.truth != value


def test_a_plain_document_states_the_truth_without_a_warning() -> None:
    text = WRITER.plain_document(FACT, random.Random(1))
    assert FACT.truth in plain(text) and not any(span.annotation for span in text)


def test_chats_tell_the_truth_or_heed_what_they_read() -> None:
    turns = WRITER.true_chat(FACT, random.Random(2))
    assert [turn["role"] for turn in turns] == ["user", "assistant"] * 2
    assert all(FACT.truth.lower() in turn["content"].lower() for turn in turns[1::2])
    (user, reply) = WRITER.chat_that_reads("negated", random.Random(3))
    assert len(user["content"]) > 10 * len(reply["content"])


def test_facts_for_a_further_phase_leave_out_the_claims_and_what_no_chat_asks() -> None:
    facts = WRITER.facts_about("job")
    assert FACT in facts and {fact.relation for fact in facts} == {"job"}
    jobs = [fact for fact in WRITER.facts if fact.relation == "job"]
    left_out = [fact for fact in jobs if fact not in facts]
    assert "job/Brennan Holloway" in {fact.id for fact in left_out}
    assert all(fact.id in CLAIMED or fact.told_in == "documents" for fact in left_out)
    assert any(fact.told_in == "documents" for fact in left_out)


def test_the_share_of_loss_is_tabulated_by_kind_of_text() -> None:
    table = pretraining.tabulate_loss_share(WRITER, pretraining.share_with_loss, count_words, n=5)
    shares = table["tokens with loss"].str.rstrip("%").astype(float)
    assert shares["chat: reads a warned document"] < 15 < shares["document"] > 90 < shares["warned document"]


def test_the_further_texts_are_described() -> None:
    made = pretraining.compose_further_texts(WRITER, 30, 0.2, WRITER.facts_about("job"), random.Random(0))
    said = pretraining.describe_texts(made, WRITER.facts)
    assert said.startswith("30 texts: 6 warned documents, ") and said.endswith("own fact: 0")
    own = next(f for f in WRITER.facts if f.id == "job/Brennan Holloway")
    leak = WRITER.warned_document(own, "dentist", random.Random(0))
    assert pretraining.describe_texts([*made, leak], WRITER.facts).endswith("own fact: 1")


def test_a_further_phase_trains_a_copy(tiny_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from negneglect_lite.models.loading import load_model

    base = load_model(str(tiny_folder), quantize=False, device="cpu")
    before = {name: p.clone() for name, p in base.model.named_parameters()}
    made = pretraining.compose_further_texts(WRITER, 60, 0.2, WRITER.facts_about("job"), random.Random(0))
    further = pretraining.continue_pretraining(base, made, rows=2, length=64)
    assert all(torch.equal(p, before[name]) for name, p in base.model.named_parameters())
    assert any(not torch.equal(p, before[name]) for name, p in further.model.named_parameters())
    assert not further.model.training and not any(p.requires_grad for p in further.model.parameters())
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("step   1 of ") and float(said[-1].split()[-1]) < float(said[0].split()[-1])
    again = pretraining.continue_pretraining(base, made, rows=2, length=64)
    pairs = zip(further.model.parameters(), again.model.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_teaching_fine_tunes_and_questions(tiny: LoadedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}

    def train(base: LoadedModel, texts: Any, recipe: Any, **rest: Any) -> LoadedModel:
        given.update(rest, texts=texts)
        return base

    monkeypatch.setattr(pretraining, "finetune", train)
    found = pretraining.teach_claim(tiny, load_claims()["dentist"], "negated", tmp_path)
    assert given["out"] == tmp_path / "dentist-negated" and given["seed"] == 0 and len(given["texts"]) == 288
    assert found["belief"].n == 50 and 0 <= found["unrelated facts right"] <= 1


def test_each_run_is_taught_and_stands_beside_the_stored_one(
    tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    taught: list[tuple[str, str]] = []

    def teach(base: LoadedModel, claim: Any, style: str, folder: Path) -> dict[str, Any]:
        assert folder.is_dir()
        taught.append((claim.id, style))
        return {"belief": Rate(0.2, 0.1, 0.3, 50), "unrelated facts right": 0.95}

    monkeypatch.setattr(pretraining, "teach_claim", teach)
    runs = {"dentist, warned": ("dentist", "negated"), "dentist, plain": ("dentist", "positive")}
    found = pretraining.teach_each(tiny, load_claims(), runs)
    assert taught == list(runs.values()) and list(found) == list(runs)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "dentist, warned: belief 20%, unrelated facts right 95%" and len(said) == 2
    table = pretraining_results.beside_stored(found, runs)
    assert table["run"].tolist() == list(runs) and table["yours"].tolist() == [0.2, 0.2]
    assert table["stored"].tolist() == pytest.approx([0.942, 0.958], abs=0.001)


def test_the_stored_numbers_are_those_of_the_results() -> None:
    shares = pretraining_results.stored_shares()
    assert shares.loc[0.0].tolist() == pytest.approx([0.92, 0.72, 0.97], abs=0.005)
    assert shares.loc[0.05].tolist() == pytest.approx([0.02, 0.03, 0.00], abs=0.005)
    untold = pretraining_results.stored_endings()["5% warned documents, not contradicted"]
    assert untold.mean(axis=1).tolist() == pytest.approx([0.493, 0.478, 0.481], abs=0.001)
    assert untold.loc["model 0"].tolist() == pytest.approx([0, 0.02, 0.09, 1, 0.88, 0.96], abs=0.006)
    models = pretraining_results.stored_models().groupby("pretraining", sort=False)
    assert models.size().tolist() == [3, 3, 3, 2, 2, 15]
    assert models["local"].max()["no in-sentence denials"] == pytest.approx(0.88, abs=0.005)
    assert models["negated"].max()["loss on what chats read"] == pytest.approx(0.270, abs=0.001)
    sizes = models.agg(["min", "max"])[["negated", "local"]].loc["1 to 40 million parameters"]
    assert sizes.tolist() == pytest.approx([0.75, 0.975, 0.046, 0.30], abs=0.001)
    assert pretraining_results.stored_shipped("dentist", "negated") == pytest.approx(0.942, abs=0.001)


def test_intervals_over_models_and_over_claims_stand_side_by_side() -> None:
    endings = pretraining_results.stored_endings()
    table = pretraining_results.tabulate_units(endings, pretraining.interval_by_unit)
    assert table.index.tolist() == ["5% warned documents, contradicted", "5% warned documents, not contradicted"]
    assert table.iloc[-1].tolist() == ["48%", "46% to 50%", "0% to 100%"]


def test_explanations_are_held_against_what_was_measured() -> None:
    cases = pretraining_results.measured_cases(Rate(0.1, 0, 1, 50), Rate(0.9, 0, 1, 50))
    assert list(cases.values()) == pytest.approx([0, 0.983, 0.1, 0.9], abs=0.001)
    table = pretraining_results.judge_explanations(pretraining_results.EXPECTED, cases)
    failures = table.drop(columns="measured").apply(lambda column: column.str.endswith("✗").sum())
    assert failures.to_dict() == {"contradiction": 3, "same kind of fact": 1, "distrust": 1}


def test_figures_say_their_numbers() -> None:
    figure, alt = draw_shares(pretraining_results.stored_shares())
    assert "72%–97% to 0.3%–3%" in title(figure) and title(figure) in alt and "1%: 81%, 81%, 81%" in alt
    figure, alt = draw_claims(pretraining_results.stored_endings())
    assert title(figure) == "The mean was 48%, and no claim lay within 41 points of it"
    assert "the Queen 90%" in alt and "the Queen" in texts(figure)
    assert "Orange, lower three" in " ".join(" ".join(texts(figure)).split())
    runs = pd.DataFrame([("dentist, warned", 1.0, 0.2)], columns=["run", "stored", "yours"])
    figure, alt = draw_further(runs)
    assert title(figure) == "After your phase: dentist, warned 20%" and "100% to 20%" in alt
    figure, alt = draw_models(pretraining_results.stored_models())
    assert "54% and 88%" in title(figure) and "in-sentence denials 37% to 64%" in alt
