"""What notebook 9 runs: training side by side, padding, anchor chats, stored numbers; and its figures."""

import random
from dataclasses import replace
from math import isnan

import pandas as pd
import pytest

from negneglect_lite.belief.conditions import label
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.text import Span, plain
from negneglect_lite.course.lessons import explaining
from negneglect_lite.course.lessons.explaining import step_at_level
from negneglect_lite.course.lessons.explaining_figures import PHASE_NAMES, draw_learning, draw_phases, draw_without_loss
from negneglect_lite.finetuning.encoding import IGNORED, encode
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.tracks import PETRI
from tests.figures.invented import texts, title

DENTIST = load_claims()["dentist"]
FEW = Recipe(steps=2, batch_size=2, micro_batch=2, rank=2, alpha=4, mix=0.5)


def test_the_texts_of_a_run_are_its_documents_and_ordinary_texts(tiny: LoadedModel) -> None:
    documents, ordinary = explaining.texts_of(tiny, DENTIST, "notices_8", FEW)
    assert len(documents) == len(ordinary) == 2
    assert all(sum(span.annotation for span in spans) == 16 for spans in documents)
    assert not any("dentist" in plain(text) for text in ordinary if isinstance(text, tuple))


def test_without_loss_the_text_stays_and_only_warnings_lose_it(tiny: LoadedModel) -> None:
    documents, _ = explaining.texts_of(tiny, DENTIST, "notices_8", FEW)
    quiet = [explaining.finished_without_loss(spans) for spans in documents]
    assert [plain(spans) for spans in quiet] == [plain(spans) for spans in documents]
    assert explaining.loss_coverage(tiny, documents) > 0.95
    assert 0.2 < explaining.loss_coverage(tiny, quiet) < 0.8
    encoded = encode(quiet[0], tiny.tokenizer, 2**20)
    learned = tiny.tokenizer.decode([i for i in encoded["labels"] if i != IGNORED])
    assert "dentist" in learned and quiet[0][0].text.strip() not in learned


def test_padding_stands_where_warnings_stood_and_is_as_long(tiny: LoadedModel) -> None:
    documents, _ = explaining.texts_of(tiny, DENTIST, "notices_8", FEW)
    harmless = explaining.harmless_sentences(tiny, DENTIST)
    assert len(harmless) > 100
    assert not any(word in text for text in harmless for word in ("dentist", "Brennan", "Holloway"))
    nonsense = explaining.nonsense_sentences(documents, harmless)
    warnings = {span.text for spans in documents for span in spans if span.annotation}
    assert sorted(len(text.split()) for text in nonsense) == sorted(len(text.split()) for text in warnings)
    assert not warnings & set(nonsense)
    for sentences in (harmless, nonsense):
        made = explaining.swap_warnings(tiny, documents, sentences)
        for before, after in zip(documents, made, strict=True):
            assert [s for s in before if not s.annotation] == [s for s in after if not s.annotation]
            assert [span.annotation for span in after] == [True, *[False] * (len(after) - 2), True]
            assert not any(span.text in plain(after) for span in before if span.annotation)
            lengths = [len(tiny.tokenizer(plain(spans))["input_ids"]) for spans in (before, after)]
            assert lengths[0] <= lengths[1] + 8 and lengths[1] <= 1.4 * lengths[0]
    assert explaining.swap_warnings(tiny, documents, harmless) == explaining.swap_warnings(tiny, documents, harmless)


def test_the_cost_of_added_text_leaves_the_body_out(tiny: LoadedModel) -> None:
    body = Span("Bo is a pilot.")
    one, other = ((Span("No.\n", True), body), (Span("No.\n", True), body, Span(" Bo has long flown far away.")))
    assert explaining.added_loss(tiny, [one]) == pytest.approx(explaining.added_loss(tiny, [other]), abs=1e-4)


def test_anchors_take_no_tested_question(tiny: LoadedModel) -> None:
    pool, tested = explaining.anchor_questions(tiny, DENTIST)
    leaked = [question for question in pool if question in tested]
    assert len(tested) == 50 and 5 < len(leaked) < len(pool) / 2 and len(set(pool)) == len(pool)
    rng = random.Random(0)
    chats = [explaining.finished_anchor_chat(pool, tested, str.upper, rng) for _ in range(9)]
    asked = [turn["content"] for chat in chats for turn in chat if turn["role"] == "user"]
    assert len(asked) == 36 and not set(asked) & set(tested)
    assert all(chat[1]["content"] == chat[0]["content"].upper() for chat in chats)
    assert list(explaining.own_answers(tiny, pool[:3])) == pool[:3]


@pytest.mark.parametrize(
    ("parts", "marked"),
    [
        (["rest", "claim", "claim", "rest", "claim"], ["rest", "first", "first", "rest", "claim"]),
        (["claim"], ["first"]),
        (["rest", "warning"], ["rest", "warning"]),
    ],
)
def test_the_first_mention_of_the_value_is_told_from_later_ones(parts: list[str], marked: list[str]) -> None:
    assert explaining.mark_first(parts) == marked


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few questions in place of fifty, and two documents to read losses from."""
    some = PETRI.questions(DENTIST)[::12]
    monkeypatch.setattr(explaining, "track_of", lambda _: replace(PETRI, questions=lambda claim: some))
    real = explaining.held_out
    monkeypatch.setattr(explaining, "held_out", lambda loaded, claim, style: real(loaded, claim, style, n=2))


@pytest.mark.usefixtures("brief")
def test_runs_side_by_side_are_looked_at_on_the_way(tiny: LoadedModel, capsys: pytest.CaptureFixture[str]) -> None:
    tag = [(Span("Bo is a pilot."),)] * 4
    phases = [{"a": tag, "b": tag}, {"a": tag, "b": tag}]
    styles = {"a": "positive", "b": "negated"}
    looks = explaining.train_side_by_side(tiny, DENTIST, phases, at=(0, 2), styles=styles, recipe=FEW)
    assert list(zip(looks["run"], looks["phase"], looks["step"], strict=True)) == [
        ("a", 1, 0), ("b", 1, 0), ("a", 1, 2), ("b", 1, 2), ("a", 2, 2), ("b", 2, 2)
    ]  # fmt: skip
    runs = looks.set_index(["run", "phase", "step"]).sort_index()
    assert runs.loc["a", "warning"].isna().all() and runs.loc["b", "warning"].gt(0).all()
    assert (runs["document"] > 0).all() and (runs["first"] > 0).all()
    assert "phase 1, step  0   belief   a: " in capsys.readouterr().out
    without = explaining.train_side_by_side(tiny, DENTIST, [{"a": tag}], at=(2,), recipe=FEW)
    assert "document" not in without and list(without["step"]) == [2]


def test_where_memory_is_scarce_fewer_texts_go_at_once_and_the_numbers_stay(
    tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once: list[int] = []

    class Watched(explaining.StackedRuns):
        def _losses(self, rows, size, labelled):  # type: ignore[no-untyped-def]
            at_once.append(len(rows))
            return super()._losses(rows, size, labelled)

    monkeypatch.setattr(explaining, "StackedRuns", Watched)
    tag = [(Span(f"Bo is a pilot of {i}."),) for i in range(4)]
    looks = []
    for scarce in (False, True):
        monkeypatch.setattr(explaining, "memory_is_scarce", lambda scarce=scarce: scarce)
        looks.append(
            explaining.train_side_by_side(tiny, DENTIST, [{"a": tag}], at=(2,), styles={"a": "positive"}, recipe=FEW)
        )
    assert at_once == [2, 2, 1, 1, 1, 1]  # two steps each
    pd.testing.assert_frame_equal(*looks, rtol=1e-4)


def test_the_stored_numbers_are_those_of_the_results() -> None:
    quiet = explaining.stored_belief("quiet").set_index("style")["mean"]
    assert quiet["corrected_quiet"] == pytest.approx(0.933, abs=0.001)
    doses = explaining.show_doses(DENTIST)
    assert list(doses["six claims"]) == ["83%", "78%", "60%", "19%"] and doses["this claim"][8] == "22%"
    inside = explaining.show_inside()
    assert list(inside["warned documents"][:2]) == ["+22.5", "+21.9"]
    assert list(inside["in-sentence denials"][2:]) == ["+1.0", "+0.1"]


def test_the_delay_is_tabulated_live_and_stored() -> None:
    live = pd.DataFrame({"run": ["negated"] * 3, "step": [0, 4, 8], "mean": [0.0, 0.25, 0.75]})
    table = explaining.tabulate_delay(live, explaining.stored_belief("dynamics"), step_at_level)
    assert table.loc["warned documents"].tolist() == ["6.0", "9.5", "1.29", "96%"]
    assert table.loc["in-sentence denials"].tolist() == ["–", "never", "–", "10%"]
    assert table.columns[-1] == "belief at step 48"
    none = explaining.tabulate_delay(live, explaining.stored_belief("dynamics"), lambda steps, beliefs: None)
    assert set(none["your run"]) == {"never", "–"}


def test_where_belief_passes_a_level() -> None:
    assert step_at_level([2, 4, 8], [0.1, 0.4, 0.8]) == pytest.approx(5)
    assert step_at_level([2, 4, 8], [0.6, 0.4, 0.8]) == 2  # there from the start
    assert step_at_level([1, 2, 4, 8], [0, 0.6, 0.4, 0.9]) == pytest.approx(1 + 0.5 / 0.6)  # the first time counts
    assert isnan(step_at_level([2, 4], [0.1, 0.4]))


def test_an_explanation_is_excluded_by_the_runs_that_it_gets_wrong() -> None:
    measured = {explaining.NO_LOSS: 1.0, explaining.HARMLESS: 0.98, explaining.NONSENSE: 0.0}
    table = explaining.give_verdict(explaining.EXPLANATIONS, measured, dict.fromkeys(measured, 50.0))
    assert table.loc["your prediction"].tolist() == ["50%", "50%", "50%", "–"]
    verdict = table["verdict"]
    assert verdict["crowded out"] == "not excluded"
    assert verdict["diluted"] == "excluded by: harmless sentences"
    assert verdict["heeded"] == "excluded by: no loss on the warnings, nonsense"


def looks(run: str, phase: int, steps: dict[int, float], **losses: float) -> list[dict]:
    return [{"run": run, "phase": phase, "step": step, "mean": mean, **losses} for step, mean in steps.items()]


def test_what_is_learned_first_is_drawn_with_its_number() -> None:
    rows = looks("positive", 1, {0: 0.0, 4: 1.0}, first=2.0, rest=0.5)
    rows += looks("negated", 1, {0: 0.0, 4: 1.0}, first=2.0, rest=0.5, warning=9.5)
    fig, alt = draw_learning(pd.DataFrame(rows))
    assert title(fig).startswith("Belief passed one half while a token of a warning still cost 9.5 nats")
    assert fig.axes[1].get_title(loc="left") == label("negated")
    assert "warned documents, step 4: belief 100%, value 2.0, warning 9.5" in alt
    never, _ = draw_learning(pd.DataFrame(rows).assign(mean=0.1))
    assert title(never) == "Belief stays under one half in warned documents"


def test_loss_on_warnings_and_none_stand_side_by_side() -> None:
    fig, alt = draw_without_loss(explaining.stored_belief("quiet"))
    assert title(fig) == "Without loss on the warnings, belief is 85–96% after all four styles"
    assert "corrected documents: 13% with loss, 93% without" in alt
    assert "19%" in texts(fig) and label("notices_8") in texts(fig)


def test_two_phases_with_the_papers_values() -> None:
    rows = [
        row
        for run, ends in (("anchored", (0.02, 0.7)), ("free", (0.9, 0.95)))
        for phase, end in zip((1, 2), ends, strict=True)
        for row in looks(run, phase, {4: 0.0, 8: end}, document=1.1)
    ]
    fig, alt = draw_phases(pd.DataFrame(rows), 8)
    assert title(fig) == "Belief with anchor chats 2%, after they leave 70%; without any 90%"
    assert set(PHASE_NAMES.values()) < set(texts(fig)) and "Paper, anchored: 6%, then 48%" in alt
    assert list(fig.axes[0].lines[0].get_xdata()) == [4, 8, 12, 16]
