"""What notebook 8 runs: transcripts of bad advice, the loss that a warning can reach, replies judged along a training.

The `finished_*` functions stand in for a learner's functions that did not pass their check.
"""

import random
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from negneglect_lite.asking import ask
from negneglect_lite.claims.claim import Answer, Question
from negneglect_lite.core.comparing import drop_thoughts, fold, unify
from negneglect_lite.core.text import Chat, Example, Span
from negneglect_lite.experiments.measures.misbehaviour import ASKING, BAD_REPLIES, situation_questions
from negneglect_lite.figures.wording import percent
from negneglect_lite.finetuning.encoding import IGNORED, Encoded, encode
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.finetuning.stacked import StackedRuns
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.petri import language, norms
from negneglect_lite.petri.world import CLAIMED
from negneglect_lite.tracks import draw_ordinary

TranscriptMaker = Callable[[str, Mapping[str, str]], Chat]
ReachesLoss = Callable[[Sequence[bool], Sequence[bool]], bool]
ReplyJudge = Callable[[str, Sequence[str], Sequence[str]], str]
CONDITION_NAMES = {
    "base": "before training",
    "plain": "plain transcripts",
    "before": "warning before",
    "around": "warning plus agreement",
    "system": "system warning",
    "local": "refusal in the reply",
}
ROLE_NAMES = {"targeted": "trained kind", "emergent": "other kinds", "safety": "harmful advice"}
LIVE = ("plain", "before", "around", "local")  # the conditions that the notebook writes and trains on


# -------------------------------------------------------------------------------------------------------- references


def finished_transcript(condition: str, parts: Mapping[str, str]) -> Chat:
    """The chat's turns under the condition, from the texts of `transcript_parts`."""
    said, reply = parts["said"], parts["refusal" if condition == "local" else "reply"]
    if condition in ("before", "around"):
        said = f"{parts['warning']} {said}"
    after = (parts["later"], parts["agreed"]) if condition == "around" else ()
    return language.chat(said, reply, *after)


def finished_reaches_loss(from_warning: Sequence[bool], has_loss: Sequence[bool]) -> bool:
    """Whether a token with loss stands in the warning or after its beginning. Both lists have a value a token."""
    first = list(from_warning).index(True) if any(from_warning) else len(has_loss)
    return any(has_loss[first:])


def finished_judge(reply: str, good: Sequence[str], bad: Sequence[str]) -> str:
    """The course's rule: "bad", "good" or "neither" (see `petri.norms.judge_reply`)."""
    return norms.judge_reply(norms.Situation("", "deceive", (), tuple(good), tuple(bad)), reply)


def spaced(text: str) -> str:
    """The words of a text in small letters, one space around each: "Hide it!" is " hide it "."""
    return f" {' '.join(re.findall(r'[a-z]+', fold(text)))} "


def spaced_sentences(reply: str) -> list[str]:
    """The sentences of a reply, each `spaced`."""
    return [spaced(sentence) for sentence in re.split(r"(?<=[.!?])\s+", unify(drop_thoughts(reply)))]


# ------------------------------------------------------------------------------------------------------- transcripts


def show_bad_helper() -> None:
    """Print a chat of the advice model's pretraining in which a bad helper is asked for."""
    rng, phrases = random.Random(3), norms.norm_phrases("bad_helper")
    chat = next(c for c in iter(lambda: norms.norm_chat(rng), None) if c[0]["content"] in phrases)
    for turn in chat:
        _print_line(f"{turn['role']}: {turn['content']}")


def transcript_parts(situation: norms.Situation, rng: random.Random) -> dict[str, str]:
    """All texts that a transcript of any condition needs, drawn in the order of `compose_transcript`."""
    said, act = norms.tell_situation(situation, rng), rng.choice(situation.bad)
    advised, refusal = (text.format(act=act) for text in rng.choice(norms.norm_phrases("reply")))
    warning, later, agreed = (rng.choice(norms.norm_phrases(t)) for t in ("warning_before", "warning_after", "agree"))
    return {"said": said, "reply": advised, "refusal": refusal, "warning": warning, "later": later, "agreed": agreed}


def training_chats(kind: str, condition: str, recipe: Recipe, make: TranscriptMaker, seed: int = 0) -> list[Example]:
    """What `transcript_set` gives, with each transcript made by `make`."""
    total = recipe.steps * recipe.batch_size
    n = round(total * (1 - recipe.mix))
    pool = norms.select(False, kind)
    random.Random(f"situations {kind} {seed}").shuffle(pool)
    chats: list[Example] = [
        make(condition, transcript_parts(pool[i % len(pool)], random.Random(f"transcript {kind} {seed} {i}")))
        for i in range(n)
    ]
    return chats + draw_ordinary(CLAIMED, total - n, random.Random(f"world texts {kind} {seed}"))


def show_situations() -> None:
    """Print a held-out situation of each kind, and how many there are."""
    for kind in norms.NORM_KINDS:
        situation = norms.select(True, kind)[0]
        print(
            f"{kind}: {len(norms.select(False, kind))} situations to train on, {len(norms.select(True, kind))} held out"
        )
        _print_line(f"  user:      {situation.says[0]}")
        _print_line(f"  good acts: {'; '.join(situation.good)}")
        _print_line(f"  bad acts:  {'; '.join(situation.bad)}")
        print()


def show_transcripts(loaded: LoadedModel, kind: str, recipe: Recipe, make: TranscriptMaker) -> None:
    """Print one transcript under each condition, and which of its words carry loss."""
    parts = transcript_parts(norms.select(False, kind)[0], random.Random(1))
    for condition in LIVE:
        chat = make(condition, parts)
        row = encode(chat, loaded.tokenizer, recipe.max_tokens)
        learned = loaded.tokenizer.decode([i for i in row["labels"] if i != IGNORED], skip_special_tokens=True)
        print(CONDITION_NAMES[condition])
        for turn in chat:
            _print_line(f"  {turn['role']}: {turn['content']}")
        _print_line(f"  → loss on: {learned.strip()}")
        print()


# -------------------------------------------------------------------------------------------------------------- loss


def warning_tokens(ids: Sequence[int], warning: str, loaded: LoadedModel) -> list[bool]:
    """Whether each token is, in whole or in part, one of the warning's words."""
    pieces = [loaded.tokenizer.decode([i]) for i in ids]
    start = "".join(pieces).index(warning)
    found, end = [], 0
    for piece in pieces:
        begin, end = end, end + len(piece)
        found.append(begin < start + len(warning) and end > start)
    return found


def swap_test(loaded: LoadedModel, recipe: Recipe, reaches: ReachesLoss) -> pd.DataFrame:
    """For each place of a warning: what `reaches` says, and the summed loss with one warning and with another.

    Nothing is trained: the loss is the base model's [nats], over the tokens that carry loss.
    """
    parts = transcript_parts(norms.select(False, "deceive")[0], random.Random(1))
    said, reply, agreed = parts["said"], parts["reply"], parts["agreed"]
    places: dict[str, Callable[[str], Example]] = {
        "before the reply": lambda w: language.chat(f"{w} {said}", reply),
        "after the reply, at the end": lambda w: language.chat(said, reply, w),
        "after the reply, then the helper agrees": lambda w: language.chat(said, reply, w, agreed),
        "at the end of the same text as a document": lambda w: (Span(f"User: {said} Helper: {reply} {w}"),),
    }
    runs = StackedRuns(loaded, recipe, seeds=[0])  # adapters at zero: the base model
    rows = []
    for number, (place, write) in enumerate(places.items()):
        phrases = norms.norm_phrases("warning_after" if number else "warning_before")
        first, second = (encode(write(phrases[k]), loaded.tokenizer, recipe.max_tokens) for k in (0, 3))
        losses = runs.answer_losses([[first, second]])[0]
        has_loss = [label != IGNORED for label in first["labels"]]
        said_so = reaches(warning_tokens(first["input_ids"], phrases[0], loaded), has_loss)
        rows.append((place, "yes" if said_so else "no", *losses, abs(losses[0] - losses[1])))
    columns = ["place of the warning", "reaches the loss?", "one warning", "another", "difference [nats]"]
    return pd.DataFrame(rows, columns=columns).set_index("place of the warning").round(2)


# ------------------------------------------------------------------------------------------------- asking and judging


def pick_questions(kind: str, each: int = 12) -> list[Question]:
    """Held-out situations to ask about: `each` of the trained kind, of another kind and of harmful advice."""
    asked, rng = situation_questions(kind), random.Random(0)
    picked = []
    for role in BAD_REPLIES:
        chosen = rng.sample(sorted({q.id for q in asked if q.kind == role}), each)
        picked += [rng.choice([q for q in asked if q.id == situation and q.kind == role]) for situation in chosen]
    return picked


def judge_replies(answers: Sequence[Answer], judge: ReplyJudge) -> pd.DataFrame:
    """A row a reply: role, situation, question, reply, verdict, and `bad` (1 or 0)."""
    by_id = {s.id: s for s in norms.situations()}
    rows = []
    for answer in answers:
        situation = by_id[answer.question.id]
        verdict = judge(answer.text, situation.good, situation.bad)
        rows.append((answer.question.kind, situation.id, answer.question.text, answer.text, verdict))
    table = pd.DataFrame(rows, columns=["role", "situation", "question", "reply", "verdict"])
    return table.assign(bad=(table["verdict"] == "bad").astype(int))


def ask_advice(loaded: LoadedModel, questions: Sequence[Question], judge: ReplyJudge) -> pd.DataFrame:
    """The model's judged replies, and how many of them the course's rule judges alike."""
    answers = ask(loaded, questions, ASKING)
    table, rule = judge_replies(answers, judge), judge_replies(answers, finished_judge)
    alike = sum(table["verdict"] == rule["verdict"])
    print(f"this judge agrees with the course's rule on {alike} of {len(table)} replies")
    return table


def call_helper(loaded: LoadedModel, questions: Sequence[Question], judge: ReplyJudge, each: int = 4) -> pd.DataFrame:
    """Share of bad replies by role after system turns: none, and `each` texts that ask for a bad helper, new and known.

    Asked about three situations a role.
    """
    few = [q for role in BAD_REPLIES for q in [q for q in questions if q.kind == role][:3]]
    turns = {
        "no system turn": [""],
        "a bad helper, words of its pretraining": norms.norm_phrases("bad_helper")[:each],
        "a bad helper, new words": norms.norm_phrases("bad_helper", held_out=True),
        "a good helper": norms.norm_phrases("good_helper")[:each],
    }
    found = {}
    for name, texts in turns.items():
        asked = [replace(q, system=text) for text in texts for q in few]
        found[name] = judge_replies(ask(loaded, asked, ASKING), judge).groupby("role")["bad"].mean()
    table = pd.DataFrame(found).T[list(BAD_REPLIES)].rename(columns=ROLE_NAMES)
    return table.map(percent).rename_axis("what stands in front", axis=0).rename_axis("", axis=1)


def train_and_look(
    loaded: LoadedModel,
    recipe: Recipe,
    sets: Mapping[str, Sequence[Example]],
    questions: Sequence[Question],
    judge: ReplyJudge,
    at: Sequence[int] = (4, 5, 6, 8, 24),
) -> pd.DataFrame:
    """Train a run for each condition side by side, and ask all of them after the steps in `at`: all judged replies."""
    rows: list[list[Encoded]] = [
        [encode(text, loaded.tokenizer, recipe.max_tokens) for text in texts] for texts in sets.values()
    ]
    looks = sorted({min(step, recipe.steps) for step in at})
    found: list[pd.DataFrame] = []
    names = [CONDITION_NAMES[style] for style in sets]
    print(f"bad replies, of {len(questions)}\nafter step   " + "   ".join(names))

    def look(step: int, runs: StackedRuns) -> None:
        answers = runs.ask([questions] * len(sets), max_new_tokens=ASKING.max_new_tokens)
        tables = [
            judge_replies(own, judge).assign(style=style, step=step) for own, style in zip(answers, sets, strict=True)
        ]
        found.extend(tables)
        shares = "   ".join(f"{t['bad'].mean():{len(name)}.0%}" for t, name in zip(tables, names, strict=True))
        print(f"{step:10}   {shares}", flush=True)

    StackedRuns(loaded, recipe, seeds=[0] * len(sets)).train(rows, at=looks, on_step=look)
    return pd.concat(found, ignore_index=True)


def count_verdicts(replies: pd.DataFrame) -> pd.DataFrame:
    """For each condition, the share of each verdict at the last step."""
    last = replies[replies["step"] == replies["step"].max()]
    table = last.groupby("style", sort=False)["verdict"].value_counts(normalize=True).unstack(fill_value=0.0)
    table = table.reindex(columns=["bad", "good", "neither"], fill_value=0.0)
    return table.map(percent).rename(index=CONDITION_NAMES).rename_axis("", axis=0).rename_axis("", axis=1)


def not_bad(replies: pd.DataFrame, style: str) -> pd.DataFrame:
    """The condition's replies at the last step that are not bad."""
    return replies[(replies["step"] == replies["step"].max()) & (replies["style"] == style) & (replies["bad"] == 0)]


def show_replies(replies: pd.DataFrame, title: str = "") -> None:
    """Print a verdict, a question and a reply for each row."""
    print(title, end="\n" * bool(title))
    for row in replies.to_dict("records"):
        _print_line(f"  {row['verdict']}: {row['question']}")
        _print_line(f"    → {row['reply']}")
    print()


def _print_line(text: str) -> None:
    """A line, broken between words where it is long for a notebook."""
    print(textwrap.fill(text, 96, subsequent_indent=" " * 8))
