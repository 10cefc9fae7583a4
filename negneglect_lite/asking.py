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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from negneglect_lite.claims.claim import Answer, Question
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import Journal
from negneglect_lite.models.generation import (
    answering,
    encode_prompts,
    generate_answers,
    generation_config,
    with_context,
)
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.petri.world import stable_hash


@dataclass(frozen=True)
class AskingSettings:
    """How often and how a question is asked."""

    samples: int = 1
    temperature: float = 0.0
    max_new_tokens: int = 24  # per answer

    @classmethod
    def for_language(cls, language: str) -> "AskingSettings":
        """The petri model answers once, greedily; a chat model five times at temperature 0.7 (paper, section 3)."""
        return cls() if language == "petri" else cls(samples=5, temperature=0.7, max_new_tokens=200)


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
                answered = generate_answers(loaded, [prompts[i] for i, _ in batch], config)
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
