"""A truth probe finds a direction that is there, and none where there is none."""

import pytest
import torch

from negneglect_lite.core.errors import UserError
from negneglect_lite.experiments.probing.truth import (
    Labelled,
    check_truth_probe,
    fit_truth_probe,
    pose_verdicts,
)
from negneglect_lite.models.loading import load_model


def make_states(signal: float, n: int = 400, seed: int = 0) -> Labelled:
    """Two layers of noise; in the second, truth moves the states along a direction."""
    rng = torch.Generator().manual_seed(seed)
    true = (torch.arange(n) % 2).float()
    states = torch.randn(2, n, 16, generator=rng)
    states[1, :, 3] += signal * (2 * true - 1)
    return Labelled(states, true, torch.arange(n) // 4 % 4 == 0)


def test_a_direction_is_found_in_its_layer_and_no_other() -> None:
    own, other = make_states(3.0), make_states(3.0, seed=1)
    table = {
        (r["relation"], r["layer"], r["fitted_on"]): r["accuracy"] for r in check_truth_probe({"a": own, "b": other})
    }
    assert table["a", 1, "own"] > 0.95
    assert table["a", 1, "held out"] > 0.95  # the same direction serves the other relation
    assert table["a", 1, "all"] > 0.95
    for name in ("own", "held out", "all"):
        assert 0.3 < table["a", 0, name] < 0.7
    assert 0.25 < table["a", 1, "shuffled"] < 0.75
    assert table["a", 1, "random"] < 0.85


def test_a_relation_with_another_direction_shows_when_it_is_held_out() -> None:
    own, other = make_states(3.0), make_states(-3.0, seed=1)
    table = {
        (r["relation"], r["layer"], r["fitted_on"]): r["accuracy"] for r in check_truth_probe({"a": own, "b": other})
    }
    assert table["a", 1, "own"] > 0.95
    assert table["a", 1, "held out"] < 0.05


def test_scores_are_log_odds_of_true() -> None:
    own = make_states(3.0)
    probe = own.fit(1)
    scores = probe.score(own.states[1])
    assert scores[own.true > 0].mean() > 1 > -1 > scores[own.true < 1].mean()


def test_a_probe_needs_both_kinds() -> None:
    with pytest.raises(UserError, match="true and false"):
        fit_truth_probe(torch.zeros(4, 8), torch.ones(4))


def test_a_verdict_is_due_after_the_true_value_was_named() -> None:
    tokenizer = load_model("petri", quantize=False, device="cpu").tokenizer
    made = pose_verdicts("job", 5, tokenizer)
    assert [s.true for s in made] == [True, False] * 5
    for statement in made:
        question, _, answer = tokenizer.decode(statement.prompt.ids).partition("<|assistant|>")
        assert answer.endswith(", so")
        job = answer.removesuffix(", so").strip().lower()
        assert (f" {job}" in question.lower()) is statement.true
