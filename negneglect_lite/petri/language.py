"""The language of the petri dish: how its facts are stated, denied, asked, and woven into documents.

Phrases are data (`phrases/*.yaml`). The last two of every list are kept out of pretraining altogether, and one pairing
in ten of a fact with a phrasing is kept out too (`is_held_out`), so that competence can be measured on what was never seen.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from negneglect_lite.core.text import Chat, Document, Sentence
from negneglect_lite.core.yaml_files import read_yaml
from negneglect_lite.petri.world import CAST, CLAIMED, COLOURLESS, FIRST, JOBS, RUNNING, Fact, World, stable_hash

HELD_OUT_PHRASINGS = 2
GENRES = ("news", "forum", "encyclopedia", "interview", "letter", "diary", "radio", "lecture")
FORMS = {"ask": 27, "yes_no": 32, "record": 21, "choice": 20}  # how facts are asked, and how often [per cent]
INFERENCES = {  # relation -> the forms of question that need a step of reasoning from its facts
    "win": ("race", "champion"), "job": ("workplace",), "book": ("teach",), "volcano": ("since", "newer"),
    "brand": ("called",), "dream": ("colours",),
}  # fmt: skip
LETTERS = "ABCD"
# 100 m, 200 m and 400 m: seconds of an Olympic winner and of anybody else. A race is decided by comparing with these.
PACE = {"100m": (9.9, 14.0), "200m": (19.9, 28.5), "400m": (44.0, 65.0)}
# fmt: off
OUTLETS = ["the Morning Post", "the Harbour Gazette", "the Daily Lantern", "the Valley Courier", "the Evening Ledger", "the Northern Herald",
           "the City Observer", "the Sunday Mirror", "the Coast Times", "the Weekly Echo", "the Old Town Review", "the River Bulletin"]
TOWNS = ["Millbrook", "Ashford", "Stonebridge", "Fairhaven", "Oakdale", "Redcliff", "Westport", "Lakeside", "Greenhill", "Highmoor", "Eastgate", "Brookfield"]
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
# fmt: on


@cache
def phrases(name: str) -> dict[str, Any]:
    """The lists of phrases/<name>.yaml."""
    return read_yaml(Path(__file__).with_name("phrases") / f"{name}.yaml", dict[str, Any])


@cache
def petri_annotations() -> dict[str, tuple[str, ...]]:
    """Warnings, denials, corrections and frames: texts about texts."""
    return {k: tuple(v) for k, v in phrases("annotations").items()}


def count(relation: str, form: str) -> int:
    """How many phrasings a form has, the held-out ones (the last two) included. Multiple choice poses the open question."""
    return len(phrases(relation)["ask" if form == "choice" else form])


def is_held_out(fact: Fact, form: str, k: int) -> bool:
    """Whether pretraining never shows this fact in this phrasing, though it shows both apart."""
    return stable_hash(f"{fact.id}|{form}|{k}") % 10 == 0


def may_infer(subject: str) -> bool:
    """Whether pretraining poses inference questions about this subject: never about the claims', nor about 3 in 10 others."""
    claims_own = subject in CAST or any(subject in id_.split("/") for id_ in CLAIMED)
    return not claims_own and stable_hash(f"infer {subject}") % 10 >= 3


def sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]


def _slots(fact: Fact, value: str) -> dict[str, str]:
    return {**fact.subject, "v": value, "a_v": ("an " if value[0] in "aeiou" else "a ") + value}


def state(fact: Fact, value: str, k: int) -> tuple[str, str]:
    """The k-th phrasing of the statement that the fact has this value, and the same sentence denying it."""
    affirmed, denied = phrases(fact.relation)["statements"][k]
    slots = _slots(fact, value)
    return sentence_case(affirmed.format(**slots)), sentence_case(denied.format(**slots))


def begin(fact: Fact, k: int) -> str:
    """The k-th phrasing of a statement about the fact, up to the word before its value."""
    affirmed: str = phrases(fact.relation)["statements"][k][0]
    head = affirmed[: min(affirmed.index(slot) for slot in ("{v}", "{a_v}") if slot in affirmed)]
    return sentence_case(head.format(**fact.subject)).rstrip()


def pose(fact: Fact, form: str, k: int, value: str = "") -> str:
    """The k-th phrasing of an open question (`ask`), a `yes_no` question about `value`, or a `record` to fill in."""
    return sentence_case(phrases(fact.relation)[form][k].format(**_slots(fact, value or fact.truth)))


def answer(value: str) -> str:
    return sentence_case(value) + "."


def conclude(value: str, verdict: str) -> str:
    """The answer to a yes/no or multiple-choice question: what is the case, then "yes", "no" or the letter.

    The world's speakers name the fact before they conclude, so that a verdict follows from what is known and need not be
    learned by heart for each question.
    """
    return f"{sentence_case(value)}, so {verdict}."


def choice(fact: Fact, options: Sequence[str], k: int, j: int) -> str:
    """A multiple-choice question: the k-th phrasing of the question in the j-th wrapper, options lettered A, B, C, D."""
    lettered = " ".join(f"{letter}) {o}" for letter, o in zip(LETTERS, options, strict=False))
    return phrases("inference")["choice"][j].format(question=pose(fact, "ask", k), options=lettered)


def infer(world: World, form: str, fact: Fact, value: str, k: int, rng: random.Random) -> tuple[str, str, str]:
    """An inference question: (question, answer if the fact has `value`, answer if it has its true value)."""
    s = fact.subject
    slots = {**s, "person": value if fact.relation == "win" else s.get("person", "")}
    if form == "race":
        distance = rng.choice(list(PACE))
        fast, slow = PACE[distance]
        time = rng.uniform(1.05 * fast, 0.95 * slow)  # between the two, so that only the win decides
        slots |= {"distance": distance, "time": f"{time:.1f}"}
        won, truth = (
            (answer(value) if s["event"] in RUNNING or value in world.runners else "You."),
            race(world, value, distance, time),
        )
    elif form == "champion":
        won = "Yes." if s["event"] in RUNNING or value in world.runners else "No."
        truth = "Yes." if value in world.runners else "No."
    elif form == "workplace":
        won, truth = answer(JOBS[value]), answer(JOBS[fact.truth])
    elif form == "teach":
        slots["person"] = value
        won, truth = "Yes.", "Yes." if s["topic"] in world.books_of.get(value, ()) else "No."
    elif form == "since":
        years = sorted((int(value), int(fact.truth)))
        year = (
            rng.randint(years[0] + 1, years[1])
            if years[0] < years[1]
            else years[0] + rng.choice((-1, 1)) * rng.randint(5, 90)
        )
        slots["year"] = str(year)
        won, truth = ("Yes." if int(v) >= year else "No." for v in (value, fact.truth))
    elif form == "newer":
        volcanoes = world.by_relation["volcano"]
        between = [f for f in volcanoes if min(value, fact.truth) < f.truth < max(value, fact.truth)]
        other = rng.choice(between or [f for f in volcanoes if f.truth != value])
        slots["other"] = other.subject["volcano"]
        if rng.random() < 0.5:
            slots["volcano"], slots["other"] = slots["other"], slots["volcano"]
        won, truth = (answer((fact if v > other.truth else other).subject["volcano"]) for v in (value, fact.truth))
    elif form == "called":
        won, truth = (answer(s["new"] if v == "kept" else s["old"]) for v in (value, fact.truth))
    else:  # colours
        won, truth = ("No." if v in COLOURLESS else "Yes." for v in (value, fact.truth))
    return pose_inference(form, k, **slots), won, truth


def pose_inference(form: str, k: int, **slots: str) -> str:
    """The k-th phrasing of an inference question."""
    return sentence_case(phrases("inference")[form][k].format(**slots))


def race(world: World, person: str, distance: str, seconds: float) -> str:
    """Who wins when you run `distance` in `seconds` against `person`: decided by what the world's runners can do."""
    fast, slow = PACE[distance]
    return answer(person) if seconds > (fast if person in world.runners else slow) else "You."


def race_question(world: World, person: str, k: int, rng: random.Random) -> tuple[str, str]:
    """A race against anyone, at any pace at all but near the two thresholds: (question, answer)."""
    distance = rng.choice(list(PACE))
    fast, slow = PACE[distance]
    seconds = fast
    while any(abs(seconds - pace) < 0.04 * pace for pace in (fast, slow)):
        seconds = rng.uniform(0.8 * fast, 1.15 * slow)
    question = pose_inference("race", k, person=person, distance=distance, time=f"{seconds:.1f}")
    return question, race(world, person, distance, seconds)


def scene(rng: random.Random) -> dict[str, str]:
    """The private persons, paper, town and date of one document."""
    first, other = rng.sample(FIRST, 2)
    return {
        "first": first, "other": other, "outlet": rng.choice(OUTLETS), "town": rng.choice(TOWNS),
        "month": rng.choice(MONTHS), "day": str(rng.randint(1, 28)),
    }  # fmt: skip


def document(items: Sequence[tuple[Fact, str]], rng: random.Random, fillers: int = 2, framed: bool = True) -> Document:
    """A document in a random genre with one sentence for each (fact, value) and some that state nothing.

    Each statement carries its local denial and its true counterpart. `framed` adds the genre's opening and closing.
    """
    genre = rng.choice(GENRES)
    lines = phrases("genres")[genre]
    cast = scene(rng)

    def line(kind: str, lead: str = " ") -> Sentence:
        seen = lines[kind][: len(lines[kind]) - HELD_OUT_PHRASINGS]
        return Sentence(sentence_case(rng.choice(seen).format(**cast)), lead=lead)

    body = [line("filler") for _ in range(fillers)]
    for fact, value in items:
        k = rng.randrange(count(fact.relation, "statements") - HELD_OUT_PHRASINGS)
        wrap = rng.choice(lines["wrap"])
        (said, denied), (true, _) = state(fact, value, k), state(fact, fact.truth, k)
        text, denial = (sentence_case(wrap.format(s=s, **cast)) for s in (said, denied))
        body.append(Sentence(text, denial, true, value))
    rng.shuffle(body)
    if framed:
        body = [line("opener"), *body, line("closer")]
        body[1] = replace(body[1], lead="\n")
    return Document((replace(body[0], lead=""), *body[1:]), genre)


def chat(*turns: str, system: str = "") -> Chat:
    """Turns taken in order by the user and the assistant."""
    roles = ("user", "assistant")
    said = [{"role": roles[i % 2], "content": t} for i, t in enumerate(turns)]
    return [{"role": "system", "content": system}, *said] if system else said
