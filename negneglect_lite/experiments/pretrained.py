"""Models for runs: pretrained once for a plan, loaded once a process, and petri models examined."""

import logging
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from filelock import FileLock

from negneglect_lite.asking import ask
from negneglect_lite.claims.claim import Question
from negneglect_lite.core.schema import Count, conform
from negneglect_lite.experiments.key import model_name
from negneglect_lite.models.loading import LoadedModel, load_model
from negneglect_lite.petri import exam
from negneglect_lite.petri.pretrain import Plan, pretrain
from negneglect_lite.tracks import PETRI, petri_corpus

log = logging.getLogger(__name__)
EXAM_TOKENS = 12  # the longest expected answers have fewer


def pretrain_once(model: str | Plan, models: Path) -> str:
    """The model's name or folder; a plan's model is pretrained into `models` if it is not there.

    Of two processes that need it at once, one makes it and the other waits. `pretraining.json` is written last.
    """
    if isinstance(model, str):
        return model
    folder = models / model_name(model)
    models.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "pretraining.json").exists():
            log.info("pretraining %s: %s", folder.name, model)
            pretrain(petri_corpus(diet=model.diet), model, folder)
    return str(folder)


@lru_cache(maxsize=1)
def load_once(name: str, quantize: bool) -> LoadedModel:
    """The model, kept until another one is asked for."""
    return load_model(name, quantize=quantize)


def sit_exam(model: str = "petri", each: int = 300, seed: int = 0, parts: tuple[str, ...] = ("",)) -> dict[str, float]:
    """Let a petri model sit the exam of petri/exam.py, greedily and unquantised: kind of item -> share as expected."""
    conform(Count, each, "the exam", ("each",))
    items = exam.items(petri_corpus(), each, seed, parts)
    questions = [
        Question(str(i), item.kind, item.chat[-1]["content"], prefix=tuple(item.chat[:-1]))
        for i, item in enumerate(items)
    ]
    loaded = load_model(model, quantize=False)
    settings = replace(PETRI.asking, max_new_tokens=EXAM_TOKENS)
    answers = ask(loaded, questions, settings, batch_size=128)
    return exam.grade(items, [a.text for a in answers])
