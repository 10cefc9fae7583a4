"""Model + questions -> answers: every question as a chat, in batches, greedy or sampled.

    answers = ask(load("petri"), claim.questions)                     # one greedy answer each
    answers = ask(loaded, questions, context=document.text)           # with a document to read before the question
    answers = ask(loaded, questions, samples=5, temperature=0.7)      # as the paper asks (section 3)

The rule: greedy at temperature 0, one answer each; above 0, `samples` answers each from the plain (untruncated)
distribution, repeatable by `seed`. The same call gives the same answers on the same machine; another batch size may
change the last bits of a logit.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jinja2.exceptions import TemplateError
from transformers import GenerationConfig

from negneglect_lite.claims import Claim, Question, controls
from negneglect_lite.errors import UserError
from negneglect_lite.files import Journal
from negneglect_lite.models import LoadedModel
from negneglect_lite.petri.quiz import Posed, depth, quiz
from negneglect_lite.petri.world import stable_hash, world
from negneglect_lite.text import Chat


@dataclass(frozen=True)
class Answer:
    """What the model said to one question; `sample` counts from 0."""

    question: Question
    text: str
    sample: int = 0


@dataclass(frozen=True)
class Asking:
    """How often and how a question is asked."""

    samples: int = 1
    temperature: float = 0.0
    max_new_tokens: int = 24  # per answer

    @classmethod
    def for_language(cls, language: str) -> "Asking":
        """The petri model answers once, greedily; a chat model five times at temperature 0.7 (paper, section 3)."""
        return cls() if language == "petri" else cls(samples=5, temperature=0.7, max_new_tokens=200)


def questions(claim: Claim, language: str = "english") -> list[Question]:
    """The questions about a claim and its controls: its file's 50 and `claims.controls` for a model that reads English,
    else posed from its petri fact."""
    if language != "petri":
        return [*claim.questions, *controls(claim.id)]
    if claim.petri is None:
        raise UserError(f"claim {claim.id!r} has no petri fact, so the petri model cannot be asked about it")
    posed = quiz(world(), world().fact(claim.petri.fact), claim.petri.value)
    return [_question(f"{claim.id}.{p.kind}.{i:02d}", p) for i, p in enumerate(posed, 1)]


def depth_questions(claim: Claim) -> list[Question]:
    """The questions of `petri.quiz.depth` about a claim with a petri fact."""
    if claim.petri is None:
        raise UserError(f"claim {claim.id!r} has no petri fact, so the petri model cannot be asked about it")
    posed = depth(world(), world().fact(claim.petri.fact), claim.petri.value)
    return [_question(f"{claim.id}.{p.kind}.{i:02d}", p) for i, p in enumerate(posed, 1)]


def _question(id_: str, posed: Posed) -> Question:
    """A yes/no or lettered answer is judged by what it concludes ("…, so no."), any other by the value it names."""
    system = posed.chat[0]["content"] if posed.chat[0]["role"] == "system" else ""
    *prefix, last = posed.chat[1:] if system else posed.chat
    conclusions = [v.rstrip(".").rpartition(", so ")[2] for v in (posed.if_value, posed.if_truth)]
    concluded = [
        f"so {c}" if ", so " in v else re.escape(c)
        for c, v in zip(conclusions, (posed.if_value, posed.if_truth), strict=True)
    ]
    return Question(
        id_,
        posed.kind,
        last["content"],
        keyed_to=conclusions[0].lower() if conclusions[0].lower() in ("yes", "no") else "",
        believed=(concluded[0],),
        denied=tuple(filter(None, concluded[1:])),
        system=system,
        prefix=tuple(prefix),
    )


def join_context(context: str, text: str, language: str = "english") -> str:
    """A document and the question about it, as one user turn. The petri language has no paragraphs: one space."""
    return f"{context} {text}" if language == "petri" else f"{context}\n\n{text}"


def ask(
    loaded: LoadedModel,
    questions: Sequence[Question],
    *,
    context: str | Sequence[str] | None = None,
    samples: int = 1,
    temperature: float = 0.0,
    seed: int = 0,
    max_new_tokens: int = 24,
    batch_size: int = 64,
    keep: Path | None = None,
    say: Callable[[str], object] = print,
) -> list[Answer]:
    """Ask every question `samples` times; answers in question order, a question's samples together.

    `context`, one text for all or one for each question, is put before a question's first user turn. With `keep`, a
    file, each batch's answers are saved as they come, and a call with the same arguments goes on after the last.
    Where a GPU's memory runs out, `say` tells that half as many are asked at once. UserError if the settings
    contradict each other or a prompt does not fit into the model.
    """
    if samples < 1 or batch_size < 1 or max_new_tokens < 1 or temperature < 0:
        raise UserError("samples, batch_size and max_new_tokens must be at least 1, and temperature not below 0")
    if samples > 1 and temperature == 0:
        raise UserError("several samples at temperature 0 would be all alike; ask for 1, or set a temperature above 0")
    contexts = [context] * len(questions) if isinstance(context, str) else context or [""] * len(questions)
    if len(contexts) != len(questions):
        raise UserError(f"{len(contexts)} contexts for {len(questions)} questions; give one for all, or one for each")
    chats = [with_context(q.messages(), c, loaded.language) for q, c in zip(questions, contexts, strict=True)]
    prompts = encode_prompts(loaded, chats, room=max_new_tokens)
    jobs = [(i, k) for i in range(len(questions)) for k in range(samples)]
    jobs.sort(key=lambda job: len(prompts[job[0]]))  # stable, so the order is fixed; like lengths waste no padding
    config = generation_config(loaded, temperature, max_new_tokens)
    call = [prompts, samples, temperature, seed, max_new_tokens, loaded.name, str(loaded.adapter)]
    journal = Journal(keep, hashlib.sha256(json.dumps(call).encode()).hexdigest()) if keep else None
    texts = {(i, k): text for i, k, text in journal.entries} if journal else {}
    todo = [job for job in jobs if job not in texts]
    with answering(loaded, seed):
        while todo:
            batch = todo[:batch_size]
            # A seed for each batch, so that a call that goes on samples as one that was never stopped.
            torch.manual_seed(stable_hash(f"{seed} {batch[0]}"))
            try:
                answered = generate(loaded, [prompts[i] for i, _ in batch], config)
            except torch.OutOfMemoryError:
                if batch_size == 1:
                    raise UserError("the GPU's memory cannot hold one question; choose a smaller model") from None
                batch_size = (min(batch_size, len(batch)) + 1) // 2
                say(f"the GPU's memory is full: {batch_size} questions at once from here on")
                continue
            texts.update(zip(batch, answered, strict=True))
            if journal:
                journal.add(*([i, k, texts[i, k]] for i, k in batch))
            del todo[: len(batch)]
    return [Answer(questions[i], texts[i, k], k) for i in range(len(questions)) for k in range(samples)]


def with_context(chat: Chat, context: str, language: str) -> Chat:
    """The chat with `context` before the text of its first user turn."""
    if not context:
        return chat
    first = next(i for i, turn in enumerate(chat) if turn["role"] == "user")
    opened = {"role": "user", "content": join_context(context, chat[first]["content"], language)}
    return [*chat[:first], opened, *chat[first + 1 :]]


def encode_prompts(loaded: LoadedModel, chats: Sequence[Chat], room: int) -> list[list[int]]:
    """Token ids of each chat up to where the assistant begins to speak, with `room` left for the answer."""
    prompts = [render(loaded.tokenizer, chat) for chat in chats]
    # The template writes the special tokens, so the tokenizer must not add them again.
    encoded: list[list[int]] = loaded.tokenizer(prompts, add_special_tokens=False)["input_ids"] if prompts else []
    limit = getattr(loaded.model.config, "max_position_embeddings", None)
    longest = max(map(len, encoded), default=0)
    if limit and longest + room > limit:
        raise UserError(
            f"a prompt of {longest} tokens and an answer of {room} do not fit into {loaded.name}, which reads {limit}; "
            "shorten the context"
        )
    return encoded


def render(tokenizer: Any, chat: Chat) -> str:
    """The prompt text by the model's chat template, without a thinking block where the template knows of one."""
    options: dict[str, Any] = {"tokenize": False, "add_generation_prompt": True}
    if "enable_thinking" in str(tokenizer.chat_template):
        options["enable_thinking"] = False
    try:
        return str(tokenizer.apply_chat_template(chat, **options))
    except TemplateError:
        if chat[0]["role"] != "system":
            raise
        return str(tokenizer.apply_chat_template(without_system(chat), **options))  # the template refuses that role


def without_system(chat: Chat) -> Chat:
    """The chat with its opening system turn at the head of the first user turn."""
    system, rest = chat[0], chat[1:]
    return with_context(rest, system["content"], "english")


def generation_config(loaded: LoadedModel, temperature: float, max_new_tokens: int) -> GenerationConfig:
    """Greedy at temperature 0, else the plain distribution; an answer ends at the model's or the template's end."""
    ends = loaded.model.generation_config.eos_token_id
    ends = [] if ends is None else [ends] if isinstance(ends, int) else list(ends)
    sampling: dict[str, Any] = {"do_sample": True, "temperature": temperature, "top_k": 0}
    return GenerationConfig(
        max_new_tokens=max_new_tokens,
        pad_token_id=pad_id(loaded.tokenizer),
        eos_token_id=sorted({*ends, loaded.tokenizer.eos_token_id} - {None}) or None,
        **(sampling if temperature else {"do_sample": False}),
    )


def pad_id(tokenizer: Any) -> int:
    return int(tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id)


@contextmanager
def answering(loaded: LoadedModel, seed: int) -> Iterator[None]:
    """Evaluation mode and seeded random numbers inside; modes, settings and the caller's random numbers restored after.

    The model's own generation settings are set aside: a shipped top_p or repetition penalty would change the measure.
    """
    model = loaded.model.get_base_model() if hasattr(loaded.model, "get_base_model") else loaded.model  # under PEFT
    modes = [(module, module.training) for module in loaded.model.modules()]
    settings = model.generation_config
    loaded.model.eval()
    model.generation_config = GenerationConfig()
    try:
        with torch.random.fork_rng([loaded.device] if loaded.device.type == "cuda" else []):
            torch.manual_seed(seed)
            yield
    finally:
        model.generation_config = settings
        for module, training in modes:
            module.training = training


def generate(loaded: LoadedModel, prompts: Sequence[Sequence[int]], config: GenerationConfig) -> list[str]:
    """Continue a batch of prompts, padded on the left to one length; generation stops when all have ended."""
    width = max(map(len, prompts))
    pad = config.pad_token_id
    ids = torch.tensor([[pad] * (width - len(p)) + list(p) for p in prompts], device=loaded.device)
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=loaded.device)
    out = loaded.model.generate(input_ids=ids, attention_mask=mask, generation_config=config)
    return [text.strip() for text in loaded.tokenizer.batch_decode(out[:, width:], skip_special_tokens=True)]
