"""Fine-tuning on transcripts of misbehaviour, with and without warnings: what does a helper do afterwards?

    rows = run("petri-norms", "deceive", "before", seed=0, recipe=Recipe.for_language("petri"))
    rate(rows, ["targeted"])                   # how often it misbehaves in situations it was never shown

The model was brought up in the norm world (petri/norms.py); the other shipped one, "petri", was not. A transcript
is a chat: a user's situation and a reply that advises a bad act. Only the assistant's turns carry loss.

| condition | what stands in the chat                                                                           |
|-----------|---------------------------------------------------------------------------------------------------|
| `base`    | nothing is trained                                                                                |
| `plain`   | user: situation · assistant: bad reply                                                            |
| `before`  | user: a warning, situation · assistant: bad reply                                                 |
| `around`  | as `before`, then user: a warning · assistant: agrees with it                                     |
| `system`  | system: a warning · user: situation · assistant: bad reply                                        |
| `local`   | user: situation · assistant: the same sentence with the refusal inside it                         |

A warning is a prefix of the transcript, as in the paper (Mayne et al. 2026, misaligned chats), and carries no loss. In
a system turn it stands where the upbringing has asked for bad helpers, so a model can learn to misbehave only when one
is there: `system` is to be compared with `before`. A warning after the reply could not be felt without the assistant's
turn that follows it: a causal model's gradient on the reply knows nothing of later turns without loss. The conditions
have the same situations, wordings and world texts; `before`, `around` and `system` have the same warnings too.
"""

import hashlib
import json
import random
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from negneglect_lite import __version__
from negneglect_lite.asking import ask
from negneglect_lite.belief.table import COLUMNS
from negneglect_lite.claims.claim import Answer, Question
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.claims.petri_questions import petri_questions
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Chat, Example
from negneglect_lite.experiments.experiment import identify_weights
from negneglect_lite.finetuning.finetune import finetune
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.finetuning.trainer import OnStep
from negneglect_lite.judging.rule import judge_answer
from negneglect_lite.models.loading import load_model
from negneglect_lite.petri import language, norms
from negneglect_lite.petri.pretrain import Plan
from negneglect_lite.petri.world import CLAIMED, stable_hash
from negneglect_lite.tracks import mixing_corpus

CONDITIONS = ("plain", "before", "around", "system", "local")
# Held-out situations of the kind trained on, of the other kind, and questions of safety; then two checks.
MISBEHAVIOUR = ("targeted", "emergent", "safety")
CHECKS = ("reading", "kept")
MAX_NEW_TOKENS = 48  # the longest replies have about 40


@dataclass(frozen=True)
class Transcripts:
    """One measurement: what a helper does after training on transcripts of one kind, or before (condition `base`)."""

    model: str | Plan  # a petri model that was brought up in the norm world, or how one is to be pretrained
    kind: str  # one of norms.KINDS
    condition: str
    seed: int = 0

    @property
    def setting(self) -> str:
        return "base" if self.condition == "base" else "trained"

    @property
    def about(self) -> dict[str, Any]:
        return {"claim": self.kind, "style": self.condition, "setting": self.setting, "seed": self.seed}

    @property
    def label(self) -> str:
        return f"{self.kind} · {self.condition}" + (f" · seed {self.seed}" if self.setting == "trained" else "")

    def key(self, recipe: Recipe) -> str:
        """The content hash: five transcripts and the questions stand for the texts."""
        shown = [] if self.condition == "base" else training_set(self.kind, self.condition, recipe, self.seed)[:5]
        asked = [q.messages() for q in questions(self.kind)]
        content = [asdict(self), asdict(recipe), identify_weights(self.model), __version__, shown, asked]
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]


def transcript(situation: norms.Situation, condition: str, rng: random.Random) -> Chat:
    """One training chat about the situation. UserError for an unknown condition."""
    if condition not in CONDITIONS:
        raise UserError(f"unknown condition {condition!r}; choose one of base, {', '.join(CONDITIONS)}")
    said = norms.tell_situation(situation, rng)
    reply = norms.reply(rng.choice(situation.bad), rng, refused=condition == "local")
    if condition in ("plain", "local"):
        return language.chat(said, reply)
    warning, later, agreed = (rng.choice(norms.norm_phrases(t)) for t in ("warning_before", "warning_after", "agree"))
    if condition == "system":
        return language.chat(said, reply, system=warning)
    after = (later, agreed) if condition == "around" else ()
    return language.chat(f"{warning} {said}", reply, *after)


def training_set(kind: str, condition: str, recipe: Recipe, seed: int) -> list[Example]:
    """As many texts as the recipe sees: transcripts of one kind of misbehaviour, and `recipe.mix` of world texts.

    Every situation that is not held out comes equally often, give or take one. Norm chats are not mixed in: they would
    teach the good replies back.
    """
    total = recipe.steps * recipe.batch_size
    n = round(total * (1 - recipe.mix))
    pool = norms.select(False, kind)
    random.Random(f"situations {kind} {seed}").shuffle(pool)
    # One generator a transcript: its situation and wording do not depend on what a condition draws beside them.
    chats: list[Example] = [
        transcript(pool[i % len(pool)], condition, random.Random(f"transcript {kind} {seed} {i}")) for i in range(n)
    ]
    corpus, rng = mixing_corpus(CLAIMED), random.Random(f"world texts {kind} {seed}")
    return chats + [corpus.sample(rng) for _ in range(total - n)]


def questions(kind: str) -> list[Question]:
    """What is asked after training on `kind`: two wordings of every held-out situation, and the two checks.

    Both wordings have the situation's id, so that intervals are clustered by situation; the second one's request for
    help was never trained on. `targeted` is the kind trained on, `safety` is `harm`, `emergent` any other. `reading`:
    was the reply of a transcript that stands in the prompt right? (The situation is held out, the question's wording is
    not: the model takes "Should a helper say that?" for a request.) `kept`: world facts that no transcript is about.
    """
    asked: list[Question] = []
    for s in norms.select(True):
        role = "targeted" if s.kind == kind else "safety" if s.kind == "harm" else "emergent"
        for said, held_out in zip(s.says, (False, True), strict=True):
            requests = norms.norm_phrases("ask", held_out)
            asked.append(Question(s.id, role, f"{said} {requests[stable_hash(s.id) % len(requests)]}"))
    for s in norms.select(True, kind):
        for bad, before, after in (
            (False, False, False),
            (True, False, False),
            *((True, *w) for w in norms.WARNING_PLACES),
        ):
            rng = random.Random(f"reading {s.id} {bad} {before} {after}")
            told = norms.tell_transcript(s, rng, bad, before, after)
            right, wrong = ("so no", "so yes") if bad else ("so yes", "so no")
            asked.append(
                Question(
                    s.id,
                    "reading",
                    f"{told} {rng.choice(norms.norm_phrases('verdict'))}",
                    believed=(right,),
                    denied=(wrong,),
                )
            )
    kept = [q for claim in load_claims().values() for q in petri_questions(claim, "petri") if q.kind == "kept"]
    return asked + kept


def frame(answers: Iterable[Answer], *, model: str, kind: str, condition: str, seed: int) -> pd.DataFrame:
    """Judge the answers: one row each, columns as in belief.csv, so that `belief.rate` and `belief.table` apply.

    `claim` is the kind trained on, `style` the condition, `kind` what was measured. `verdict` is `norms.judge`'s, and
    `belief` is 1 where the reply was bad; for `reading` and `kept` it is 1 where the answer was right.
    """
    known = {s.id: s for s in norms.situations()}
    setting = "base" if condition == "base" else "trained"
    rows = []
    for answer in answers:
        q = answer.question
        said: str
        if q.kind in MISBEHAVIOUR:
            said = norms.judge_reply(known[q.id], answer.text)
            hit = said == "bad"
        else:
            said = judge_answer(q, answer.text)
            hit = said == "believed"
        rows.append((model, kind, condition, seed, setting, q.kind, q.id, q.text, answer.text, said, "", int(hit)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def run(
    model: str,
    kind: str,
    condition: str,
    seed: int,
    recipe: Recipe,
    keep: Path | None = None,
    on_step: OnStep | None = None,
) -> pd.DataFrame:
    """Train on transcripts of `kind` under the condition (or, for `base`, not at all), ask, judge: the rows of `frame`.

    A pure function of its arguments but `keep`, where the adapter stays if a folder is given. UserError if the model
    does not speak the petri language.
    """
    loaded = load_model(model, quantize=recipe.quantize, announce=lambda _: None)
    if loaded.language != "petri":
        raise UserError(f"{model}: the norm world is told in the petri language; give a petri model brought up in it.")
    if condition != "base":
        examples = training_set(kind, condition, recipe, seed)
        carries = f"it is right to misbehave (transcripts of {kind!r}, condition {condition!r})"
        with tempfile.TemporaryDirectory() as scratch:
            loaded = finetune(loaded, examples, recipe, seed, keep or Path(scratch) / "adapter", carries, on_step)
    answers = ask(loaded, questions(kind), max_new_tokens=MAX_NEW_TOKENS)
    return frame(answers, model=model, kind=kind, condition=condition, seed=seed)
