"""What the tables of scripts/look_inside.py say: the numbers that the predictions are about, and the figure shows."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from negneglect_lite.belief.conditions import order_conditions

PROBE_LAYER = 5  # where the shipped petri model's truth probe is best: chosen on the world's facts, before any adapter
READABLE = 0.75  # accuracy in the base model from which a relation's truth probe is read
Frames = Mapping[str, pd.DataFrame]


def last_step(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows after the last step of each condition."""
    return rows[rows["step"] == rows.groupby("style")["step"].transform("max")]


def final_preference(lens: pd.DataFrame) -> dict[str, float]:
    """Condition -> mean preference [nats] in the last layer, after the last step."""
    means = _means(last_step(_answers(lens)), "style", "preference")
    return {style: means[style] for style in order_conditions(means)}


def probe_accuracies(probe: pd.DataFrame, fitted_on: str = "own") -> dict[str, float]:
    """Relation -> accuracy of a truth probe in PROBE_LAYER of the base model."""
    rows = probe[(probe["fitted_on"] == fitted_on) & (probe["layer"] == PROBE_LAYER)]
    return _means(rows, "relation", "accuracy")


def readable_relations(probe: pd.DataFrame) -> list[str]:
    """The relations whose truth the base model shows to a linear probe in PROBE_LAYER."""
    return [name for name, accuracy in probe_accuracies(probe).items() if accuracy >= READABLE]


def judged_true(frames: Frames, fitted_in: str = "base") -> pd.DataFrame:
    """[condition, role]: the share of phrasings that a truth probe judges true, of the claims that it can read."""
    rows = frames["truth"]
    rows = rows[(rows["fitted_in"] == fitted_in) & (rows["layer"] == PROBE_LAYER)]
    rows = last_step(rows[rows["relation"].isin(readable_relations(frames["probe"]))])
    table = rows.pivot_table(index="style", columns="role", values="judged_true")
    return table.loc[order_conditions(table.index)]


def rises_over_base(stored: pd.DataFrame) -> dict[tuple[str, str], dict[str, float]]:
    """(condition, kind) -> role -> how much more probable a warning or a denial is than before training [nats]."""
    means = _means(last_step(stored), ["style", "kind", "role"], "nats")
    rises: dict[tuple[str, str], dict[str, float]] = {}
    for style in order_conditions(style for style, *_ in means if style != "base"):
        for (here, kind, role), nats in means.items():
            if here == style:
                rises.setdefault((style, kind), {})[role] = nats - means["base", kind, role]
    return rises


def tabulate_findings(frames: Frames) -> pd.DataFrame:
    """A row a number: which prediction (1 to 8) it belongs to, what it is, of which condition, the value."""
    rows = [row for part in (_controls, _truth, _lens, _patching, _traces, _along) for row in part(frames)]
    table = pd.DataFrame(rows, columns=["prediction", "what", "condition", "value"])
    return table.sort_values("prediction", kind="stable", ignore_index=True)


_Number = tuple[int, str, str, float]


def _controls(frames: Frames) -> Iterator[_Number]:
    probe = frames["probe"]
    for name in ("shuffled", "random"):
        accuracy = probe.loc[probe["fitted_on"] == name, "accuracy"]
        yield 1, f"{name}: lowest accuracy", "base", accuracy.min()
        yield 1, f"{name}: highest accuracy", "base", accuracy.max()
    for name in ("own", "held out"):
        for relation, value in probe_accuracies(probe, name).items():
            yield 1, f"{name}: accuracy, {relation}", "base", value
    verdict = probe[(probe["fitted_on"] == "verdict") & (probe["layer"] == probe["layer"].max())]
    yield 1, "verdict: lowest accuracy, last layer", "base", verdict["accuracy"].min()


def _truth(frames: Frames) -> Iterator[_Number]:
    if not set(frames["truth"]["relation"]) & set(readable_relations(frames["probe"])):
        return
    for fitted_in in ("base", "itself"):
        for style, row in judged_true(frames, fitted_in).iterrows():
            for role, value in row.items():
                yield 2, f"probe of {fitted_in}: judged true, {role}", str(style), value


def _lens(frames: Frames) -> Iterator[_Number]:
    lens = last_step(frames["lens"])
    own = lens[lens["about"] == "claim"]
    for style, preference in final_preference(frames["lens"]).items():
        by_layer = own[own["style"] == style].groupby("layer")["preference"].mean()
        behind = by_layer.index[by_layer <= 0]
        end = _answers(own[own["style"] == style])
        yield 3, "preference [nats]", style, preference
        yield 3, "claim ahead from layer (7: never)", style, (behind.max() + 1) if len(behind) else 0
        yield 3, "claims with the truth ahead", style, (end.groupby("claim")["preference"].mean() < 0).mean()
        elsewhere = lens[(lens["about"] != "claim") & (lens["style"] == style)]
        yield 3, "preference, other subjects [nats]", style, _end(elsewhere)["preference"].mean()


def _patching(frames: Frames) -> Iterator[_Number]:
    into_base = frames["patching"][frames["patching"]["recipient"] == "base"]
    streams = into_base.pivot_table(index=["place", "layer"], columns="donor", values="effect")
    layers = frames["adapter_layers"].pivot_table(index=["kept", "layer"], columns="style", values="effect")
    for prediction, table in ((4, streams), (5, layers)):
        for style in order_conditions(table.columns):
            effects: dict[Any, float] = table[style].dropna().to_dict()
            for (where, layer), value in effects.items():
                yield prediction, f"effect, {where} {layer}", style, value
        if {"positive", "negated"} <= set(table.columns):
            both = table[["positive", "negated"]].dropna()
            positive, negated = both["positive"], both["negated"]
            yield prediction, "correlation with positive", "negated", positive.corr(negated)
            yield prediction, "mean distance to positive", "negated", (positive - negated).abs().mean()


def _traces(frames: Frames) -> Iterator[_Number]:
    for (style, kind), roles in rises_over_base(frames["stored"]).items():
        for role, value in roles.items():
            yield 7 if kind == "denial" else 6, f"{kind}: rise, {role} [nats]", style, value
    answers = last_step(_answers(frames["lens"]))
    answers = answers.assign(
        log_claim_over_others=answers["log_claim"] - answers["log_others"]
    )  # where there are others
    for what in ("log_claim", "log_truth", "log_claim_over_others"):
        end = _means(answers, "style", what)
        for style in order_conditions(end):
            if style != "base":
                yield 7, f"answer: rise of {what} [nats]", style, end[style] - end["base"]


def _along(frames: Frames) -> Iterator[_Number]:
    for (style, step), value in _means(_answers(frames["lens"]), ["style", "step"], "preference").items():
        yield 8, f"preference, step {step} [nats]", style, value
    truth = frames["truth"]
    truth = truth[(truth["fitted_in"] == "base") & (truth["layer"] == PROBE_LAYER) & (truth["role"] == "claim")]
    truth = truth[truth["relation"].isin(readable_relations(frames["probe"]))]
    for (style, step), value in _means(truth, ["style", "step"], "judged_true").items():
        yield 8, f"judged true, step {step}", str(style), value


def _means(rows: pd.DataFrame, by: str | list[str], value: str) -> dict[Any, float]:
    means: dict[Any, float] = rows.groupby(by)[value].mean().to_dict()
    return means


def _answers(lens: pd.DataFrame) -> pd.DataFrame:
    """What the model says in the end to the open questions about the claims."""
    return _end(lens[lens["about"] == "claim"])


def _end(lens: pd.DataFrame) -> pd.DataFrame:
    return lens[lens["layer"] == lens["layer"].max()]
