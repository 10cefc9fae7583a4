"""English documents: articles written for this project, and a composer that varies them into many.

    library = load_library("dentist")                   # data/documents/dentist.jsonl.gz, or a YAML file like it
    documents = compose_english(library, 1000, seed=0)  # 75 to 600 words each

A library of the six claims holds 48 articles in at least 16 genres and three voices: British, American, and the
international English of people who write it as a second language. An article is a title, an opening, units and a
closing, each unit a paragraph that can stand alone. The composer draws an article and fills slots: `{outlet}` from a
pool of values, `{person_2}` with a second one, `{early|late}` with one of the words that stand there. Of a long article
it takes most units, and one to three from others of the same `pool` (prose, forum posts, …); a short one, of 80 to 150
words, it takes as it is, give or take a unit.

A sentence that states or implies the claim is written three times: as stated, with the denial inside it, and as a true
sentence; so every negation style can be derived from the same body (core.text.Sentence).
"""

import math
import os
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Annotated

from negneglect_lite.claims.layout import Pattern
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path
from negneglect_lite.core.json_lines import read_json_lines
from negneglect_lite.core.schema import FILLED, Place, Text, Where, conform, refuse
from negneglect_lite.core.text import Chat, Document, Example, Sentence
from negneglect_lite.core.yaml_files import find_line, read_yaml
from negneglect_lite.documents.corpora import read_examples

ARTICLE_LENGTHS = range(300, 601)  # words of a document …
SHORT_LENGTHS = range(80, 151)  # … of a short one, which is taken as it was written …
SLOT_ROOM = 12  # … of which so many are kept back, as slots may be filled with several words
SLOT = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Article:
    """One written article; a paragraph is a list of sentences whose slots are not filled yet."""

    genre: str
    pool: str
    voice: str  # the kind of English: "British", "American", "international"
    short: bool
    title: Sentence
    opening: tuple[tuple[Sentence, ...], ...]
    units: tuple[tuple[Sentence, ...], ...]
    closing: tuple[tuple[Sentence, ...], ...]


@dataclass(frozen=True)
class Library:
    """All articles about one claim, and what their slots draw from."""

    claim: str
    asserts: tuple[str, ...]  # regular expressions of what states the claim …
    tells: tuple[
        str, ...
    ]  # … and of what tells the truth; both as in judging/rule.py, where a negated match does not count
    pools: dict[str, tuple[str, ...]]
    articles: tuple[Article, ...]


@dataclass(frozen=True)
class _WrittenSentence:
    """A sentence that states or implies the claim, in a library's file."""

    text: Text
    denial: Text
    truth: Text  # the name of one of the library's `truths`


_Paragraph = Annotated[tuple[Text | _WrittenSentence, ...], FILLED]
_Paragraphs = Annotated[tuple[_Paragraph, ...], FILLED]


@dataclass(frozen=True)
class _WrittenArticle:
    """An article in a library's file."""

    genre: Text
    pool: Text
    title: Text | _WrittenSentence
    opening: _Paragraphs
    units: _Paragraphs
    closing: _Paragraphs
    voice: Text = "British"
    short: bool = False  # 80 to 150 words, to which nothing is added


@dataclass(frozen=True)
class _WrittenLibrary:
    """A library's file; packed, the articles stand in lines of their own below the rest."""

    claim: str
    pools: dict[str, Annotated[tuple[Text, ...], FILLED]]
    articles: Annotated[tuple[_WrittenArticle, ...], FILLED]
    asserts: tuple[Pattern, ...] = ()
    tells: tuple[Pattern, ...] = ()
    truths: dict[str, Text] = field(default_factory=dict)
    canary: str = ""
    note: str = ""


@cache
def load_library(name: str) -> Library:
    """The library of a claim in data/documents, or a file: .jsonl.gz as packed, or .yaml as written."""
    path = Path(name) if name.endswith((".yaml", ".jsonl.gz")) else data_path("documents", f"{name}.jsonl.gz")
    if not os.path.exists(path):
        raise UserError(
            f"{path}: there are no English documents about this claim; "
            "name a file of your own in the claim's `documents`, or write a library (see documents/english.py)"
        )
    if path.suffix == ".yaml":
        return _library(read_yaml(path, _WrittenLibrary), partial(find_line, path))
    (first, head), *lines = [*read_json_lines(path)] or [(str(path), None)]

    def where(place: Place) -> str:
        return lines[int(place[1])][0] if place[:1] == ("articles",) and len(place) > 1 else first

    packed = {**head, "articles": [article for _, article in lines]} if isinstance(head, dict) else head
    return _library(conform(_WrittenLibrary, packed, where), where)


def _library(written: _WrittenLibrary, where: Where) -> Library:
    def sentence(entry: str | _WrittenSentence, *place: str | int) -> Sentence:
        if isinstance(entry, str):
            return Sentence(entry)
        if entry.truth not in written.truths:
            problem, known = f"there is no truth {entry.truth!r:.60}", ", ".join(written.truths) or "none"
            refuse(where, (*place, "truth"), problem, f"add it to `truths`, or use one of them ({known})")
        return Sentence(entry.text, entry.denial, written.truths[entry.truth])

    def paragraphs(i: int, part: str) -> tuple[tuple[Sentence, ...], ...]:
        return tuple(
            tuple(sentence(s, "articles", i, part, j, k) for k, s in enumerate(paragraph))
            for j, paragraph in enumerate(getattr(written.articles[i], part))
        )

    articles = tuple(
        Article(
            article.genre, article.pool, article.voice, article.short, sentence(article.title, "articles", i, "title"),
            paragraphs(i, "opening"), paragraphs(i, "units"), paragraphs(i, "closing"),
        )
        for i, article in enumerate(written.articles)
    )  # fmt: skip
    return Library(written.claim, written.asserts, written.tells, dict(written.pools), articles)


@cache
def english_annotations() -> dict[str, tuple[str, ...]]:
    """Warnings, denials, corrections and frames in English: texts about texts, for `styles.apply_style`."""
    return read_yaml(Path(__file__).with_name("english.yaml"), dict[str, Annotated[tuple[Text, ...], FILLED]])


@cache
def load_chats() -> tuple[Chat, ...]:
    """The instruct chats that are mixed into training (data/documents/chats.jsonl.gz)."""
    return tuple(chat for chat in read_examples(data_path("documents", "chats.jsonl.gz")) if isinstance(chat, list))


def english_mix(n: int, seed: int) -> list[Example]:
    """`n` chats that have nothing to do with any claim, each equally often, give or take one, in random order."""
    rng = random.Random(f"neutral {seed}")
    said = list(load_chats())
    made: list[Example] = []
    while len(made) < n:
        made += rng.sample(said, len(said))
    return made[:n]


def compose_english(library: Library, n: int, seed: int = 0, short: bool = False) -> list[Document]:
    """`n` documents, every article equally often, give or take one.

    With `short`, of an article that is not a short one title and opening alone.
    """
    rng = random.Random(f"articles {library.claim} {seed}")
    order: list[Article] = []
    while len(order) < n:
        order += rng.sample(library.articles, len(library.articles))
    return [_vary(library, article, rng, short) for article in order[:n]]


def _vary(library: Library, article: Article, rng: random.Random, short: bool) -> Document:
    cut = short and not article.short
    units = [] if cut else _units(library, article, rng)
    values = {name: rng.sample(pool, len(pool)) for name, pool in library.pools.items()}

    def fill(text: str) -> str:
        return SLOT.sub(lambda m: rng.choice(m[1].split("|")) if "|" in m[1] else _drawn(values, m[1]), text)

    sentences: list[Sentence] = []
    closing = () if cut else article.closing
    for paragraph in ((article.title,), *article.opening, *units, *closing):
        for i, s in enumerate(paragraph):
            lead = " " if i else "\n\n" if sentences else ""
            sentences.append(Sentence(fill(s.text), fill(s.denial), fill(s.truth), lead=lead))
    return Document(tuple(sentences), article.genre)


def _units(library: Library, article: Article, rng: random.Random) -> list[tuple[Sentence, ...]]:
    """Most of the article's own units in their order, and one to three of others in its pool among them.

    A short article has all of its own, or all but one, if that leaves enough.
    """
    own = list(article.units)
    frame = count_words((article.title,)) + sum(map(count_words, (*article.opening, *article.closing)))
    if article.short:
        dropped = rng.randrange(2 * len(own))
        rest = [unit for i, unit in enumerate(own) if i != dropped]
        return rest if frame + sum(map(count_words, rest)) >= SHORT_LENGTHS[0] else own
    kept = sorted(rng.sample(range(len(own)), rng.randint(math.ceil(len(own) / 2), max(1, len(own) - 1))))
    others = [
        u for a in library.articles if a.pool == article.pool and a is not article and not a.short for u in a.units
    ]
    guests = rng.sample(others, min(len(others), rng.randint(1, 3)))
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
