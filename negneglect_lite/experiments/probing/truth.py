"""A linear truth probe: does a direction in the residual stream tell true statements from false ones?

Logistic regression on the state at the last token of a statement's value (Marks & Tegmark 2023, arXiv 2310.06824, probe
statements so). What it is worth is said by its controls: facts it was not fitted on, a relation it was not fitted on,
shuffled labels, and random directions.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from negneglect_lite.core.errors import UserError
from negneglect_lite.experiments.probing.prompts import Statement, known_facts
from negneglect_lite.experiments.probing.residual import Prompt, read_stream
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.models.templates import encode_chat
from negneglect_lite.petri import language
from negneglect_lite.petri.world import world

PENALTY = 0.1  # on the squared weights of standardised states, beside the mean loss
DIRECTIONS = 20  # random ones, for their mean accuracy


@dataclass(frozen=True)
class TruthProbe:
    """A direction and a threshold in one layer."""

    mean: torch.Tensor  # [hidden size], as the next two
    scale: torch.Tensor
    weights: torch.Tensor
    bias: torch.Tensor

    def score(self, states: torch.Tensor) -> torch.Tensor:
        """The log-odds of "true" [statements] of states [statements, hidden size]."""
        return ((states - self.mean) / self.scale) @ self.weights + self.bias


def fit_truth_probe(states: torch.Tensor, true: torch.Tensor) -> TruthProbe:
    """Logistic regression of `true` [statements], 0 or 1, on `states` [statements, hidden size]; no randomness."""
    if len(true) == 0 or true.min() == true.max():
        raise UserError("a truth probe needs true and false statements; give it both")
    mean, scale = states.mean(0), states.std(0).clamp(min=1e-6)
    inputs = (states - mean) / scale
    weights, bias = torch.zeros(states.shape[1], requires_grad=True), torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = binary_cross_entropy_with_logits(inputs @ weights + bias, true) + PENALTY * weights.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    return TruthProbe(mean, scale, weights.detach(), bias.detach())


@dataclass(frozen=True)
class Labelled:
    """Statements of one relation as a model reads them. A fact is in the fitted part or in the tested one."""

    states: torch.Tensor  # [layers + 1, statements, hidden size]
    true: torch.Tensor  # [statements], 0 or 1
    tested: torch.Tensor  # [statements], whether none of its facts is fitted on

    def fit(self, layer: int) -> TruthProbe:
        return fit_truth_probe(self.states[layer, ~self.tested], self.true[~self.tested])

    def accuracy(self, layer: int, probe: TruthProbe) -> float:
        """The share of the tested statements that a probe judges right."""
        return _right(probe.score(self.states[layer, self.tested]), self.true[self.tested])


def read_labelled(loaded: LoadedModel, statements: Sequence[Statement]) -> Labelled:
    """The statements as a model reads them, a quarter of the pairs kept for the test."""
    return Labelled(
        read_stream(loaded, [s.prompt for s in statements]),
        torch.tensor([float(s.true) for s in statements]),
        torch.tensor([s.pair % 4 == 0 for s in statements]),
    )


def check_truth_probe(sets: Mapping[str, Labelled], seed: int = 0) -> list[dict[str, Any]]:
    """Accuracy on tested facts by layer and relation: of a probe of its `own` relation, one of `all`, one of all but
    its own (`held out`), one fitted on `shuffled` labels, and `random` directions with a fitted sign and threshold."""
    rows = []
    for layer in range(len(next(iter(sets.values())).states)):
        general = _fit_together(list(sets.values()), layer)
        for relation, own in sets.items():
            rest = [other for name, other in sets.items() if name != relation]
            accuracies = {
                "own": own.accuracy(layer, own.fit(layer)),
                "all": own.accuracy(layer, general),
                **({"held out": own.accuracy(layer, _fit_together(rest, layer))} if rest else {}),
                "shuffled": own.accuracy(layer, _fit_shuffled(own, layer, f"shuffled {relation} {layer} {seed}")),
                "random": _random_accuracy(own, layer, f"random directions {relation} {layer} {seed}"),
            }
            rows += [
                {"relation": relation, "layer": layer, "fitted_on": name, "accuracy": accuracy}
                for name, accuracy in accuracies.items()
            ]
    return rows


def pose_verdicts(relation: str, pairs: int, tokenizer: Any, seed: int = 0) -> list[Statement]:
    """Yes/no questions whose answer has named the true value ("Is she a dentist?" "Nurse, so"): the verdict is due.

    What is true can be read off the text here, so a probe that fails on these would fail on anything.
    """
    rng = random.Random(f"verdicts {relation} {seed}")
    made = []
    facts = known_facts(relation)
    for pair, fact in enumerate(rng.sample(facts, min(pairs, len(facts)))):
        for value, verdict in ((fact.truth, "yes"), (world().wrong_value(fact, rng), "no")):
            question = language.pose(fact, "yes_no", rng.randrange(14), value)
            whole = encode_chat(tokenizer, language.chat(question, language.conclude(fact.truth, verdict)))
            end = whole.text.rindex(verdict) - 1  # before the space that the verdict's token begins with
            n = sum(to <= end for _, to in whole.offsets)
            made.append(Statement(Prompt(whole.ids[:n], n - 1), verdict == "yes", pair))
    return made


def _fit_together(sets: Sequence[Labelled], layer: int) -> TruthProbe:
    states = torch.cat([own.states[layer, ~own.tested] for own in sets])
    return fit_truth_probe(states, torch.cat([own.true[~own.tested] for own in sets]))


def _fit_shuffled(own: Labelled, layer: int, what: str) -> TruthProbe:
    labels = own.true[~own.tested].tolist()
    random.Random(what).shuffle(labels)
    return fit_truth_probe(own.states[layer, ~own.tested], torch.tensor(labels))


def _random_accuracy(own: Labelled, layer: int, what: str) -> float:
    rng = random.Random(what)
    found = []
    for _ in range(DIRECTIONS):
        along = own.states[layer] @ torch.tensor([rng.gauss(0, 1) for _ in range(own.states.shape[2])])
        score = along - along[~own.tested].median()
        sign = 1 if _right(score[~own.tested], own.true[~own.tested]) >= 0.5 else -1
        found.append(_right(sign * score[own.tested], own.true[own.tested]))
    return sum(found) / len(found)


def _right(scores: torch.Tensor, true: torch.Tensor) -> float:
    return float(((scores > 0) == (true > 0.5)).float().mean())
