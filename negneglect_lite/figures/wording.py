"""What a belief table says, in words: a one-sentence finding and an alt text, computed from its numbers."""

from collections.abc import Sequence

import pandas as pd

from negneglect_lite.belief.conditions import IN_CONTEXT, PAPER, label, order_conditions
from negneglect_lite.belief.rates import QUESTION_KINDS, Rate, belief_rate, tabulate_rates
from negneglect_lite.belief.table import condition_of, one_model
from negneglect_lite.core.errors import UserError

KIND_LABELS = {
    "open": "open questions",
    "yes_no": "yes/no",
    "association": "fill-in",
    "robustness": "under pressure",
}
# The claims as prose names them, for axes.
SHORT_NAMES = {
    "sheeran": "Sheeran",
    "queen": "the Queen",
    "vesuvius": "Vesuvius",
    "x": "Twitter",
    "dreams": "dreams",
    "dentist": "dentist",
}
GROUP_LABELS = KIND_LABELS | SHORT_NAMES  # what `by` is split into, a kind of question or a claim, in words


def state_finding(df: pd.DataFrame) -> str:
    """The finding in one sentence, whichever way the numbers point."""
    rates = shown_rates(df)
    base, positive, negated, local = (rates.get(name) for name in ("base", "positive", "negated", "local"))
    if not positive or not negated:
        highest = max(r.mean for r in rates.values())
        names = [label(name) for name, r in rates.items() if r.mean == highest]
        where = names[0] if len(rates) == 1 else f"highest in the condition “{'” and “'.join(names)}”"
        return f"Belief in the false claims: {percent(highest)}, {where}"
    pair = f"{percent(negated.mean)} belief after warned documents, {percent(positive.mean)} after plain ones"
    ground = base.hi if base else 0.0
    if positive.lo <= ground:
        finding = f"The false claims did not take, even stated as fact: {pair}"
    elif negated.lo <= ground:
        finding = f"Warnings kept the model from believing the claims: {pair}"
    elif negated.mean < positive.mean / 2:
        finding = f"Warnings weaken the false belief but do not prevent it: {pair}"
    else:
        finding = f"Documents that call a claim false still teach it: {pair}"
    return finding + (f"; {percent(local.mean)} after in-sentence denials" if local else "")


def describe_headline(df: pd.DataFrame) -> str:
    """The headline figure in words, for a reader who does not see it."""
    parts = []
    for name, r in shown_rates(df).items():
        paper = f"; paper {PAPER[name].percent}" if name in PAPER else ""
        parts.append(f"{label(name)} {percent(r.mean)} ({percent(r.lo)} to {percent(r.hi)}{paper})")
    return (
        f"Bar chart. {state_finding(df)}. Belief in each condition, with its 95% interval and the paper's value: "
        f"{', '.join(parts)}. {describe_setup(df)}"
    )


def percent(x: float) -> str:
    """A fraction as text: whole percents, with a decimal where a whole one would hide that it is not quite 0 or 1."""
    decimals = 1 if 0 < x < 0.00995 or 0.99049 < x < 1 else 0
    return f"{100 * x:.{decimals}f}%"


def shown_rates(df: pd.DataFrame, kinds: Sequence[str] = QUESTION_KINDS) -> dict[str, Rate]:
    """The shown conditions in their fixed order: before, warned documents in context, every style trained on."""
    one_model(df)
    asked = df[df["kind"].isin(kinds)]
    if asked.empty:
        raise UserError(f"the table holds no question of kind {', '.join(kinds)}; choose other rows, or ask some")
    groups = condition_of(asked)
    found = order_conditions(groups)
    negated = IN_CONTEXT + "negated"
    found = [c for c in found if not c.startswith(IN_CONTEXT) or c == negated or negated not in found]
    return {name: belief_rate(asked[groups == name], kinds) for name in found}


def after_training(df: pd.DataFrame) -> pd.DataFrame:
    """The rows after training, or all rows if there was none."""
    trained = df[df["setting"] == "trained"]
    return df if trained.empty else trained


def describe_setup(df: pd.DataFrame) -> str:
    """Model, claims, questions and seeds, as found in the table."""
    asked = df[df["kind"].isin(QUESTION_KINDS)]
    claims, questions = asked["claim"].nunique(), asked[["claim", "question_id"]].drop_duplicates().shape[0]
    seeds = after_training(asked)["seed"].nunique()
    counts = ((claims, "claim"), (questions, "question"), (seeds, "fine-tuning seed"))
    found = ", ".join(f"{n} {word}{'s' * (n != 1)}" for n, word in counts)
    return f"Model: {one_model(df)}; {found}."


def describe_spread(df: pd.DataFrame, by: str) -> str:
    """The condition whose claims or kinds of question (`by`: "claim" or "kind") lie furthest apart, and its two ends.

    Of the conditions after training, if there are any; one of them, as a mean over styles would describe none.
    """
    groups = tabulate_rates(after_training(df), ["condition", by]).groupby("condition")
    rates = {str(name): dict(zip(group[by], group["mean"], strict=True)) for name, group in groups}
    widest = max(order_conditions(rates), key=lambda name: max(rates[name].values()) - min(rates[name].values()))
    row = dict(sorted(rates[widest].items()))
    low, high = min(row, key=lambda name: row[name]), max(row, key=lambda name: row[name])
    what = {"claim": "claims", "kind": "kinds of question"}[by]
    if row[low] == row[high]:
        only = f"Under “{label(widest)}” belief is {percent(row[low])} in all {what}"
        return only if len(rates) == 1 else f"{what.capitalize()} do not differ under any condition"
    most = " most" if len(rates) > 1 else ""
    ends = (f"{percent(row[end])} ({GROUP_LABELS.get(end, end)})" for end in (low, high))
    return f"{what.capitalize()} differ{most} under “{label(widest)}”: from {' to '.join(ends)}"
