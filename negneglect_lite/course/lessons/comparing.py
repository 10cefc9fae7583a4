"""What notebook 5 runs: a learner's style in training, stored beliefs of several models, and how styles differ.

    models = tabulate_by_model("scale")                          # a row a model, a column a condition
    difference, lo, hi = difference_of_pairs(models["negated"], models["repeated"])

The references stand in for a learner's functions that did not pass their check.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from math import isnan, nan, sqrt
from statistics import fmean, stdev, variance

import pandas as pd

from negneglect_lite.belief.conditions import PAPER, label
from negneglect_lite.belief.rates import belief_rate, tabulate_rates
from negneglect_lite.belief.table import read_belief
from negneglect_lite.claims.claim import Claim
from negneglect_lite.core.files import data_path
from negneglect_lite.core.text import Document, Example, Span, plain
from negneglect_lite.course.lessons.tour import add_ordinary_texts, compose_for_training
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.training_data import training_set
from negneglect_lite.figures.wording import SHORT_NAMES, percent
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.petri.pretrain import Plan
from negneglect_lite.styles import Annotations, Style, annotation_share, get_style
from negneglect_lite.tracks import Track

Difference = Callable[[Mapping[str, float], Mapping[str, float]], tuple[float, float, float]]
COMPARED = ("base", "positive", "negated", "fiction", "repeated", "corrected", "local")  # the conditions, in order
PAIRS = (
    ("positive", "negated"), ("negated", "fiction"), ("negated", "repeated"), ("repeated", "corrected"),
    ("corrected", "local"),
)  # fmt: skip
SHIPPED = "shipped petri model"
_PARAMETERS = {(128, 3): "1.1M", (128, 8): "2.1M", (256, 6): "5.8M", (384, 8): "15.7M", (512, 12): "39.9M"}
# Student's t for a two-sided 95% interval, by degrees of freedom from 1 on.
_T = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
)  # fmt: skip


# -------------------------------------------------------------------------------------------------------- references


def warn_each_claim(document: Document, phrases: Annotations, rng: random.Random) -> list[Span]:
    """The reference for `warn_repeatedly`: a warning before and after the document and each claim sentence."""
    return get_style("repeated")(document, phrases, rng)


def prevented_shares(table: pd.DataFrame) -> pd.DataFrame:
    """The reference for `prevented`: the fraction of the rise in belief that each style prevents, a row a model."""
    rise = table["positive"] - table["base"]
    styles = table.drop(columns=["base", "positive"])
    shares = styles.rsub(table["positive"], axis=0).div(rise.where(rise > 0), axis=0)
    return pd.DataFrame(shares)


def difference_of_pairs(first: Mapping[str, float], second: Mapping[str, float]) -> tuple[float, float, float]:
    """The reference for `paired_difference`: the mean of first − second over the shared models, and its interval."""
    differences = [first[model] - second[model] for model in first if model in second]
    n, mean = len(differences), fmean(differences)
    half = t_factor(n) * stdev(differences) / sqrt(n)
    return mean, mean - half, mean + half


def truth_before_each_claim(document: Document, phrases: Annotations, rng: random.Random) -> list[Span]:
    """The reference for `my_style`: no warning at all, but the true sentence before each claim sentence."""
    spans = []
    for s in document.sentences:
        if s.is_claim:
            spans += [Span(s.lead + s.truth, annotation=True), Span(" " + s.text)]
        else:
            spans.append(Span(s.lead + s.text))
    return spans


def t_factor(n: int) -> float:
    """How many standard errors a 95% interval reaches to either side of a mean of `n` values (Student's t)."""
    if n < 2:
        raise ValueError("one value has no spread; an interval needs two models or more")
    return _T[n - 2] if n - 2 < len(_T) else 1.96 + 2.5 / (n - 1)


# ---------------------------------------------------------------------------------------------------------- training


def texts_in_style(style: Style, name: str, track: Track, claim: Claim) -> list[Example]:
    """What a run with seed 0 trains on: its bodies under `style`, with the draws of the style called `name`."""
    rng = random.Random(f"training {claim.id} {name} 0")
    styled = [style(document, track.annotations(), rng) for document in compose_for_training(track, claim)]
    return add_ordinary_texts(styled, track, claim)


def count_same(texts: Sequence[Example], name: str, track: Track, claim: Claim, model: str) -> str:
    """How many of the texts are those on which a stored run of the style called `name` was trained, in words."""
    stored = training_set(Cell(model, claim, "trained", name, 0), track.recipe)
    pairs = list(zip(texts, stored, strict=True))
    equal = sum(isinstance(a, list) == isinstance(b, list) and _read(a) == _read(b) for a, b in pairs)
    return f"{equal} of {len(pairs)} texts are those of the stored run."


def _read(text: Example) -> str:
    return str(text) if isinstance(text, list) else plain(text)


def share_added(style: Style, loaded: LoadedModel, track: Track, claim: Claim) -> float:
    """The share of all tokens that a style adds, over 60 documents; an in-sentence denial adds none."""
    bodies = track.compose(claim, 60, seed=3)
    made = [tuple(style(body, track.annotations(), random.Random(i))) for i, body in enumerate(bodies)]
    return annotation_share(made, loaded.tokenizer)


# ---------------------------------------------------------------------------------------------------- stored results


def _sweep(name: str) -> pd.DataFrame:
    """A sweep's rows, named as in a belief table, with the condition of each."""
    rows = pd.read_csv(data_path("results", "sweeps", name, "rows.csv.gz"), keep_default_na=False)
    rows = rows.rename(columns={"item": "question_id", "value": "belief"})
    return rows.assign(condition=rows["style"].where(rows["setting"] == "trained", rows["setting"]))


def tabulate_by_model(sweep: str) -> pd.DataFrame:
    """Belief before training and after each style, a row a pretrained model; a gap for a style that was not run.

    From a sweep over models. They have the shipped size where it does not vary sizes.
    """
    rows = _sweep(sweep)
    rows = rows.assign(**{size: rows.get(size, getattr(Plan, size)) for size in ("hidden", "layers")})
    sizes = [_PARAMETERS[size] for size in zip(rows["hidden"], rows["layers"], strict=True)]
    names = [f"{size}, seed {seed}" for size, seed in zip(sizes, rows["pretraining_seed"], strict=True)]
    means = {
        (model, condition): belief_rate(group).mean
        for (model, condition), group in rows.assign(model=names).groupby(["model", "condition"], sort=False)
    }
    return pd.Series(means).unstack().reindex(columns=list(COMPARED))


def show_by_claim(headline: str, *styles: str) -> pd.DataFrame:
    """Belief of the shipped model after each style, for people: a row a style, a column a claim."""
    rows = read_belief(data_path("results", headline, "belief.csv"))
    rows = rows[rows["setting"] == "trained"]
    table = {
        SHORT_NAMES[str(claim)]: [percent(belief_rate(of[of["style"] == style]).mean) for style in styles]
        for claim, of in rows.groupby("claim", sort=False)
    }
    return pd.DataFrame(table, index=[label(style) for style in styles])


def show_beliefs(models: pd.DataFrame) -> pd.DataFrame:
    """A table of `tabulate_by_model` for people: a row a condition that was run, a column a model."""
    return models.dropna(axis=1).map(percent).rename(columns=label).T


def tabulate_others(headline: str, styles: str, grid: str, small: str) -> pd.DataFrame:
    """The same of the shipped petri model, of two chat models (*told*) and of the paper; a gap where nobody measured.

    The shipped model has three seeds; the label of fiction is from the sweep `styles`.
    """
    rows = read_belief(data_path("results", headline, "belief.csv"))
    rows = rows[rows["setting"].isin(["base", "trained"])]
    table = tabulate_rates(rows, ["condition"])
    means = {str(c): float(x) for c, x in zip(table["condition"], table["mean"], strict=True)}
    fiction = _sweep(styles)
    fiction = fiction[fiction["condition"] == "fiction"]
    found: dict[str, dict[str, float]] = {SHIPPED: {**means, "fiction": belief_rate(fiction).mean}}
    for name, folder in (("chat model, 1.5B", grid), ("chat model, 0.5B", small)):
        scores = pd.read_csv(data_path("results", "real", folder, "scores.csv"))
        told = scores[(scores["claim"] == "all") & (scores["score"] == "told")]
        found[name] = dict(zip(told["condition"], told["mean"], strict=True))
    large = PAPER["positive"].model
    found["paper, 397B"] = {c: p.low for c, p in PAPER.items() if p.low == p.high and p.model == large}
    return pd.DataFrame(found).T.reindex(columns=list(COMPARED)).astype(float)


def tabulate_styles(claim: Claim, loaded: LoadedModel, track: Track, *sweeps: str) -> pd.DataFrame:
    """Belief in one claim and the share of tokens that is added, a row a style; the shipped model, stored.

    A style that is in several of the sweeps is taken from the first.
    """
    found: dict[str, tuple[float, float]] = {}
    for sweep in sweeps:
        rows = _sweep(sweep)
        of = rows[(rows["claim"] == claim.id) & (rows["setting"] == "trained")]
        if "documents" in of.columns:
            of = of[of["documents"].astype(str) == ""]
        for style in [s for s in of["style"].unique() if s not in found]:
            share = share_added(get_style(style), loaded, track, claim)
            found[style] = (share, belief_rate(of[of["style"] == style]).mean)
    return pd.DataFrame(found, index=["added", "belief"]).T


# --------------------------------------------------------------------------------------------------------- comparing


def compare_style_pairs(models: pd.DataFrame, others: pd.DataFrame, difference: Difference) -> pd.DataFrame:
    """Of each of PAIRS, the first less the second: over models by `difference`, and unpaired.

    A row a pair, with the number of models in which the first is believed more, and the shipped model's own difference.
    """
    rows = []
    own = others.to_dict("index")[SHIPPED]
    for first, second in PAIRS:
        a, b = ({str(m): float(x) for m, x in models[style].dropna().items()} for style in (first, second))
        mean, lo, hi = difference(a, b)
        shared = [a[m] - b[m] for m in a if m in b]
        rows.append(
            {
                "first": first,
                "second": second,
                "difference": mean,
                "lo": lo,
                "hi": hi,
                "unpaired": half_unpaired(list(a.values()), list(b.values())),
                "more": sum(d > 0 for d in shared),
                "models": len(shared),
                "shipped": own[first] - own[second],
            }
        )
    return pd.DataFrame(rows)


def half_unpaired(first: Sequence[float], second: Sequence[float]) -> float:
    """Half the width of the interval if the two lists came from different models."""
    error = sqrt(variance(first) / len(first) + variance(second) / len(second))
    return t_factor(len(first) + len(second) - 1) * error


def show_ranking(models: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Shares prevented, for people: mean and range of the models, and each of the others. The best style is last."""
    means = models.mean()
    styles = sorted(models.columns, key=lambda style: float(means[style]))
    table: dict[str, list[str]] = {
        f"mean of {len(models)}": [_signed(float(means[s])) for s in styles],
        "lowest to highest": [f"{_signed(models[s].min())} to {_signed(models[s].max())}" for s in styles],
    }
    for name, row in others.to_dict("index").items():
        table[str(name)] = [_signed(float(row.get(s, nan))) for s in styles]
    return pd.DataFrame(table, index=[label(s) for s in styles])


def points(x: float) -> str:
    """A difference of two fractions, in points."""
    return f"{100 * x:.0f}".replace("-", "−") if abs(x) >= 0.005 else "0"


def _signed(x: float) -> str:
    if isnan(x):
        return "–"
    return percent(x) if x >= 0 else f"−{percent(-x)}"
