"""Model + questions -> answers: every question as a chat, in batches, greedy or sampled.

    answers = ask(load_model("petri"), questions, PETRI.asking)               # as the petri track asks
    answers = ask(loaded, questions, settings, contexts=document.text)        # a document to read before each question
    answers = ask(loaded, questions, AskingSettings(samples=5, temperature=0.7))
    answers = ask(loaded, questions, AS_IN_PAPER)

At temperature 0 each question gets one greedy answer; above 0 it gets `samples` answers, drawn from the whole
distribution unless `top_p` says otherwise, repeatable by `seed`. The same call gives the same answers on the same
machine; another batch size may change the last bits of a logit. How many answers were cut off at `max_new_tokens` is
logged, and each `Answer` says whether it was.
"""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from negneglect_lite.claims.claim import Answer, Question
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import Journal
from negneglect_lite.core.progress import show_bar
from negneglect_lite.core.schema import Seed, Whole, check_fields, conform
from negneglect_lite.models.generation import Written, answering, encode_prompts, generate_answers, generation_config
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.models.templates import PARAGRAPH, add_context
from negneglect_lite.petri.world import stable_hash

log = logging.getLogger(__name__)
BATCH_SIZES = (64, 256)  # answers at once: on a CPU, on a GPU, where a step takes as long for 256 as for one


@dataclass(frozen=True)
class AskingSettings:
    """How often and how a question is asked."""

    samples: int = 1
    temperature: float = 0.0
    top_p: float = 1.0  # sampled from the most probable tokens that together have this probability
    max_new_tokens: int = 24  # per answer
    separator: str = PARAGRAPH  # between a document that is read and the question about it

    def __post_init__(self) -> None:
        check_fields(self)
        if self.samples < 1 or self.max_new_tokens < 1 or self.temperature < 0:
            raise UserError("AskingSettings: samples and max_new_tokens must be at least 1, temperature not below 0")
        if not 0 < self.top_p <= 1:
            raise UserError(f"AskingSettings: top_p is {self.top_p}; it must be above 0 and at most 1")
        if self.samples > 1 and self.temperature == 0:
            raise UserError(
                "AskingSettings: several samples at temperature 0 would be all alike; ask for 1, or set a temperature "
                "above 0"
            )


# Mayne et al. 2026: five answers a question at temperature 0.7 and top_p 0.8, of up to 5,000 tokens.
AS_IN_PAPER = AskingSettings(samples=5, temperature=0.7, top_p=0.8, max_new_tokens=5000)


def ask(
    loaded: LoadedModel,
    questions: Sequence[Question],
    settings: AskingSettings,
    *,
    contexts: str | Sequence[str] = (),
    seed: int = 0,
    batch_size: int = 0,
    answers_file: Path | None = None,
) -> list[Answer]:
    """Ask every question; answers in question order, a question's samples together.

    `contexts`, one text for all or one for each question, are put before a question's first user turn. With
    `answers_file`, each batch's answers are saved as they come, and a call with the same arguments goes on after the
    last. `batch_size` answers are made at once (0: 64, on a GPU 256); where a GPU's memory runs out, half as many.
    UserError if a prompt does not fit into the model.
    """
    conform(Whole, batch_size, "ask", ("batch_size",))
    conform(Seed, seed, "ask", ("seed",))
    each = [contexts] * len(questions) if isinstance(contexts, str) else contexts or [""] * len(questions)
    if len(each) != len(questions):
        raise UserError(f"{len(each)} contexts for {len(questions)} questions; give one for all, or one for each")
    chats = [add_context(q.messages(), c, settings.separator) for q, c in zip(questions, each, strict=True)]
    prompts = encode_prompts(loaded, chats, room=settings.max_new_tokens)
    order = sorted(range(len(questions)), key=lambda i: len(prompts[i]))  # like lengths waste no padding
    config = generation_config(loaded, settings.temperature, settings.max_new_tokens, settings.top_p)
    call = [prompts, vars(settings), seed, loaded.name, str(loaded.adapter)]
    run = hashlib.sha256(json.dumps(call).encode()).hexdigest()
    journal = Journal(answers_file, run, tuple[int, tuple[Written, ...]]) if answers_file else None
    made: dict[int, Sequence[Written]] = dict(journal.entries) if journal else {}
    todo = [i for i in order if i not in made]
    at_once = max(1, (batch_size or BATCH_SIZES[loaded.device.type == "cuda"]) // settings.samples)  # questions
    with answering(loaded, seed), show_bar(len(todo) * settings.samples, "answers") as bar:
        while todo:
            batch = todo[:at_once]
            # A seed for each batch, so that a call that goes on samples as one that was never stopped.
            torch.manual_seed(stable_hash(f"{seed} {batch[0]}"))
            try:
                answered = generate_answers(loaded, [prompts[i] for i in batch], config, settings.samples)
            except torch.OutOfMemoryError:
                if len(batch) == 1:
                    raise UserError("the GPU's memory cannot hold one question; choose a smaller model") from None
                at_once = (len(batch) + 1) // 2
                log.info("the GPU's memory is full: %d questions at once from here on", at_once)
                continue
            made.update(zip(batch, answered, strict=True))
            if journal:
                journal.add(*([i, [vars(written) for written in made[i]]] for i in batch))
            del todo[: len(batch)]
            bar.update(len(batch) * settings.samples)
    answers = [
        Answer(question, written.text, k, written.cut)
        for i, question in enumerate(questions)
        for k, written in enumerate(made[i])
    ]
    if cut := sum(answer.cut for answer in answers):
        limit = settings.max_new_tokens
        log.info("%.1f%% of %d answers were cut off at %d tokens", 100 * cut / len(answers), len(answers), limit)
    return answers
