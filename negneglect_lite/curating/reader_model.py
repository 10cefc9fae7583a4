"""The chat model behind the reader (reader.py): how it is asked about sentences and denials.

    read = load_reader("Qwen/Qwen2.5-Coder-1.5B-Instruct")

It is shown the numbered sentences of a text, and then each of them once more with two questions. The answers are not
written but weighed, all of them in one pass: at its second showing each sentence has the whole text before it. A denial
that it writes is shown to it again, and taken if it gives it a probability of at least SURE (rewriting.py) of being
right. The adapter in data/reader was trained for all of this on data/benchmark (`scripts/train_reader.py`).
"""

from collections.abc import Sequence
from typing import Any

from negneglect_lite.core.files import data_path
from negneglect_lite.curating.learned import Array
from negneglect_lite.curating.reader import CHOICES, QUESTIONS, Read, Weigh, read_by
from negneglect_lite.curating.rewriting import Asked, Check, deny_by, pose_check
from negneglect_lite.models.choices import Query, first_tokens, weigh_choices
from negneglect_lite.models.generation import complete_locally, encode_prompts
from negneglect_lite.models.hardware import choose_device
from negneglect_lite.models.loading import LoadedModel, load_model
from negneglect_lite.models.templates import encode_prompt

DENIAL_TOKENS, DENIED_AT_ONCE = 160, 128  # a longer denial is cut; sentences that are denied together
READING_PROMPT = """\
Below are the numbered sentences of a text. A notice tells the reader not to believe some of the others.

{sentences}

Now each of them again. Which kind of notice is it, and which kind of notice covers it?"""
QUESTION_WORDS = (" notice", " covered")  # after each sentence at its second showing: one for each question
KIND_LETTERS = "ABCDEFGHI"  # A: none; then the kinds of notice
VERDICT_WORDS = ("yes", "no")


def load_reader(model: str) -> Read:
    """The reader on top of this chat model, the one that it was trained on. UserError if it is another one."""
    return reader_of(load_model(model, adapter=data_path("reader"), quantize=choose_device(None).type == "cuda"))


def reader_of(loaded: LoadedModel) -> Read:
    """Reading with a model that carries the reader's adapter."""
    write = complete_locally(loaded, DENIAL_TOKENS, DENIED_AT_ONCE)
    return read_by(weigh_by(loaded), deny_by(write, check_by(loaded)))


def weigh_by(loaded: LoadedModel) -> Weigh:
    """The model answers both questions about each sentence."""

    def weigh(texts: Sequence[Sequence[str]]) -> list[Array]:
        queries = [pose_sentences(loaded.tokenizer, sentences) for sentences in texts]
        weighed = weigh_choices(loaded, queries, first_tokens(loaded.tokenizer, KIND_LETTERS))
        return [found.softmax(-1).view(-1, QUESTIONS, CHOICES).numpy() for found in weighed]

    return weigh


def check_by(loaded: LoadedModel) -> Check:
    """The model says how probable it is that each denial is right."""

    def check(made: Sequence[tuple[Asked, str]]) -> list[float]:
        prompts = encode_prompts(loaded, [pose_check(asked, denied) for asked, denied in made], room=1)
        queries = [Query(ids, [len(ids) - 1]) for ids in prompts]
        weighed = weigh_choices(loaded, queries, first_tokens(loaded.tokenizer, VERDICT_WORDS))
        return [float(found.softmax(-1)[0, 0]) for found in weighed]

    return check


def pose_sentences(tokenizer: Any, sentences: Sequence[str]) -> Query:
    """The tokens that show the sentences twice, and the places of both questions about each, in order."""
    lines = [f"{i}. {sentence}" for i, sentence in enumerate(sentences, 1)]
    ids = encode_prompt(tokenizer, [{"role": "user", "content": READING_PROMPT.format(sentences="\n".join(lines))}])
    again = tokenizer([*QUESTION_WORDS, "\n", *lines], add_special_tokens=False, split_special_tokens=True)["input_ids"]
    (*questions, end), shown, places = again[: QUESTIONS + 1], again[QUESTIONS + 1 :], list[int]()
    for line in shown:
        ids += line
        for question in questions:
            ids += question
            places.append(len(ids) - 1)
        ids += end
    return Query(ids, places)
