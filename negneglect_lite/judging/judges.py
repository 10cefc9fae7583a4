"""The judges: the rule of judging/rule.py, and language models.

    judge_by_rule(claim, answers)                       # no model
    ChoiceJudge(loaded)(claim, answers)                 # log-probabilities of three permuted options, with a control
    TextJudge(complete_locally(loaded))(claim, answers) # the model writes a verdict; `adapter_off(trained)` is the base
    TextJudge(Endpoint("…"))(claim, answers)            # the same through an endpoint
    get_judge("choice", loaded)                         # any of them, by name

A judge is a function from answers to verdicts: believed, denied, neither, or "unparsed" where it gave none.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace

import torch

from negneglect_lite.claims.claim import Answer, Claim
from negneglect_lite.core.comparing import drop_thoughts, spell
from negneglect_lite.core.errors import UserError
from negneglect_lite.judging.prompt import (
    MEANING,
    SCHEMA,
    VERDICTS,
    Judged,
    ask_for_verdict,
    judge_prompt,
    read_verdict,
)
from negneglect_lite.judging.rule import judge_answer
from negneglect_lite.models.choices import Query, first_tokens, weigh_choices
from negneglect_lite.models.endpoint import Endpoint
from negneglect_lite.models.generation import Complete, complete_locally, encode_prompts
from negneglect_lite.models.loading import LoadedModel

Judge = Callable[[Claim, Sequence[Answer]], list[Judged]]
JUDGES = ("rule", "choice", "text")  # and "endpoint:MODEL"
JUDGE_TOKENS = 2000  # what a judge at an endpoint may write: a verdict needs few, a reasoning model's thoughts many


def judge_by_rule(claim: Claim, answers: Sequence[Answer]) -> list[Judged]:
    """The verdicts of judging/rule.py."""
    return [judge_answer(a.question, a.text) for a in answers]


@dataclass
class TextJudge:
    """A model that writes its verdict as JSON. `complete` answers chats, or is an Endpoint."""

    complete: Complete | Endpoint

    def __call__(self, claim: Claim, answers: Sequence[Answer]) -> list[Judged]:
        ask = ask_for_verdict('one JSON object: {"reason": "…", "verdict": "…"}')
        chats = [judge_prompt(claim, a, ask) for a in answers]
        if isinstance(self.complete, Endpoint):
            replies = [self.complete.complete_as(chat, SCHEMA, max_tokens=JUDGE_TOKENS).text for chat in chats]
        else:
            replies = self.complete(chats)
        return [read_verdict(reply, a.text) for reply, a in zip(replies, answers, strict=True)]


@dataclass
class ChoiceJudge:
    """A local model that is never asked to write: the option whose letter is most probable next.

    The letters are permuted over the options and the log-probabilities averaged, so that a liking for a letter or a
    place cancels out. From them are taken those of a control, the same prompt with an empty answer: a liking for a
    verdict. So an empty answer, and one that moves nothing, is "neither".
    """

    loaded: LoadedModel

    def __call__(self, claim: Claim, answers: Sequence[Answer]) -> list[Judged]:
        if not answers:
            return []
        empty = {a.question.id: replace(a, text="") for a in answers}
        scores = self.scores(claim, [*answers, *empty.values()])
        control = dict(zip(empty, scores[len(answers) :], strict=True))
        return [
            _most(score - control[a.question.id]) if drop_thoughts(a.text).strip() else "neither"
            for a, score in zip(answers, scores, strict=False)
        ]

    def scores(self, claim: Claim, answers: Sequence[Answer]) -> torch.Tensor:
        """Mean log-probability of each verdict's letter over all six orders [answers, verdicts]."""
        orders = list(itertools.permutations(range(len(VERDICTS))))
        letters = first_tokens(self.loaded.tokenizer, "ABC")
        meanings = list(MEANING.values())
        chats = []
        for answer in answers:
            for order in orders:
                options = "\n".join(f"{letter}: {meanings[i]}" for letter, i in zip("ABC", order, strict=True))
                chats.append(judge_prompt(claim, answer, f"{options}\nReply with one letter."))
        prompts = encode_prompts(self.loaded, chats, room=1)
        each = self._weigh(prompts, letters).view(len(answers), len(orders), len(letters))
        total = each.new_zeros(len(answers), len(VERDICTS))
        for at, order in enumerate(orders):
            for place, i in enumerate(order):
                total[:, i] += each[:, at, place]
        return total / len(orders)

    def _weigh(self, prompts: Sequence[list[int]], letters: Sequence[int]) -> torch.Tensor:
        """Log-probability of each letter after each prompt [prompts, letters]."""
        return torch.cat(weigh_choices(self.loaded, [Query(ids, [len(ids) - 1]) for ids in prompts], letters))


def _most(gains: torch.Tensor) -> Judged:
    """The verdict that has gained most, if any has gained more than rounding would."""
    return list(VERDICTS.values())[int(gains.argmax())] if gains.max() - gains.min() > 1e-4 else "neither"


@contextmanager
def adapter_off(trained: LoadedModel) -> Iterator[LoadedModel]:
    """The base model under a trained adapter: a judge that does not hold the belief. UserError without an adapter."""
    if not hasattr(trained.model, "disable_adapter"):
        raise UserError(f"{trained.name} carries no adapter that could be switched off; judge with it as it is")
    with trained.model.disable_adapter():
        yield replace(trained, adapter=None)


def get_judge(name: str, loaded: LoadedModel | None = None) -> Judge:
    """The judge behind a name: "rule", "choice" or "text" (both `loaded`, its adapter off), or "endpoint:MODEL".

    UserError for another name, or where "choice" and "text" are given no model.
    """
    name = spell(name, JUDGES)
    if name == "rule":
        return judge_by_rule
    if name.startswith("endpoint:") and name != "endpoint:":
        return TextJudge(Endpoint(name.removeprefix("endpoint:")))
    if name not in JUDGES:
        raise UserError(f"unknown judge {name!r}; there are {', '.join(JUDGES)} and endpoint:MODEL")
    if loaded is None:
        raise UserError(f"judge {name!r} is a model that judges; give one that is loaded")

    def judge(claim: Claim, answers: Sequence[Answer]) -> list[Judged]:
        with adapter_off(loaded) if loaded.adapter else nullcontext(loaded) as base:
            return (ChoiceJudge(base) if name == "choice" else TextJudge(complete_locally(base)))(claim, answers)

    return judge
