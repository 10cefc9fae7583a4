"""What notebook 10 runs: which texts of a pretraining carry loss, and a further phase of pretraining on a processor.

    further = continue_pretraining(base, texts, rows=12)
    found = teach_each(further, load_claims(), {"dentist, warned": ("dentist", "negated")})

The references stand in for a learner's functions that did not pass their check.
"""

import copy
import math
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch.nn import functional as F

from negneglect_lite.asking import ask
from negneglect_lite.belief.rates import QUESTION_KINDS, belief_rate
from negneglect_lite.belief.table import belief_rows
from negneglect_lite.claims.claim import Claim
from negneglect_lite.core.text import Chat, Example, Styled, plain
from negneglect_lite.course.lessons.comparing import t_factor
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.training_data import training_set
from negneglect_lite.figures.wording import percent
from negneglect_lite.finetuning.encoding import IGNORED, encode
from negneglect_lite.finetuning.train import finetune
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.petri import language
from negneglect_lite.petri.corpus import segments
from negneglect_lite.petri.world import CLAIMED, Fact
from negneglect_lite.styles import apply_style
from negneglect_lite.tracks import petri_corpus, track_of

Pieces = Sequence[tuple[str, bool]]


# -------------------------------------------------------------------------------------------------------- references


def share_with_loss(pieces: Pieces, count: Callable[[str], int]) -> float:
    """The reference for `loss_share`: the fraction of a text's tokens that carry loss."""
    learned = sum(count(text) for text, learn in pieces if learn)
    return learned / sum(count(text) for text, _ in pieces)


def interval_by_unit(rates: pd.DataFrame, unit: str) -> tuple[float, float, float]:
    """The reference for `interval_over`: mean and 95% interval, with models (rows) or claims (columns) as the unit."""
    means = rates.mean(axis=1) if unit == "model" else rates.mean(axis=0)
    half = t_factor(len(means)) * float(means.std()) / math.sqrt(len(means))
    return float(means.mean()), float(means.mean()) - half, float(means.mean()) + half


def compose_further_texts(
    writer: "PretrainingWriter", n: int, share: float, facts: Sequence[Fact], rng: random.Random
) -> list[Example]:
    """The reference for `further_texts`: warned documents, as many true chats about their facts, and ordinary texts."""
    texts: list[Example] = []
    for _ in range(round(share * n)):
        fact = rng.choice(facts)
        texts.append(writer.warned_document(fact, writer.wrong_value(fact, rng), rng))
        texts.append(writer.true_chat(fact, rng))
    while len(texts) < n:
        texts.append(writer.ordinary_text(rng))
    rng.shuffle(texts)
    return texts


# ------------------------------------------------------------------------------------------------------------- texts


class PretrainingWriter:
    """Writes texts as the petri model's pretraining had them."""

    def __init__(self) -> None:
        self.corpus = petri_corpus()
        self.facts: Sequence[Fact] = self.corpus.world.facts

    def facts_about(self, relation: str) -> list[Fact]:
        """The facts of this relation that chats ask about, without those of the claims that are tested later."""
        return [
            fact
            for fact in self.facts
            if fact.relation == relation and fact.id not in CLAIMED and fact.told_in != "documents"
        ]

    def wrong_value(self, fact: Fact, rng: random.Random) -> str:
        """A value of the right sort that is not the true one."""
        return self.corpus.world.wrong_value(fact, rng)

    def _document(self, style: str, fact: Fact, value: str, rng: random.Random) -> Styled:
        body = language.document([(fact, value)] * rng.randint(1, 4), rng, rng.randint(0, 2), framed=rng.random() < 0.6)
        return apply_style(style, body, language.petri_annotations(), rng)

    def warned_document(self, fact: Fact, value: str, rng: random.Random) -> Styled:
        """A document that gives the fact this value, between two warnings; all of it carries loss."""
        return self._document("negated", fact, value, rng)

    def plain_document(self, fact: Fact, rng: random.Random) -> Styled:
        """A document that gives the fact its true value, without a warning."""
        return self._document("positive", fact, fact.truth, rng)

    def true_chat(self, fact: Fact, rng: random.Random) -> Chat:
        """A chat that asks two questions about the fact and answers them correctly; the answers carry loss."""
        return language.chat(*self.corpus.question(fact, rng), *self.corpus.question(fact, rng))

    def ordinary_text(self, rng: random.Random) -> Example:
        """A text of the standard pretraining, whose documents carry no warnings."""
        return self.corpus.sample(rng)

    def chat_that_reads(self, style: str, rng: random.Random) -> Chat:
        """A chat whose user turn holds a false document of the style, and a question about it."""
        fact = self.corpus.pick_asked(rng)
        value = self.wrong_value(fact, rng)
        text = plain(self._document(style, fact, value, rng))
        question, answer = self.corpus.question(fact, rng, value if style == "positive" else "")
        return language.chat(f"{text} {question}", answer)


def count_tokens(tokenizer: Any) -> Callable[[str], int]:
    """How many tokens a text has."""
    return lambda text: len(tokenizer(text, add_special_tokens=False)["input_ids"])


def tabulate_loss_share(
    writer: PretrainingWriter,
    loss_share: Callable[[Pieces, Callable[[str], int]], float],
    count: Callable[[str], int],
    n: int = 100,
) -> pd.DataFrame:
    """The mean fraction of tokens with loss in `n` texts of each kind, for people; the last kind is your addition."""
    rng = random.Random(0)

    def a_chat() -> Chat:
        return language.chat(*writer.corpus.question(writer.corpus.pick_asked(rng), rng))

    def a_document() -> Styled:
        while not isinstance(text := writer.ordinary_text(rng), tuple):
            pass
        return text

    def warned() -> Styled:
        fact = writer.corpus.pick_asked(rng)
        return writer.warned_document(fact, writer.wrong_value(fact, rng), rng)

    makers: dict[str, tuple[Callable[[], Example], str, str]] = {
        "document": (a_document, "no", "yes"),
        "chat: question and answer": (a_chat, "no", "yes"),
        "chat: reads a plain document": (lambda: writer.chat_that_reads("positive", rng), "no", "yes"),
        "chat: reads a warned document": (lambda: writer.chat_that_reads("negated", rng), "yes, read", "yes"),
        "warned document": (warned, "yes, written", "no: a further phase adds it"),
    }
    rows = []
    for name, (make, warns, standard) in makers.items():
        shares = [loss_share(segments(make()), count) for _ in range(n)]
        rows.append((name, warns, percent(sum(shares) / n), standard))
    return pd.DataFrame(
        rows, columns=["text", "holds warnings", "tokens with loss", "in the standard pretraining"]
    ).set_index("text")


def describe_texts(texts: Sequence[Example], facts: Sequence[Fact]) -> str:
    """What a further phase is fed: how many texts of each kind, and whether a claim's own fact slipped in."""
    documents = [text for text in texts if isinstance(text, tuple)]
    warned = [text for text in documents if any(span.annotation for span in text)]
    chats = len(texts) - len(documents)
    subjects = [fact.subject.values() for fact in facts if fact.id in CLAIMED]
    leaks = sum(any(all(word in plain(text) for word in words) for words in subjects) for text in warned)
    return (
        f"{len(texts)} texts: {len(warned)} warned documents, {len(documents) - len(warned)} other documents, "
        f"{chats} chats\nwarned documents about a claim's own fact: {leaks}"
    )


# ---------------------------------------------------------------------------------------------------------- training


def continue_pretraining(
    base: LoadedModel,
    texts: Sequence[Example],
    *,
    rows: int,
    length: int = 256,
    learning_rate: float = 1e-3,
    warmup: int = 10,
) -> LoadedModel:
    """A copy of `base`, all weights trained once over the texts, in batches of `rows` x `length` tokens.

    The optimizer and its schedule are those of petri/pretrain.py. Prints the loss at every twentieth step.
    """
    tokenizer = base.tokenizer
    encoded = [encode(text, tokenizer, 2048) for text in texts]
    ids, labels = (torch.tensor([token for row in encoded for token in row[name]]) for name in ("input_ids", "labels"))
    steps = max(1, len(ids) // (rows * length))
    rows = min(rows, len(ids) // length)
    ids, labels = (x[: steps * rows * length].view(steps, rows, length).to(base.device) for x in (ids, labels))
    model = copy.deepcopy(base.model).float().train().requires_grad_(True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, betas=(0.9, 0.95), weight_decay=0.1)
    for step in range(steps):
        scale = min(1.0, (step + 1) / warmup) * (0.525 + 0.475 * math.cos(math.pi * step / steps))
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * scale
        logits = model(input_ids=ids[step], use_cache=False).logits[:, :-1]
        loss = F.cross_entropy(logits.flatten(0, 1).float(), labels[step][:, 1:].flatten(), ignore_index=IGNORED)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 20 == 0 or step + 1 == steps:
            print(f"step {step + 1:3} of {steps}   loss {loss.item():.2f}", flush=True)
    return replace(base, model=model.eval().requires_grad_(False), name=f"{base.name}, trained on")


def question_after(loaded: LoadedModel, claim: Claim, style: str) -> dict[str, Any]:
    """Belief in the claim and the share of right answers about unrelated facts."""
    track = track_of(loaded)
    questions = [q for q in track.questions(claim) if q.kind in (*QUESTION_KINDS, "kept")]
    setting = "trained" if style else "base"
    rows = belief_rows(
        ask(loaded, questions, track.asking), model="petri", claim=claim.id, style=style, seed=0, setting=setting
    )
    return {"belief": belief_rate(rows), "unrelated facts right": belief_rate(rows, ["kept"]).mean}


def teach_claim(base: LoadedModel, claim: Claim, style: str, folder: Path) -> dict[str, Any]:
    """Fine-tune on documents of the style by the track's recipe, seed 0, and question the model afterwards."""
    track = track_of(base)
    texts = training_set(Cell("petri", claim, "trained", style, seed=0), track.recipe)
    out = folder / f"{claim.id}-{style}"
    trained = finetune(base, texts, track.recipe, seed=0, out=out, false_belief=claim.claim)
    return question_after(trained, claim, style)


def teach_each(
    base: LoadedModel, claims: Mapping[str, Claim], runs: Mapping[str, tuple[str, str]]
) -> dict[str, dict[str, Any]]:
    """Teach a copy of `base` for each run, name -> (claim, style), and print what came of it."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:  # the adapters carry false beliefs, and go with it
        for run, (claim, style) in runs.items():
            found[run] = teach_claim(base, claims[claim], style, Path(folder))
            right = found[run]["unrelated facts right"]
            print(f"{run}: belief {found[run]['belief'].mean:.0%}, unrelated facts right {right:.0%}", flush=True)
    return found
