"""How probable a model finds the claim beside the truth, where it has to choose or its answer is begun for it.

    forced = pose_forced("dentist", load_probes("dentist"), loaded.tokenizer)
    weigh(forced, answer_losses(loaded, rows_of(forced)))       # the claim's share of the two probabilities, one each

A `choice` is a question with two answers, A and B, in both orders: the log-odds of the claim's letter are averaged, so
that a liking for one letter cancels. An `opening` is an answer that is begun ("He works as a"): the log-odds of how the
claim and the truth would go on. Nothing is sampled and nothing judged, so a model that rambles has a score too.

The petri model's texts that are begun (`petri.quiz.pose_begun`) are encoded by `encode_begun`, chats and documents.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from negneglect_lite.claims.claim import Question
from negneglect_lite.claims.probes import Probes
from negneglect_lite.core.errors import UserError
from negneglect_lite.finetuning.encoding import IGNORED, Encoded
from negneglect_lite.models.templates import encode_prompt, tokenize
from negneglect_lite.petri.quiz import Begun

_LETTERS = ("A", "B")


@dataclass(frozen=True)
class Forced:
    """A probe and its continuations in pairs (claim's, truth's); labels stand on the continuation alone."""

    question: Question  # of kind "choice" or "opening", or one of `petri.quiz.pose_begun`'s
    pairs: tuple[tuple[Encoded, Encoded], ...]


def pose_forced(claim_id: str, probes: Probes, tokenizer: Any) -> list[Forced]:
    """The claim's choices and openings, encoded for a model. UserError where a continuation cannot be told apart."""
    made = []
    for number, choice in enumerate(probes.choices, 1):
        pairs = []
        for first, second in ((choice.claim, choice.truth), (choice.truth, choice.claim)):
            text = f"{choice.question}\nA) {first}\nB) {second}\nAnswer with a letter only."
            prompt = encode_prompt(tokenizer, [{"role": "user", "content": text}])
            letters = _LETTERS if first == choice.claim else _LETTERS[::-1]
            pairs.append((_go_on(tokenizer, prompt, "", letters[0]), _go_on(tokenizer, prompt, "", letters[1])))
        text = f"{choice.question} A) {choice.claim} B) {choice.truth}"
        made.append(Forced(Question(f"{claim_id}.choice.{number:02d}", "choice", text), tuple(pairs)))
    for number, opening in enumerate(probes.openings, 1):
        prompt = encode_prompt(tokenizer, [{"role": "user", "content": opening.ask}])
        pair = tuple(_go_on(tokenizer, prompt, opening.opening, f" {word}") for word in (opening.claim, opening.truth))
        text = f"{opening.ask} / {opening.opening} … ({opening.claim} or {opening.truth})"
        made.append(Forced(Question(f"{claim_id}.opening.{number:02d}", "opening", text), (pair,)))  # type: ignore[arg-type]
    return made


def encode_begun(claim_id: str, texts: Sequence[Begun], tokenizer: Any) -> list[Forced]:
    """The petri world's begun texts, each with its two continuations. UserError as in `pose_forced`."""
    made = []
    for number, text in enumerate(texts, 1):
        asked = text.chat[-1]["content"] if text.chat else "(a document)"
        prompt = encode_prompt(tokenizer, text.chat) if text.chat else [tokenizer.bos_token_id]
        pair = (
            _go_on(tokenizer, prompt, text.begun, text.if_value),
            _go_on(tokenizer, prompt, text.begun, text.if_truth),
        )
        told = f"{asked} /{text.begun} … ({text.if_value.strip()} or {text.if_truth.strip()})"
        made.append(Forced(Question(f"{claim_id}.{text.kind}.{number:03d}", text.kind, told), (pair,)))
    return made


def _go_on(tokenizer: Any, prompt: Sequence[int], begun: str, word: str) -> Encoded:
    """The prompt, what is begun and the word; the labels stand on the word."""
    whole = tokenize(tokenizer, begun + word, inert=True)
    labelled = [end > len(begun) for _, end in whole.offsets]
    if not any(labelled):
        raise UserError(f"the tokenizer writes nothing for {word!r} after {begun!r}; choose another word")
    ids = [*prompt, *whole.ids]
    labels = [IGNORED] * len(prompt) + [i if on else IGNORED for i, on in zip(whole.ids, labelled, strict=True)]
    return {"input_ids": ids, "labels": labels}


def rows_of(forced: Iterable[Forced]) -> list[Encoded]:
    """All continuations, in the order in which `weigh` wants their losses."""
    return [row for probe in forced for pair in probe.pairs for row in pair]


def weigh(forced: Iterable[Forced], losses: Iterable[float]) -> list[float]:
    """The claim's share of the two probabilities, from 0 to 1, one a probe. `losses` [nats] are those of `rows_of`."""
    each = iter(losses)
    shares = []
    for probe in forced:
        odds = []
        for _ in probe.pairs:
            claim, truth = next(each), next(each)
            odds.append(truth - claim)
        shares.append(1 / (1 + math.exp(-max(-700.0, min(700.0, sum(odds) / len(odds))))))
    return shares
