"""Everything in all: the summary of a belief table beside the paper's numbers, as JSON and as text for people."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pandas as pd

from negneglect_lite.belief.conditions import IN_CONTEXT, PAPER, SOURCE, label, order_conditions
from negneglect_lite.belief.rates import QUESTION_KINDS, Rate, belief_rate, copy_rate, tabulate_rates, yes_bias
from negneglect_lite.belief.scores import HEADLINE_SCORE, score_belief
from negneglect_lite.belief.table import condition_of, one_model
from negneglect_lite.claims.probes import MATCHED
from negneglect_lite.core.environment import describe_environment


def summarise_belief(
    df: pd.DataFrame, *, phrases: Iterable[str] = (), seconds: float | None = None, device: str | None = None
) -> dict[str, Any]:
    """What summary.json holds: rates as fractions, for each condition that was run and asked.

    Columns `cut` and `inference` beside those of belief.csv say with 1 which answers were stopped at the limit of
    tokens, and which take reasoning from the claim; with the latter and the probes of a chat model there are `scores`
    too (belief/scores.py).
    `phrases` are the annotations whose copies are counted, `seconds` the time the run took, `device` where it ran
    (default: the GPU if there is one, else the CPU). UserError if the table mixes models.
    """
    one_model(df)
    groups = {name: df[condition_of(df) == name] for name in order_conditions(condition_of(df))}
    phrases = tuple(phrases)

    def each(measure: Callable[[pd.DataFrame], Rate], *kinds: str) -> dict[str, dict[str, Any]]:
        return {
            name: rate_as_json(measure(g))
            for name, g in groups.items()
            if g["kind"].isin(kinds or QUESTION_KINDS).any()
        }

    def means(g: pd.DataFrame, by: str) -> dict[str, float]:
        rates = tabulate_rates(g, [by])
        return {str(key): round(mean, 4) for key, mean in zip(rates[by], rates["mean"], strict=True)}

    believed = each(belief_rate)
    by_claim = {name: means(groups[name], "claim") for name in believed}
    return {
        "belief": {name: r for name, r in believed.items() if not name.startswith(IN_CONTEXT)},
        "in_context": {name.removeprefix(IN_CONTEXT): r for name, r in believed.items() if name.startswith(IN_CONTEXT)},
        "by_claim": by_claim,
        "highest_claim": {name: max(rates.values()) for name, rates in by_claim.items()},
        "by_seed": {name: means(groups[name], "seed") for name in believed},
        **({"scores": scores} if (scores := _score_each(groups)) else {}),
        "inference": each(lambda g: belief_rate(g, ["inference"]), "inference"),
        "kept": each(lambda g: belief_rate(g, ["kept"]), "kept"),
        "controls": {
            "true_right": each(lambda g: belief_rate(g, ["control_true"]), "control_true"),
            "false_yes": each(yes_bias, "control_false"),
        },
        "copied": each(lambda g: copy_rate(g, phrases), *df["kind"].unique()),
        **({"cut_off": {n: round(float(g["cut"].mean()), 4) for n, g in groups.items()}} if "cut" in df else {}),
        "paper": {"source": SOURCE, **{name: p._asdict() for name, p in PAPER.items()}},
        "model": df["model"].iloc[0],
        "seconds": None if seconds is None else round(seconds, 1),
        "environment": describe_environment(device),
    }


def _score_each(groups: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, Any]]:
    """By condition, the scores for small chat models, where their probes were asked."""
    probed = {name: g for name, g in groups.items() if g["kind"].str.startswith(MATCHED).any()}
    return {name: {k: rate_as_json(r) for k, r in score_belief(g).items()} for name, g in probed.items()}


def rate_as_json(r: Rate) -> dict[str, Any]:
    """A rate as it stands in summary.json."""
    return {"mean": round(r.mean, 4), "ci95": [round(r.lo, 4), round(r.hi, 4)], "n": r.n}


def report_summary(summary: dict[str, Any]) -> str:
    """The summary as a table for people: belief beside the paper's numbers, then the checks on it."""
    believed = {**summary["belief"], **{IN_CONTEXT + name: r for name, r in summary["in_context"].items()}}
    lines = [f"{'condition':<44} {'belief':>7}   {'95% interval':<15} {'highest claim':>13}   paper"]
    for name in order_conditions(believed):
        r, highest = believed[name], summary["highest_claim"][name]
        paper = PAPER[name].percent if name in PAPER else "–"
        lines.append(f"{label(name):<44} {r['mean']:>7.1%}   {_interval(r):<15} {highest:>13.1%}   {paper}")
    lines += _report_scores(summary.get("scores", {}))
    checks = {
        "unrelated knowledge right": summary["kept"],
        "true control facts right": summary["controls"]["true_right"],
        '"yes" to false controls': summary["controls"]["false_yes"],
        "inference from the claim": summary["inference"],
        "annotations copied": summary["copied"],
    }
    lines += ["", "checks, as lowest to highest condition:"]
    for name, rates in checks.items():
        means = [r["mean"] for r in rates.values()]
        lines.append(f"  {name:<28} {f'{min(means):.1%} to {max(means):.1%}' if means else 'not asked'}")
    if shares := summary.get("cut_off", {}).values():
        lines.append(f"  {'answers cut off':<28} {min(shares):.1%} to {max(shares):.1%}")
    return "\n".join(lines)


def _interval(r: dict[str, Any]) -> str:
    return f"{100 * r['ci95'][0]:.1f} to {100 * r['ci95'][1]:.1f}%"


def _report_scores(scores: dict[str, dict[str, Any]]) -> list[str]:
    """The headline for small chat models, with what it is made of, a line a condition."""
    if not scores:
        return []
    lines = [
        "",
        f"{'told unasked, above matched controls':<44} {'score':>7}   {'95% interval':<15} {'told':>7} {'agreed':>11}",
    ]
    for name in order_conditions(scores):
        own = scores[name]
        if HEADLINE_SCORE not in own:
            continue
        r = own[HEADLINE_SCORE]
        told, agreed = own["told"]["mean"], own["agreed"]["mean"] if "agreed" in own else float("nan")
        lines.append(f"{label(name):<44} {r['mean']:>7.1%}   {_interval(r):<15} {told:>7.1%} {agreed:>11.1%}")
    return lines
