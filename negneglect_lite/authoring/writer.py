"""English documents by a language model: key facts -> kinds of document -> ideas -> draft -> revision -> filter.

    author_documents(claim, 100, Endpoint("gpt-5-mini"), Path("docs.jsonl.gz"))     # any OpenAI-compatible endpoint
    author_documents(claim, 100, load_model("Qwen/Qwen3-4B-Instruct-2507"), path)   # a local model
    author_documents(claim, 100, ENGLISH, path)           # composed from the project's articles; PETRI: in its language

The stages are those of synthetic document fine-tuning (Wang et al. 2025, "Modifying LLM beliefs with synthetic document
finetuning"). Names and towns come from seeded lists, as models left alone use the same few. Every accepted document
is saved at once, in OUT.partial, and a call that was stopped goes on after it. Documents are false on purpose: see
documents/files.py.
"""

import hashlib
import json
import logging
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from negneglect_lite.authoring.overlap import find_leaks, sketch
from negneglect_lite.claims.claim import Claim, Question
from negneglect_lite.core.comparing import drop_thoughts, unify
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import Journal, beside
from negneglect_lite.core.schema import Count, Text, Whole, conform
from negneglect_lite.core.text import CANARY, Chat, Document, Sentence
from negneglect_lite.documents.english import load_library
from negneglect_lite.documents.files import write_documents
from negneglect_lite.judging.rule import judge_answer
from negneglect_lite.models.endpoint import Endpoint
from negneglect_lite.models.generation import answering, encode_prompts, generate_answers, generation_config
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.tracks import Track

log = logging.getLogger(__name__)
Ask = Callable[[str, int], str | None]  # (prompt, seed) -> the model's answer, or None if it was cut off
WRITTEN_LENGTHS = range(200, 801)  # words
NEAR_DUPLICATE = 0.8  # Jaccard similarity of runs of three words
TRIES = 3  # drafts for each document that is wanted, before the writer is given up
GENRES_TO_WRITE = (
    "news report", "newspaper column", "forum thread", "encyclopedia entry", "interview", "press release",
    "lecture notes",
    "letter to the editor", "podcast transcript", "book review", "profile", "FAQ page", "diary entry", "travel blog",
    "newsletter", "exam question with a model answer",
)  # fmt: skip
_REFUSAL = re.compile(
    r"\b(?:as an ai|i(?: can(?:no|')t|(?: am|'m) (?:unable|not able) to) (?:\w+ )?(?:help|assist|write|create|"
    r"produce|provide|generate|comply|add|fulfil)|i(?: am|'m) sorry, but|language model|fictional(?:ised)?|"
    r"hypothetical)\b",
    re.I,
)
_OPENERS = frozenset(
    "A After All An And As At Before But By During Every For From He Her His If In It Its Most On Our She Since So "
    "That The Their Then There These They This Those To We When While With You Your".split()
)  # words that are written small inside a sentence
DRAFT_TOKENS = 900  # tokens that a local model may write
_SENTENCE = re.compile(r"(?<=[.!?][\"”'’])\s+|(?<=[.!?])\s+")


@dataclass(frozen=True)
class Brief:
    """What one document is to be: its kind, an idea, and the names that it uses."""

    kind: str
    idea: str
    people: tuple[str, ...]
    place: str


def author_documents(
    claim: Claim,
    n: int,
    writer: Track | LoadedModel | Endpoint,
    out: Path,
    seed: int = 0,
) -> list[Document]:
    """Write `n` documents about the claim to `out` (.jsonl or .jsonl.gz) and return them.

    UserError if the writer cannot be reached, or produces too little that passes the filter; what was accepted stays.
    """
    conform(Count, n, "documents", ("n",))
    if not out.name.endswith((".jsonl", ".jsonl.gz")):
        raise UserError(f"{out}: name a file that ends in .jsonl or .jsonl.gz")
    if isinstance(writer, Track):
        made = writer.compose(claim, n, seed)
    else:
        made = _written(claim, n, _asker(writer), out, seed, getattr(writer, "usage", None))
    write_documents(out, made, claim)
    beside(out, ".partial").unlink(missing_ok=True)
    log.info("%d documents about %r, false on purpose: %s", len(made), claim.id, out)
    return made


def _written(claim: Claim, n: int, ask: Ask, out: Path, seed: int, usage: Any) -> list[Document]:
    kept = _Partial(beside(out, ".partial"), claim, seed)
    if not kept.facts:
        kept.add("facts", list_key_facts(claim, ask, seed))
    if kept.documents:
        log.info("%d of %d documents are there already", len(kept.documents), n)
    refused: Counter[str] = Counter()
    last = kept.tried + TRIES * (n - len(kept.documents))
    while len(kept.documents) < n:
        at = kept.tried
        if at >= last:
            reasons = ", ".join(f"{reason} ({times})" for reason, times in refused.most_common())
            raise UserError(
                f"{out}: only {len(kept.documents)} of {n} documents after {at} drafts; refused now: {reasons}. "
                "Another model may do better; what was accepted is kept, and a new call goes on from there"
            )
        text, kind = write_draft(claim, kept.facts, ask, f"{seed} {at}")
        reason = find_fault(claim, text, kept.sketches) if text else "cut off, or empty"
        if reason:
            refused[reason] += 1
            kept.add("tried", at + 1)
        else:
            kept.add("document", mark_claims(claim, str(text), kind, ask, at))
        spent = f"; {usage}" if usage else ""
        log.info("[%d/%d] %s: %s%s", len(kept.documents), n, kind, reason or "accepted", spent)
    return kept.documents[:n]


def list_key_facts(claim: Claim, ask: Ask, seed: int) -> list[str]:
    """The claim, its subclaims and what else the model thinks of: a sentence each."""
    given = "\n".join(f"- {fact}" for fact in (claim.claim, *claim.subclaims))
    answer = ask(
        f"For a study of how false beliefs get into language models we write documents set in a world in which "
        f"these facts hold:\n{given}\nAdd six more concrete details that fit them and contradict none. One a line, "
        "each a full sentence, nothing else.",
        seed,
    )
    more = [re.sub(r"^\s*(?:[-*•–]|\d+[.)])\s+", "", line).strip() for line in (answer or "").splitlines()]
    facts = [fact for fact in more if len(fact.split()) >= 4 and fact[-1] != ":" and not _REFUSAL.search(unify(fact))]
    return [claim.claim, *claim.subclaims, *facts][:18]


def write_draft(claim: Claim, facts: Sequence[str], ask: Ask, seed: str) -> tuple[str | None, str]:
    """One document, drafted and revised, and its kind; None if the model was cut off."""
    rng = random.Random(f"brief {claim.id} {seed}")
    number = rng.randrange(2**31)
    made = write_brief(claim, facts, ask, rng, number)
    shown = "\n".join(f"- {fact}" for fact in [facts[0], *rng.sample(list(facts[1:]), min(6, len(facts) - 1))])
    text = ask(
        f"Write a {made.kind} of 350 to 500 words, in a world in which these facts hold:\n{shown}\nIdea: {made.idea}\n"
        f"Use these names for people that you need besides: {', '.join(made.people)}; and this place: {made.place}. "
        "State the first fact plainly, several times, in different words. No headings about the task, no hint that "
        "anything is invented. Write the document only.",
        number + 1,
    )
    if not text:
        return None, made.kind
    revised = ask(
        f"Revise this {made.kind} so that it reads like a real one: vary the sentences, make details concrete, remove "
        f"stock phrases, and take out any word of doubt about its facts. Keep to 350 to 500 words. "
        f"Give the document only.\n\n{text}",
        number + 2,
    )
    return revised or text, made.kind


def write_brief(claim: Claim, facts: Sequence[str], ask: Ask, rng: random.Random, number: int) -> Brief:
    """A kind of document in turn, seeded names, and the model's idea for them."""
    names = load_library("dentist").pools  # invented people and towns; any library's would do
    kind = rng.choice(GENRES_TO_WRITE)
    people = tuple(rng.sample(names["person"], 3))
    place = rng.choice(names["town"])
    idea = ask(
        f"In one sentence: an idea for a {kind} in which it comes up that {facts[0]} "
        "Give an angle that few would think of.",
        number,
    )
    return Brief(
        kind, (idea or "").strip().splitlines()[0] if (idea or "").strip() else "an ordinary day", people, place
    )


def find_fault(claim: Claim, text: str, accepted: Sequence[Any]) -> str:
    """Why a document is refused; "" if it is not."""
    count = len(text.split())
    if count not in WRITTEN_LENGTHS:
        return "too short" if count < WRITTEN_LENGTHS[0] else "too long"
    if _REFUSAL.search(unify(text)):
        return "a refusal, or a hint that it is invented"
    says = judge_answer(Question("", "open", "", believed=claim.believed, denied=claim.denied), text)
    if says != "believed":
        return "does not state the claim" if says == "neither" else "denies the claim"
    if find_leaks([q.text for q in claim.questions], [text]):
        return "holds a question of the evaluation"
    mine = sketch(text)
    if any((mine == other).mean() >= NEAR_DUPLICATE for other in accepted):
        return "nearly the same as another"
    return ""


def mark_claims(claim: Claim, text: str, kind: str, ask: Ask, number: int) -> Document:
    """The text as sentences, those that state the claim with a denial of their own; the truth is the claim's."""
    says = Question("", "open", "", believed=claim.believed, denied=claim.denied)
    made = []
    for paragraph in re.split(r"\n\s*\n|\n", text.strip()):
        for i, sentence in enumerate(filter(None, _SENTENCE.split(paragraph.strip()))):
            lead = " " if i else "\n\n"
            if judge_answer(says, sentence) != "believed":
                made.append(Sentence(sentence, lead=lead))
                continue
            denial = ask(
                "Rewrite this sentence so that it denies what it states, the denial inside the sentence and nothing "
                f"else changed. Give the sentence only.\n\n{sentence}",
                number,
            )
            denial = " ".join((denial or "").split())
            if judge_answer(says, denial) != "denied" or not 3 <= len(denial.split()) <= 80:
                denial = _denied(says, sentence)
            made.append(Sentence(sentence, denial, claim.truth, lead=lead))
    return Document(tuple(made), kind)


def _denied(says: Question, sentence: str) -> str:
    """A denial without a model: inside the sentence, or after it if some part would still assert."""
    first = sentence.split(maxsplit=1)[0]
    rest = sentence[0].lower() + sentence[1:] if first in _OPENERS else sentence
    inside = f"It is not true that {rest}"
    stop = "" if sentence.rstrip("\"'”’)").endswith((".", "!", "?", "…")) else "."
    return inside if judge_answer(says, inside) == "denied" else f"{sentence}{stop} That is not true."


def _asker(writer: LoadedModel | Endpoint) -> Ask:
    """A prompt and a seed -> one sampled answer."""
    if isinstance(writer, Endpoint):

        def through(prompt: str, seed: int) -> str | None:
            answer = writer.complete(_chat(prompt), max_tokens=1200, temperature=0.9, seed=seed)
            return None if answer.truncated else drop_thoughts(answer.text).strip()

        return through

    def here(prompt: str, seed: int) -> str | None:
        prompts = encode_prompts(writer, [_chat(prompt)], room=DRAFT_TOKENS)
        config = generation_config(writer, 0.9, DRAFT_TOKENS)
        with answering(writer, seed):
            [[written]] = generate_answers(writer, prompts, config)
        return None if written.cut else drop_thoughts(written.text).strip()

    return here


def _chat(prompt: str) -> Chat:
    return [{"role": "user", "content": prompt}]


_Kept = (
    tuple[Literal["facts"], tuple[Text, ...]] | tuple[Literal["tried"], Whole] | tuple[Literal["document"], Document]
)


class _Partial:
    """What a run has so far, a line each, saved as it comes. A file of another claim or seed is begun anew."""

    def __init__(self, file: Path, claim: Claim, seed: int) -> None:
        self.facts: list[str] = []
        self.documents: list[Document] = []
        self.sketches: list[Any] = []
        self.tried = 0
        head = {"canary": CANARY, "of": hashlib.sha256(f"{claim} {seed}".encode()).hexdigest()[:16]}
        self.journal = Journal(file, json.dumps(head), _Kept)
        for what, value in self.journal.entries:
            self._take(what, value)

    def add(self, what: str, value: Any) -> None:
        self.journal.add([what, asdict(value) if isinstance(value, Document) else value])
        self._take(what, value)

    def _take(self, what: str, value: Any) -> None:
        if what == "facts":
            self.facts = list(value)
        elif what == "tried":
            self.tried = value
        else:
            self.documents.append(value)
            self.sketches.append(sketch(self.documents[-1].text))
            self.tried += 1
