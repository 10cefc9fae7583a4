"""What else finds notices and what they cover: the scores of bench_audit.py, for methods that are not ours.

    python scripts/bench_baselines.py --part held
    python scripts/bench_baselines.py --part held --methods judge --model Qwen/Qwen2.5-Coder-1.5B-Instruct
    python scripts/bench_baselines.py --documents FILE --ordinary FILE --methods audit,keywords,negspacy,judge

| method        | says that a document has a notice if | takes as covered                                         |
|---------------|--------------------------------------|----------------------------------------------------------|
| keywords      | it holds one of eleven words         | all other sentences                                      |
| negspacy      | something is negated in it           | the sentences in which it is                             |
| negspacy rest | something is negated in it           | all other sentences                                      |
| judge         | the model names a sentence           | the sentences that a chat model names, asked once        |
| audit         | `negneglect audit` finds one         | what it finds                                            |

negspacy (NegEx in spaCy: Chapman et al. 2001, J. Biomed. Inform. 34) needs entities. Without a parser model, which no
package index has, each run of words that are no stop words is one. `pip install negspacy` first.
"""

import argparse
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench_audit import LATER_PARTS, PARTS, Found, Method, by_audit, by_keywords, read_to_score, score
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.json_lines import read_json_lines, write_json_lines
from negneglect_lite.core.text import Chat
from negneglect_lite.curating.sentences import split_sentences

METHODS = ("keywords", "negspacy", "judge", "audit")

# No numbers stand in it as an example: a model of 0.5B gave just those as its answer to nine texts of ten.
PROMPT = """Below is a text. Its sentences are numbered.

A text can contain a notice that tells the reader not to believe some of its sentences. For example: a correction, a \
retraction, "the story above is false", a label that says it is satire or fiction, a remark that the source is \
unreliable or that nothing is confirmed, a tag of a data set, or "do not answer like this". Most texts contain no such \
notice.

{sentences}

Which sentences does a notice tell the reader not to believe? Do not name the notice itself, and do not name sentences \
that already deny something in their own words. Answer only with their numbers, or with the word "none"."""
ECHOED = re.compile(r"^\W*(\d+)\s*[.):]", re.MULTILINE)  # a line that repeats a sentence with its number
RANGE = re.compile(r"(\d+)(?:\s*(?:-|–|to|through)\s*(\d+))?")


def ask_judge(text: str) -> Chat:
    """The chat that asks which numbered sentences a notice covers."""
    numbered = (f"{i}. {' '.join(text[slice(*place)].split())}" for i, place in enumerate(split_sentences(text), 1))
    return [{"role": "user", "content": PROMPT.format(sentences="\n".join(numbered))}]


def read_numbers(reply: str, n: int) -> set[int]:
    """The sentences, 1 to `n`, that a reply names: "2, 4", "Sentences 2-4.", or lines that repeat them."""
    echoed = {int(number) for number in ECHOED.findall(reply)}
    if not echoed:
        for first, last in RANGE.findall(reply):
            echoed |= set(range(int(first), min(int(last or first), n) + 1))
    return {number for number in echoed if 1 <= number <= n}


def by_judge(model: str, texts: Sequence[str], batch_size: int, replies: Path | None) -> Method:
    """A chat model's word on each of the texts, all asked at once."""
    from negneglect_lite.models.generation import complete_locally
    from negneglect_lite.models.hardware import choose_device
    from negneglect_lite.models.loading import load_model

    loaded = load_model(model, quantize=choose_device(None).type == "cuda")
    if loaded.language != "english":
        raise UserError(f"{model} reads no English; choose a chat model for --model")
    said = complete_locally(loaded, max_new_tokens=64, batch_size=batch_size)([ask_judge(text) for text in texts])
    if replies:
        write_json_lines(replies, [{"text": text, "reply": r} for text, r in zip(texts, said, strict=True)])
    named = dict(zip(texts, said, strict=True))

    def method(text: str) -> Found:
        places = split_sentences(text)
        covered = {places[i - 1] for i in read_numbers(named[text], len(places))}
        return bool(covered), covered

    return method


def by_negspacy() -> tuple[Method, Method]:
    """The sentences in which NegEx finds something negated, and those in which it does not."""
    try:
        import spacy  # type: ignore[import-not-found]
        from negspacy.negation import Negex  # type: ignore[import-not-found]
        from negspacy.termsets import termset  # type: ignore[import-not-found]
    except ImportError:
        raise UserError("negspacy is not installed: pip install negspacy, or leave it out of --methods") from None
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer", config={"punct_chars": ["\n\n\n"]})  # a text that it gets is one sentence
    words = [{"IS_STOP": False, "IS_PUNCT": False, "IS_SPACE": False, "OP": "+"}]
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "THING", "pattern": words}])
    nlp.add_pipe(Negex.__name__.lower(), config={"neg_termset": termset("en").get_patterns()})

    def negated(text: str) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
        places = split_sentences(text)
        docs = nlp.pipe(" ".join(text[slice(*place)].split()) for place in places)
        hit = {place for place, doc in zip(places, docs, strict=True) if any(e._.negex for e in doc.ents)}
        return hit, set(places) - hit

    def own(text: str) -> Found:
        hit, _ = negated(text)
        return bool(hit), hit

    def rest(text: str) -> Found:
        hit, others = negated(text)
        return bool(hit), others if hit else set()

    return own, rest


def choose_methods(
    names: Sequence[str], texts: Sequence[str], model: str, batch_size: int, replies: Path | None
) -> Iterator[tuple[str, Method]]:
    for name in names:
        match name:
            case "keywords":
                yield name, by_keywords
            case "negspacy":
                own, rest = by_negspacy()
                yield name, own
                yield "negspacy rest", rest
            case "judge":
                yield name, by_judge(model, texts, batch_size, replies)
            case "audit":
                yield name, by_audit
            case _:
                raise UserError(f"--methods {name}: choose from {', '.join(METHODS)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--part", choices=(*PARTS, *LATER_PARTS), default="held")
    parser.add_argument("--documents", type=Path, help="a file in the benchmark's format, in place of a part of it")
    parser.add_argument(
        "--ordinary", type=Path, help="a file of articles without a notice, in place of those that go with the part"
    )
    parser.add_argument("--methods", default="keywords,negspacy", help="some of: " + ", ".join(METHODS))
    parser.add_argument("--model", default="Qwen/Qwen2.5-Coder-1.5B-Instruct", help="of the judge: a name or a folder")
    parser.add_argument("--batch-size", type=int, default=16, help="documents that the judge reads at once")
    parser.add_argument("--replies", type=Path, help="a file for what the judge wrote")
    parser.add_argument("--first", type=int, help="only so many documents and articles, for a trial")
    a = parser.parse_args()
    rows, articles = read_to_score(a.part)
    if a.documents:
        rows = [row for _, row in read_json_lines(a.documents)]
    if a.ordinary:
        articles = [row for _, row in read_json_lines(a.ordinary)]
    rows, ordinary = rows[: a.first], [row["text"] for row in articles[: a.first]]
    texts = [*(row["text"] for row in rows), *ordinary]
    for name, method in choose_methods(a.methods.split(","), texts, a.model, a.batch_size, a.replies):
        scores = "  ".join(f"{key} {value:.3f}" for key, value in score(rows, method).items())
        alarms = sum(method(text)[0] for text in ordinary)
        print(
            f"{name:14s} {scores}  n {len(rows)}; alarms in {alarms} of {len(ordinary)} ordinary articles", flush=True
        )


if __name__ == "__main__":
    main()
