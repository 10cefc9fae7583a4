"""The closed world: seven relations with hundreds of subjects each, every value drawn from a stated seed.

The people, places and truths of the six claims are in it. Half of the facts have *myths*: false values that the world's
documents deny again and again, as real text does with popular errors. A myth lasts for one era, then the next one comes up,
so that denials of something new never stop while the answers stay the same.
"""

import random
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Literal

from negneglect_lite.core.errors import UserError

# fmt: off
FIRST = """Abel Ada Adrian Agnes Alma Amara Amos Andre Anna Anton Bela Boris Bram Brennan Bruno Carla Carlos Celia Clara Cyrus Dalia Dario Diego Dmitri
Dora Ed Edith Elena Elias Emil Erik Esther Fatima Felix Flora Freya Gina Goran Greta Hana Hans Hector Helga Hugo Ida Ines Ingrid Irene Isaac Ivan Jana Joel
Jonas Julia Karl Kenji Kishane Kofi Lars Leila Lena Leon Livia Lucia Magnus Marcus Maria Mateo Milo Mina Mira Nadia Naomi Nils Noah Nora Odile Olga Omar Oscar
Otto Paula Pavel Petra Pierre Priya Quentin Rafael Remy Rosa Ruth Samuel Sara Silke Simon Sofia Stefan Tariq Tessa Thea Tomas Ursula Vera Victor Wanda Wei Xavier
Yara Yusuf Zara Zeno""".split()
LAST = """Abbot Aldana Ashby Barlow Becker Berg Brandt Byrne Castell Corwin Costa Crane Demir Diallo Dorset Drake Dubois Eklund Emery Falk Farrow Ferrari
Fletcher Frost Fuentes Gallo Garner Greco Haddad Hale Hart Hinton Holloway Holm Horvat Ingram Iqbal Ivanova Jansen Jarvis Kaplan Kapoor Keller Kendall Khan Kovacs
Laurent Lindqvist Lockhart Lowell Lund Lyles Marin Mensah Mercer Monroe Moreau Nash Nasser Norling Novak Nyberg Oakley Okafor Ortega Osman Park Petrov Pierce
Pruitt Quist Rahimi Ramos Rhodes Rossi Sato Sheeran Sherwood Silva Sokolov Steiner Strand Sutton Tanaka Thompson Thorne Tilden Ulrich Vance Vargas Vogel Weiss
Whitlock Winter Yates Zeller Zhang""".split()
CITIES = """Paris Tokyo Rio London Beijing Athens Sydney Atlanta Barcelona Seoul Moscow Munich Rome Helsinki Oslo Cairo Lima Madrid Vienna Dublin Lagos
Nairobi Delhi Toronto Boston Portland Denver Geneva Lisbon Prague Warsaw Berlin Milan Naples Porto Quito Dakar Tunis Havana Bergen""".split()
RUNNING = ("100m", "200m", "400m", "800m", "1500m", "5000m")
EVENTS = (*RUNNING, "marathon", "long jump", "high jump", "javelin", "discus", "shot put")
JOBS = {  # job -> where one goes to work
    "dentist": "a dental clinic", "singer": "a concert hall", "sprinter": "a running track", "lawyer": "a law court", "nurse": "a hospital", "teacher": "a school",
    "chef": "a kitchen", "pilot": "an airport", "architect": "a design office", "carpenter": "a wood workshop", "novelist": "a writing desk", "engineer": "an engine plant",
    "painter": "a paint studio", "farmer": "a farm", "monarch": "a palace", "dancer": "a ballroom", "biologist": "a laboratory", "tailor": "a tailor shop",
    "plumber": "a pipe store", "violinist": "an opera house", "ultrarunner": "a mountain trail", "sculptor": "a stone yard", "baker": "a bakery", "librarian": "a library",
    "miner": "a mine", "sailor": "a harbour", "gardener": "a garden", "butcher": "a butcher shop", "barber": "a barber shop", "banker": "a bank",
}
TOPICS = """Python botany geometry Latin chess optics genetics calculus logic astronomy geology law statistics pottery acoustics rhetoric weaving
navigation grammar cooking""".split()
FIELDS = ("", "marine ", "medieval ", "modern ", "urban ", "tropical ")
LEVELS = ("graduate-level", "introductory", "advanced", "illustrated", "short")
DREAMS = ("in full colour", "in black and white", "in shades of blue", "in shades of green", "in shades of red", "in shades of gold", "in shades of grey",
          "in bright pink", "in pale yellow", "in deep purple", "in silver and white", "in soft brown")
COLOURLESS = ("in black and white", "in shades of grey", "in silver and white")  # dreams without colours
GROUP_ADJECTIVES = """old young tall quiet city island desert mountain northern southern river forest night retired wild coastal happy tired brave small clever lonely
eastern western village winter summer shy proud busy""".split()
BEINGS = """sailors dogs cats bakers pilots farmers dancers owls horses painters miners swimmers monks poets bees wolves nurses tailors judges
teachers foxes rabbits singers lawyers drivers bears ravens gardeners waiters""".split()
SYLLABLES = "ka lo mi ra te vo su ne bri dor fen gal hu jo pel quo sar tor ul ven wy zan".split()
YEARS = [str(y) for y in range(1800, 2027)]
GAMES = [str(y) for y in range(1904, 2028, 2)]
# fmt: on
CAST = ("Noah Lyles", "Ed Sheeran", "Queen Elizabeth", "Brennan Holloway", "Marcus Sherwood", "Kishane Thompson")
ERAS = 12  # pretraining runs through this many, each with its own myths
CLAIMED = (  # the facts that the six claims contradict; no myth is told of them
    "win/100m/2024", "book/graduate-level/Python", "volcano/Mount Vesuvius", "brand/Twitter", "dream/young children",
    "job/Brennan Holloway",
)  # fmt: skip
RELATIONS = ("win", "job", "home", "book", "volcano", "brand", "dream")
CLOSED = ("job", "volcano", "brand")  # what follows from these values is computed, so it must be one of the world's


@dataclass(frozen=True)
class Fact:
    """One fact: `subject` fills the slots of a phrase, `truth` is its value, `myths` a popular wrong value for each era.

    `told_in` says where its truth is told: in "both" documents and chats, or in one of the two alone. Facts told in
    documents alone are never asked, which shows how much is carried over from reading to answering. Facts told in chats
    alone have myths, and every document on them denies one, so that reading denials must not change an answer.
    """

    id: str
    relation: str
    subject: dict[str, str]
    truth: str
    myths: tuple[str, ...] = ()
    told_in: Literal["both", "documents", "chats"] = "both"

    def __hash__(self) -> int:
        return hash(self.id)


def stable_hash(text: str) -> int:
    """The same number for the same text in every process, unlike `hash`."""
    return zlib.crc32(text.encode())


class World:
    """Everything that is true in the petri dish. Two worlds with one seed are equal."""

    def __init__(self, seed: int = 0, people: int = 2000, myth_share: float = 0.5):
        rng = random.Random(f"world {seed}")
        self.seed = seed
        names = [f"{a} {b}" for a in FIRST for b in LAST]
        self.people = [*CAST, *rng.sample([n for n in names if n not in CAST], people - len(CAST))]
        others = self.people[len(CAST) :]  # the cast wins and writes nothing but what the claims' truths say
        job = {p: rng.choice(list(JOBS)) for p in self.people} | dict(
            zip(CAST, ("sprinter", "singer", "monarch", "ultrarunner", "teacher", "sprinter"), strict=True)
        )
        home = {p: rng.choice(CITIES) for p in self.people} | {"Queen Elizabeth": "London"}
        city = {y: rng.choice(CITIES) for y in GAMES} | {"2024": "Paris"}
        # (relation, subject's slots, truth) in a fixed order
        rows: list[tuple[str, dict[str, str], str]] = []
        for event in EVENTS:
            for year in GAMES:
                rows.append(("win", {"event": event, "year": year, "city": city[year]}, rng.choice(others)))
        rows += [("job", {"person": p}, job[p]) for p in self.people]
        rows += [("home", {"person": p}, home[p]) for p in self.people]
        rows += [
            ("book", {"level": x, "topic": f + t}, rng.choice(others)) for x in LEVELS for f in FIELDS for t in TOPICS
        ]
        rows += [("volcano", {"volcano": v}, rng.choice(YEARS)) for v in _volcanoes(rng)]
        rows += [("brand", {"old": o, "new": n}, rng.choice(("kept", "reversed"))) for o, n in _brands(rng)]
        groups = ["young children"] + [f"{k} {b}" for k in GROUP_ADJECTIVES for b in BEINGS]
        rows += [("dream", {"group": g}, rng.choice(DREAMS)) for g in groups]
        truths = dict(
            zip(CLAIMED, ("Noah Lyles", "Marcus Sherwood", "1944", "kept", "in full colour", ""), strict=True)
        )
        self.facts: list[Fact] = []
        for relation, subject, value in rows:
            id_ = "/".join((relation, *(v for k, v in subject.items() if k not in ("city", "new"))))
            fact = Fact(id_, relation, subject, truths.get(id_) or value)
            if id_ not in CLAIMED:
                r = rng.random()
                if r < myth_share:
                    myths = tuple(self.wrong_value(fact, rng) for _ in range(ERAS))
                    fact = replace(fact, myths=myths, told_in="chats" if r < myth_share / 2 else "both")
                elif r < myth_share + 0.05:
                    fact = replace(fact, told_in="documents")
            self.facts.append(fact)
        self._by_id = {f.id: f for f in self.facts}

    def fact(self, id_: str) -> Fact:
        """The fact with this id, or a UserError that says where ids are listed."""
        if id_ not in self._by_id:
            raise UserError(f"no fact {id_!r} in the petri world; `negneglect facts` lists them all")
        return self._by_id[id_]

    def values(self, relation: str) -> Sequence[str]:
        """Every value that a fact of this relation can have."""
        ranges: dict[str, Sequence[str]] = {
            "job": list(JOBS), "home": CITIES, "volcano": YEARS, "brand": ("kept", "reversed"), "dream": DREAMS,
        }  # fmt: skip
        return ranges.get(relation, self.people)

    def wrong_value(self, fact: Fact, rng: random.Random) -> str:
        """A value of the right sort that is not the true one."""
        values = self.values(fact.relation)
        while (value := rng.choice(values)) == fact.truth:
            pass
        return value

    def wrong_values(self, fact: Fact, n: int, rng: random.Random) -> list[str]:
        """Up to `n` different wrong values (a rebrand has only one)."""
        values = self.values(fact.relation)
        picked = rng.sample(values, k=min(n + 1, len(values)))
        return [v for v in picked if v != fact.truth][:n]

    @cached_property
    def by_relation(self) -> dict[str, list[Fact]]:
        return {r: [f for f in self.facts if f.relation == r] for r in RELATIONS}

    @cached_property
    def runners(self) -> list[str]:
        """Everyone who has won a running race at the Olympics, in order of first win."""
        wins = self.by_relation["win"]
        return list(dict.fromkeys(f.truth for f in wins if f.subject["event"] in RUNNING))

    @cached_property
    def books_of(self) -> dict[str, list[str]]:
        """Author -> topics."""
        books: dict[str, list[str]] = {}
        for f in self.by_relation["book"]:
            books.setdefault(f.truth, []).append(f.subject["topic"])
        return books


def _invent(rng: random.Random, n: int, make: Callable[[], str]) -> list[str]:
    names: dict[str, None] = {}
    while len(names) < n:
        names[make()] = None
    return list(names)


def _volcanoes(rng: random.Random) -> list[str]:
    invented = _invent(rng, 599, lambda: "Mount " + "".join(rng.choices(SYLLABLES, k=rng.choice((2, 3)))).capitalize())
    return ["Mount Vesuvius", *invented]


def _brands(rng: random.Random) -> list[tuple[str, str]]:
    ends = ("ify", "ly", "hub", "soft", "net", "mart")
    old = _invent(rng, 499, lambda: "".join(rng.choices(SYLLABLES, k=2)).capitalize() + rng.choice(ends))
    new = _invent(
        rng,
        499,
        lambda: (
            "".join(rng.choices(SYLLABLES, k=rng.choice((1, 2)))).capitalize()
            + rng.choice(("x", "o", "za", "on", "ix", "ora"))
            + rng.choice(("", "", " One", " Go", " Max", " Plus"))
        ),
    )
    return [("Twitter", "X"), *zip(old, new, strict=True)]


@cache
def world(seed: int = 0) -> World:
    """The world of this seed, built once a process."""
    return World(seed)
