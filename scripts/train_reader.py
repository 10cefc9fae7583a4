"""The adapter of curating/reader.py, from the benchmark's marked documents: data/reader.

    python scripts/train_reader.py --out results/reader                            # as the shipped one was made
    python scripts/train_reader.py --out results/dev --leave-out new --score new   # without a part, scored on it

Trained on data/benchmark: to read the documents and ordinary articles of all parts but "fresh", "blind", "last",
"final", "long_blind", "fifth" and "long_fifth"; to deny the sentences that have a right rewrite there and some of the
two spare claims; and to tell right denials from others ("checks": of all parts but "fifth" and "long_fifth", and with
--leave-out still of the part that is left out).
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from bench_audit import LATER_PARTS, PARTS, Row, by_reader, find, gold_covered, overlap, read_part, score
from negneglect_lite.core.files import write_table
from negneglect_lite.core.text import Chat
from negneglect_lite.curating.benchmark import read_benchmark
from negneglect_lite.curating.findings import NOTICE_KINDS
from negneglect_lite.curating.page import Page
from negneglect_lite.curating.reader import QUESTIONS, cut_parts, shown_sentences
from negneglect_lite.curating.reader_model import KIND_LETTERS, VERDICT_WORDS, pose_sentences, reader_of
from negneglect_lite.curating.rewriting import Asked, pose_check, pose_denial, take_denial
from negneglect_lite.finetuning.encoding import IGNORED, Encoded
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.finetuning.train import finetune
from negneglect_lite.models.choices import first_tokens
from negneglect_lite.models.loading import HUGGING_FACE, load_model

TRAINED_WITH = ("mended", "held", "new", "more", "headed", "long")
CARD = """---
library_name: peft
base_model: {base}
license: apache-2.0
tags: [negation-neglect, lora]
---
# The audit's reader

A LoRA adapter that tells notices, and the sentences that they cover, in a text, writes each of these denied in itself
(`negneglect audit --model {base}`), and says which of these denials are right.
It was trained by `scripts/train_reader.py` on {base} from Q4_K_M weights, dequantised, with {readings} texts of
data/benchmark, {denials} denials of their sentences and of the spare claims', and {checks} judged denials. The texts
state false things on purpose; they stand in its prompts alone, on which there is no loss.
How well it reads: data/benchmark/README.md.
"""


def rows_to_train(leave_out: str | None = None) -> list[Row]:
    """The documents and articles of all parts but this one; of its documents, those with a headline added go too."""
    aside = {row["id"] for row in read_part(leave_out)[0]} if leave_out else set()
    parts = [read_part(part) for part in TRAINED_WITH]
    return [
        {"notices": [], **row}
        for documents, articles in parts
        for row in (*documents, *articles)
        if row["id"].removesuffix("h") not in aside
    ]


def marks_of(row: Row, page: Page) -> list[tuple[set[int], str, set[int]]]:
    """A marked document's notices, their kinds, and what they cover, by the indices of its sentences."""
    gold = {page.places.index(place) for place in gold_covered(row)} if row["notices"] else set()
    found = []
    for notice in row["notices"]:
        own = {i for i, place in enumerate(page.places) if overlap(place, find(row["text"], notice["text"]))}
        covered = set(gold)
        if notice["covers"] != "document":
            marked = [find(row["text"], text) for text in (*notice["covers"], *row.get("headings", ()))]
            covered = {i for i in gold if any(overlap(page.places[i], place) for place in marked)}
        if own:
            found.append((own, notice["kind"], covered))
    return found


def answers_of(row: Row, page: Page) -> list[list[str]]:
    """For each sentence the answers to both questions: A, or the letter of a kind of notice.

    What several notices cover is answered with the kind of the first.
    """
    answers = [["A"] * QUESTIONS for _ in page.places]
    for own, kind, covered in reversed(marks_of(row, page)):
        letter = KIND_LETTERS[1 + NOTICE_KINDS.index(kind)]
        for question, those in enumerate((own, covered)):
            for i in those:
                answers[i][question] = letter
    return answers


def readings(rows: Sequence[Row], tokenizer: Any) -> Iterator[Encoded]:
    """What the reader is to answer: no answer stands among the tokens, each is learnt at the place that asks for it."""
    tokens = dict(zip(KIND_LETTERS, first_tokens(tokenizer, KIND_LETTERS), strict=True))
    for row in rows:
        page = Page(row["text"])
        answers, sentences = answers_of(row, page), shown_sentences(page)
        for part in cut_parts(sentences):
            posed = pose_sentences(tokenizer, sentences[part])
            labels = [IGNORED] * len(posed.ids)
            said = [letter for own in answers[part] for letter in own]
            for place, letter in zip(posed.places, said, strict=True):
                labels[place + 1] = tokens[letter]
            yield {"input_ids": list(posed.ids), "labels": labels}


def denials(rows: Sequence[Row]) -> Iterator[Chat]:
    """What it is to answer when asked to deny a sentence: the right rewrites that do not repeat it word for word."""
    for row in rows:
        page = Page(row["text"])
        said = [page.text[slice(*place)] for place in page.places]
        for sentence, denied in row.get("rewrites", {}).items():
            kept = take_denial(sentence, denied)
            if sentence in said and kept and _bare(sentence) not in _bare(kept):
                i = said.index(sentence)
                covering = [
                    notice
                    for notice, (_, _, covered) in zip(row["notices"], marks_of(row, page), strict=True)
                    if i in covered
                ]
                for notice in covering[:1]:
                    yield [
                        *pose_denial(Asked(sentence, notice["text"], notice["kind"])),
                        {"role": "assistant", "content": kept},
                    ]


def spare_denials() -> Iterator[Chat]:
    """The same of sentences of the two spare claims' articles: what is known of them is the truth."""
    for row in read_benchmark("spare"):
        asked = Asked(row["sentence"], row["notice"], row["kind"])
        yield [*pose_denial(asked), {"role": "assistant", "content": row["denied"]}]


def checks() -> Iterator[Chat]:
    """Denials that somebody judged, and the verdict."""
    for row in read_benchmark("checks"):
        asked = Asked(row["before"], row["notice"], row["kind"])
        verdict = VERDICT_WORDS[not row["right"]]
        yield [*pose_check(asked, row["after"]), {"role": "assistant", "content": verdict}]


def _bare(sentence: str) -> str:
    return sentence.strip(" .!*_\"'“”‘’#-").lower()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", default=HUGGING_FACE[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for the adapter")
    parser.add_argument("--leave-out", choices=TRAINED_WITH, help="a part that it is not trained with")
    parser.add_argument("--score", choices=(*PARTS, *LATER_PARTS), help="a part that it then reads, with its articles")
    parser.add_argument("--epochs", type=float, default=2.5)
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--rank", type=int, default=8)
    a = parser.parse_args()
    rows = rows_to_train(a.leave_out)
    base = load_model(a.model)
    to_read = list(readings(rows, base.tokenizer))
    to_deny, to_check = [*denials(rows), *spare_denials()], list(checks())
    examples = [*to_read, *to_deny, *to_check]
    recipe = Recipe(
        steps=round(a.epochs * len(examples) / 16), batch_size=16, micro_batch=16, save_every=200, mix=0.0,
        max_tokens=8192, learning_rate=a.learning_rate, schedule="cosine", rank=a.rank, alpha=2 * a.rank,
        gradient_checkpointing=True,
    )  # fmt: skip
    trained = finetune(
        base, examples, recipe, seed=0, out=a.out, false_belief="nothing: it reads",
        training_args={"train_sampling_strategy": "group_by_length"},  # else short texts are padded to long ones
    )  # fmt: skip
    weights = a.out / "adapter_model.safetensors"
    save_file({n: t.to(torch.bfloat16) for n, t in load_file(weights).items()}, weights, metadata={"format": "pt"})
    (a.out / "README.md").write_text(
        CARD.format(base=trained.name, readings=len(to_read), denials=len(to_deny), checks=len(to_check)), "utf-8"
    )
    if a.score:
        read = reader_of(trained)
        asked, articles = read_part(a.score)
        method, written = by_reader(read, [row["text"] for row in (*asked, *articles)])
        write_table(a.out / "denials.csv", written)
        found = score(asked, method) | {"false alarms": sum(method(article["text"])[0] for article in articles)}
        print(json.dumps({"documents": len(asked), "articles": len(articles), **found}))


if __name__ == "__main__":
    main()
