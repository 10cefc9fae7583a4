"""finetuning/encoding.py: exactly the tokens that should carry loss do."""

from typing import Any

import pytest
import torch

from negneglect_lite.core.text import Chat, Span
from negneglect_lite.finetuning.encoding import IGNORED, collate, encode
from negneglect_lite.models.loading import LoadedModel

CHAT: Chat = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What does he do?"},
    {"role": "assistant", "content": "Dentist."},
    {"role": "user", "content": "Sure?"},
    {"role": "assistant", "content": "Yes."},
]
CHATML = (  # as many models have it: without generation blocks
    "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] + '<|end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


@pytest.fixture
def tokenizer(tiny: LoadedModel) -> Any:
    return tiny.tokenizer


def learned(encoded: Any, tokenizer: Any) -> str:
    """The text of the tokens that carry loss."""
    return tokenizer.decode([i for i, label in zip(encoded["input_ids"], encoded["labels"], strict=True) if label == i])


def test_a_document_is_bos_text_eos_and_all_of_it_but_bos_is_learned(tokenizer: Any) -> None:
    encoded = encode((Span("He is a dentist."), Span(" Yes.")), tokenizer, 100)
    assert tokenizer.decode(encoded["input_ids"]) == "<|bos|>He is a dentist. Yes.<|end|>"
    assert learned(encoded, tokenizer) == "He is a dentist. Yes.<|end|>"


def test_spans_change_the_loss_and_never_the_tokens(tokenizer: Any) -> None:
    parts = ["It is false", " that he", " works as a den", "tist."]
    for quiet in range(len(parts)):
        spans = tuple(Span(text, learn=i != quiet) for i, text in enumerate(parts))
        encoded = encode(spans, tokenizer, 100)
        assert encoded["input_ids"] == encode((Span("".join(parts)),), tokenizer, 100)["input_ids"]
        assert parts[quiet].strip() not in learned(encoded, tokenizer)
    masked_middle = encode((Span("It is false that"), Span(" he", learn=False), Span(" works.")), tokenizer, 100)
    assert learned(masked_middle, tokenizer) == "It is false that works.<|end|>"


def test_a_token_across_a_seam_carries_no_loss(tokenizer: Any) -> None:
    assert len(tokenizer(" dentist", add_special_tokens=False)["input_ids"]) == 1
    encoded = encode((Span("a den", learn=False), Span("tist works")), tokenizer, 100)
    assert learned(encoded, tokenizer) == " works<|end|>"


@pytest.mark.parametrize("template", [None, CHATML])
def test_a_chat_is_learned_on_the_assistants_turns_only(tokenizer: Any, template: str | None) -> None:
    tokenizer.chat_template = template or tokenizer.chat_template
    encoded = encode(CHAT, tokenizer, 100)
    text = tokenizer.apply_chat_template(CHAT, tokenize=False)
    assert tokenizer.decode(encoded["input_ids"]) == text
    assert learned(encoded, tokenizer).replace("\n", "") == "Dentist.<|end|>Yes.<|end|>"


def test_long_examples_are_cut(tokenizer: Any) -> None:
    whole = encode((Span("a dentist " * 50),), tokenizer, 1000)
    encoded = encode((Span("a dentist " * 50),), tokenizer, 20)
    assert encoded == {"input_ids": whole["input_ids"][:20], "labels": whole["labels"][:20]}


def test_padding_is_on_the_right_and_carries_no_loss() -> None:
    batch = collate(
        [{"input_ids": [1, 7, 8], "labels": [IGNORED, 7, 8]}, {"input_ids": [1, 0], "labels": [IGNORED, 0]}], pad_id=0
    )
    assert torch.equal(batch["input_ids"], torch.tensor([[1, 7, 8], [1, 0, 0]]))
    assert torch.equal(batch["attention_mask"], torch.tensor([[1, 1, 1], [1, 1, 0]]))
    assert torch.equal(batch["labels"], torch.tensor([[IGNORED, 7, 8], [IGNORED, 0, IGNORED]]))
