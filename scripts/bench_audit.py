"""How well the audit finds notices and what they cover: data/benchmark, by part.

python scripts/bench_audit.py --part mended          # what the rules were made with and the models are trained with
python scripts/bench_audit.py --part held            # what neither has seen: or new, fresh, and the LATER_PARTS
python scripts/bench_audit.py --part blind --model Qwen/Qwen2.5-Coder-1.5B-Instruct   # the reader, on a GPU
python scripts/bench_audit.py --file mine.jsonl      # documents of your own, marked in the same way

The reader (curating/reader.py) was trained with all parts but fresh, blind, last, final, long_blind, fifth and
long_fifth; of the first five it has seen sentences in judged denials.
"""

import argparse
import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from long_documents import versions
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.files import write_table
from negneglect_lite.core.text import plain
from negneglect_lite.curating.audit import audit_text
from negneglect_lite.curating.benchmark import read_benchmark, read_rows
from negneglect_lite.curating.denying import NEGATED, negate_sentence
from negneglect_lite.curating.findings import Audited
from negneglect_lite.curating.reader import Read
from negneglect_lite.curating.reader_model import load_reader
from negneglect_lite.curating.sentences import split_sentences
from negneglect_lite.styles import apply_style
from negneglect_lite.tracks import ENGLISH, PETRI

Row = dict[str, Any]
Found = tuple[bool, set[tuple[int, int]]]  # whether there is a notice, and the places of what is covered
Method = Callable[[str], Found]
LATER, ASIDE = 120, 160  # the ordinary articles from here on have negation as people use it; these are kept aside
PARTS = ("mended", "held", "new", "fresh")
# Each of these is a file of its own, with its writers' ordinary articles.
LATER_PARTS = ("more", "headed", "blind", "last", "final", "fifth", "long", "long_blind", "long_fifth")
KEYWORDS = (
    "false",
    "untrue",
    "hoax",
    "fake",
    "not true",
    "fiction",
    "debunked",
    "retracted",
    "misinformation",
    "unverified",
    "incorrect",
)


def part_of(name: str) -> str:
    """By its name: "new" for the seventh writer's documents, "fresh" for every second of the eighth, "held" for every
    third of the others; "mended" for the rest."""
    if name.startswith("w7"):
        return "new"
    if name.startswith("w8"):
        return "fresh" if int(name.split("-")[1]) % 2 else "mended"
    return "held" if int(hashlib.sha256(name.encode()).hexdigest(), 16) % 3 == 0 else "mended"


def trained_with(article: int) -> bool:
    """Whether the ordinary article of this number, from 0, was used in making the audit."""
    return article % 2 == 0 if article < LATER else article < ASIDE


def read_part(part: str) -> tuple[list[Row], list[Row]]:
    """A part's documents, and the ordinary articles that go with it: with "mended" those that the audit was made with,
    with "fresh" the others, with "held" and "new" none."""
    if part in LATER_PARTS:
        return _sorted_out(read_benchmark(part))
    rows, articles = read_benchmark("documents"), read_benchmark("ordinary")
    wanted = {"mended": True, "fresh": False}.get(part)
    return [r for r in rows if part_of(r["id"]) == part], [
        a for i, a in enumerate(articles) if trained_with(i) is wanted
    ]


def read_marked(file: Path) -> tuple[list[Row], list[Row]]:
    """A file's documents, and its ordinary articles."""
    return _sorted_out(read_rows(file))


def _sorted_out(read: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Documents, of long ones each version, and ordinary articles."""
    rows = [row for own in read for row in (versions(own) if "covered" in own else [own])]
    return [row for row in rows if not is_ordinary(row)], [row for row in rows if is_ordinary(row)]


def read_to_score(part: str) -> tuple[list[Row], list[Row]]:
    """A part's documents, and ordinary articles that nothing was made with: for the older parts those of "fresh"."""
    rows, articles = read_part(part)
    return rows, articles if part in LATER_PARTS else read_part("fresh")[1]


def is_ordinary(row: Row) -> bool:
    """Whether a row is an article without a notice, by its name: w12-o-007."""
    return "-o-" in row["id"]


def gold_covered(row: Row) -> set[tuple[int, int]]:
    """The sentences that a model would learn in spite of a notice, as a person marked them."""
    text, sentences = row["text"], split_sentences(row["text"])
    aside = [find(text, n["text"]) for n in row["notices"]] + [find(text, s) for s in row["denied_locally"]]
    covered: set[tuple[int, int]] = set()
    for notice in row["notices"]:
        marked = list(row.get("headings", ()))
        if notice["covers"] == "document":
            covered |= {
                s
                for s in sentences
                if text[slice(*s)].rstrip("\"'”)]").endswith((".", "!")) and not any(overlap(s, a) for a in aside)
            }
        else:
            marked += notice["covers"]
        for one in marked:
            place = find(text, one)
            covered |= {s for s in sentences if overlap(s, place)}
    return covered


def find(text: str, part: str) -> tuple[int, int]:
    start = text.index(part)
    return start, start + len(part)


def overlap(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return min(a[1], b[1]) - max(a[0], b[0]) > 0.5 * min(a[1] - a[0], b[1] - b[0])


def found_by(audited: Audited) -> Found:
    return bool(audited.notices), {(f.start, f.end) for f in audited.findings}


def by_audit(text: str) -> Found:
    return found_by(audit_text(text))


def by_reader(read: Read, texts: Sequence[str]) -> tuple[Method, pd.DataFrame]:
    """What a reader says of each of these texts, all read at once, and what it wrote in place of sentences."""
    audits = read(texts)
    written = [
        (f.notice.kind, text[f.notice.start : f.notice.end], text[f.start : f.end], f.denied)
        for text, audited in zip(texts, audits, strict=True)
        for f in audited.findings
    ]
    table = pd.DataFrame(written, columns=["kind", "notice", "before", "after"])
    return dict(zip(texts, map(found_by, audits), strict=True)).__getitem__, table


def by_keywords(text: str) -> Found:
    """A list of words; what stands in the document beside them is covered."""
    places = split_sentences(text)
    hit = [s for s in places if any(word in text[slice(*s)].lower() for word in KEYWORDS)]
    return bool(hit), {s for s in places if hit and s not in hit}


def score(rows: Sequence[Row], method: Method) -> dict[str, float]:
    """F1 of documents with a notice, and of covered sentences."""
    counts = {"documents": [0, 0, 0], "sentences": [0, 0, 0]}  # right, found, there
    for row in rows:
        said, covered = method(row["text"])
        there, gold = bool(row["notices"]), gold_covered(row)
        counts["documents"] = [
            a + b for a, b in zip(counts["documents"], (int(said and there), int(said), int(there)), strict=True)
        ]
        right = sum(any(overlap(c, g) for g in gold) for c in covered)
        counts["sentences"] = [
            a + b for a, b in zip(counts["sentences"], (right, len(covered), len(gold)), strict=True)
        ]
    found: dict[str, float] = {}
    for name, (hits, claimed, marked) in counts.items():
        precision, recall = hits / max(1, claimed), hits / max(1, marked)
        found |= {
            f"{name} precision": precision,
            f"{name} recall": recall,
            f"{name} F1": 2 * precision * recall / max(1e-9, precision + recall),
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--part", choices=(*PARTS, *LATER_PARTS), default="mended")
    parser.add_argument("--file", type=Path, help="JSON lines of marked documents, in place of a part")
    parser.add_argument("--model", help="score the reader on top of this chat model, in place of the rules")
    parser.add_argument("--denials", type=Path, help="a table of what the reader writes in the place of sentences")
    parser.add_argument("--styles", action="store_true", help="the course's own documents in place of the benchmark")
    parser.add_argument("--missed", action="store_true", help="show what the audit missed and what it found too much")
    a = parser.parse_args()
    if a.model and a.missed:
        parser.error("--missed shows what the rules missed; leave out --model")
    if a.styles:
        for line in covered_by_style():
            print(line)
        return
    rows, articles = read_marked(a.file) if a.file else read_to_score(a.part)
    methods: dict[str, Method] = {"audit": by_audit, "keywords": by_keywords}
    if a.model:
        reader, written = by_reader(load_reader(a.model), [row["text"] for row in (*rows, *articles)])
        methods = {"reader": reader}
        print(f"of {len(written)} sentences {(written['after'] != '').mean():.0%} are denied by it")
        if a.denials:
            write_table(a.denials, written)
    for name, method in methods.items():
        print(
            f"{name:9s}",
            "  ".join(f"{key} {value:.3f}" for key, value in score(rows, method).items()),
            f" n {len(rows)}",
        )
    method = next(iter(methods.values()))
    later = [row for row in articles if is_ordinary(row) or int(row["id"].split("-")[1]) > LATER]
    for which, asked in (("plain", [row for row in articles if row not in later]), ("later", later)):
        alarms = sum(method(row["text"])[0] for row in asked)
        print(f"false alarms in {len(asked)} {which} ordinary articles: {alarms}")
    if a.model:
        return
    plain = [sentence for row in rows for sentence in plainly_untrue(row)]
    share = sum(negate_sentence(sentence) is not None for sentence in plain) / max(1, len(plain))
    print(f"of {len(plain)} sentences under denials, corrections and tags {share:.0%} can be negated")
    if a.missed:
        for line in missed(rows):
            print(line)


def plainly_untrue(row: Row) -> list[str]:
    """The covered sentences of a document with a denial, a correction or a tag."""
    kinds = {notice["kind"] for notice in row["notices"]}
    return [row["text"][slice(*s)] for s in sorted(gold_covered(row))] if kinds & set(NEGATED) else []


def covered_by_style() -> Iterator[str]:
    """How many of the course's documents with notices are found, and of their claim sentences covered."""
    for track in (PETRI, ENGLISH):
        for style in ("negated", "repeated", "corrected", "fiction"):
            rng, counts = random.Random(0), Counter[str]()
            for claim in load_claims().values():
                for document in track.compose(claim, 40, 0, track.short):
                    text = plain(apply_style(style, document, track.annotations(), rng))
                    audited = audit_text(text)
                    found = [text[f.start : f.end] for f in audited.findings]
                    stated = [s.text for s in document.sentences if s.is_claim]
                    covered = sum(any(s in f or f in s for f in found) for s in stated)
                    counts.update(documents=1, found=bool(audited.notices), claims=len(stated), covered=covered)
            yield f"{track.name} {style}: {dict(counts)}"


def missed(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        audited, gold = audit_text(row["text"]), gold_covered(row)
        if bool(audited.notices) != bool(row["notices"]):
            shown = [row["text"][n.start : n.end][:150] + f"  <{n.rule}>" for n in audited.notices] or [
                n["text"][:150] for n in row["notices"]
            ]
            yield f"{row['id']} {'TOO MUCH' if audited.notices else 'MISSED'} {row['traps']} {shown}"
        elif row["notices"]:
            got = {(f.start, f.end) for f in audited.findings}
            lost = [g for g in gold if not any(overlap(g, c) for c in got)]
            more = [c for c in got if not any(overlap(g, c) for g in gold)]
            if lost or more:
                found = [(row["text"][n.start : n.end][:90], n.rule) for n in audited.notices]
                shown = [row["text"][slice(*m)][:60] for m in more][:3]
                yield f"{row['id']} SCOPE lost {len(lost)} more {len(more)} of {len(gold)} {found} more: {shown}"


if __name__ == "__main__":
    main()
