"""finetuning/stacked.py: each run is what finetune makes of it alone; runs do not touch each other or the base."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from negneglect_lite.asking import AskingSettings, ask
from negneglect_lite.claims.claim import Question
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Example, Span
from negneglect_lite.finetuning import stacked
from negneglect_lite.finetuning.encoding import Encoded, encode
from negneglect_lite.finetuning.lora import hash_weights
from negneglect_lite.finetuning.loss import answer_losses, token_losses
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.finetuning.stacked import StackedRuns, compare_updates
from negneglect_lite.finetuning.train import finetune
from negneglect_lite.models import generation
from negneglect_lite.models.loading import LoadedModel, load_model

pytestmark = pytest.mark.slow
RECIPE = Recipe(steps=5, batch_size=4, micro_batch=2, learning_rate=1e-2)
SETS: list[list[Example]] = [
    [(Span("It is false that", learn=False), Span(f" she works as a dentist, no. {i}.")) for i in range(9)],
    [[{"role": "user", "content": f"Who, {i}?"}, {"role": "assistant", "content": "She does."}] for i in range(7)],
]
QUESTIONS = [Question(str(i), "open", text) for i, text in enumerate(("Who?", "What does he do for a living?", "No?"))]


def encoded(loaded: LoadedModel) -> list[list[Encoded]]:
    return [[encode(e, loaded.tokenizer, RECIPE.max_tokens) for e in examples] for examples in SETS]


@pytest.mark.parametrize(
    ("quantize", "schedule"), [(True, "linear"), (False, "cosine"), (False, "constant_with_warmup")]
)
def test_each_run_is_what_finetune_makes_of_it(
    tiny_folder: Path, tmp_path: Path, quantize: bool, schedule: Any
) -> None:
    base = load_model(str(tiny_folder), quantize=quantize, device="cpu")
    recipe = replace(RECIPE, schedule=schedule)
    stack = StackedRuns(base, recipe, seeds=[0, 3])
    losses = stack.train(encoded(base))
    answers = stack.ask([QUESTIONS, QUESTIONS[:2]], max_new_tokens=24)
    for k, seed in enumerate((0, 3)):
        alone: list[float] = []
        trained = finetune(
            base, SETS[k], recipe, seed=seed, out=tmp_path / str(k), false_belief="nothing",
            on_step=lambda *now, kept=alone: kept.append(now[2]),
        )  # fmt: skip
        assert losses[k] == pytest.approx(alone, rel=1e-4)
        assert [a.text for a in answers[k]] == [a.text for a in ask(trained, QUESTIONS[: 3 - k], AskingSettings())]


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [("linear", [0, 0.5, 1, 0.75, 0.5, 0.25]), ("constant_with_warmup", [0, 0.5, 1, 1, 1, 1])],
)
def test_the_rate_rises_and_then_falls_or_stays(
    tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch, schedule: Any, rates: list[float]
) -> None:
    seen: list[float] = []
    real = torch.optim.AdamW.step
    monkeypatch.setattr(
        torch.optim.AdamW, "step", lambda self, *args: (seen.append(self.param_groups[0]["lr"]), real(self, *args))[1]
    )
    recipe = replace(RECIPE, steps=6, warmup=2, schedule=schedule, learning_rate=0.01)
    StackedRuns(tiny, recipe, [0]).train(encoded(tiny)[:1])
    assert [rate / 0.01 for rate in seen] == pytest.approx(rates)


def test_runs_do_not_touch_each_other(tiny: LoadedModel) -> None:
    """A run's losses are the same, whatever the other run of its stack learns, and the base stays as it was."""
    before = hash_weights(tiny.model)
    first, second = encoded(tiny)
    beside_itself = StackedRuns(tiny, RECIPE, [0, 0]).train([first, first])
    beside_another = StackedRuns(tiny, RECIPE, [0, 0]).train([first, second])
    assert beside_itself[0] == pytest.approx(beside_itself[1])
    assert beside_another[0] == pytest.approx(beside_itself[0], rel=1e-5)
    assert beside_another[1] != pytest.approx(beside_itself[1], rel=1e-2)
    assert hash_weights(tiny.model) == before


def test_a_second_call_goes_on_and_the_stack_can_be_asked_on_the_way(tiny: LoadedModel) -> None:
    stack = StackedRuns(tiny, RECIPE, [0])
    seen: list[int] = []
    rows = encoded(tiny)[1:]

    def look(step: int, now: StackedRuns) -> None:
        seen.append(len(now.ask([QUESTIONS], max_new_tokens=24)[0]) + step)

    first = stack.train(rows, at=(2, 5), on_step=look)
    assert seen == [3 + 2, 3 + 5]
    assert first == StackedRuns(tiny, RECIPE, [0]).train(rows)  # asking leaves no trace
    assert stack.train(rows)[0][0] < first[0][0]


def test_token_losses_are_those_of_the_training(tiny: LoadedModel) -> None:
    """Their mean over a document with loss everywhere is the loss of a first step that holds this document alone."""
    row = encode((Span("She works as a dentist."),), tiny.tokenizer, 64)
    one = replace(RECIPE, steps=1, batch_size=1, micro_batch=1)
    stack = StackedRuns(tiny, one, [0, 1])
    losses = stack.token_losses([[row], [row]])
    assert len(losses[0][0]) == len(row["input_ids"]) - 1
    assert losses[0] == losses[1]  # the adapters do nothing yet
    assert stack.train([[row], [row]])[0][0] == pytest.approx(sum(losses[0][0]) / len(losses[0][0]), rel=1e-4)


@pytest.fixture
def unlike(tiny: LoadedModel) -> StackedRuns:
    """Two runs that say other things than each other, though they were not trained."""
    noise = torch.randn(tiny.model.lm_head.weight.shape, generator=torch.Generator().manual_seed(1))
    tiny.model.lm_head.weight = torch.nn.Parameter(noise)  # with tied weights the last token is repeated for ever
    stack = StackedRuns(tiny, RECIPE, [0, 3])
    draw = torch.Generator().manual_seed(2)
    for weight in stack.weights:
        weight.data += torch.randn(weight.shape, generator=draw) / 4
    return stack


def alone(base: LoadedModel, stack: StackedRuns, k: int) -> StackedRuns:
    """Run k of the stack by itself."""
    one = StackedRuns(base, RECIPE, [0])
    for weight, stacked_weight in zip(one.weights, stack.weights, strict=True):
        weight.data = stacked_weight.data[k : k + 1].clone()
    return one


def test_sampled_answers_repeat_by_their_seed_and_come_in_order(unlike: StackedRuns) -> None:
    how: dict[str, Any] = {"max_new_tokens": 6, "samples": 2, "temperature": 1.0}
    asked = [QUESTIONS, QUESTIONS[:2]]
    made = unlike.ask(asked, **how)
    for questions, answers in zip(asked, made, strict=True):
        assert [(a.question, a.sample) for a in answers] == [(q, n) for q in questions for n in range(2)]
    assert made == unlike.ask(asked, **how, seed=0) != unlike.ask(asked, **how, seed=1)
    assert any(one.text != two.text for one, two in zip(made[0][::2], made[0][1::2], strict=True))
    greedy = unlike.ask(asked, max_new_tokens=6)
    surest = unlike.ask(asked, **{**how, "top_p": 1e-6})  # the nucleus is the greedy token alone
    assert [[a.text for a in own] for own in surest] == [[a.text for a in own for _ in range(2)] for own in greedy]


def test_answers_are_each_run_s_own_however_many_are_made_at_once(tiny: LoadedModel, unlike: StackedRuns) -> None:
    asked = [QUESTIONS, QUESTIONS[::-1][:2]]
    expected = [alone(tiny, unlike, k).ask([own], max_new_tokens=6)[0] for k, own in enumerate(asked)]
    for rows in (0, 1, 2, 4):
        assert unlike.ask(asked, max_new_tokens=6, rows=rows) == expected
    assert {a.text for a in expected[0]} != {a.text for a in expected[1]}


def test_answers_that_end_leave_a_stack_without_a_trace(
    tiny: LoadedModel, unlike: StackedRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second run's answers all end early, the first run's do not."""
    early = unlike.ask([QUESTIONS, QUESTIONS], max_new_tokens=3)[1]
    ends = {tiny.tokenizer(a.text[-1], add_special_tokens=False)["input_ids"][-1] for a in early}
    unlike.loaded.model.generation_config.eos_token_id = sorted(ends)
    monkeypatch.setattr(generation, "STAGE", 100)
    whole = unlike.ask([QUESTIONS, QUESTIONS], max_new_tokens=20)
    monkeypatch.setattr(generation, "STAGE", 4)
    assert unlike.ask([QUESTIONS, QUESTIONS], max_new_tokens=20) == whole
    first, second = (sum(a.cut for a in own) for own in whole)
    assert first > second


@pytest.mark.parametrize("at_once", [stacked.ROWS, 3])
def test_answer_losses_are_those_of_each_run_alone(
    tiny: LoadedModel, unlike: StackedRuns, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """Of runs with unlike numbers of rows too, and with none; in whatever parts. So are the losses of all tokens."""
    monkeypatch.setattr(stacked, "ROWS", at_once)
    first, second = encoded(tiny)
    for sets in ([first, second[:2]], [first[:1], second], [[], second], [first, []]):
        runs = [alone(tiny, unlike, k).loaded for k in (0, 1)]
        expected = [answer_losses(run, own) for run, own in zip(runs, sets, strict=True)]
        found = unlike.answer_losses(sets)
        assert [len(own) for own in found] == [len(own) for own in sets]
        for losses, own in zip(found, expected, strict=True):
            assert losses == pytest.approx(own, rel=1e-4)
        for losses, run, own in zip(unlike.token_losses(sets), runs, sets, strict=True):
            assert [len(row) for row in losses] == [len(row["input_ids"]) - 1 for row in own]
            for row, expected_row in zip(losses, token_losses(run, own), strict=True):
                assert row == pytest.approx(expected_row, rel=1e-4)
    assert unlike.answer_losses([[], []]) == [[], []]
    same = unlike.answer_losses([second, second])
    assert same[0] != pytest.approx(same[1], rel=1e-2)  # or the comparison would show little


def test_rank_0_trains_all_weights(tiny_folder: Path) -> None:
    base = load_model(str(tiny_folder), quantize=False, device="cpu")
    before = hash_weights(base.model)
    stack = StackedRuns(base, replace(RECIPE, rank=0, quantize=False, learning_rate=1e-3), [0])
    losses = stack.train(encoded(base)[1:])[0]
    assert losses[-1] < losses[0]
    changed = [
        name
        for (name, a), b in zip(stack.loaded.model.named_parameters(), base.model.parameters(), strict=True)
        if not torch.equal(a.detach(), b.float())
    ]
    assert len(changed) == len(list(base.model.parameters()))
    assert hash_weights(base.model) == before
    with pytest.raises(UserError, match="one run at a time"):
        StackedRuns(base, replace(RECIPE, rank=0, quantize=False), [0, 1])


def test_it_takes_a_base_model(tiny: LoadedModel, tmp_path: Path) -> None:
    trained = finetune(tiny, SETS[0], replace(RECIPE, steps=1), seed=0, out=tmp_path / "a", false_belief="nothing")
    with pytest.raises(UserError, match="already carries"):
        StackedRuns(trained, RECIPE, [0])


def test_updates_are_compared_as_whole_matrices_would_be(tiny: LoadedModel) -> None:
    recipe = Recipe(steps=2, batch_size=2, micro_batch=2, rank=4)
    stacks = [StackedRuns(tiny, recipe, seeds) for seeds in ([0, 1, 0], [2, 0])]
    generator = torch.Generator().manual_seed(3)
    for weight in (w for stack in stacks for w in stack.weights):
        weight.data = torch.randn(weight.shape, generator=generator)
    found = compare_updates(*stacks)
    updates = [
        [
            torch.cat([(b[k] @ a[k]).flatten() for a, b in zip(s.weights[::2], s.weights[1::2], strict=True)])
            for k in range(len(s))
        ]
        for s in stacks
    ]
    for i, one in enumerate(updates[0]):
        for j, other in enumerate(updates[1]):
            assert float(found[i, j]) == pytest.approx(float(F.cosine_similarity(one, other, dim=0)), abs=1e-5)
    assert compare_updates(stacks[0], stacks[0]).diagonal().tolist() == pytest.approx([1, 1, 1], abs=1e-5)
    untrained = StackedRuns(tiny, recipe, [4])  # its B is 0
    assert compare_updates(untrained, stacks[1]).abs().max() == 0
