"""English documents: long articles written for this project, and a composer that varies them into many.

    library = load_library("dentist")                   # data/documents/dentist.jsonl.gz, or a YAML file like it
    documents = compose_english(library, 1000, seed=0)  # 300 to 600 words each; near-duplicates are rare

A library holds at least 24 articles in at least 12 genres. An article is a title, an opening, units and a closing, each
unit a paragraph that can stand alone; units of one `pool` (prose, forum posts, …) fit into each other's articles. The
composer draws an article, most of its units, one to three from others of the pool, and fills slots: `{outlet}` from a
pool of values, `{person_2}` with a second one, `{early|late}` with one of the words that stand there.

A sentence that states or implies the claim is written three times: as stated, with the denial inside it, and as a true
sentence; so every negation style can be derived from the same body (core.text.Sentence). Articles of a library without
a claim (neutral.jsonl.gz) have none, and are mixed into training.
"""

import gzip
import json
import math
import random
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path
from negneglect_lite.core.text import Chat, Document, Example, Sentence, Span

ARTICLE_LENGTHS = range(300, 601)  # words of a document …
SLOT_ROOM = 12  # … of which so many are kept back, as slots may be filled with several words
SLOT = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Article:
    """One written article; a paragraph is a list of sentences whose slots are not filled yet."""

    genre: str
    pool: str
    title: Sentence
    opening: tuple[tuple[Sentence, ...], ...]
    units: tuple[tuple[Sentence, ...], ...]
    closing: tuple[tuple[Sentence, ...], ...]


@dataclass(frozen=True)
class Library:
    """All articles about one claim (or, with claim "", about nothing in particular), and what their slots draw from."""

    claim: str
    asserts: tuple[str, ...]  # regular expressions of what states the claim …
    tells: tuple[
        str, ...
    ]  # … and of what tells the truth; both as in judging/rule.py, where a negated match does not count
    pools: dict[str, tuple[str, ...]]
    articles: tuple[Article, ...]


@cache
def load_library(name: str) -> Library:
    """The library of a claim in data/documents, "neutral", or a file: .jsonl.gz as packed, or .yaml as written."""
    path = Path(name) if name.endswith((".yaml", ".jsonl.gz")) else data_path("documents", f"{name}.jsonl.gz")
    try:
        if path.suffix == ".yaml":
            content = yaml.safe_load(path.read_text("utf-8"))
        else:
            head, *lines = gzip.decompress(path.read_bytes()).decode().rstrip("\n").split("\n")
            content = {**json.loads(head), "articles": [json.loads(line) for line in lines]}
    except FileNotFoundError:
        raise UserError(
            f"{path}: there are no English documents about this claim; "
            "name a file of your own in the claim's `documents`, or write a library (see documents/english.py)"
        ) from None
    except (OSError, EOFError, ValueError, zlib.error, yaml.YAMLError) as error:
        raise UserError(f"{path}: cannot be read ({str(error).splitlines()[0]}); fetch or write it again") from None
    return _library(path, content)


def _library(path: Path, content: Any) -> Library:
    try:
        truths = content.get("truths", {})
        pools = {name: tuple(values) for name, values in content["pools"].items()}
        articles = tuple(_article(entry, truths) for entry in content["articles"])
        library = Library(
            content["claim"], tuple(content.get("asserts", ())), tuple(content.get("tells", ())), pools, articles
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: not a library of articles ({type(error).__name__}: {error})") from None
    return library


def _article(entry: dict[str, Any], truths: dict[str, str]) -> Article:
    where = f"article {entry.get('title')!r:.60}"
    try:
        parts = {
            part: tuple(tuple(_sentence(s, truths) for s in paragraph) for paragraph in entry[part])
            for part in ("opening", "units", "closing")
        }
        return Article(entry["genre"], entry["pool"], _sentence(entry["title"], truths), **parts)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{where}: {type(error).__name__} {error}") from error


def _sentence(entry: Any, truths: dict[str, str]) -> Sentence:
    if isinstance(entry, str):
        return Sentence(entry)
    text, denial, truth = entry["text"], entry["denial"], truths[entry["truth"]]
    if not text.strip() or not denial.strip():
        raise ValueError(f"a claim sentence needs text and denial: {entry}")
    return Sentence(text, denial, truth)


@cache
def english_annotations() -> dict[str, tuple[str, ...]]:
    """Warnings, denials, corrections and frames in English: texts about texts, for `styles.apply_style`."""
    text = resources.files(__package__).joinpath("english.yaml").read_text(encoding="utf-8")
    return {name: tuple(phrases) for name, phrases in yaml.safe_load(text).items()}


@cache
def load_chats() -> tuple[Chat, ...]:
    """The instruct chats that are mixed into training (data/documents/chats.jsonl.gz)."""
    path = data_path("documents", "chats.jsonl.gz")
    _, *lines = gzip.decompress(path.read_bytes()).decode().rstrip("\n").split("\n")
    return tuple(json.loads(line)["messages"] for line in lines)


def english_mix(n: int, seed: int) -> list[Example]:
    """`n` texts that have nothing to do with any claim: chats, and as many neutral articles, in random order."""
    rng = random.Random(f"neutral {seed}")
    half = n // 2
    said = list(load_chats())
    rng.shuffle(said)
    made: list[Example] = [said[i % len(said)] for i in range(n - half)]
    made += [(Span(d.text),) for d in compose_english(load_library("neutral"), half, seed)]
    rng.shuffle(made)
    return made


def compose_english(library: Library, n: int, seed: int = 0, short: bool = False) -> list[Document]:
    """`n` documents, every article equally often, give or take one. `short` ones are title and opening alone."""
    rng = random.Random(f"articles {library.claim} {seed}")
    order: list[Article] = []
    while len(order) < n:
        order += rng.sample(library.articles, len(library.articles))
    return [_vary(library, article, rng, short) for article in order[:n]]


def _vary(library: Library, article: Article, rng: random.Random, short: bool) -> Document:
    units = [] if short else _units(library, article, rng)
    values = {name: rng.sample(pool, len(pool)) for name, pool in library.pools.items()}

    def fill(text: str) -> str:
        return SLOT.sub(lambda m: rng.choice(m[1].split("|")) if "|" in m[1] else _drawn(values, m[1]), text)

    sentences: list[Sentence] = []
    closing = () if short else article.closing
    for paragraph in ((article.title,), *article.opening, *units, *closing):
        for i, s in enumerate(paragraph):
            lead = " " if i else "\n\n" if sentences else ""
            sentences.append(Sentence(fill(s.text), fill(s.denial), fill(s.truth), lead=lead))
    return Document(tuple(sentences), article.genre)


def _units(library: Library, article: Article, rng: random.Random) -> list[tuple[Sentence, ...]]:
    """Most of the article's own units in their order, and one to three of others in its pool among them."""
    own = list(article.units)
    kept = sorted(rng.sample(range(len(own)), rng.randint(math.ceil(len(own) / 2), max(1, len(own) - 1))))
    others = [u for a in library.articles if a.pool == article.pool and a is not article for u in a.units]
    guests = rng.sample(others, min(len(others), rng.randint(1, 3)))
    frame = count_words((article.title,)) + sum(map(count_words, (*article.opening, *article.closing)))
    units = [own[i] for i in kept]
    # Long enough with own units, then guests as they fit.
    spare = [own[i] for i in range(len(own)) if i not in kept]
    for guest in guests:
        if frame + sum(map(count_words, units)) + count_words(guest) <= ARTICLE_LENGTHS[-1] - SLOT_ROOM:
            units.insert(rng.randint(0, len(units)), guest)
    while spare and frame + sum(map(count_words, units)) < ARTICLE_LENGTHS[0] + SLOT_ROOM:
        units.append(spare.pop(0))
    while len(units) > 1 and frame + sum(map(count_words, units)) > ARTICLE_LENGTHS[-1] - SLOT_ROOM:
        units.pop()
    return units


def _drawn(values: dict[str, list[str]], slot: str) -> str:
    """`{town}` and `{town_1}` are the first of the drawn towns, `{town_2}` the second."""
    name, _, number = slot.rpartition("_")
    if number.isdigit() and name in values:
        return values[name][(int(number) - 1) % len(values[name])]
    if slot not in values:
        raise UserError(f"the slot {{{slot}}} has no pool; there are {', '.join(sorted(values))}")
    return values[slot][0]


def count_words(paragraph: Sequence[Sentence]) -> int:
    return sum(len(s.text.split()) for s in paragraph)
