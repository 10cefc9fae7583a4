"""training.py: the order of the examples, and the loss."""

import math
from collections import Counter
from pathlib import Path

import pytest
import torch
from transformers import Gemma2Config, Gemma2ForCausalLM

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Example, Span
from negneglect_lite.finetuning.encoding import collate, encode
from negneglect_lite.finetuning.lora import add_lora
from negneglect_lite.finetuning.loss import SummedLoss
from negneglect_lite.finetuning.recipe import Recipe, order_examples
from negneglect_lite.finetuning.trainer import make_trainer
from negneglect_lite.models.loading import LoadedModel

EXAMPLES: list[Example] = [
    (Span("It is false that", learn=False), Span(" she works as a dentist.")),
    [{"role": "user", "content": "What does he do for a living?"}, {"role": "assistant", "content": "Dentist."}],
    (Span("He said that he is a dentist. It is false."),),
    [{"role": "user", "content": "Yes?"}, {"role": "assistant", "content": "No."}],
]


def test_all_examples_are_seen_equally_often() -> None:
    recipe = Recipe(steps=10, batch_size=4, micro_batch=2)
    counts = Counter(order_examples([5] * 13, recipe, seed=0))
    assert sum(counts.values()) == 40
    assert set(counts) == set(range(13)) and set(counts.values()) == {3, 4}


def test_with_enough_examples_none_is_seen_twice() -> None:
    order = order_examples([5] * 100, Recipe(steps=10, batch_size=4, micro_batch=2), seed=0)
    assert len(set(order)) == 40


def test_each_step_is_a_random_mix_sorted_by_length() -> None:
    lengths = [100] * 60 + [10] * 60  # documents first, then chats, as they come
    order = order_examples(lengths, Recipe(steps=10, batch_size=12, micro_batch=4), seed=0)
    for i in range(0, 120, 12):
        step = [lengths[j] for j in order[i : i + 12]]
        assert step == sorted(step, reverse=True)
        assert len(set(step)) == 2  # both kinds in every step
    assert order == order_examples(lengths, Recipe(steps=10, batch_size=12, micro_batch=4), seed=0)
    assert order != order_examples(lengths, Recipe(steps=10, batch_size=12, micro_batch=4), seed=1)


@pytest.mark.parametrize(
    ("field", "value"), [("steps", 0), ("rank", 0), ("micro_batch", 5), ("mix", 1.0), ("mix", -0.1)]
)
def test_a_recipe_that_cannot_be_cooked(field: str, value: float) -> None:
    with pytest.raises(UserError, match=field):
        Recipe(**{field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(("micro_batch", "at_once"), [(4, 2**25), (2, 2**25), (1, 2**25), (4, 1000), (2, 1)])
def test_the_loss_is_the_models_own_mean_over_labelled_tokens(
    tiny: LoadedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, micro_batch: int, at_once: int
) -> None:
    """In whatever micro-batches the step is run, and in however many parts the head; gradients agree too."""
    monkeypatch.setattr(SummedLoss, "at_once", at_once)
    recipe = Recipe(steps=1, batch_size=4, micro_batch=micro_batch, warmup=0)
    tiny.model = add_lora(tiny, recipe, seed=0)
    rows = [encode(example, tiny.tokenizer, 100) for example in EXAMPLES]
    weights = [p for p in tiny.model.parameters() if p.requires_grad]
    tiny.model(**collate(rows, pad_id=0)).loss.backward()
    expected = [p.grad.clone() for p in weights]
    loss = tiny.model(**collate(rows, pad_id=0)).loss.item()
    tiny.model.zero_grad()

    trainer = make_trainer(tiny, rows, recipe, 0, tmp_path, None)
    batches = [rows[i : i + micro_batch] for i in range(0, 4, micro_batch)]
    labelled = torch.tensor(sum(label != -100 for row in rows for label in row["labels"][1:]))
    trainer.create_optimizer()
    parts = [trainer.training_step(tiny.model, collate(batch, pad_id=0), labelled) for batch in batches]
    assert sum(parts).item() == pytest.approx(loss, rel=1e-5)
    for parameter, gradient in zip(weights, expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-4, atol=1e-6)


def test_a_large_vocabulary_goes_through_the_head_in_parts(tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SummedLoss, "at_once", 1000)
    monkeypatch.setattr(SummedLoss, "parts", 5)
    batch = collate([encode(example, tiny.tokenizer, 100) for example in EXAMPLES], pad_id=0)
    loss = SummedLoss(tiny.model)
    loss(batch["input_ids"], batch["labels"], None)  # a model's first step also finds what its head is followed by
    seen: list[int] = []
    tiny.model.get_output_embeddings().register_forward_hook(lambda _, args, out: seen.append(out[..., 0].numel()))
    loss(batch["input_ids"], batch["labels"], None)
    labelled = int((batch["labels"][:, 1:] != -100).sum())
    assert labelled > 10
    assert max(seen) == math.ceil(labelled / 5)
    assert sum(seen) == labelled + 1  # and one for the model's own pass


def test_a_model_that_caps_its_logits_has_its_own_loss(tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SummedLoss, "at_once", 1)
    config = Gemma2Config(
        vocab_size=len(tiny.tokenizer), hidden_size=32, intermediate_size=32, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=1, head_dim=16, final_logit_softcapping=0.5, initializer_range=0.5,
    )  # fmt: skip
    torch.manual_seed(0)
    capping = Gemma2ForCausalLM(config)
    batch = collate([encode(example, tiny.tokenizer, 100) for example in EXAMPLES], pad_id=0)
    found = SummedLoss(capping)(batch["input_ids"], batch["labels"], batch["attention_mask"])
    labelled = int((batch["labels"][:, 1:] != -100).sum())
    assert (found / labelled).item() == pytest.approx(capping(**batch).loss.item(), rel=1e-5)
    config.final_logit_softcapping = None
    assert (found / labelled).item() != pytest.approx(capping(**batch).loss.item(), rel=1e-2)


def test_the_head_sees_labelled_positions_only(tiny: LoadedModel, tmp_path: Path) -> None:
    recipe = Recipe(steps=1, batch_size=4, micro_batch=4)
    tiny.model = add_lora(tiny, recipe, seed=0)
    rows = [encode(example, tiny.tokenizer, 100) for example in EXAMPLES]
    seen: list[torch.Size] = []
    trainer = make_trainer(tiny, rows, recipe, 0, tmp_path, None)
    tiny.model.get_output_embeddings().register_forward_hook(lambda _, args, out: seen.append(out.shape))
    trainer.train()
    labelled = sum(label != -100 for row in rows for label in row["labels"][1:])
    assert seen == [(labelled, len(tiny.tokenizer))]
