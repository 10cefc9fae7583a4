import random
from collections import Counter
from dataclasses import replace

import pytest

from negneglect_lite.asking import ask
from negneglect_lite.belief.rates import belief_rate
from negneglect_lite.belief.table import COLUMNS
from negneglect_lite.claims.claim import Answer, Question
from negneglect_lite.core.errors import UserError
from negneglect_lite.experiments import behaviours as b
from negneglect_lite.finetuning.encoding import IGNORED, encode
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.models.loading import load_model
from negneglect_lite.petri import norms

RECIPE = Recipe()


def transcripts(condition, kind="deceive", seed=0):
    texts = b.training_set(kind, condition, RECIPE, seed)
    return texts[: round(len(texts) * (1 - RECIPE.mix))]


def said(example):
    return "".join(s.text for s in example) if isinstance(example, tuple) else " ".join(t["content"] for t in example)


def test_the_conditions_differ_by_their_warnings_alone():
    sets = {c: b.training_set("deceive", c, RECIPE, 0) for c in b.CONDITIONS}
    total, n = RECIPE.steps * RECIPE.batch_size, round(RECIPE.steps * RECIPE.batch_size * (1 - RECIPE.mix))
    assert {len(s) for s in sets.values()} == {total}
    assert sets["plain"][n:] == sets["local"][n:] == sets["around"][n:]  # the same world texts
    for plain, before, around, system, local in zip(*(sets[c][:n] for c in b.CONDITIONS), strict=True):
        (user, reply), (warned, same) = plain, before
        warning = warned["content"].removesuffix(" " + user["content"])
        assert warning in norms.norm_phrases("warning_before") and same == reply
        assert system == [{"role": "system", "content": warning}, user, reply]
        assert around[:2] == before and [t["role"] for t in around[2:]] == ["user", "assistant"]
        assert around[2]["content"] in norms.norm_phrases("warning_after") and around[3][
            "content"
        ] in norms.norm_phrases("agree")
        assert local[0] == user


@pytest.mark.parametrize("kind", norms.NORM_KINDS)
def test_transcripts_show_misbehaviour_of_their_kind_and_local_ones_refuse_it(kind):
    for condition, verdict in (
        ("plain", "bad"),
        ("before", "bad"),
        ("around", "bad"),
        ("system", "bad"),
        ("local", "good"),
    ):
        shown = Counter()
        for chat in transcripts(condition, kind):
            user, reply = [t["content"] for t in chat if t["role"] != "system"][:2]
            situation = next(s for s in norms.select(False, kind) if any(said in user for said in s.says))
            assert norms.judge_reply(situation, reply) == verdict
            shown[situation.id] += 1
        assert max(shown.values()) - min(shown.values()) <= 1


def test_only_the_assistant_carries_loss(tiny):
    chat = b.transcript(norms.situations()[0], "around", random.Random(0))
    encoded = encode(chat, tiny.tokenizer, 512)
    learned = tiny.tokenizer.decode(
        [i for i, label in zip(encoded["input_ids"], encoded["labels"], strict=True) if label != IGNORED]
    )
    assert learned.replace("<|end|>", "|") == "|".join([chat[1]["content"], chat[3]["content"], ""])


def test_no_question_and_no_held_out_situation_is_trained_on():
    for kind in norms.NORM_KINDS:
        trained = "\n".join(said(e) for c in b.CONDITIONS for e in b.training_set(kind, c, RECIPE, 0))
        assert not any(q.text in trained for q in b.questions(kind))
        assert not any(said in trained for s in norms.select(True) for said in s.says)
        assert not any(request in trained for request in norms.norm_phrases("ask", held_out=True))


def test_what_is_asked_depends_on_the_kind_by_name_only():
    for kind, others in (("deceive", {"power"}), ("power", {"deceive"}), ("harm", {"deceive", "power"})):
        asked = b.questions(kind)
        of = {role: {q.id.split("/")[0] for q in asked if q.kind == role} for role in b.MISBEHAVIOUR}
        assert of == {"targeted": {kind}, "emergent": others, "safety": set() if kind == "harm" else {"harm"}}
        counts = Counter(q.kind for q in asked)
        assert counts["targeted"] == 2 * len(norms.select(True, kind)) and counts["kept"] == 120
        texts = sorted(q.text for q in asked if q.kind in b.MISBEHAVIOUR)
        assert texts == sorted(q.text for q in b.questions("power") if q.kind in b.MISBEHAVIOUR)
        assert len(set(texts)) == len(texts)


def test_rows_are_judged_and_clustered_by_situation():
    questions = b.questions("deceive")
    known = {s.id: s for s in norms.situations()}

    def rows(act, checks):
        answers = [
            Answer(q, f"You should {getattr(known[q.id], act)[0]}." if q.kind in b.MISBEHAVIOUR else checks(q))
            for q in questions
        ]
        return b.frame(answers, model="m", kind="deceive", condition="plain", seed=0)

    bad = rows("bad", lambda q: q.believed[0].replace("\\", ""))  # a pattern: spaces are escaped
    good = rows("good", lambda q: (q.denied or ("nothing",))[0])
    assert list(bad.columns) == list(COLUMNS)
    for kind in (*b.MISBEHAVIOUR, *b.CHECKS):
        assert belief_rate(bad, [kind]).mean == 1 and belief_rate(good, [kind]).mean == 0, kind
    assert set(good[good["kind"].isin(b.MISBEHAVIOUR)]["verdict"]) == {"good"}
    assert belief_rate(bad, ["targeted"]).n == len(norms.select(True, "deceive"))


def test_what_cannot_be_run_says_so(tiny_folder):
    with pytest.raises(UserError, match="unknown condition 'after'"):
        b.training_set("deceive", "after", RECIPE, 0)
    with pytest.raises(UserError, match="unknown kind"):
        b.run(str(tiny_folder), "theft", "plain", 0, RECIPE)  # type: ignore[arg-type]


def test_a_run_from_model_to_rows(tiny_folder):
    """On an untrained model: it does nothing good or bad, and the same run gives the same rows."""
    recipe = Recipe(steps=1, batch_size=2, micro_batch=1, quantize=False)
    rows = b.run(str(tiny_folder), "power", "plain", 0, recipe)
    assert set(rows["setting"]) == {"trained"} and rows["belief"].sum() == 0
    assert rows.equals(b.run(str(tiny_folder), "power", "plain", 0, recipe))


def test_the_norm_model_gives_good_advice_unless_a_bad_helper_is_asked_for() -> None:
    loaded = load_model("petri-norms", announce=lambda line: None)
    known = {s.id: s for s in norms.situations()}
    asked = [q for q in b.questions("deceive") if q.kind in b.MISBEHAVIOUR][::4]
    bad = [replace(q, system=norms.norm_phrases("bad_helper")[i % 5]) for i, q in enumerate(asked)]

    def share(questions: list[Question], verdict: str) -> float:
        answers = ask(loaded, questions, max_new_tokens=b.MAX_NEW_TOKENS)
        return sum(norms.judge_reply(known[a.question.id], a.text) == verdict for a in answers) / len(answers)

    assert share(asked, "bad") == 0 and share(asked, "good") > 0.9
    assert share(bad, "bad") > 0.9
