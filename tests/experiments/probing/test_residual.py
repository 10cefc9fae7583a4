"""The residual stream is read as the model computes it, and replacing it changes what follows and nothing else."""

import torch

from negneglect_lite.experiments.probing.residual import (
    Prompt,
    next_token_logs,
    read_stream,
    stream_modules,
    stream_replaced,
)
from negneglect_lite.models.loading import LoadedModel

PROMPTS = [Prompt([1, 70, 80, 90, 100], 2), Prompt([1, 75, 85], 2)]


def test_the_stream_is_what_the_model_hands_on(tiny: LoadedModel) -> None:
    states = read_stream(tiny, PROMPTS, batch_size=1)
    assert states.shape == (len(stream_modules(tiny.model)), 2, 64)
    ids = torch.tensor([PROMPTS[0].ids])
    with torch.no_grad():
        theirs = tiny.model(input_ids=ids, output_hidden_states=True).hidden_states
        last = tiny.model.get_decoder().norm(states[-1, :1])
    for layer in range(len(states) - 1):
        assert torch.allclose(states[layer, 0], theirs[layer][0, 2], atol=1e-5)
    assert torch.allclose(last[0], theirs[-1][0, 2], atol=1e-5)  # transformers' last one is after the final norm


def test_padding_does_not_matter(tiny: LoadedModel) -> None:
    assert torch.allclose(read_stream(tiny, PROMPTS), read_stream(tiny, PROMPTS, batch_size=1), atol=1e-5)
    together, alone = next_token_logs(tiny, PROMPTS), next_token_logs(tiny, PROMPTS[1:])
    assert torch.allclose(together[1:], alone, atol=1e-5)
    assert torch.allclose(together.exp().sum(1), torch.ones(2), atol=1e-4)


def test_a_state_replaced_by_itself_changes_nothing_and_by_another_changes_what_follows(tiny: LoadedModel) -> None:
    before = next_token_logs(tiny, PROMPTS)
    own = read_stream(tiny, PROMPTS)
    for layer, states in enumerate(own):
        with stream_replaced(tiny, layer, [2, 2], states):
            assert torch.allclose(next_token_logs(tiny, PROMPTS), before, atol=1e-5)
        with stream_replaced(tiny, layer, [2, 2], states.flip(0)):
            assert not torch.allclose(next_token_logs(tiny, PROMPTS), before, atol=1e-3)
    assert torch.equal(next_token_logs(tiny, PROMPTS), before)  # the hooks are gone


def test_a_state_replaced_earlier_reaches_later_tokens_through_attention_alone(tiny: LoadedModel) -> None:
    at_end = [Prompt(PROMPTS[0].ids, 4)]
    before = next_token_logs(tiny, at_end)
    other = torch.randn(1, 64, generator=torch.Generator().manual_seed(0))
    last = len(stream_modules(tiny.model)) - 1
    with stream_replaced(tiny, 0, [2], other):
        assert not torch.allclose(next_token_logs(tiny, at_end), before, atol=1e-4)
    with stream_replaced(tiny, last, [2], other):  # no layer is left that could attend to it
        assert torch.allclose(next_token_logs(tiny, at_end), before, atol=1e-6)
