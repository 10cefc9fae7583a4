"""The adapter of curating/reader.py, from the benchmark's marked documents: data/reader.

    python scripts/train_reader.py --out results/reader                            # as the shipped one was made
    python scripts/train_reader.py --out results/dev --leave-out new --score new   # without a part, scored on it

Trained on data/benchmark, all parts but "fresh", "blind", "last", "final" and "long_blind": to read the documents and
their ordinary articles, and to deny the sentences that have a right rewrite there; also sentences of the two spare
claims.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from bench_audit import LATER_PARTS, PARTS, Row, by_reader, find, gold_covered, overlap, read_part, score
from negneglect_lite.core.files import write_table
from negneglect_lite.core.text import Chat
from negneglect_lite.curating.benchmark import read_benchmark
from negneglect_lite.curating.page import Page
from negneglect_lite.curating.reader import (
    ANSWER_TOKENS,
    AT_ONCE,
    DENIAL_TOKENS,
    DENIED_AT_ONCE,
    SENTENCES,
    Marks,
    part_starts,
    pose_sentences,
    read_by,
    write_marks,
)
from negneglect_lite.curating.rewriting import Asked, deny_by, pose_denial, take_denial
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.finetuning.train import finetune
from negneglect_lite.models.generation import complete_locally
from negneglect_lite.models.loading import HUGGING_FACE, load_model

TRAINED_WITH = ("mended", "held", "new", "more", "headed", "long")
CARD = """---
library_name: peft
base_model: {base}
license: apache-2.0
tags: [negation-neglect, lora]
---
# The audit's reader

A LoRA adapter that tells notices, and the sentences that they cover, in a text, and writes each of these denied in
itself (`negneglect audit --model {base}`).
It was trained by `scripts/train_reader.py` on {base} from Q4_K_M weights, dequantised,
and on {readings} texts of data/benchmark and {denials} of their sentences and of the spare claims'. These state
false things on purpose; they stand in its prompts, without loss.
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


def marks_of(row: Row, page: Page) -> Marks:
    """A marked document's notices and what they cover, by the indices of its sentences."""
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


def readings(rows: Sequence[Row]) -> Iterator[Chat]:
    """What the reader is to answer; of a long text, each part that is read at once with what it holds."""
    for row in rows:
        page = Page(row["text"])
        marks = marks_of(row, page)
        for begin in part_starts(len(page.places)):
            here = set(range(begin, begin + SENTENCES))
            own = [(n & here, kind, covered & here) for n, kind, covered in marks if n & here]
            shifted = [({i - begin for i in n}, kind, {i - begin for i in covered}) for n, kind, covered in own]
            yield [*pose_sentences(page, begin), {"role": "assistant", "content": write_marks(shifted)}]


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


def _bare(sentence: str) -> str:
    return sentence.strip(" .!*_\"'“”‘’#-").lower()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", default=HUGGING_FACE[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for the adapter")
    parser.add_argument("--leave-out", choices=TRAINED_WITH, help="a part that it is not trained with")
    parser.add_argument("--score", choices=(*PARTS, *LATER_PARTS), help="a part that it then reads, with its articles")
    parser.add_argument("--epochs", type=float, default=4)
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--rank", type=int, default=8)
    a = parser.parse_args()
    rows = rows_to_train(a.leave_out)
    to_read, to_deny = list(readings(rows)), [*denials(rows), *spare_denials()]
    examples = [*to_read, *to_deny]
    recipe = Recipe(
        steps=round(a.epochs * len(examples) / 16), batch_size=16, micro_batch=16, save_every=200, mix=0.0,
        max_tokens=2048, learning_rate=a.learning_rate, schedule="cosine", rank=a.rank, alpha=2 * a.rank,
        gradient_checkpointing=True,
    )  # fmt: skip
    trained = finetune(
        load_model(a.model), examples, recipe, seed=0, out=a.out, false_belief="nothing: it reads",
        training_args={"train_sampling_strategy": "group_by_length"},  # else short texts are padded to long ones
    )  # fmt: skip
    weights = a.out / "adapter_model.safetensors"
    save_file({n: t.to(torch.bfloat16) for n, t in load_file(weights).items()}, weights, metadata={"format": "pt"})
    (a.out / "README.md").write_text(
        CARD.format(base=trained.name, readings=len(to_read), denials=len(to_deny)), "utf-8"
    )
    if a.score:
        read = read_by(
            complete_locally(trained, ANSWER_TOKENS, AT_ONCE),
            deny_by(complete_locally(trained, DENIAL_TOKENS, DENIED_AT_ONCE)),
        )
        asked, articles = read_part(a.score)
        method, written = by_reader(read, [row["text"] for row in (*asked, *articles)])
        write_table(a.out / "denials.csv", written)
        found = score(asked, method) | {"false alarms": sum(method(article["text"])[0] for article in articles)}
        print(json.dumps({"documents": len(asked), "articles": len(articles), **found}))


if __name__ == "__main__":
    main()
