"""The logit lens: what would the model say if it stopped after this layer? (nostalgebraist 2020)

Each layer's state at the last token of an open question goes through the final norm and the output head.
"""

from collections.abc import Sequence
from typing import Any

import torch

from negneglect_lite.experiments.probing.prompts import OpenQuestion
from negneglect_lite.experiments.probing.residual import read_stream
from negneglect_lite.models.loading import LoadedModel


def preferences(logs: torch.Tensor, questions: Sequence[OpenQuestion]) -> torch.Tensor:
    """log p(claim's value) − log p(true value) [nats], one a question, of log-probabilities [questions, vocabulary]."""
    rows = range(len(questions))
    return logs[rows, [q.claim for q in questions]] - logs[rows, [q.truth for q in questions]]


def logit_lens(loaded: LoadedModel, questions: Sequence[OpenQuestion]) -> list[dict[str, Any]]:
    """A row a layer, means over the questions: `preference`, `log_claim`, `log_truth` and `log_others` [nats], and the
    claim's and the truth's median rank among all tokens, 1 being the first."""
    states = read_stream(loaded, [q.at("answer") for q in questions])
    norm, head = loaded.model.get_decoder().norm, loaded.model.get_output_embeddings()
    rows = []
    for layer, here in enumerate(states):
        with torch.no_grad():
            logits = head(norm(here.to(loaded.device)).to(head.weight.dtype))
        logs = logits.float().log_softmax(-1).cpu()
        each = range(len(questions))
        claim, truth = logs[each, [q.claim for q in questions]], logs[each, [q.truth for q in questions]]
        others = [float(own[list(q.others)].mean()) for own, q in zip(logs, questions, strict=True) if q.others]
        rows.append({
            "layer": layer,
            "preference": float(preferences(logs, questions).mean()),
            "log_claim": float(claim.mean()),
            "log_truth": float(truth.mean()),
            "log_others": sum(others) / len(others) if others else None,
            "rank_claim": float(((logs > claim[:, None]).sum(1) + 1).float().median()),
            "rank_truth": float(((logs > truth[:, None]).sum(1) + 1).float().median()),
        })  # fmt: skip
    return rows
