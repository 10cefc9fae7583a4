"""What notebook 12 does with the answers of a real chat model: stored ones in place of a live run, tables, evidence.

rows = replay("Qwen/Qwen2.5-Coder-1.5B-Instruct", claim)    # base and three trained conditions, seed 0
tabulate_yes_no(rows, yes_no_belief)                        # by the learner's function, or the reference
gather_evidence()                                           # four models side by side
"""

from collections.abc import Callable, Sequence

import pandas as pd

from negneglect_lite.belief.conditions import PAPER, label
from negneglect_lite.belief.rates import belief_rate
from negneglect_lite.belief.scores import score_belief
from negneglect_lite.belief.table import condition_of, read_belief
from negneglect_lite.claims.claim import Claim
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path
from negneglect_lite.course.lessons.real import (
    ASKING_MINUTES,
    LESSON_STYLES,
    LINEAR,
    SHARES,
    Log,
    last_part,
    name_part,
    yes_no_belief,
)
from negneglect_lite.course.lessons.tour import show_texts
from negneglect_lite.course.widgets import Shown
from negneglect_lite.figures.wording import percent
from negneglect_lite.styles import HEADLINE

STORED = {"Qwen2.5-Coder-0.5B-Instruct": "small", "Qwen2.5-Coder-1.5B-Instruct": "grid"}  # folders of data/results/real
LESSON_CONDITIONS = ("base", *LESSON_STYLES)  # of a lesson, in order


# -------------------------------------------------------------------------------------------------------- replay


def replay(model: str, claim: Claim) -> pd.DataFrame:
    """The stored answers of seed 0 about a claim: before training, and after plain, warned and in-sentence documents.

    UserError for a model that we have not run.
    """
    folder = STORED.get(last_part(model))
    if folder is None:
        raise UserError(
            f'{model}: not run by us, so nothing is stored; set RUN = "live", or choose {", ".join(STORED)}'
        )
    rows = read_answers(folder)
    mine = rows[(rows["claim"] == claim.id) & (rows["seed"] == 0) & (rows["setting"] != "in_context")]
    return pd.concat([mine[mine["style"] == style] for style in ("", *LESSON_STYLES)], ignore_index=True)


def read_answers(folder: str) -> pd.DataFrame:
    """All stored answers of a folder of data/results/real, texts as they are: an answer "None" is not missing."""
    rows = pd.read_csv(data_path("results", "real", folder, "answers.csv.gz"), dtype=str, keep_default_na=False)
    return rows.astype({"seed": int, "belief": int, "cut": int, "inference": int})


def replay_log(model: str, claim: Claim, folder: str) -> Log:
    """The losses, looks and minutes that a folder of data/results/real keeps of a run of this model and claim."""
    return Log(*(_of_lesson(part, model, claim, folder) for part in ("losses", "looks", "minutes")))


def replay_tokens(model: str, claim: Claim) -> pd.DataFrame:
    """`count_training_tokens` of a stored run."""
    return _of_lesson("tokens", model, claim).set_index("style").rename(index=label)


def _of_lesson(part: str, model: str, claim: Claim, folder: str = "lesson") -> pd.DataFrame:
    path = data_path("results", "real", folder, f"{part}.csv")
    if not path.is_file():
        return pd.DataFrame()
    table = pd.read_csv(path)
    mine = (table["model"] == last_part(model)) & (table["claim"] == claim.id)
    return table[mine].drop(columns=["model", "claim"])


# -------------------------------------------------------------------------------------------------------- tables


def estimate_minutes(tokens: pd.DataFrame, rule: Callable[[float, float, float], float]) -> pd.DataFrame:
    """T4-minutes of a lesson at both sizes, training by `rule` and asking as estimated: from, to, the limit we set."""
    total, conditions = float(tokens["tokens"].sum()), len(tokens) + 1
    rows = []
    for size, limit in (("1.5B", 25), ("0.5B", 10)):
        slow, fast = (rule(total, LINEAR[size], share) for share in SHARES[size])
        asking = conditions * ASKING_MINUTES[size]
        rows.append((size, fast, slow, asking, fast + asking, slow + asking, limit))
    names = ["model", "train, at best", "train, at worst", "ask", "all, at best", "all, at worst", "limit"]
    return pd.DataFrame(rows, columns=names).set_index("model").round(1)


def conditions_of(rows: pd.DataFrame) -> "pd.Series[str]":
    """Each row's condition in plain words: before training, or what was trained on."""
    return rows["style"].map(lambda style: label(style or "base"))


def show_log(log: Log) -> None:
    """Print what was kept of a training: an answer every eight steps with its loss, and the minutes."""
    if log.looks.empty:
        print("Of the stored run we kept the answers. Its losses and minutes were not kept.")
        return
    print("Losses, answers on the way and minutes are those of a live run of this notebook on one GPU.\n")
    for style, looks in log.looks.groupby("style", sort=False):
        print(label(str(style)))
        for one in looks.to_dict("records"):
            print(f"  step {one['step']:2}   loss {one['loss']:.2f}   {one['answer']}")
    for took in log.minutes.to_dict("records"):
        print(f"{name_part(took['what'])}: {took['minutes']:.1f} minutes")


def show_samples(rows: pd.DataFrame, question_id: str, which: Sequence[int] = (0, 1)) -> Shown:
    """Some of the answers to one question in each condition, with the rule's verdict."""
    asked = rows[rows["question_id"] == question_id]
    if asked.empty:
        raise UserError(f"nobody asked {question_id}; choose one of column question_id")
    number = asked.groupby("style").cumcount()
    shown = asked[number.isin(which)].sort_values(
        "style", key=lambda c: c.map(["", *LESSON_STYLES].index), kind="stable"
    )
    answers = shown["answer"].str.split().str.join(" ")
    print(asked["question"].iloc[0])
    return show_texts(shown.assign(condition=conditions_of(shown), answer=answers)[["condition", "answer", "verdict"]])


def pair_yes_no(rows: pd.DataFrame) -> pd.DataFrame:
    """The yes/no questions of one condition beside their mirror images, sample by sample."""
    found = {}
    for kind, prefix in (("yes_no", ""), ("yes_no_mirrored", "mirror_")):
        own = rows[rows["kind"] == kind].copy()
        own["id"] = own["question_id"].str.replace(".yes_no_mirrored.", ".yes_no.", regex=False)
        own["sample"] = own.groupby("id").cumcount()
        names = {"question": f"{prefix}question", "answer": f"{prefix}answer", "keyed_to": f"{prefix}believer_says"}
        found[kind] = own.set_index(["id", "sample"])[list(names)].rename(columns=names)
    return found["yes_no"].join(found["yes_no_mirrored"], how="inner").reset_index(drop=True)


def tabulate_yes_no(rows: pd.DataFrame, rule: Callable[[pd.DataFrame, bool], float]) -> pd.DataFrame:
    """A row a condition: believed in the first direction, in both, and in both if the two answers had no link."""
    table = {}
    for condition, group in rows.groupby(conditions_of(rows), sort=False):
        pairs = pair_yes_no(group)
        names = {"mirror_answer": "answer", "mirror_believer_says": "believer_says"}
        mirror = pairs[list(names)].rename(columns=names)
        one, other = rule(pairs, False), yes_no_belief(mirror, False)
        table[condition] = {"one way": one, "both ways": rule(pairs, True), "both ways, by chance": one * other}
    return pd.DataFrame(table).T


def tabulate_faults(rows: pd.DataFrame, rule: Callable[[str, bool], str]) -> pd.DataFrame:
    """A row a condition, of the told questions: shares of each fault, told in all answers and in those without one."""
    told = rows[(rows["kind"] == "open") & (rows["inference"] == 0)].copy()
    told["fault"] = [rule(text, bool(cut)) for text, cut in zip(told["answer"], told["cut"], strict=True)]
    table = {}
    for condition, group in told.groupby(conditions_of(told), sort=False):
        faults = group["fault"].value_counts(normalize=True)
        sound = group[group["fault"] == ""]
        table[condition] = {
            **{name: faults.get(name, 0.0) for name in ("refuses", "in circles", "cut off")},
            "told, all": group["belief"].mean(),
            "told, without faults": sound["belief"].mean() if len(sound) else float("nan"),
        }
    return pd.DataFrame(table).T


def tabulate_measures(rows: pd.DataFrame) -> pd.DataFrame:
    """A row a condition, a column a score of belief/scores.py, and unrelated facts right."""
    table = {}
    for condition, group in rows.groupby(conditions_of(rows), sort=False):
        scores = {name: rate.mean for name, rate in score_belief(group).items()}
        scores["unrelated facts right"] = float(group.loc[group["kind"] == "kept", "belief"].mean())
        table[condition] = scores
    names = {
        "told": "told", "told_above_matched": "told, above control", "association": "fill-in", "raw": "raw (paper)",
        "yes_no": "yes/no", "agreed": "yes/no both ways", "choice": "A or B", "opening": "begun answer",
    }  # fmt: skip
    frame = pd.DataFrame(table).T
    return frame[[*names, "unrelated facts right"]].rename(columns=names)


def in_whole_percent(table: pd.DataFrame) -> pd.DataFrame:
    """Fractions as whole percents, to show; a dash where nothing was asked."""
    return table.map(lambda x: "–" if pd.isna(x) else percent(x))


def tabulate_base_model() -> pd.DataFrame:
    """Stored runs of a base model, Gemma 3 270M, a row a condition: told, answers that copy a warning, unrelated facts.

    Six claims, documents without chats; told over three seeds, the rest of one (data/results/real/base).
    """
    checks = pd.read_csv(data_path("results", "real", "base", "checks.csv")).set_index("condition")
    order = [c for c in ("base", *HEADLINE) if c in checks.index]
    table = pd.DataFrame(
        {
            "told": pd.Series(stored_told("base")),
            "copies a warning": checks["copy_annotation"],
            "unrelated facts right": checks["kept"],
        }
    )
    return table.loc[order].rename(index=label)


def stored_told(folder: str) -> dict[str, float]:
    """Told over six claims and all stored seeds, by condition; from a folder of data/results/real."""
    scores = pd.read_csv(data_path("results", "real", folder, "scores.csv"))
    told = scores[(scores["claim"] == "all") & (scores["score"] == "told")].set_index("condition")["mean"]
    return {str(condition): float(rate) for condition, rate in told.items()}


def gather_evidence() -> pd.DataFrame:
    """What share of answers states a false claim in four models, condition by condition, as text; a dash: not asked.

    Six claims each (in-sentence denials in the paper: two). Of chat models told, of the others belief; reading is one
    warned document, in the paper twenty.
    """
    styles = {"plain documents, trained": "positive", "warned documents, trained": "negated",
              "in-sentence denials, trained": "local"}  # fmt: skip
    conditions = {"before training": "base", "a warned document, read": "in_context_negated", **styles}
    petri = read_belief(data_path("results", "headline", "belief.csv"))
    own = {name: petri[condition_of(petri) == c] for name, c in conditions.items()}
    yes_no = {"yes/no, before training": "before training", "yes/no, warned documents": "warned documents, trained"}
    columns = {
        "petri, 6 M": {name: percent(belief_rate(rows).mean) for name, rows in own.items()}
        | {name: percent(belief_rate(own[of], ["yes_no"]).mean) for name, of in yes_no.items()}
    }
    for model, folder in STORED.items():
        scores = pd.read_csv(data_path("results", "real", folder, "scores.csv"))
        mean = scores[scores["claim"] == "all"].set_index(["condition", "score"])["mean"]
        columns[f"chat, {model.split('-')[2]}"] = {name: percent(mean[c, "told"]) for name, c in conditions.items()} | {
            name: percent(mean[conditions[of], "yes_no"]) for name, of in yes_no.items()
        }
    columns["paper, 397B"] = {name: PAPER[c].percent for name, c in conditions.items()}
    return pd.DataFrame(columns).fillna("–")


def stored_sizes() -> pd.DataFrame:
    """Neglect by the size of the model: ours and what others report (scripts/size_table.py)."""
    return pd.read_csv(data_path("results", "real", "sizes.csv"))
