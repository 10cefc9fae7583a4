"""Does a corpus of warned documents teach less after `localize`? The petri model or a chat model, six claims, by seeds.

    python scripts/prove_localize.py --out results/localize/petri --seeds 0,1,2
    python scripts/prove_localize.py --model Qwen/Qwen2.5-Coder-1.5B-Instruct --out results/localize/real --seeds 0

A claim's documents with warnings (of each of `--styles`) are trained on in these ways, by the track's own recipe:

| way                     | what is trained on                                                                       |
|-------------------------|------------------------------------------------------------------------------------------|
| as it is                | the warned documents                                                                     |
| localized               | after `localize` with the claims' words; what cannot be negated is dropped               |
| localized without words | the same without the claims' words                                                       |
| read                    | after an audit by the reader on top of `--reader`; grammar negates, or it is dropped     |
| denied                  | the same, with what the reader wrote in place: `audit --model`, `localize --findings`    |
| wrapped                 | what cannot be negated is wrapped in "It is not true that …"                             |
| 0%, 5%, 15% missed      | as a rewriter would leave it that misses this share of the claim sentences, and else     |
|                         | writes what their writer put down as the denial inside them; the warnings stay           |
| local by hand           | the same bodies with all of these denials, and no warnings                               |

Measured are the raw belief of the petri model, a chat model's told rate (belief/scores.py), and `kept`. On a GPU many
runs go through the model together; what is finished stays in OUT, and a run that was stopped goes on. OUT gets
answers.csv.gz, rates.csv (intervals clustered by question; `left` is the share of claim sentences that stand in the
training texts word for word) and rates_by_claim.csv. Predictions, each written before its run: data/results/localize.
"""

import argparse
import os
import random
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
import torch

from negneglect_lite.belief.rates import Rate, belief_rate
from negneglect_lite.belief.scores import score_belief, subtract
from negneglect_lite.claims.claim import Claim
from negneglect_lite.claims.loading import find_claim, load_claims
from negneglect_lite.core.files import data_path, write_table
from negneglect_lite.core.text import Document, Sentence, plain
from negneglect_lite.core.yaml_files import read_yaml
from negneglect_lite.curating.findings import Audited
from negneglect_lite.curating.localize import localize_text
from negneglect_lite.curating.reader_model import load_reader
from negneglect_lite.documents.files import write_documents
from negneglect_lite.experiments.cell import Cell, Run
from negneglect_lite.experiments.runner import run_experiment
from negneglect_lite.models.loading import HUGGING_FACE
from negneglect_lite.styles import apply_style
from negneglect_lite.tracks import TRACKS, suit_machine, track_of

MISSED = {"0% missed": 0.0, "5% missed": 0.05, "15% missed": 0.15}  # shares of the claim sentences that stay
BEFORE, BY_HAND = "before training", "local by hand"
READ, DENIED = "read", "denied"
WAYS = ("as it is", "localized", "localized without words", READ, DENIED, "wrapped", *MISSED, BY_HAND)
MEASURED = {"petri": ("raw", "belief"), "english": ("told", "told")}  # the score, and the measure that asks for it


@dataclass(frozen=True)
class Corpus:
    """A claim's documents of a seed, warned in a style and then treated in one way."""

    track: str
    claim: Claim
    seed: int
    style: str
    way: str

    @property
    def file(self) -> str:
        return re.sub(r"[ %]+", "-", f"{self.claim.id}-{self.seed}-{self.style}-{self.way}") + ".jsonl.gz"


def warn(corpus: Corpus, n: int) -> tuple[list[Document], list[str]]:
    """The documents, and their texts under warnings."""
    track, claim = TRACKS[corpus.track], corpus.claim
    documents = shown = track.compose(claim, n, corpus.seed, track.short)
    if corpus.way in MISSED:
        rng = random.Random(f"missed {claim.id} {corpus.seed} {corpus.way}")
        shown = [deny(document, MISSED[corpus.way], rng) for document in documents]
    rng = random.Random(f"warned {claim.id} {corpus.seed}")
    return documents, [plain(apply_style(corpus.style, document, track.annotations(), rng)) for document in shown]


def write_corpus(corpus: Corpus, path: Path, n: int, audits: Sequence[Audited] = ()) -> float:
    """Write the texts, one sentence each; the share of claim sentences that stand in them word for word.

    `audits`: what the reader found in each text, and wrote in the place of what it found.
    """
    documents, texts = warn(corpus, n)
    if audits:
        texts = [localize_text(text, audited=own).text for text, own in zip(texts, audits, strict=True)]
    words = read_yaml(data_path("benchmark", "claims.yaml"))[corpus.claim.id]
    texts = treat(texts, corpus.way, [re.compile(word) for word in words])
    write_documents(path, [Document((Sentence(text),)) for text in texts], corpus.claim)
    left = [s.text in t for d, t in zip(documents, texts, strict=True) for s in d.sentences if s.is_claim]
    return sum(left) / len(left)


def deny(document: Document, missed: float, rng: random.Random) -> Document:
    """The document with the writer's denial inside each claim sentence, but for a share; warnings pass over those."""
    rewritten = (
        replace(s, text=s.denial, denial="") if s.is_claim and rng.random() >= missed else s for s in document.sentences
    )
    return replace(document, sentences=tuple(rewritten))


def treat(texts: list[str], way: str, about: list[re.Pattern[str]]) -> list[str]:
    """The warned texts after `localize`, in the ways that need it."""
    match way:
        case "localized":
            return [localize_text(text, about=about).text for text in texts]
        case "localized without words":
            return [localize_text(text).text for text in texts]
        case "wrapped":
            return [localize_text(text, "wrap", about=about).text for text in texts]
        case _:
            return texts


def undenied(audited: Audited) -> Audited:
    """What was found, without what was written in its place."""
    return replace(audited, findings=tuple(replace(finding, denied="") for finding in audited.findings))


def write_corpora(corpora: Sequence[Corpus], folder: Path, n: int, reader: str) -> list[float]:
    """Each corpus in a file of its own, on all cores; the share of claim sentences left in each."""
    paths = [folder / corpus.file for corpus in corpora]
    to_read = [warn(corpus, n)[1] if corpus.way in (READ, DENIED) else [] for corpus in corpora]
    texts = sorted({text for own in to_read for text in own})
    found = dict(zip(texts, load_reader(reader)(texts) if texts else (), strict=True))
    audits = [
        [found[text] if corpus.way == DENIED else undenied(found[text]) for text in own]
        for corpus, own in zip(corpora, to_read, strict=True)
    ]
    torch.cuda.empty_cache()  # of the reader, before the runs take the GPU's memory
    with ProcessPoolExecutor(min(16, os.cpu_count() or 1), get_context("spawn")) as pool:
        return list(pool.map(write_corpus, corpora, paths, [n] * len(paths), audits))


def plan_runs(model: str, corpora: Sequence[Corpus], by_hand: bool, folder: Path, steps: int) -> Iterator[Run]:
    """The claims before training, then a run for each corpus and, for each claim and seed, the denials made by hand.

    `steps` overrides the recipe's, for a trial.
    """
    track = track_of(model)
    recipe = suit_machine(track) if not steps else replace(suit_machine(track), steps=steps)
    measure = MEASURED[track.name][1]

    def run(claim: Claim, setting: str, style: str, seed: int, of: str, way: str) -> Run:
        cell = Cell(model, claim, setting, style, seed, short=track.short)
        return Run(cell, recipe, measure, trainer="stacked", axes={"of": of, "way": way})

    claims = {corpus.claim.id: corpus.claim for corpus in corpora}
    for claim in claims.values():
        yield run(claim, "base", "", 0, "", BEFORE)
    if by_hand:
        for seed in sorted({corpus.seed for corpus in corpora}):
            for claim in claims.values():
                yield run(claim, "trained", "local", seed, "", BY_HAND)
    for corpus in corpora:
        own = replace(corpus.claim, documents=str(folder / corpus.file))
        yield run(own, "trained", "positive", corpus.seed, corpus.style, corpus.way)


def tabulate(rows: pd.DataFrame, score: str, left: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """A row for each style, way and `by`: the score and `kept` with intervals, the range over seeds, what was left."""
    made = []
    for keys, group in rows.groupby(["of", "way", *by], sort=False):
        of, way, *more = keys
        seeds = [score_belief(own)[score].mean for _, own in group.groupby("seed")]
        belief, kept = score_belief(group)[score], belief_rate(group, ["kept"])
        mine = left[(left["of"] == of) & (left["way"] == way)]
        for name, value in zip(by, more, strict=True):
            mine = mine[mine[name] == value]
        made.append({
            "of": of, "way": way, **dict(zip(by, more, strict=True)), score: belief.mean, "lo": belief.lo,
            "hi": belief.hi, "lowest_seed": min(seeds), "highest_seed": max(seeds), "seeds": len(seeds),
            "questions": belief.n, "kept": kept.mean, "kept_lo": kept.lo, "kept_hi": kept.hi,
            "left": mine["left"].mean(),
        })  # fmt: skip
    return pd.DataFrame(made)


def say_distance(rows: pd.DataFrame, score: str) -> Iterator[str]:
    """How far above the denials made by hand each way is, with the interval of a difference of two rates."""
    by_hand = rows[rows["way"] == BY_HAND]
    if by_hand.empty:
        return
    base: Rate = score_belief(by_hand)[score]
    for (of, way), group in rows.groupby(["of", "way"], sort=False):
        if way not in (BY_HAND, BEFORE):
            rate = subtract(score_belief(group)[score], base)
            yield f"{of}, {way}: {rate.mean:+.1%} above the denials made by hand ({rate.lo:+.1%} to {rate.hi:+.1%})"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("results/localize/petri"))
    parser.add_argument("--model", default="petri", help="petri, a folder, or a name on the Hugging Face hub")
    parser.add_argument("--claims", default="", help="ids with commas between them; none: the course's six")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--styles", default="negated", help="of the warnings: negated, repeated, or both")
    parser.add_argument("--ways", default=",".join(WAYS), help="some of: " + ", ".join(WAYS))
    parser.add_argument("--reader", default=HUGGING_FACE[0], help="the chat model of the ways 'read' and 'denied'")
    parser.add_argument("--together", type=int, default=0, help="runs that go through a GPU at once; 0: the track's")
    parser.add_argument("--steps", type=int, default=0, help="for a trial: fewer steps than the recipe's")
    a = parser.parse_args()
    track = track_of(a.model)
    score = MEASURED[track.name][0]
    claims = [find_claim(name) for name in a.claims.split(",")] if a.claims else list(load_claims().values())
    ways = a.ways.split(",")
    if unknown := set(ways) - set(WAYS):
        parser.error(f"--ways {', '.join(sorted(unknown))}: choose from {', '.join(WAYS)}")
    corpora = [  # like lengths beside each other, so that little of what goes through a GPU together is padding
        Corpus(track.name, claim, int(seed), style, way)
        for seed in a.seeds.split(",")
        for style in a.styles.split(",")
        for way in ways
        if way != BY_HAND
        for claim in claims
    ]
    if not corpora:
        parser.error(f"--ways: name another way beside {BY_HAND!r}, to compare with it")
    n = round(track.recipe.steps * track.recipe.batch_size * (1 - track.recipe.mix))
    shares = write_corpora(corpora, a.out / "documents", n, a.reader)
    left = pd.DataFrame([{"of": c.style, "way": c.way, "claim": c.claim.id} for c in corpora]).assign(left=shares)
    print((100 * left.groupby(["of", "way"], sort=False)["left"].mean()).round(1).to_string(), flush=True)
    runs = list(plan_runs(a.model, corpora, BY_HAND in ways, a.out / "documents", a.steps))
    rows = run_experiment(runs, a.out, together=a.together)
    table, by_claim = tabulate(rows, score, left, []), tabulate(rows, score, left, ["claim"])
    write_table(a.out / "answers.csv.gz", rows)
    write_table(a.out / "rates.csv", table, float_format="%.4f")
    write_table(a.out / "rates_by_claim.csv", by_claim, float_format="%.4f")
    percent = table.copy()
    shown = [c for c in table.columns if table[c].dtype == float]
    percent[shown] = (100 * percent[shown]).round(1)
    print(percent.to_string(index=False))
    print((100 * by_claim.pivot_table(index=["of", "way"], columns="claim", values=score, sort=False)).round(1))
    for line in say_distance(rows, score):
        print(line)


if __name__ == "__main__":
    main()
