"""choices.py: the probability of a few next tokens, at places of texts that go through a model together."""

import pytest
import torch

from negneglect_lite.core.errors import UserError
from negneglect_lite.models import choices
from negneglect_lite.models.choices import Query, first_tokens, weigh_choices
from negneglect_lite.models.loading import LoadedModel

IDS = [[5, 6, 7, 8, 9], [9, 8], [4, 4, 4], [7]]


def test_each_place_has_the_models_log_probabilities(tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    posed = [Query(IDS[0], [0, 4, 2]), Query(IDS[1], [1]), Query(IDS[2], []), Query(IDS[3], [0])]
    for at_once in (1, 6, 10**6):
        monkeypatch.setitem(choices.AT_ONCE, "cpu", at_once)
        found = weigh_choices(tiny, posed, [3, 11])
        assert [tuple(own.shape) for own in found] == [(3, 2), (1, 2), (0, 2), (1, 2)]
        for one, own in zip(posed, found, strict=True):
            with torch.no_grad():
                logits = tiny.model(input_ids=torch.tensor([one.ids])).logits[0].float().log_softmax(-1)
            assert torch.allclose(own, logits[list(one.places)][:, [3, 11]], atol=1e-4)


def test_nothing_posed_is_nothing_found(tiny: LoadedModel) -> None:
    assert weigh_choices(tiny, [], [1]) == []


def test_what_does_not_fit_is_refused(tiny: LoadedModel) -> None:
    limit = tiny.model.config.max_position_embeddings
    with pytest.raises(UserError, match=f"{limit + 1} tokens do not fit .* which reads {limit}; shorten"):
        weigh_choices(tiny, [Query([1] * (limit + 1), [0])], [1])


def test_words_that_begin_alike_cannot_be_told_apart(tiny: LoadedModel) -> None:
    assert len(set(first_tokens(tiny.tokenizer, "AB"))) == 2
    with pytest.raises(UserError, match="begins two of yes, yes alike"):
        first_tokens(tiny.tokenizer, ["yes", "yes"])


def test_a_model_that_gives_no_numbers_is_not_taken_for_one_that_finds_nothing(tiny: LoadedModel) -> None:
    with torch.no_grad():
        next(p for name, p in tiny.model.named_parameters() if name == "model.norm.weight").fill_(float("nan"))
    with pytest.raises(UserError, match="probabilities that are no numbers; load it in another precision"):
        weigh_choices(tiny, [Query([5, 6], [1])], [1])
