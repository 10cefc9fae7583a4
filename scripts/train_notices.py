"""The weights of curating/learned.py, from documents and sentences that are marked: data/benchmark/notices.npz.

    python scripts/train_notices.py                      # trains and writes them
    python scripts/train_notices.py --cross-validate     # scores of each writer's documents, trained without them

Trained on data/benchmark/sentences.jsonl.gz (single sentences), on the benchmark's part "mended", on half of its
ordinary articles, and on the course's own English articles and annotations. Its other parts are not read.
The second model learns from scores that the first gives to the documents of a writer that it was not trained with.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch.nn import functional as F

from bench_audit import Row, by_audit, find, gold_covered, overlap, part_of, score, trained_with
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.files import data_path
from negneglect_lite.core.text import plain
from negneglect_lite.curating import audit, learned, rules
from negneglect_lite.curating.audit import claims_of
from negneglect_lite.curating.benchmark import read_benchmark
from negneglect_lite.curating.context import CANDIDATE, notice_features, word_odds
from negneglect_lite.curating.covering import cover
from negneglect_lite.curating.findings import NOTICE_KINDS, Notice
from negneglect_lite.curating.learned import NOTHING, WEIGHTS, Array, word_features
from negneglect_lite.curating.linking import link_features
from negneglect_lite.curating.page import Page
from negneglect_lite.curating.sentences import split_sentences
from negneglect_lite.documents.english import compose_english, english_annotations, load_library
from negneglect_lite.styles import apply_style
from negneglect_lite.tracks import ENGLISH

NONE = len(NOTICE_KINDS)
STEPS, RATE, DECAY = 150, 0.05, 1e-5  # of the model of words
SEEDS, HIDDEN, DROPOUT, EPOCHS = 5, 16, 0.5, 40  # of the two networks
ARTICLES, PLAIN = 24, 12  # of each claim: for the words, and as whole documents
Weights = dict[str, Array]
Marked = list[tuple[str, int]]  # sentences, and their kind of notice or NONE


def single() -> Iterator[tuple[str, int]]:
    """What does not come from the documents of the benchmark."""
    for row in read_benchmark("sentences"):
        yield row["text"], NOTICE_KINDS.index(row["kind"]) if row["notice"] else NONE
    for claim in load_claims():  # the course's own articles state false claims, as a document under a notice does
        for article in compose_english(load_library(claim), ARTICLES):
            yield from ((sentence.text, NONE) for sentence in article.sentences)
            yield from ((sentence.denial, NONE) for sentence in article.sentences if sentence.denial)
    for name, phrases in english_annotations().items():
        kind = {"true_versions": "correction", "fiction": "fiction"}.get(name, "denial")
        for phrase in phrases:
            yield from ((phrase[slice(*place)], NOTICE_KINDS.index(kind)) for place in split_sentences(phrase))


def whole() -> dict[str, list[Row]]:
    """Documents by writer; the ordinary articles are dealt out among the writers."""
    rows: dict[str, list[Row]] = {}
    for row in read_benchmark("documents"):
        if part_of(row["id"]) == "mended":
            rows.setdefault(row["id"].split("-")[0], []).append(row)
    articles = read_benchmark("ordinary")
    for n, i in enumerate(filter(trained_with, range(len(articles)))):
        rows[sorted(rows)[n % len(rows)]].append({"notices": [], "denied_locally": [], **articles[i]})
    return rows


def course_articles() -> Iterator[Row]:
    """The course's own English articles as whole documents without a notice: as they are, and denied locally."""
    rng = Random(0)
    for claim in load_claims().values():
        for article in ENGLISH.compose(claim, PLAIN):
            for style in ("positive", "local"):
                yield {"text": plain(apply_style(style, article, ENGLISH.annotations(), rng)), "notices": []}


def marked(row: Row) -> Marked:
    """The sentences of a document."""
    text = row["text"]
    notices = [(find(text, n["text"]), NOTICE_KINDS.index(n["kind"])) for n in row["notices"]]
    return [
        (text[slice(*place)], next((kind for where, kind in notices if overlap(place, where)), NONE))
        for place in split_sentences(text)
    ]


def fit_words(rows: Marked) -> Weights:
    """The softmax of words, notices and the rest weighted alike."""
    found, begins = word_features([text.split() for text, _ in rows])
    used, index = np.unique(found, return_inverse=True)
    flat = torch.tensor(index.reshape(found.shape)).flatten()
    there = torch.tensor(found != NOTHING)
    value = there.sum(1).cumsum(0)
    ends = torch.tensor([*begins[1:], len(found)]) - 1
    sizes = torch.diff(value[ends], prepend=torch.zeros(1, dtype=torch.long))
    target = torch.tensor([kind for _, kind in rows])
    weight = torch.where(target == NONE, 0.5 / (target == NONE).float().mean(), 0.5 / (target != NONE).float().mean())
    w = torch.zeros(len(used), NONE + 1, requires_grad=True)
    b = torch.zeros(NONE + 1, requires_grad=True)
    optimizer = torch.optim.Adam([w, b], lr=RATE)
    offsets, kept = torch.tensor(begins) * found.shape[1], there.flatten().float()
    for _ in range(STEPS):
        sums = F.embedding_bag(flat, w, offsets, mode="sum", per_sample_weights=kept)
        loss = (weight * F.cross_entropy(sums / sizes.sqrt()[:, None] + b, target, reduction="none")).mean()
        loss = loss + DECAY * w.pow(2).sum()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    weights = np.zeros((NOTHING, NONE + 1), np.float32)
    weights[used[used < NOTHING]] = w.detach().numpy()[used < NOTHING]
    scale = np.float32(np.abs(weights).max() / 127)
    return {"words": np.round(weights / scale).astype(np.int8), "words scale": scale, "words bias": b.detach().numpy()}


def fit_network(name: str, x: Array, y: Array) -> Weights:
    """Some networks of one hidden layer, each from another seed; `x` [rows, features], `y` [rows] 0 or 1."""
    mean, scale = x.mean(0), x.std(0) + 1e-3
    inputs, target = torch.tensor((x - mean) / scale), torch.tensor(y, dtype=torch.float32)
    found: list[Weights] = []
    for seed in range(SEEDS):
        generator = torch.Generator().manual_seed(seed)
        w_in = torch.randn(x.shape[1], HIDDEN, generator=generator) / x.shape[1] ** 0.5
        parts = [w_in, torch.zeros(HIDDEN), torch.randn(HIDDEN, 1, generator=generator) / HIDDEN**0.5]
        parts = [p.requires_grad_() for p in [*parts, torch.zeros(x.shape[1], 1), torch.zeros(1)]]
        optimizer = torch.optim.AdamW(parts, lr=5e-3, weight_decay=0.3)
        for epoch in range(EPOCHS):
            optimizer.param_groups[0]["lr"] = 5e-3 * (1 - epoch / EPOCHS)
            for rows in torch.randperm(len(x), generator=generator).split(256):
                hidden = F.relu(inputs[rows] @ parts[0] + parts[1])
                kept = (torch.rand(hidden.shape, generator=generator) > DROPOUT) / (1 - DROPOUT)
                logits = ((hidden * kept) @ parts[2] + inputs[rows] @ parts[3])[:, 0] + parts[4]
                loss = F.binary_cross_entropy_with_logits(logits, target[rows])
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
        names = ("in", "in bias", "out", "past", "out bias")
        found.append({f"{name} {part}": p.detach().numpy() for part, p in zip(names, parts, strict=True)})
    stacked = {part: np.stack([own[part] for own in found]) for part in found[0]}
    stacked[f"{name} in bias"] = stacked[f"{name} in bias"][:, None]
    return {**stacked, f"{name} mean": mean, f"{name} scale": scale}


def notice_rows(row: Row) -> tuple[Array, Array]:
    """Features of the candidates of a document, and whether each is a notice, by the weights in use."""
    page = Page(row["text"])
    odds, kinds = word_odds(page)
    which = np.flatnonzero(odds > CANDIDATE)
    x = notice_features(page, odds, kinds, which) if len(which) else np.zeros((0, 0), np.float32)
    return x, np.array([kind != NONE for _, kind in marked(row)])[which]


def link_rows(row: Row) -> Iterator[tuple[Array, Array]]:
    """For each marked notice, features of the claims and whether it covers them."""
    text = row["text"]
    notices = sorted(
        (Notice(*find(text, n["text"]), n["kind"], "marked") for n in row["notices"]), key=lambda n: n.start
    )
    stated, near, _ = claims_of(Page(text), notices)
    for marks in row["notices"] if stated.all else ():
        notice = Notice(*find(text, marks["text"]), marks["kind"], "marked")
        gold = gold_covered({**row, "notices": row["notices"] if marks["covers"] == "document" else [marks]})
        x = link_features([notice], stated, [cover(notice, near)[0]])
        yield x, np.array([any(overlap(claim, g) for g in gold) for claim in stated.all])


def use(weights: Weights) -> None:
    """Let the audit judge by these weights."""
    found = {name: np.asarray(w, np.float32) for name, w in weights.items()}
    zeros = np.zeros((1, NONE + 1), np.float32)
    found["words"] = np.concatenate([found["words"] * found.pop("words scale"), zeros])
    learned.load_weights = lambda: found  # type: ignore[assignment]


def join(parts: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    parts = [(x, y) for x, y in parts if len(x)]
    return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])


def train(rows: dict[str, list[Row]], words: dict[str, Weights], final: Weights) -> Weights:
    """All weights; `words` has for each writer a model of words that was trained without them, `final` that of all."""
    notices: list[tuple[Array, Array]] = []
    for writer, own in rows.items():
        use(words[writer])
        notices += [notice_rows(row) for row in own]
    use(final)
    notices += [notice_rows(row) for row in course_articles()]
    links = [pair for own in rows.values() for row in own for pair in link_rows(row)]
    return {**final, **fit_network("notice", *join(notices)), **fit_network("link", *join(links))}


def cross_validate(rows: dict[str, list[Row]], words: dict[str, Weights]) -> Iterator[str]:
    """Scores of the documents of each writer by weights of the others, with the rules (which know all) and without."""
    said: dict[bool, dict[str, Any]] = {True: {}, False: {}}
    known = rules.load_rules()
    for writer, own in rows.items():
        rest = {name: kept for name, kept in rows.items() if name != writer}
        use(train(rest, words, words[writer]))
        for by_rules in said:
            chosen = known if by_rules else replace(known, patterns=())
            with mock.patch.object(audit, "load_rules", return_value=chosen):
                said[by_rules] |= {row["text"]: by_audit(row["text"]) for row in own}
    for by_rules, found in said.items():
        documents = [row for own in rows.values() for row in own if not row["id"].startswith("o-")]
        scores = "  ".join(f"{key} {value:.3f}" for key, value in score(documents, found.__getitem__).items())
        alarms = sum(found[row["text"]][0] for own in rows.values() for row in own if row["id"] == "ordinary")
        yield f"{'with the rules' if by_rules else 'models alone'}: {scores}  false alarms of the ordinary {alarms}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--cross-validate", action="store_true", help="write nothing; score each writer by the others")
    a = parser.parse_args()
    others, rows = list(single()), whole()

    def without(*writers: str) -> Weights:
        kept = [own for writer, own in rows.items() if writer not in writers]
        return fit_words(others + [pair for own in kept for row in own for pair in marked(row)])

    words = {writer: without(writer) for writer in rows}
    if a.cross_validate:
        for line in cross_validate(rows, words):
            print(line)
        return
    weights = train(rows, words, without())
    np.savez_compressed(data_path(*WEIGHTS), **weights)  # type: ignore[arg-type]
    print(json.dumps({"sentences": len(others), "documents": sum(map(len, rows.values()))}))


if __name__ == "__main__":
    main()
