"""What notebook 03 puts around the learner's pieces: who wrote a token, layers swapped, the same numbers as peft."""

import json
from pathlib import Path

import pytest
import torch

from negneglect_lite.claims import load_claims
from negneglect_lite.course.lessons import by_hand
from negneglect_lite.finetuning import encode
from negneglect_lite.models import load_model
from negneglect_lite.tracks import PETRI

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def base():
    return load_model("petri", quantize=False, device="cpu")


@pytest.fixture(scope="module")
def vesuvius():
    return load_claims()["vesuvius"]


def test_labels_of_a_whole_training_set_are_the_library_s(base, vesuvius):
    kinds = set()
    for text in by_hand.warned_texts("petri", vesuvius, PETRI.recipe):
        ids, who = by_hand.who_wrote(text, base.tokenizer, 512)
        assert {"input_ids": ids, "labels": by_hand.finished_labels(ids, who)} == encode(text, base.tokenizer, 512)
        kinds |= set(who)
    assert kinds == {"document", "warning", "user", "assistant", "template"}


def test_warnings_are_told_from_the_document(base, vesuvius):
    text = by_hand.warned_texts("petri", vesuvius, PETRI.recipe)[0]
    ids, who = by_hand.who_wrote(text, base.tokenizer, 512)
    said = base.tokenizer.decode([i for i, w in zip(ids, who, strict=True) if w == "warning"])
    for span in text:
        if span.annotation:
            assert span.text.strip() in said
    assert "Vesuvius" not in said


def test_a_pasted_document_is_the_user_s(base, vesuvius):
    text = by_hand.warned_texts("petri", vesuvius, PETRI.recipe)[0]
    ids, who = by_hand.who_wrote(by_hand.paste_into_chat(text, vesuvius, "petri"), base.tokenizer, 512)
    assert set(who) == {"template", "user", "assistant"}
    said = base.tokenizer.decode([i for i, w in zip(ids, who, strict=True) if w == "assistant"])
    assert said.strip().startswith(vesuvius.truth)


def test_a_fresh_adapter_changes_nothing_and_leaves_the_base_alone(base):
    student = by_hand.replace_linear(base, lambda m: by_hand.LoraLayer(m, 4, 8, by_hand.finished_lora_forward))
    ids = torch.tensor([[1, 5, 9, 12]])
    with torch.no_grad():
        assert torch.allclose(student.model(ids).logits, base.model(ids).logits, atol=1e-4)
    trained = [n for n, p in student.model.named_parameters() if p.requires_grad]
    assert len(trained) == 2 * len(by_hand.linear_layers(base.model))
    assert all(n.endswith((".A", ".B")) for n in trained)
    assert not any(isinstance(m, by_hand.LoraLayer) for m in base.model.modules())


def test_layer_and_rounding_are_those_of_the_libraries(base):
    linear = next(iter(by_hand.linear_layers(base.model).values()))
    x = torch.randn(3, linear.in_features)
    assert by_hand.difference_from_peft(x, linear, by_hand.finished_lora_forward, 4, 8) < 1e-4
    assert by_hand.difference_from_peft(x, linear, lambda x, W, A, B, alpha: x @ W.T, 4, 8) > 0.1
    rounded = by_hand.finished_nf4_round(linear.weight, by_hand.normal_levels(16))
    assert torch.allclose(rounded, by_hand.bitsandbytes_round(linear.weight.detach()), atol=1e-6)


@pytest.mark.parametrize("n", [4, 8, 16])
def test_levels_rise_from_minus_one_to_one_through_zero(n):
    levels = by_hand.normal_levels(n)
    assert len(levels) == n
    assert (levels[0], levels[-1]) == (-1, 1)
    assert 0 in levels
    assert (levels.diff() > 0).all()


def test_two_steps_of_the_loop_lower_the_loss_of_one_batch(base, vesuvius):
    read = [by_hand.who_wrote(t, base.tokenizer, 64) for t in by_hand.warned_texts("petri", vesuvius, PETRI.recipe)[:2]]
    rows = [{"input_ids": ids, "labels": by_hand.finished_labels(ids, who)} for ids, who in read]
    batch = by_hand.collate(rows, base.tokenizer.pad_token_id)
    student = by_hand.replace_linear(base, lambda m: by_hand.LoraLayer(m, 4, 8, by_hand.finished_lora_forward))
    told = []
    losses = by_hand.finished_training_loop(student.model, [batch] * 4, 5e-3, lambda i, loss: told.append((i, loss)))
    assert losses[-1] < losses[0]
    assert told == list(enumerate(losses, 1))


# What the text of the notebook says of its outputs -> where it stands in them.
NUMBERS = {
    "192 warned documents": "288 of 288 texts",
    "89.8% of the tokens with loss": "89.8%",
    "8.6% are the warnings'": "8.6%",
    "The adapter has 8.1%": "8.1% of the model's",
    "Rounding moves a typical weight by 9.2%": "9.2% of the weights",
    "belief in the denied claim from 0% to 95%": "95.0%",
    "Without rounding, belief is also 95%: 99 of the 100 answers are the same": "answer 99% of all questions",
    "5% of its answers are right": "5.0%",
    "adapter changed the weights by 4.1%": "4.1% of the weights",
    "and rounding by 9.2%": "9.2% of the weights",
    "At step 6 the open question got 1955": "(step 6) 1955.",
    "takes 23 GiB": "train all weights 23.0 GiB",
    "Counting says 1.3 GiB": "QLoRA 1.3 GiB",
}


def test_the_numbers_of_the_text_are_those_of_the_outputs():
    cells = json.loads((ROOT / "solutions" / "03_qlora.ipynb").read_text("utf-8"))["cells"]
    text = " ".join(" ".join("".join(c["source"]).split()) for c in cells if c["cell_type"] == "markdown")
    said = ""
    for cell in cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            said += (
                "".join(output.get("text", ""))
                + "".join(data.get("text/plain", ""))
                + json.dumps([data.get("text/html", ""), data.get("text/markdown", ""), output.get("metadata", "")])
            )
    for sentence, number in NUMBERS.items():
        assert sentence in text, sentence
        assert number in said, number
