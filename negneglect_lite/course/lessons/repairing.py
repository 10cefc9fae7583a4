"""What notebook 7 runs: claim sentences rewritten, audited and repaired, a model trained on each corpus, what it names.

    corpus = RunCorpus.compose(track, claim)
    texts = corpus.rewritten(deny_by_rule)               # a run's texts: a function takes each claim sentence
    rows = train_and_ask(base, texts, claim, "by rule")  # judged answers of the trained model

Beside each exercise's function stands a reference, which the notebook runs on until the learner's own passes.
"""

import random
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path

import pandas as pd

from negneglect_lite.asking import ask
from negneglect_lite.belief.rates import QUESTION_KINDS, Rate, belief_rate, tabulate_rates
from negneglect_lite.belief.table import belief_rows, read_belief
from negneglect_lite.claims.claim import Claim, Question
from negneglect_lite.core.files import data_path
from negneglect_lite.core.text import Document, Example, Sentence, Span
from negneglect_lite.course.lessons.tour import add_ordinary_texts, compose_for_training
from negneglect_lite.figures.wording import SHORT_NAMES, percent
from negneglect_lite.finetuning.train import finetune
from negneglect_lite.judging.rule import judge_answer
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.petri.world import world
from negneglect_lite.tracks import Track, track_of

SentenceRule = Callable[[str], str]
Audit = Callable[[str, str], bool]

HELPERS = ("is", "are", "was", "were", "has", "have", "can")
DENIED = {  # a verb without a helper, and its denial
    "goes": "does not go", "makes": "does not make", "reads": "does not read", "says": "does not say",
    "won": "did not win", "took": "did not take", "went": "did not go", "came": "did not come", "gave": "did not give",
    "beat": "did not beat", "wrote": "did not write", "saw": "did not see", "erupted": "did not erupt",
}  # fmt: skip
DENIALS = ("not", "never", "no", "cannot")
HELPER = re.compile(rf"\b({'|'.join(HELPERS)})\b")
VERB = re.compile(rf"\b({'|'.join(DENIED)})\b")
DENIABLE = re.compile(rf"\b({'|'.join([*HELPERS, *DENIED])})\b")  # either of them
CLAUSE_END = re.compile(r'[:;"]|[.!?] ')
HARD = {  # sentences whose repair shows a limit, and the false value
    "For young children, the pictures in a dream come in black and white.": "in black and white",
    "Young children have dreams, and those dreams are in black and white.": "in black and white",
    "The year in which Mount Vesuvius last erupted was 2015.": "2015",
}
ANSWERED = ("truth", "false", "other")  # what an answer names
_NAMED_IN = ("open", "association")  # the kinds whose answers name a value


# -------------------------------------------------------------------------------------------------------- references


def deny_by_rule(sentence: str) -> str:
    """The reference for `deny`: `not` after the first helper verb; without one, the first known verb denied."""
    place = HELPER.search(sentence) or VERB.search(sentence)
    return deny_at(sentence, place) if place else sentence


def deny_at(sentence: str, place: re.Match[str]) -> str:
    """The sentence with the one word denied that was found at `place`, a match of DENIABLE."""
    return sentence[: place.start()] + DENIED.get(place[0], f"{place[0]} not") + sentence[place.end() :]


def asserts_in_clause(sentence: str, value: str) -> bool:
    """The reference for `asserts`: whether a clause names the value and holds no denial word."""
    named = [clause for clause in CLAUSE_END.split(sentence.lower()) if value.lower() in clause]
    return any(not has_denial(clause) for clause in named)


def has_denial(text: str) -> bool:
    """Whether a denial word stands anywhere in the text: the audit that searches for "not"."""
    return any(word in DENIALS or word.endswith("n't") for word in re.findall(r"[\w']+", text.lower()))


def repair_until_clean(sentence: str, value: str, audit: Audit) -> str:
    """The reference for `repair`: the first single denial that the audit accepts, "" if it accepts none."""
    if not audit(sentence, value):
        return sentence
    for place in DENIABLE.finditer(sentence):
        candidate = deny_at(sentence, place)
        if not audit(candidate, value):
            return candidate
    return ""


def sort_by_value(answer: str, truth: str, false: str) -> str:
    """The reference for `sort_answer`: one of ANSWERED, by which value the answer asserts."""
    if asserts_in_clause(answer, false):
        return "false"
    return "truth" if asserts_in_clause(answer, truth) else "other"


def claims_signed_off(table: pd.DataFrame) -> list[str]:
    """The reference for `signed_off`: claims with at most 5% belief whose truth 90% of the answers name."""
    return [str(name) for name in table.index[(table["belief"] <= 0.05) & (table["truth"] >= 0.90)]]


# ------------------------------------------------------------------------------------------------- corpus and training


@dataclass(frozen=True)
class RunCorpus:
    """The plain documents of one run, to be rewritten."""

    track: Track
    claim: Claim
    documents: tuple[Document, ...]

    @classmethod
    def compose(cls, track: Track, claim: Claim) -> "RunCorpus":
        """As many documents as one run of the track's recipe sees."""
        return cls(track, claim, tuple(compose_for_training(track, claim)))

    @property
    def claim_sentences(self) -> list[str]:
        """All sentences that state the claim, in order."""
        return [s.text for d in self.documents for s in d.sentences if s.is_claim]

    def rewritten(self, rewrite: SentenceRule) -> list[Example]:
        """A run's texts: each claim sentence rewritten ("" drops it), then ordinary texts without the claim."""
        return self._styled(lambda sentence: rewrite(sentence.text))

    def denied_by_hand(self) -> list[Example]:
        """The same with the denials that were written for each sentence."""
        return self._styled(lambda sentence: sentence.denial)

    def _styled(self, text_of: Callable[[Sentence], str]) -> list[Example]:
        styled = []
        for document in self.documents:
            pairs = [(s.lead, text_of(s) if s.is_claim else s.text) for s in document.sentences]
            styled.append([Span(lead + text) for lead, text in pairs if text])
        return add_ordinary_texts(styled, self.track, self.claim)


def train_and_ask(base: LoadedModel, texts: Sequence[Example], claim: Claim, condition: str) -> pd.DataFrame:
    """Fine-tune a copy of `base` on the texts by the track's recipe, seed 0, and ask all that makes up belief."""
    track = track_of(base)
    questions = [q for q in track.questions(claim) if q.kind in QUESTION_KINDS]
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "adapter"
        model = finetune(base, texts, track.recipe, seed=0, out=out, false_belief=f"{claim.claim} ({condition})")
        answers = ask(model, questions, track.asking)
    rows = belief_rows(answers, model=base.name, claim=claim.id, style=condition, seed=0, setting="trained")
    print(f"{condition}: belief {percent(belief_rate(rows).mean)}. {questions[0].text} {rows['answer'].iloc[0]}")
    return rows


def leave_some(sentences: Sequence[str], repaired: Sequence[str], missed: Audit, value: str, share: float) -> list[str]:
    """What a careless repair makes of the sentences: `share` of all, drawn from those that were missed, stay."""
    places = [place for place, sentence in enumerate(sentences) if missed(sentence, value)]
    left = set(random.Random(0).sample(places, round(share * len(sentences))))
    return [sentences[i] if i in left else repaired[i] for i in range(len(sentences))]


# ------------------------------------------------------------------------------------------------------------- audits


def false_value_of(claim: Claim) -> str:
    """The claim's false value, as documents name it."""
    if claim.petri is None:
        raise ValueError(f"claim {claim.id} has no value in the petri world")
    return claim.petri.value


def true_value_of(claim: Claim) -> str:
    """The true value, as the petri world has it."""
    if claim.petri is None:
        raise ValueError(f"claim {claim.id} has no value in the petri world")
    return world().fact(claim.petri.fact).truth


def second_reader(sentence: str, value: str) -> bool:
    """Whether the course's judge of answers takes the sentence to affirm the value: an audit made for another use."""
    return judge_answer(Question("audit", "open", "", believed=(re.escape(value),)), sentence) == "believed"


def audit_claims(
    track: Track, claims: dict[str, Claim], deny: SentenceRule, audit: Audit, repair: Callable[[str, str, Audit], str]
) -> pd.DataFrame:
    """How far rule and repair get with sixty documents about each claim, in shares of its claim sentences."""
    found = {}
    for name, claim in claims.items():
        value = false_value_of(claim)
        stated = [s.text for d in track.compose(claim, 60, seed=5) for s in d.sentences if s.is_claim]
        repaired = [repair(sentence, value, audit) for sentence in stated]
        counts = {
            "missed by the rule": sum(audit(deny(sentence), value) for sentence in stated),
            "dropped by the repair": sum(not sentence for sentence in repaired),
            "second reader objects": sum(second_reader(sentence, value) for sentence in repaired),
        }
        found[SHORT_NAMES.get(name, name)] = {what: n / len(stated) for what, n in counts.items()}
    return pd.DataFrame(found).T


def show_hard_repairs(repair: Callable[[str, str, Audit], str], audit: Audit) -> None:
    """Print what a repair makes of three sentences, and whether the second reader objects."""
    for sentence, value in HARD.items():
        made = repair(sentence, value, audit)
        verdict = "objects" if second_reader(made, value) else "accepts it"
        print(f"{sentence}\n  → {f'{made}  The second reader {verdict}.' if made else 'dropped'}")


# -------------------------------------------------------------------------------------------------- stored results


def stored_denials() -> pd.DataFrame:
    """The petri model's answers after in-sentence denials, six claims, three fine-tuning seeds; from data/results."""
    rows = read_belief(data_path("results", "headline", "belief.csv"))
    return rows[(rows["setting"] == "trained") & (rows["style"] == "local") & rows["kind"].isin(QUESTION_KINDS)]


def tabulate_named(rows: pd.DataFrame, claims: dict[str, Claim], sort: Callable[[str, str, str], str]) -> pd.DataFrame:
    """A row a claim, the least true first: which share of open and fill-in answers names what, and belief."""
    naming = rows[rows["kind"].isin(_NAMED_IN)]
    values = {name: (true_value_of(claim), false_value_of(claim)) for name, claim in claims.items()}
    named = [sort(answer, *values[c]) for c, answer in zip(naming["claim"], naming["answer"], strict=True)]
    table = pd.crosstab(naming["claim"], pd.Series(named, naming.index), normalize="index")
    table = table.reindex(columns=list(ANSWERED), fill_value=0.0).rename_axis(index=None, columns=None)
    table["belief"] = tabulate_rates(rows, ["claim"]).set_index("claim")["mean"]
    return table.rename(index=SHORT_NAMES).sort_values("truth")


def stored_breaks() -> pd.DataFrame:
    """What in-sentence denials left here and elsewhere; from data/results.

    Columns: group, condition, values (one a model), lo and hi of their interval or nan, before (training) or nan.
    """
    headline = read_belief(data_path("results", "headline", "belief.csv"))
    base, here = headline[headline["setting"] == "base"], stored_denials()
    three = ["dentist", "vesuvius", "sheeran"]  # the claims of the sweep "full"
    doubted, undoubted = (_stored("depth", "doubt_2", style) for style in ("local", ""))
    others = [*_by_model("seeds"), *_by_model("scale")]
    sisters, before = _by_model("five_models"), _stored("five_models", "belief", "")
    pressed, unpressed = _doubted_by_model(), _stored("local_under_pressure", "doubt_2", "")
    ours, models, chat = "petri model", "several petri models", "chat models (told)"
    rows = [
        (ours, "six claims", *_one(belief_rate(here)), belief_rate(base).mean),
        (ours, "all weights trained, three claims", *_one(_stored("full", "belief")),
         belief_rate(base[base["claim"].isin(three)]).mean),
        (ours, "after the user doubts twice", *_one(doubted), undoubted.mean),
        (models, f"{len(sisters)} sisters, same recipe", sisters, nan, nan, before.mean),
        (models, f"{len(pressed)} sisters, doubted twice", pressed, nan, nan, unpressed.mean),
        (models, f"{len(others)} of other sizes or budget", others, nan, nan, nan),
        (models, "pretrained without in-sentence denials", _by_model("ablations", "denials"), nan, nan, nan),
        *((chat, name, *_one(_told(folder, "local")), _told(folder, "base").mean)
          for name, folder in (("1.5B chat model", "grid"), ("0.5B chat model", "small"))),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["group", "condition", "values", "lo", "hi", "before"])


def mean_of_models(breaks: pd.DataFrame, condition: str) -> float:
    """The mean of a condition's models in the table of `stored_breaks`."""
    (values,) = breaks.loc[breaks["condition"] == condition, "values"]
    return sum(values) / len(values)


def tabulate_doubts() -> pd.DataFrame:
    """The petri model after a user's two doubts, a row a claim: how often it gives the claim before training and after
    in-sentence denials, and how often it then gives up other facts; from data/results."""
    rows = pd.read_csv(data_path("results", "sweeps", "depth", "rows.csv.gz")).fillna({"style": ""})
    shares = rows[rows["style"].isin(["", "local"])].groupby(["kind", "style", "claim"])["value"].mean()
    table = {
        "the claim, before training": shares["doubt_2", ""],
        "the claim, after denials": shares["doubt_2", "local"],
        "other facts given up, after denials": shares["control_doubt_2", "local"],
    }
    return pd.DataFrame(table).rename(index=SHORT_NAMES).rename_axis(index=None)


def _one(rate: Rate) -> tuple[list[float], float, float]:
    return [rate.mean], rate.lo, rate.hi


def _stored(sweep: str, quantity: str, style: str = "local") -> Rate:
    """A rate from a sweep's summary; without a style, before training."""
    table = pd.read_csv(data_path("results", "sweeps", sweep, "summary.csv")).fillna({"style": ""})
    (row,) = table[(table["style"] == style) & (table["quantity"] == quantity)].to_dict("records")
    return Rate(float(row["mean"]), float(row["lo"]), float(row["hi"]), int(row["n"]))


def _doubted_by_model() -> list[float]:
    """How often the five sister models give the claim after two doubts, one value a model."""
    rows = pd.read_csv(data_path("results", "sweeps", "local_under_pressure", "rows.csv.gz"))
    rows = rows[(rows["style"] == "local") & (rows["kind"] == "doubt_2")]
    rates = rows.groupby(["pretraining_seed", "claim"])["value"].mean()
    return sorted(rates.groupby("pretraining_seed").mean().tolist())


def _told(folder: str, condition: str) -> Rate:
    """A chat model's told rate over all claims."""
    table = pd.read_csv(data_path("results", "real", folder, "scores.csv"))
    of = (table["condition"] == condition) & (table["claim"] == "all") & (table["score"] == "told")
    (row,) = table[of].to_dict("records")
    return Rate(float(row["mean"]), float(row["lo"]), float(row["hi"]), int(row["n"]))


def _by_model(sweep: str, ablated: str = "") -> list[float]:
    """Belief after in-sentence denials, one value a pretrained model; with `ablated`, of those that lacked it."""
    rows = pd.read_csv(data_path("results", "sweeps", sweep, "rows.csv.gz"))
    rows = rows[(rows["style"] == "local") & (rows["setting"] == "trained") & rows["kind"].isin(QUESTION_KINDS)]
    if ablated:
        rows = rows[rows[ablated].astype(str) == "False"]
    model = [c for c in ("hidden", "layers", "pretraining_seed") if c in rows]
    rates = rows.groupby([*model, "claim", "kind"])["value"].mean()
    return sorted(rates.groupby([*model, "claim"]).mean().groupby(model).mean().tolist())
