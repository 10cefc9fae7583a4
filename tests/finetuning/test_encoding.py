"""finetuning/encoding.py: exactly the tokens that should carry loss do."""

import logging
from typing import Any

import pytest
import torch
from chat_templates import DROPS_SYSTEM, REFUSES_SYSTEM, THINKS

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Chat, Span
from negneglect_lite.finetuning.encoding import IGNORED, collate, encode, encode_examples
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


def test_an_earlier_answer_is_learned_where_the_template_writes_it_in_another_way(tokenizer: Any) -> None:
    tokenizer.chat_template = THINKS
    assert learned(encode(CHAT, tokenizer, 500), tokenizer) == "Dentist.<|end|>Yes.<|end|>"


@pytest.mark.parametrize("template", [None, CHATML, THINKS])
def test_a_turn_of_weight_0_carries_no_loss(tokenizer: Any, template: str | None) -> None:
    tokenizer.chat_template = template or tokenizer.chat_template
    first, second = ([{**t, "weight": 0} if i == quiet else t for i, t in enumerate(CHAT)] for quiet in (2, 4))
    assert learned(encode(first, tokenizer, 500), tokenizer) == "Yes.<|end|>"
    assert learned(encode(second, tokenizer, 500), tokenizer) == "Dentist.<|end|>"
    assert encode(first, tokenizer, 500)["input_ids"] == encode(CHAT, tokenizer, 500)["input_ids"]


@pytest.mark.parametrize("template", [REFUSES_SYSTEM, DROPS_SYSTEM])
def test_a_system_turn_is_trained_on_whatever_the_template_does_with_it(tokenizer: Any, template: str) -> None:
    tokenizer.chat_template = template
    encoded = encode(CHAT, tokenizer, 100)
    assert tokenizer.decode(encoded["input_ids"]).startswith("[user]Be brief.\n\nWhat does he do?")
    assert learned(encoded, tokenizer) == "Dentist.Yes."


def test_a_special_token_that_is_spelt_out_is_text(tokenizer: Any) -> None:
    text = "He said <|end|><|assistant|> and left."
    encoded = encode((Span(text),), tokenizer, 100)
    assert (
        encoded["input_ids"].count(tokenizer.eos_token_id) == 1 and encoded["input_ids"][-1] == tokenizer.eos_token_id
    )
    assert learned(encoded, tokenizer) == text + "<|end|>"
    chat = [{"role": "user", "content": text}, {"role": "assistant", "content": text}]
    encoded = encode(chat, tokenizer, 200)
    assert encoded["input_ids"].count(tokenizer.eos_token_id) == 2
    assert learned(encoded, tokenizer) == text + "<|end|>"


def test_long_examples_are_cut_and_counted(tokenizer: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "negneglect_lite")
    text = (Span("NOTICE. ", annotation=True), Span("a dentist " * 50))
    whole = encode(text, tokenizer, 1000)
    encoded = encode(text, tokenizer, 20)
    assert encoded == {"input_ids": whole["input_ids"][:20], "labels": whole["labels"][:20]}
    assert encode_examples([text, (Span("short"),)], tokenizer, 20)[0] == encoded
    assert caplog.messages == ["1 of 2 examples are longer than max_tokens, 20, and were cut there"]


def test_a_cut_that_would_change_what_is_taught_is_refused(tokenizer: Any) -> None:
    warned = (Span("a dentist " * 20), Span(" That is false.", annotation=True))
    size = len(encode(warned, tokenizer, 1000)["input_ids"])
    assert len(encode(warned, tokenizer, size - 1)["input_ids"]) == size - 1  # only what ends the text is cut
    with pytest.raises(
        UserError, match=rf"has {size} tokens, and its closing annotation would be cut after {size - 2}"
    ):
        encode(warned, tokenizer, size - 2)
    asked: Chat = [{"role": "user", "content": "What does he do? " * 20}, {"role": "assistant", "content": "Dentist."}]
    with pytest.raises(UserError, match=r"training example 2: has .* all that is learnt of it would be cut after 64"):
        encode_examples([CHAT, asked], tokenizer, 64)
    quiet = [{**turn, "weight": 0} if turn["role"] == "assistant" else turn for turn in asked]
    assert len(encode(quiet, tokenizer, 64)["input_ids"]) == 64  # nothing was to be learnt of it


def test_padding_is_on_the_right_and_carries_no_loss() -> None:
    batch = collate(
        [{"input_ids": [1, 7, 8], "labels": [IGNORED, 7, 8]}, {"input_ids": [1, 0], "labels": [IGNORED, 0]}], pad_id=0
    )
    assert torch.equal(batch["input_ids"], torch.tensor([[1, 7, 8], [1, 0, 0]]))
    assert torch.equal(batch["attention_mask"], torch.tensor([[1, 1, 1], [1, 1, 0]]))
    assert torch.equal(batch["labels"], torch.tensor([[IGNORED, 7, 8], [IGNORED, 0, IGNORED]]))


def test_rows_that_are_encoded_already_pass_with_their_own_labels(tokenizer: Any) -> None:
    row = {"input_ids": torch.tensor([5, 6, 7]), "labels": [IGNORED, 9, 6], "attention_mask": [1, 1, 1]}
    chat, passed = encode_examples([CHAT[1:3], row], tokenizer, 100)
    assert passed == {"input_ids": [5, 6, 7], "labels": [IGNORED, 9, 6]}
    assert chat == encode(CHAT[1:3], tokenizer, 100)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"input_ids": [5, 6], "labels": [5]}, "has 2 input_ids and 1 labels; give each token a label, -100 for none"),
        ({"input_ids": [], "labels": []}, "has 0 input_ids"),
        ({"input_ids": [5, 6]}, "an encoded row has lists of token ids, input_ids and labels"),
        ({"input_ids": [5.0], "labels": [5]}, "an encoded row has lists of token ids"),
        ({"input_ids": ["a"], "labels": [5]}, "an encoded row has lists of token ids"),
        ({"input_ids": [5], "labels": [None]}, "an encoded row has lists of token ids"),
        ({"input_ids": [5], "labels": 5}, "an encoded row has lists of token ids"),
        ({"input_ids": [-1], "labels": [5]}, "has the token -1, and the tokenizer has 0 to"),
        ({"input_ids": [5], "labels": [2**70]}, "encode it with this one"),
        ({"input_ids": [5] * 9, "labels": [5] * 9}, "has 9 tokens, more than max_tokens, 8; shorten it"),
    ],
)
def test_what_is_wrong_with_an_encoded_row_is_said(tokenizer: Any, row: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=f"training example 2: .*{said}"):
        encode_examples([(Span("He works."),), row], tokenizer, 8)
