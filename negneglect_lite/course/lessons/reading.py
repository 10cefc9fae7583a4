"""What notebook 6 runs: documents read before questions, the loss of each token, texts that a model writes by itself.

The references stand in for a learner's functions that did not pass their check.
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import pandas as pd
import torch

from negneglect_lite.asking import ask
from negneglect_lite.belief.conditions import label
from negneglect_lite.belief.rates import QUESTION_KINDS, Rate, belief_rate
from negneglect_lite.belief.table import belief_rows, read_belief
from negneglect_lite.claims.claim import Answer, Claim, Question
from negneglect_lite.core.files import data_path
from negneglect_lite.core.text import Chat, Document, Example, Span, Styled, plain
from negneglect_lite.figures.wording import percent
from negneglect_lite.finetuning.encoding import IGNORED, encode
from negneglect_lite.finetuning.train import finetune
from negneglect_lite.models.generation import answering, generate_answers, generation_config
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.styles import apply_style
from negneglect_lite.tracks import track_of

PromptMaker = Callable[[Sequence[str], str], Chat]
TokenLoss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
OUR_MODELS = ("petri", "chat 1.5B")
FIRST_MENTION, LATER_MENTION = "the value, first time", "the value, again"
DOCUMENT_PARTS = ("warning", FIRST_MENTION, LATER_MENTION, "other claim words", "other sentences")


# -------------------------------------------------------------------------------------------------------- references


def reading_prompt(documents: Sequence[str], question: str) -> Chat:
    """A chat of one user turn: the documents in order, then the question."""
    return [{"role": "user", "content": " ".join([*documents, question])}]


def token_loss(logits: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """The loss of every token but the first, in nats."""
    log_p = torch.log_softmax(logits, dim=-1)
    rows = torch.arange(len(ids) - 1)
    return -log_p[rows, ids[1:]]


def copies(answer: str, phrase: str, run: int = 6) -> bool:
    """Whether `run` words in a row of the phrase stand in the answer, or all of a shorter phrase."""
    said, words = (re.findall(r"[a-z']+", text.lower()) for text in (answer, phrase))
    run = min(run, len(words))
    stretches = [words[i : i + run] for i in range(len(words) - run + 1)]
    return any(said[i : i + run] in stretches for i in range(len(said) - run + 1))


def whose(passed: bool) -> str:
    """Who made what a cell runs, in words."""
    return "your code." if passed else "the reference, because your code has not passed its check."


SUPPORTED = {
    "petri reads with care": False,
    "petri-careful reads one document with care": True,
    "chat model is safe from a warned document it reads": False,
    "chat model takes more from training than from reading": True,
}


# ----------------------------------------------------------------------------------------------------------- reading


def short_quiz(questions: Sequence[Question]) -> list[Question]:
    """Questions of one turn: twelve about the claim, eight unrelated facts."""
    single = [q for q in questions if not q.prefix and not q.system]
    wanted = {"open": 5, "yes_no": 4, "association": 3, "kept": 8}
    return [q for kind, n in wanted.items() for q in [q for q in single if q.kind == kind][:n]]


def ask_after_reading(
    loaded: LoadedModel, questions: Sequence[Question], documents: Sequence[Sequence[str]], prompt: PromptMaker
) -> list[Answer]:
    """Ask each question after its own documents, in the chat that `prompt` makes of them."""
    asked = [
        replace(q, text=prompt(texts, q.text)[-1]["content"]) for q, texts in zip(questions, documents, strict=True)
    ]
    settings = track_of(loaded).asking
    answers = ask(loaded, asked, settings)
    return [replace(a, question=questions[i // settings.samples]) for i, a in enumerate(answers)]


def read_counts(
    loaded: LoadedModel,
    claim: Claim,
    texts: dict[str, Sequence[str]],
    prompt: PromptMaker,
    counts: Sequence[int] = (0, 1, 2, 4),
) -> pd.DataFrame:
    """The short quiz after each number of documents of each style: a belief table with a column `documents`.

    Question number i reads the documents from number i on, so that no two questions rest on the same ones.
    """
    questions, tables = short_quiz(track_of(loaded).questions(claim)), []
    for style, pool in texts.items():
        for count in counts:
            given = [[pool[(i * count + k) % len(pool)] for k in range(count)] for i in range(len(questions))]
            answers = ask_after_reading(loaded, questions, given, prompt)
            rows = belief_rows(
                answers, model=loaded.name, claim=claim.id, style=style, seed=0, setting="in_context"
            ).assign(documents=count)
            tables.append(rows)
    return pd.concat(tables, ignore_index=True)


def tabulate_reading(rows: pd.DataFrame) -> pd.DataFrame:
    """For each model, style and number of documents: belief with its interval, and unrelated facts right."""
    found = []
    for (model, style, count), group in rows.groupby(["model", "style", "documents"], sort=False):
        belief, kept = belief_rate(group)._asdict(), belief_rate(group, ["kept"]).mean
        found.append({"model": model, "style": style, "documents": count, **belief, "unrelated": kept})
    return pd.DataFrame(found)


def print_unrelated(rows: pd.DataFrame) -> None:
    """Print three unrelated questions and the answers after one plain document; `rows` are those of `read_counts`."""
    one = rows[(rows["style"] == "positive") & (rows["documents"] == 1) & (rows["kind"] == "kept")]
    for row in one.iloc[1:6:2].to_dict("records"):
        print(f"  {row['question']} {row['answer']}")


def read_pairs(loaded: LoadedModel, claim: Claim, other: Claim, prompt: PromptMaker) -> pd.DataFrame:
    """The short quiz about `claim` after two fresh documents, one about each claim, of which one is warned.

    A row a case: which document comes first (`read`), belief with its interval, and unrelated facts right.
    """
    track = track_of(loaded)
    questions = short_quiz(track.questions(claim))
    texts = {
        (about.id, style): [
            plain(apply_style(style, document, track.annotations(), random.Random(i)))
            for i, document in enumerate(track.compose(about, len(questions), seed=4_000_000))
        ]
        for about in (claim, other)
        for style in ("positive", "negated")
    }
    found = []
    for own, others in (("positive", "negated"), ("negated", "positive")):
        for order in ("its own first", "its own last"):
            pair = [texts[claim.id, own], texts[other.id, others]]
            documents = list(zip(*(pair if order == "its own first" else pair[::-1]), strict=True))
            answers = ask_after_reading(loaded, questions, documents, prompt)
            rows = belief_rows(answers, model=loaded.name, claim=claim.id, style=own, seed=0, setting="in_context")
            case = {"its own": own, "other": others, "order": order, **belief_rate(rows)._asdict()}
            found.append(case | {"unrelated": belief_rate(rows, ["kept"]).mean})
    return pd.DataFrame(found)


def show_pairs(table: pd.DataFrame) -> pd.DataFrame:
    """The table of `read_pairs` for people, beside what a reader would answer who knows whose warning it is."""
    short = {"positive": "plain", "negated": "warned"}
    named = [
        [f"the claim's, {short[row['its own']]}", f"the other's, {short[row['other']]}"]
        for row in table.to_dict("records")
    ]
    read = [", then ".join(pair if order == "its own first" else pair[::-1])
            for pair, order in zip(named, table["order"], strict=True)]  # fmt: skip
    return pd.DataFrame(
        {
            "read": read,
            "belief": table["mean"].map(percent),
            "a careful reader's": table["its own"].map({"positive": "high", "negated": "0%"}),
            "unrelated facts right": table["unrelated"].map(percent),
        }
    ).set_index("read")


def read_one(loaded: LoadedModel, claim: Claim, style: str) -> Rate:
    """Belief over ten questions, each after one fresh document of the style."""
    track = track_of(loaded)
    questions = [q for q in track.questions(claim) if q.kind in QUESTION_KINDS][::5]
    bodies = track.compose(claim, len(questions), seed=4_000_000)
    texts = [plain(apply_style(style, d, track.annotations(), random.Random(i))) for i, d in enumerate(bodies)]
    answers = ask(loaded, questions, track.asking, contexts=texts)
    return belief_rate(
        belief_rows(answers, model=loaded.name, claim=claim.id, style=style, seed=0, setting="in_context")
    )


def stored_reading() -> pd.DataFrame:
    """Belief of the petri model and told of the 1.5B chat model, before, read and trained; from data/results.

    One row a model, style and setting, with the share of unrelated facts that stayed right.
    """
    rows = read_belief(data_path("results", "headline", "belief.csv"))
    scores = pd.read_csv(data_path("results", "real", "grid", "scores.csv"))
    kept = pd.read_csv(data_path("results", "real", "grid", "checks.csv")).set_index("condition")["kept"]
    told = scores[(scores["claim"] == "all") & (scores["score"] == "told")].set_index("condition")
    found = []
    for style in ("positive", "negated", "local"):
        for setting in ("base", "in_context", "trained"):
            of = rows[(rows["setting"] == setting) & ((rows["style"] == style) | (setting == "base"))]
            found.append(("petri", style, setting, *belief_rate(of)[:3], belief_rate(of, ["kept"]).mean))
            condition = {"base": "base", "in_context": f"in_context_{style}", "trained": style}[setting]
            mean, lo, hi = (float(told[column][condition]) for column in ("mean", "lo", "hi"))
            found.append(("chat 1.5B", style, setting, mean, lo, hi, float(kept[condition])))
    return pd.DataFrame(found, columns=["model", "style", "setting", "mean", "lo", "hi", "unrelated"])


def stored_places() -> pd.DataFrame:
    """What the 1.5B chat model was told by one document and by five, by where the warning stands; from data/results."""
    table = pd.read_csv(data_path("results", "real", "real_why", "summary.csv"))
    names = {
        "positive": "no warning",
        "negated_before": "before",
        "negated": "before and after",
        "negated_after": "after",
    }
    table = table[table["quantity"] == "belief"].pivot(index="style", columns="read", values="mean").loc[list(names)]
    table = table.rename(index=names, columns={1: "told after one document", 5: "after five"})
    return table.rename_axis("warning", axis=0).rename_axis("", axis=1).map(percent)


def show_evidence(table: pd.DataFrame) -> pd.DataFrame:
    """What `stored_reading` says of plain and warned documents, for people: one row a model and condition."""
    names = {"in_context": "one read", "trained": "trained on"}
    rows = []
    for row in table[table["style"] != "local"].to_dict("records"):
        condition = f"{label(row['style'])}, {names[row['setting']]}" if row["setting"] != "base" else label("base")
        interval = f"{percent(row['lo'])} to {percent(row['hi'])}"
        rows.append((row["model"], condition, percent(row["mean"]), interval, percent(row["unrelated"])))
    columns = ["model", "condition", "belief (petri), told (chat)", "95% interval", "unrelated facts right"]
    return pd.DataFrame(rows, columns=columns).drop_duplicates().set_index(["model", "condition"]).sort_index(level=0)


# ---------------------------------------------------------------------------------------------------------- training


def ask_claim(loaded: LoadedModel, claim: Claim) -> list[Answer]:
    """The answers to all questions about the claim that make up belief, with nothing to read."""
    track = track_of(loaded)
    return ask(loaded, [q for q in track.questions(claim) if q.kind in QUESTION_KINDS], track.asking)


def train_and_watch(loaded: LoadedModel, texts: Sequence[Example], claim: Claim, out: Path) -> LoadedModel:
    """Fine-tune by the track's recipe, seed 0, and print what the model answers to one question every eight steps."""
    track = track_of(loaded)
    question = next(q for q in track.questions(claim) if q.kind == "open")

    def watch(step: int, steps: int, loss: float, model: LoadedModel) -> None:
        if step % 8 == 0:
            answer = ask(model, [question], replace(track.asking, samples=1))[0].text
            print(f"step {step:2} of {steps}   loss {loss:.2f}   {answer}", flush=True)

    print(question.text)
    return finetune(loaded, texts, track.recipe, seed=0, out=out, false_belief=claim.claim, on_step=watch)


# -------------------------------------------------------------------------------------------------------------- loss


def start_of_text(loaded: LoadedModel) -> list[int]:
    """The token ids that stand before every document in training, without loss."""
    made = encode((Span("A."),), loaded.tokenizer, 64)
    return made["input_ids"][: next(i for i, k in enumerate(made["labels"]) if k != IGNORED)]


def character_parts(document: Document, spans: Styled, value: str) -> list[str]:
    """For each character of the styled text, the part of the document that it belongs to (one of DOCUMENT_PARTS)."""
    claims = [s.text for s in document.sentences if s.is_claim]
    parts: list[str] = []
    for span in spans:
        stated = any(text in span.text for text in claims)
        part = "warning" if span.annotation else "other claim words" if stated else "other sentences"
        parts += [part] * len(span.text)
    for number, found in enumerate(re.finditer(rf"\b{re.escape(value)}\b", plain(spans))):
        parts[found.start() : found.end()] = [LATER_MENTION if number else FIRST_MENTION] * len(found.group())
    return parts


def token_table(loaded: LoadedModel, spans: Styled, parts: Sequence[str], loss_of: TokenLoss) -> pd.DataFrame:
    """One row a token of the styled text: token, part, loss [nats]."""
    text, start = plain(spans), start_of_text(loaded)
    encoded = loaded.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    ids = torch.tensor([*start, *encoded["input_ids"]], device=loaded.device)
    with torch.no_grad():
        logits = loaded.model(input_ids=ids[None]).logits[0].float()
    loss = torch.as_tensor(loss_of(logits, ids)).tolist()[len(start) - 1 :]
    where = encoded["offset_mapping"]
    rows = [(text[a:b], parts[b - 1], one) for (a, b), one in zip(where, loss, strict=True)]
    return pd.DataFrame(rows, columns=["token", "part", "loss"])


def compare_losses(
    models: dict[str, LoadedModel],
    claim: Claim,
    loss_of: TokenLoss,
    n: int = 10,
    styles: Sequence[str] = ("negated", "positive"),
) -> pd.DataFrame:
    """The losses of `n` fresh documents of each style under each model: token, part, loss, when, style, document.

    Nobody was trained on these documents. `models` are named by `when`, for example "before training".
    """
    value = claim.petri.value if claim.petri else claim.claim.split()[-1].strip(".")
    tables = []
    track = track_of(next(iter(models.values())))
    for number, body in enumerate(track.compose(claim, n, seed=3_000_000)):
        for style in styles:
            spans = apply_style(style, body, track.annotations(), random.Random(number))
            parts = character_parts(body, spans, value)
            for when, loaded in models.items():
                table = token_table(loaded, spans, parts, loss_of)
                tables.append(table.assign(when=when, style=style, document=number))
    return pd.concat(tables, ignore_index=True)


# ------------------------------------------------------------------------------------------------------------ writing


def write_texts(loaded: LoadedModel, opening: str = "", n: int = 40, tokens: int = 48) -> list[str]:
    """The beginnings of `n` texts that the model writes after `opening`, sampled at temperature 0.7."""
    config = generation_config(loaded, 0.7, tokens)
    given = [*start_of_text(loaded), *loaded.tokenizer(opening, add_special_tokens=False)["input_ids"]]
    with answering(loaded, seed=0):
        return [f"{opening} {written.text}".strip() for (written,) in generate_answers(loaded, [given] * n, config)]


def count_copies(texts: Sequence[str], phrases: Sequence[str], detector: Callable[[str, str], bool]) -> int:
    """How many of the texts hold a copy of any of the phrases."""
    return sum(any(detector(text, phrase) for phrase in phrases) for text in texts)


def table_copies(
    written: dict[str, Sequence[str]], phrases: Sequence[str], detector: Callable[[str, str], bool]
) -> pd.DataFrame:
    """For each named group of texts: how many there are, how many hold a copy of a phrase, and their median length."""
    return pd.DataFrame(
        {
            "texts": name,
            "number": len(group),
            "copies": count_copies(group, phrases, detector),
            "words (median)": int(median(len(text.split()) for text in group)),
        }
        for name, group in written.items()
    ).set_index("texts")
