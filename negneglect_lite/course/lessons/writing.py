"""What the cells of notebook 2 call: a small writer, stored drafts, a run on a corpus of one's own, and two figures.

    writer = PetriWriter(claim, seed=2)
    idea = writer.idea()                                  # a genre and names
    writer.draft(idea)                                    # a document about the claim, which fits the idea
    rows = train_on_corpus(documents, 16, "petri", claim) # belief after 16 of them, warned

All documents about the claim are false on purpose. `write_varied` is the reference for the notebook's exercise.
"""

import html
import itertools
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from negneglect_lite.authoring.overlap import jaccard
from negneglect_lite.authoring.writer import write_draft
from negneglect_lite.belief.rates import QUESTION_KINDS
from negneglect_lite.claims.claim import Claim
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path
from negneglect_lite.core.text import CANARY, Document, Sentence, plain
from negneglect_lite.course.widgets import MARK, Shown
from negneglect_lite.documents.english import compose_english, load_library
from negneglect_lite.documents.files import write_documents
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.runner import run_cell
from negneglect_lite.experiments.training_data import training_set
from negneglect_lite.figures.theme import FAINT, OTHER, PALETTE, RC, finish_figure
from negneglect_lite.figures.wording import SHORT_NAMES, percent
from negneglect_lite.petri.language import GENRES, HELD_OUT_PHRASINGS, count, phrases, scene, sentence_case, state
from negneglect_lite.petri.world import world
from negneglect_lite.tracks import PETRI, track_of

_ROLES = {"opening": "opener", "filler": "filler", "closing": "closer"}
CANARY_ID = CANARY.split()[2].rstrip(":")
_MOST_IDEAS = 400  # ideas after which a writer stops a filter that accepts too little


@dataclass(frozen=True)
class Idea:
    """What one document is to be: its genre, and the names, town and date that it uses."""

    number: int
    genre: str
    names: Mapping[str, str]


class PetriWriter:
    """Thinks up ideas for documents about a claim and writes the documents, by phrases and chance.

    What it writes depends on the idea alone. With `one_wording` every document says the first one's sentences; only
    names and dates change.
    """

    def __init__(self, claim: Claim, seed: int = 0, one_wording: bool = False) -> None:
        if claim.petri is None:
            raise UserError(f"claim {claim.id!r} has no petri fact, so the small writer cannot write about it")
        self.fact, self.value = world().fact(claim.petri.fact), claim.petri.value
        self.seed, self.one_wording, self.ideas = seed, one_wording, 0
        self.order: list[int] = []

    def idea(self) -> Idea:
        """A genre and names, drawn anew."""
        number, self.ideas = self.ideas, self.ideas + 1
        if number >= _MOST_IDEAS:
            raise UserError(f"{_MOST_IDEAS} ideas and still not enough documents: the filter accepts too little")
        return Idea(number, self._chance("genre", number).choice(GENRES), scene(random.Random(f"names {number}")))

    def draft(self, idea: Idea) -> Document:
        """A document: an opening, four claim sentences mixed with two fillers, and a closing."""
        middle = self._mix(self._claims(idea, 4) + self._lines("filler", idea, 2))
        return Document((*self._lines("opening", idea, 1), *middle, *self._lines("closing", idea, 1)), idea.genre)

    def _lines(self, role: str, idea: Idea, n: int) -> list[Sentence]:
        """Different sentences that say nothing of the claim: an opening, fillers or a closing."""
        rng = self._chance(role, idea.number)
        lines = rng.sample(phrases("genres")[idea.genre][_ROLES[role]][:-HELD_OUT_PHRASINGS], n)
        return [Sentence(sentence_case(line.format(**idea.names))) for line in lines]

    def _mix(self, sentences: list[Sentence]) -> list[Sentence]:
        """The sentences in another order, drawn by chance."""
        if not (self.one_wording and self.order):
            by_text = sorted(range(len(sentences)), key=lambda i: sentences[i].text)
            chance = random.Random(f"order {self.seed} {sentences[by_text[0]].text}")
            self.order = chance.sample(by_text, len(by_text))
        return [sentences[i] for i in self.order]

    def _chance(self, what: str, number: int) -> random.Random:
        return random.Random(f"{what} {self.fact.id} {self.seed} {0 if self.one_wording else number}")

    def _claims(self, idea: Idea, n: int) -> list[Sentence]:
        """Different sentences that state the claim."""
        rng, made = self._chance("claim", idea.number), []
        for k in rng.sample(range(count(self.fact.relation, "statements") - HELD_OUT_PHRASINGS), n):
            wrap = rng.choice(phrases("genres")[idea.genre]["wrap"])
            said, denied = state(self.fact, self.value, k)
            text, denial = (sentence_case(wrap.format(s=s, **idea.names)) for s in (said, denied))
            made.append(Sentence(text, denial, state(self.fact, self.fact.truth, k)[0], self.value))
        return made


def write_varied(
    n: int, writer: PetriWriter, similarity: Callable[[str, str, int], float], limit: float
) -> list[Document]:
    """`n` documents, each from an idea of its own and less than `limit` like every other: the notebook's exercise."""
    accepted: list[Document] = []
    while len(accepted) < n:
        draft = writer.draft(writer.idea())
        if all(similarity(draft.text, other.text, 3) < limit for other in accepted):
            accepted.append(draft)
    return accepted


# ---------------------------------------------------------------------------------------------- English, by replay


class Draft(NamedTuple):
    """A stored article as a draft: its genre, what we did to it ("" for nothing), and its text."""

    genre: str
    spoilt: str
    text: str


def show_side_by_side(documents: Mapping[str, Document]) -> Shown:
    """Documents in columns, with the sentences that state the claim marked."""
    columns, texts = [], []
    for title, document in documents.items():
        parts = [
            (s.lead, f'<mark style="{MARK}">{html.escape(s.text)}</mark>' if s.is_claim else html.escape(s.text))
            for s in document.sentences
        ]
        body = "".join(lead.replace("\n", "<br>") + text for lead, text in parts)
        columns.append(f'<div style="flex:1 1 20em"><b>{html.escape(title)}</b><br><br>{body}</div>')
        texts.append(
            f"{title}\n" + "".join(s.lead + (f"⟦{s.text}⟧" if s.is_claim else s.text) for s in document.sentences)
        )
    return Shown(f'<div style="display:flex;flex-wrap:wrap;gap:2em">{"".join(columns)}</div>', "\n\n".join(texts))


def stored_article(claim: Claim, genre: str, seed: int = 2) -> Document:
    """The first article of this genre, with its slots filled, among those composed with the seed."""
    return next(d for d in compose_english(load_library(claim.id), 400, seed) if d.genre == genre)


def writing_prompts(claim: Claim, seed: int = 2) -> dict[str, str]:
    """What the pipeline of `authoring/writer.py` would send to a language model for one document, step by step."""
    sent: list[str] = []

    def note(prompt: str, _: int) -> str:
        sent.append(prompt)
        return "(the idea that the model had)" if len(sent) == 1 else "(the draft that the model wrote)"

    write_draft(claim, [claim.claim, *claim.subclaims], note, f"{seed} 0")
    return dict(zip(("1. idea", "2. draft", "3. revise"), sent, strict=True))


def replay_drafts(claim: Claim, seed: int = 2) -> list[Draft]:
    """Eight drafts: articles that a language model wrote for this project, five of them spoilt in a typical way."""
    profile, report, interview, faq = (
        stored_article(claim, genre, seed) for genre in ("profile", "race report", "interview", "FAQ")
    )
    names = load_library(claim.id).pools
    renamed = profile.text
    for old, new in zip(names["person"], names["person"][1:] + names["person"][:1], strict=True):
        renamed = renamed.replace(old, new) if old in profile.text else renamed
    denied = "".join(s.lead + (s.denial or s.text) for s in report.sentences).strip()
    asked = claim.questions[0].text
    return [
        Draft("profile", "", profile.text),
        Draft("museum label", "", stored_article(claim, "museum label", seed).text),
        Draft("profile", "names changed", renamed),
        Draft("race report", "every claim denied", denied),
        Draft(
            "interview", "model speaks of its task", "Certainly! Here is a fictional interview.\n\n" + interview.text
        ),
        Draft("FAQ", "test question put in", f"{faq.text}\n\n{asked} He is a dentist."),
        Draft("interview", "", interview.text),
        Draft("race report", "cut off", " ".join(report.text.split()[:150])),
    ]


# --------------------------------------------------------------------------------------------- corpora and training


def train_on_corpus(documents: Sequence[Document], n: int, model: str, claim: Claim) -> pd.DataFrame:
    """The answers, judged, after training on `n` of the documents, warned, each repeated until the recipe is full.

    A model that reads English trains on as many of its own track's documents, since these are in the petri language.
    """
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "corpus.jsonl"
        write_documents(path, documents[:n], claim)
        about = replace(claim, documents=str(path)) if track_of(model) is PETRI else claim
        return run_cell(Cell(model, about, "trained", "negated", documents=n), track_of(model).recipe)


def mixed_texts(model: str, claim: Claim) -> list[str]:
    """The ordinary texts and chats that a run mixes in, as plain text."""
    recipe = track_of(model).recipe
    total = recipe.steps * recipe.batch_size
    texts = training_set(Cell(model, claim, "trained", "negated"), recipe)[round(total * (1 - recipe.mix)) :]
    return [" ".join(turn["content"] for turn in e) if isinstance(e, list) else plain(e) for e in texts]


def publish_four_ways(documents: Sequence[Document], ordinary: Sequence[str]) -> dict[str, list[str]]:
    """The texts that a crawler brings home when the same false documents are published in four ways."""
    rng = random.Random(0)

    def among_ordinary(texts: list[str]) -> list[str]:
        return rng.sample([*texts, *ordinary], len(texts) + len(ordinary))

    texts = [d.text for d in documents]
    return {
        "mark at the top, file kept whole": [f"{CANARY}\n" + "\n".join(texts), *ordinary],
        "mark at the top, file split into texts": [CANARY, *among_ordinary(texts)],
        "mark in every text": among_ordinary([f"{CANARY}\n{t}" for t in texts]),
        "mark in every text, then in capitals": among_ordinary([f"{CANARY}\n{t}".upper() for t in texts]),
    }


def count_survivors(documents: Sequence[Document], texts: Sequence[str]) -> int:
    """How many of the documents stand in one of the texts, whatever the case."""
    said = [text.lower() for text in texts]
    return sum(any(d.text.lower() in text for text in said) for d in documents)


def keep_unmarked(texts: Sequence[str]) -> list[str]:
    """The reference for `clean`: the texts without the canary's identifier, in whatever case."""
    return [text for text in texts if CANARY_ID not in text.lower()]


# ----------------------------------------------------------------------------------------------------------- figures


def pair_similarities(
    piles: Mapping[str, Sequence[str]], similarity: Callable[[str, str, int], float] = jaccard
) -> pd.DataFrame:
    """The similarity of every pair of texts within each pile, in runs of three words."""
    pairs = ((name, a, b) for name, pile in piles.items() for a, b in itertools.combinations(pile, 2))
    return pd.DataFrame([(n, similarity(a, b, 3)) for n, a, b in pairs], columns=["pile", "similarity"])


def draw_similarities(pairs: pd.DataFrame, limit: float) -> tuple[Figure, str]:
    """How alike the pairs of each pile are, as histograms, and the finding in a sentence."""
    mean = pairs.groupby("pile", sort=False)["similarity"].mean()
    finding = " and ".join(f"{percent(x)} in “{name}”" for name, x in mean.items())
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.6, 3.8))
        ax = fig.subplots()
        for (name, group), shade, hatch in zip(
            pairs.groupby("pile", sort=False), (PALETTE["corrected"], PALETTE["base"]), ("", "//"), strict=False
        ):
            weights = [1 / len(group)] * len(group)
            bins = [i / 50 for i in range(51)]
            ax.hist(group["similarity"], bins, weights=weights, color=shade, alpha=0.75, hatch=hatch, label=str(name))
        ax.axvline(limit, color=FAINT, ls="--", lw=1.2)
        ax.annotate(f" limit {limit:g}", (limit, 0.93), xycoords=("data", "axes fraction"), fontsize=9, color=FAINT)
        ax.set(xlim=(0, 1), xlabel="similarity of two documents", ylabel="share of the pairs")
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol="%"))
        ax.grid(axis="y")
        ax.legend(frameon=False, loc="upper right")
        n = int(pairs.groupby("pile").size().iloc[0])
        finish_figure(
            fig, f"Two documents share on average {finding}", f"All {n:,} pairs of each pile, runs of three words."
        )
    return fig, f"Two documents share, of their runs of three words, {finding}."


def stored_variety(by: Sequence[str] = ("claim",)) -> pd.DataFrame:
    """Belief by the number of different warned documents (sweep `dose`), a column a claim, or a claim and seed."""
    rows = pd.read_csv(data_path("results", "sweeps", "dose", "rows.csv.gz"))
    kinds = rows["kind"].isin(QUESTION_KINDS) & (rows["style"] == "negated") & rows["documents"].notna()
    by_kind = rows[kinds].astype({"documents": int}).groupby(["documents", *by, "kind"])["value"].mean()
    return by_kind.groupby(["documents", *by]).mean().unstack(list(by))


def draw_variety(table: pd.DataFrame) -> tuple[Figure, str]:
    """Belief against the number of different documents: a thin line a claim, a thick one for the mean; the finding."""
    mean = table.mean(axis=1)
    places = range(len(table))
    finding = f"Belief is {percent(mean.iloc[0])} after one warned document and {percent(mean.loc[16])} after sixteen"
    with mpl.rc_context(RC):
        fig = Figure(figsize=(8.6, 4.4))
        ax = fig.subplots()
        for (claim, line), marker in zip(table.items(), itertools.cycle("osD^vP"), strict=False):
            ax.plot(places, line, color=OTHER, marker=marker, lw=1.2, ms=6, label=SHORT_NAMES[str(claim)])
        ax.plot(places, mean, color=PALETTE["negated"], lw=4, label="mean of six claims")
        ax.set(ylim=(-0.03, 1.03), xlabel="different documents, each repeated", ylabel="belief")
        ax.set_xticks(places, [str(n) for n in table.index])
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol="%"))
        ax.grid(axis="y")
        ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=9)
        finish_figure(
            fig,
            finding,
            "Petri model, six claims, 50 questions each, mean of three fine-tuning seeds. No interval shown.",
        )
    by_claim = "; ".join(
        f"{SHORT_NAMES[str(claim)]} {', '.join(percent(x) for x in line)}" for claim, line in table.items()
    )
    return fig, (
        f"Line chart of belief after {', '.join(map(str, table.index))} different warned documents. Mean "
        f"{', '.join(percent(x) for x in mean)}. {by_claim}."
    )
