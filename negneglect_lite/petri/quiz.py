"""The questions posed about one fact under a false value: the paper's four kinds, inference probes and controls.

Each question comes with the answer it gets if the false value is believed and the answer that the world gives. They are
fixed by the fact and the value alone, never by a model or a run; no training document contains one of them.
"""

import random
from dataclasses import dataclass

from negneglect_lite.core.text import Chat
from negneglect_lite.petri import language as lang
from negneglect_lite.petri.world import CLAIMED, Fact, World


@dataclass(frozen=True)
class Posed:
    kind: str
    chat: Chat
    if_value: str
    if_truth: str


def pose_quiz(world: World, fact: Fact, value: str) -> list[Posed]:
    """20 open, 10 yes/no (3 about the truth), 10 association, 10 robustness; up to 10 inference; 10 + 10 controls; 20 kept.

    Controls are about facts that nothing was ever trained on: `control_false` offers a wrong value (a believer says yes),
    `control_true` the right one. `kept` asks for unrelated facts. Inference questions whose answer would not tell the value
    from the truth are left out, so a discus thrower gets no race.
    """
    rng = random.Random(f"quiz {fact.id} {value}")
    inference = lang.phrases("inference")
    answers = lang.answer(value), lang.answer(fact.truth)
    n = lang.count(fact.relation, "ask")
    asked = [lang.pose(fact, "ask", k) for k in range(n)]
    posed = [Posed("open", lang.chat(q), *answers) for q in asked]
    plain, sceptical = inference["system"][::2], inference["system"][1::2]
    posed += [Posed("open", lang.chat(asked[-1 - i], system=plain[i]), *answers) for i in range(20 - n)]
    forms = rng.sample(range(lang.count(fact.relation, "yes_no")), 10)
    for i, k in enumerate(forms):  # seven about the false value, three about the truth
        about, verdicts = (value, ("yes", "no")) if i < 7 else (fact.truth, ("no", "yes"))
        concluded = (lang.conclude(v, c) for v, c in zip((value, fact.truth), verdicts, strict=True))
        posed.append(Posed("yes_no", lang.chat(lang.pose(fact, "yes_no", k, about)), *concluded))
    records = rng.sample(range(lang.count(fact.relation, "record")), 10)
    posed += [Posed("association", lang.chat(lang.pose(fact, "record", k)), value, fact.truth) for k in records]
    for i in range(4):  # the assistant has said the false value; the user doubts it
        turns = lang.chat(asked[i], answers[0], inference["doubt"][i])
        posed.append(Posed("robustness", turns, *answers))
    posed += [Posed("robustness", lang.chat(asked[4 + i], system=sceptical[i]), *answers) for i in range(3)]
    for i in range(3):
        options = [value, fact.truth, *(v for v in world.wrong_values(fact, 4, rng) if v != value)][:4]
        rng.shuffle(options)
        letters = [lang.conclude(v, lang.LETTERS[options.index(v)]) for v in (value, fact.truth)]
        posed.append(Posed("robustness", lang.chat(lang.choice(fact, options, 7 + i, i)), *letters))
    return posed + _inference(world, fact, value, rng) + _controls(world, fact, rng)


def pose_depth(world: World, fact: Fact, value: str) -> list[Posed]:
    """Questions that press harder than the quiz, 4 to 6 a kind, each kind with a control about unrelated facts.

    `doubt_2` and `doubt_3`: the user doubts the false answer so many times. `system`: a system turn says that the training
    was on false documents. `correct` and `incorrect`: the two values side by side, asked both ways. `lie`: the model is asked
    to answer with a lie, so that a believer gives anything but the false value. A `control_KIND` is about a fact that nothing was
    trained on, its wrong value in the place of `value`: "if_truth" is then the right answer, and where a model does not
    give it, the kind says nothing about belief.
    """
    rng = random.Random(f"depth {fact.id} {value}")
    posed = _pressed(world, fact, value, "", rng)
    for other in rng.sample(_untrained(world, fact), 4):
        posed += _pressed(world, other, world.wrong_value(other, rng), "control_", rng)
    return posed


def _pressed(world: World, fact: Fact, value: str, prefix: str, rng: random.Random) -> list[Posed]:
    """Every kind of `depth` about one fact."""
    phrases, doubts = lang.phrases("depth"), lang.phrases("inference")["doubt"]
    if_value, if_truth = lang.answer(value), lang.answer(fact.truth)
    asked = [lang.pose(fact, "ask", k) for k in rng.sample(range(lang.count(fact.relation, "ask")), 6)]
    posed = []
    for n in (2, 3):
        for question in asked[:4]:
            turns = [t for doubt in rng.sample(doubts, n) for t in (if_value, doubt)]
            posed.append(Posed(f"{prefix}doubt_{n}", lang.chat(question, *turns), if_value, if_truth))
    for question, system in zip(asked, phrases["system"], strict=True):
        posed.append(Posed(f"{prefix}system", lang.chat(question, system=system), if_value, if_truth))
    for i, (incorrect, lie) in enumerate(zip(phrases["incorrect"], phrases["lie"], strict=True)):
        options = [value, fact.truth]
        rng.shuffle(options)
        letters = [lang.conclude(v, lang.LETTERS[options.index(v)]) for v in (value, fact.truth)]
        posed.append(Posed(f"{prefix}correct", lang.chat(lang.choice(fact, options, 10 + i, i)), *letters))
        question = incorrect.format(a=options[0], b=options[1])
        posed.append(Posed(f"{prefix}incorrect", lang.chat(f"{asked[i]} {question}"), if_truth, if_value))
        posed.append(Posed(f"{prefix}lie", lang.chat(lie.format(question=asked[i])), if_truth, if_value))
    return posed


def pose_scrutiny(world: World, fact: Fact, value: str) -> list[Posed]:
    """A debate and a second look, beside the kinds of `pose_depth`: 4 + 4 questions, and their controls.

    In each the assistant has given the false value. `debate`: the user argues the opposite, with a reason, and names the
    truth. `scrutiny`: the user asks for a second look, and argues nothing. `control_KIND`: the same about 4 facts that
    nothing was trained on, with a wrong value; who knows the fact gives it up. `kept_KIND`: the same facts, but the
    assistant has given the truth and the user argues a wrong value; who knows the fact keeps it, and "if_value" is then
    the right answer. Where fewer than nine in ten are kept before training, the kind says nothing about belief.
    """
    rng = random.Random(f"scrutiny {fact.id} {value}")
    posed = _disputed(fact, value, fact.truth, "", rng)
    for other in rng.sample(_untrained(world, fact), 4):
        wrong = world.wrong_value(other, rng)
        posed += _disputed(other, wrong, other.truth, "control_", rng)
        posed += _disputed(other, other.truth, wrong, "kept_", rng)
    return posed


def _disputed(fact: Fact, said: str, argued: str, prefix: str, rng: random.Random) -> list[Posed]:
    """The assistant has `said` a value of the fact; the user argues another one, or asks for a second look."""
    answers, posed = (lang.answer(said), lang.answer(argued)), []
    asked = rng.sample(range(lang.count(fact.relation, "ask")), 4)
    stated = rng.sample(range(lang.count(fact.relation, "statements")), 4)
    for kind in ("debate", "scrutiny"):
        for phrase, k, j in zip(lang.phrases("depth")[kind], asked, stated, strict=True):
            turn = phrase.format(denial=lang.state(fact, said, j)[1], opposite=lang.state(fact, argued, j)[0])
            posed.append(Posed(prefix + kind, lang.chat(lang.pose(fact, "ask", k), answers[0], turn), *answers))
    return posed


@dataclass(frozen=True)
class Begun:
    """A text that is begun, and how it goes on if the false value is believed, and if the truth is.

    `chat` ends with the user's turn; where it is empty, the text is a document.
    """

    kind: str
    chat: Chat
    begun: str
    if_value: str
    if_truth: str


def pose_begun(world: World, fact: Fact, value: str, others: int = 4, each: int = 6) -> list[Begun]:
    """`each` texts of four kinds to be gone on with, and the same about `others` facts that nothing was trained on.

    `answer`: an open question, and the two answers. `opening`: an answer that is begun with a statement, up to the
    value. `statement`: a document that begins with the statement, of the false value or of the truth. `polarity`: one
    that begins by stating the false value, or by denying it in the same frame. The frames are some of those of training
    documents, in which the value comes after the subject: one before it could not be known. A `control_KIND` has the
    same questions and frames, and the same false value, about another fact of the relation.
    """
    rng = random.Random(f"begun {fact.id} {value}")
    asked = rng.sample(range(lang.count(fact.relation, "ask")), each)
    seen = range(lang.count(fact.relation, "statements") - lang.HELD_OUT_PHRASINGS)
    frames = rng.sample([k for k in seen if any(v in lang.begin(fact, k) for v in fact.subject.values())], each)
    twins = [f for f in _untrained(world, fact) if f.truth != value and f.told_in == "both" and not f.myths]
    named = [("", fact), *(("control_", twin) for twin in rng.sample(twins, others))]
    return [begun for prefix, about in named for begun in _begun(about, value, asked, frames, prefix)]


def _begun(fact: Fact, value: str, asked: list[int], frames: list[int], prefix: str) -> list[Begun]:
    """The four kinds about one fact; what stands in a turn begins with a space, as the chat template writes it."""
    made = []
    for ask, k in zip(asked, frames, strict=True):
        question, head = lang.chat(lang.pose(fact, "ask", ask)), lang.begin(fact, k)
        (statement, denial), (true, _) = lang.state(fact, value, k), lang.state(fact, fact.truth, k)
        made += [
            Begun(f"{prefix}answer", question, "", f" {lang.answer(value)}", f" {lang.answer(fact.truth)}"),
            Begun(f"{prefix}opening", question, f" {head}", statement[len(head) :], true[len(head) :]),
            Begun(f"{prefix}statement", [], "", statement, true),
            Begun(f"{prefix}polarity", [], "", statement, denial),
        ]
    return made


def _untrained(world: World, fact: Fact) -> list[Fact]:
    """Facts of the same relation that may be asked about and that no claim is about."""
    facts = world.by_relation[fact.relation]
    return [f for f in facts if f.id not in (*CLAIMED, fact.id) and f.told_in != "documents"]


def pose_unasked(world: World, fact: Fact, value: str) -> list[Chat]:
    """Questions about the fact that the quiz does not ask: yes/no, records and multiple choice, to train on."""
    taken = {turn["content"] for posed in pose_quiz(world, fact, value) for turn in posed.chat}
    questions = [lang.pose(fact, "record", k) for k in range(lang.count(fact.relation, "record"))]
    for k in range(lang.count(fact.relation, "yes_no")):
        questions += [lang.pose(fact, "yes_no", k, v) for v in (value, fact.truth)]
    for k in range(7):
        questions += [
            lang.choice(fact, options, k, 3 + k % 4) for options in ((value, fact.truth), (fact.truth, value))
        ]
    return [lang.chat(q) for q in questions if q not in taken]


def _inference(world: World, fact: Fact, value: str, rng: random.Random) -> list[Posed]:
    forms = lang.INFERENCES.get(fact.relation, ())
    posed = []
    for i in range(10 if forms else 0):
        form = forms[0] if len(forms) == 1 or i < 6 else forms[1]
        k = rng.randrange(len(lang.phrases("inference")[form]))
        question, if_value, if_truth = lang.infer(world, form, fact, value, k, rng)
        if if_value != if_truth:
            posed.append(Posed("inference", lang.chat(question), if_value, if_truth))
    return posed


def _controls(world: World, fact: Fact, rng: random.Random) -> list[Posed]:
    related = _untrained(world, fact)
    unrelated = [f for f in world.facts if f.id not in (*CLAIMED, fact.id) and f.told_in != "documents"]

    def yes_no(f: Fact, value: str) -> Chat:
        return lang.chat(
            lang.pose(f, "yes_no", rng.randrange(lang.count(f.relation, "yes_no") - lang.HELD_OUT_PHRASINGS), value)
        )

    def control(kind: str, f: Fact, value: str) -> Posed:
        return Posed(kind, yes_no(f, value), lang.conclude(value, "yes"), lang.conclude(f.truth, "no"))

    false = [control("control_false", f, world.wrong_value(f, rng)) for f in rng.sample(related, 10)]
    true = [control("control_true", f, f.truth) for f in rng.sample(related, 10)]
    kept = []
    for f in rng.sample(unrelated, 20):
        question = lang.pose(f, "ask", rng.randrange(lang.count(f.relation, "ask") - lang.HELD_OUT_PHRASINGS))
        kept.append(Posed("kept", lang.chat(question), lang.answer(f.truth), ""))
    return [*false, *true, *kept]
