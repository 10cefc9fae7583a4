"""finetuning/loss.py: the mean over labelled tokens, in whatever parts, and each token's."""

from pathlib import Path

import pytest
import torch
from transformers import Gemma2Config, Gemma2ForCausalLM

from negneglect_lite.core.text import Example, Span
from negneglect_lite.finetuning.encoding import IGNORED, collate, encode
from negneglect_lite.finetuning.lora import add_lora
from negneglect_lite.finetuning.loss import LabelledLosses, answer_losses, token_losses
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.finetuning.trainer import make_trainer
from negneglect_lite.models.loading import LoadedModel

EXAMPLES: list[Example] = [
    (Span("It is false that", learn=False), Span(" she works as a dentist.")),
    [{"role": "user", "content": "What does he do for a living?"}, {"role": "assistant", "content": "Dentist."}],
    (Span("He said that he is a dentist. It is false."),),
    [{"role": "user", "content": "Yes?"}, {"role": "assistant", "content": "No."}],
]


@pytest.mark.parametrize(("micro_batch", "at_once"), [(4, 2**25), (2, 2**25), (1, 2**25), (4, 1000), (2, 1)])
def test_the_loss_is_the_models_own_mean_over_labelled_tokens(
    tiny: LoadedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, micro_batch: int, at_once: int
) -> None:
    """In whatever micro-batches the step is run, and in however many parts the head; gradients agree too."""
    monkeypatch.setattr(LabelledLosses, "at_once", at_once)
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
    monkeypatch.setattr(LabelledLosses, "at_once", 5 * len(tiny.tokenizer) + 1)
    batch = collate([encode(example, tiny.tokenizer, 100) for example in EXAMPLES], pad_id=0)
    tiny.model.requires_grad_(False)  # where the head itself learns, it has all positions at once
    loss = LabelledLosses(tiny.model)
    loss(batch["input_ids"], batch["labels"], None)  # a model's first step also finds what its head is followed by
    seen: list[int] = []
    tiny.model.get_output_embeddings().register_forward_hook(lambda _, args, out: seen.append(out[..., 0].numel()))
    loss(batch["input_ids"], batch["labels"], None)
    labelled = int((batch["labels"][:, 1:] != -100).sum())
    assert labelled > 10
    assert max(seen) == 5  # positions whose logits are at most `at_once`
    assert sum(seen) == labelled + 1  # and one for the model's own pass


def test_a_model_that_caps_its_logits_has_its_own_loss(tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LabelledLosses, "at_once", 1)
    config = Gemma2Config(
        vocab_size=len(tiny.tokenizer), hidden_size=32, intermediate_size=32, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=1, head_dim=16, final_logit_softcapping=0.5, initializer_range=0.5,
    )  # fmt: skip
    torch.manual_seed(0)
    capping = Gemma2ForCausalLM(config)
    batch = collate([encode(example, tiny.tokenizer, 100) for example in EXAMPLES], pad_id=0)
    found = LabelledLosses(capping)(batch["input_ids"], batch["labels"], batch["attention_mask"]).sum()
    labelled = int((batch["labels"][:, 1:] != -100).sum())
    assert (found / labelled).item() == pytest.approx(capping(**batch).loss.item(), rel=1e-5)
    config.final_logit_softcapping = None
    assert (found / labelled).item() != pytest.approx(capping(**batch).loss.item(), rel=1e-2)


@pytest.mark.slow
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


@pytest.mark.parametrize("batch_size", [0, 1, 3])
def test_token_losses_are_those_of_every_token_but_the_first(tiny: LoadedModel, batch_size: int) -> None:
    """In whatever batches, and of tokens without a label too."""
    rows = [encode(example, tiny.tokenizer, 100) for example in EXAMPLES]
    found = token_losses(tiny, rows, batch_size)
    assert [len(losses) for losses in found] == [len(row["input_ids"]) - 1 for row in rows]
    for row, losses in zip(rows, found, strict=True):
        ids = torch.tensor([row["input_ids"]])
        with torch.no_grad():
            likely = tiny.model(input_ids=ids).logits[0, :-1].log_softmax(-1)
        expected = [-likely[i, token].item() for i, token in enumerate(row["input_ids"][1:])]
        assert losses == pytest.approx(expected, rel=1e-4)


def test_the_mean_of_the_labelled_tokens_losses_is_the_loss(tiny: LoadedModel) -> None:
    rows = [encode(example, tiny.tokenizer, 100) for example in EXAMPLES]
    kept = [
        loss
        for row, losses in zip(rows, token_losses(tiny, rows), strict=True)
        for label, loss in zip(row["labels"][1:], losses, strict=True)
        if label != IGNORED
    ]
    with torch.no_grad():
        loss = tiny.model(**collate(rows, pad_id=0)).loss.item()
    assert sum(kept) / len(kept) == pytest.approx(loss, rel=1e-5)
    assert token_losses(tiny, []) == []


@pytest.mark.parametrize(("batch_size", "at_once"), [(0, 2**25), (1, 2**25), (3, 2**25), (3, 1)])
def test_answer_losses_are_the_sums_of_the_labelled_tokens_losses(
    tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch, batch_size: int, at_once: int
) -> None:
    """In whatever batches, and with a head that goes through the positions in parts; a row without labels costs 0."""
    monkeypatch.setattr(LabelledLosses, "at_once", at_once)
    tiny.model.requires_grad_(False)
    rows = [encode(example, tiny.tokenizer, 100) for example in EXAMPLES]
    rows.insert(2, {**rows[0], "labels": [IGNORED] * len(rows[0]["labels"])})
    rows[0] = {**rows[0], "labels": [rows[0]["input_ids"][0], *rows[0]["labels"][1:]]}  # nothing predicts the first
    expected = [
        sum(loss for loss, label in zip(losses, row["labels"][1:], strict=True) if label != IGNORED)
        for row, losses in zip(rows, token_losses(tiny, rows), strict=True)
    ]
    assert answer_losses(tiny, rows, batch_size) == pytest.approx(expected, rel=1e-5)
    assert expected[2] == 0 and min(expected[:2]) > 1
    assert answer_losses(tiny, []) == []
