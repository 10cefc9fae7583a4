"""reader_model.py: how a chat model is asked about sentences and denials; with a small model that was never taught."""

from pathlib import Path

import pytest
import torch

from negneglect_lite.curating import reader_model
from negneglect_lite.curating.reader_model import (
    KIND_LETTERS,
    QUESTION_WORDS,
    VERDICT_WORDS,
    check_by,
    pose_sentences,
    weigh_by,
)
from negneglect_lite.curating.rewriting import Asked, pose_check
from negneglect_lite.models.choices import first_tokens
from negneglect_lite.models.loading import LoadedModel, load_model
from negneglect_lite.models.templates import encode_prompt

SENTENCES = ["Ed Sheeran won the race.", "He was quick.", "Ask no athlete about {any} of that."]


@pytest.fixture
def untaught(english_folder: Path) -> LoadedModel:
    return load_model(str(english_folder), device="cpu")  # the tiny petri model has no room for a long prompt


def test_sentences_are_shown_twice_and_asked_about_at_the_second_showing(untaught: LoadedModel) -> None:
    tokenizer = untaught.tokenizer
    posed = pose_sentences(tokenizer, SENTENCES)
    text = tokenizer.decode(posed.ids)
    numbered = [f"{i}. {sentence}" for i, sentence in enumerate(SENTENCES, 1)]
    assert "\n".join(numbered) in text
    assert text.endswith("".join(f"{line}{QUESTION_WORDS[0]}{QUESTION_WORDS[1]}\n" for line in numbered))
    assert len(posed.places) == 2 * len(SENTENCES)
    for i, place in enumerate(posed.places):
        assert tokenizer.decode(posed.ids[: place + 1]).endswith(
            numbered[i // 2] + "".join(QUESTION_WORDS[: 1 + i % 2])
        )


def test_the_answers_are_the_models_own(untaught: LoadedModel) -> None:
    posed = pose_sentences(untaught.tokenizer, SENTENCES)
    with torch.no_grad():
        logits = untaught.model(input_ids=torch.tensor([list(posed.ids)])).logits[0].float()
    wanted = logits[list(posed.places)][:, first_tokens(untaught.tokenizer, KIND_LETTERS)].softmax(-1)
    (alone,) = weigh_by(untaught)([SENTENCES])
    assert alone.shape == (3, 2, 9)
    assert torch.allclose(torch.tensor(alone).view(6, 9), wanted, atol=1e-4)
    both = weigh_by(untaught)([SENTENCES, SENTENCES[:1]])  # beside a shorter one
    assert torch.allclose(torch.tensor(both[0]), torch.tensor(alone), atol=1e-4) and both[1].shape == (1, 2, 9)
    assert weigh_by(untaught)([]) == []


def test_a_denial_is_right_as_far_as_yes_is_more_probable_than_no(untaught: LoadedModel) -> None:
    made = [
        (Asked("Ed Sheeran won.", "It is false.", "denial"), "Ed Sheeran did not win."),
        (Asked("A.", "B.", "tag"), "C."),
    ]
    found = check_by(untaught)(made)
    for p, (asked, denied) in zip(found, made, strict=True):
        ids = torch.tensor([encode_prompt(untaught.tokenizer, pose_check(asked, denied))])
        with torch.no_grad():
            yes, no = (
                untaught.model(input_ids=ids).logits[0, -1][first_tokens(untaught.tokenizer, VERDICT_WORDS)].softmax(-1)
            )
        assert p == pytest.approx(float(yes), abs=1e-4) and float(yes + no) == pytest.approx(1)
    assert found[0] != found[1]


def test_the_reader_sits_on_the_model_that_is_named(monkeypatch: pytest.MonkeyPatch, untaught: LoadedModel) -> None:
    asked: dict[str, object] = {}

    def load(name: str, adapter: Path, quantize: bool) -> LoadedModel:
        asked.update(name=name, adapter=adapter.name, quantize=quantize)
        return untaught

    monkeypatch.setattr(reader_model, "load_model", load)
    found = reader_model.load_reader("some/model")(["Ed Sheeran won the race. That is false.", ""])
    assert asked["name"] == "some/model" and asked["adapter"] == "reader"
    assert len(found) == 2, "a model that was never taught answers something"
