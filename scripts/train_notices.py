"""The weights of curating/learned.py, from sentences that are marked: data/benchmark/notices.npz.

    python scripts/train_notices.py

Trained on data/benchmark/sentences.jsonl.gz (single sentences), on the sentences of the benchmark's part "mended", of
half of its ordinary articles, and of the course's own English articles and annotations. The parts "held" and "new" are
not read.
"""

import json
from collections.abc import Iterator

import numpy as np
import torch
from torch.nn import functional as F

from bench_audit import find, overlap, part_of
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.files import data_path
from negneglect_lite.core.json_lines import read_json_lines
from negneglect_lite.curating.findings import NOTICE_KINDS
from negneglect_lite.curating.learned import BITS, WEIGHTS, hash_features
from negneglect_lite.curating.sentences import split_sentences
from negneglect_lite.documents.english import compose_english, english_annotations, load_library

NONE = len(NOTICE_KINDS)
STEPS, RATE, DECAY = 400, 0.05, 1e-3
ARTICLES = 24  # of each claim


def marked() -> Iterator[tuple[str, int]]:
    """Sentences, and their kind of notice or NONE."""
    for _, row in read_json_lines(data_path("benchmark", "sentences.jsonl.gz")):
        yield row["text"], NOTICE_KINDS.index(row["kind"]) if row["notice"] else NONE
    for _, row in read_json_lines(data_path("benchmark", "documents.jsonl.gz")):
        if part_of(row["id"]) != "mended":
            continue
        text = row["text"]
        notices = [(find(text, n["text"]), NOTICE_KINDS.index(n["kind"])) for n in row["notices"]]
        for place in split_sentences(text):
            yield text[slice(*place)], next((kind for where, kind in notices if overlap(place, where)), NONE)
    for claim in load_claims():  # the course's own articles state false claims, as a document under a notice does
        for article in compose_english(load_library(claim), ARTICLES):
            yield from ((sentence.text, NONE) for sentence in article.sentences)
            yield from ((sentence.denial, NONE) for sentence in article.sentences if sentence.denial)
    for name, phrases in english_annotations().items():
        kind = {"true_versions": "correction", "fiction": "fiction"}.get(name, "denial")
        for phrase in phrases:
            yield from ((phrase[slice(*place)], NOTICE_KINDS.index(kind)) for place in split_sentences(phrase))
    for i, (_, row) in enumerate(read_json_lines(data_path("benchmark", "ordinary.jsonl.gz"))):
        if i % 2 == 0:
            yield from ((row["text"][slice(*place)], NONE) for place in split_sentences(row["text"]))


def fit(rows: list[tuple[str, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Weights [features, kinds + 1] and bias of a softmax, notices and the rest weighted alike."""
    features = [hash_features(text) for text, _ in rows]
    target = torch.tensor([kind for _, kind in rows])
    index = torch.tensor([[i, f] for i, own in enumerate(features) for f in own]).T
    value = torch.tensor([len(own) ** -0.5 for own in features for _ in own])
    x = torch.sparse_coo_tensor(index, value, (len(rows), 2**BITS), check_invariants=True).coalesce()
    weight = torch.where(target == NONE, 0.5 / (target == NONE).float().mean(), 0.5 / (target != NONE).float().mean())
    w = torch.zeros(2**BITS, NONE + 1, requires_grad=True)
    b = torch.zeros(NONE + 1, requires_grad=True)
    optimizer = torch.optim.Adam([w, b], lr=RATE)
    for _ in range(STEPS):
        loss = (weight * F.cross_entropy(torch.sparse.mm(x, w) + b, target, reduction="none")).mean()
        loss = loss + DECAY * w.pow(2).sum() / len(rows) * 50
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return w.detach().numpy(), b.detach().numpy()


def main() -> None:
    torch.manual_seed(0)
    rows = list(marked())
    weights, bias = fit(rows)
    scale = np.float32(np.abs(weights).max() / 127)
    np.savez_compressed(data_path(*WEIGHTS), weights=np.round(weights / scale).astype(np.int8), scale=scale, bias=bias)
    print(json.dumps({"sentences": len(rows), "notices": sum(kind != NONE for _, kind in rows)}))


if __name__ == "__main__":
    main()
