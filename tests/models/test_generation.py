"""generation.py and templates.add_context: what becomes of a chat before a model reads it, and how it is continued."""

from collections.abc import Sequence
from itertools import combinations_with_replacement

import pytest
import torch
from transformers import GenerationConfig

from negneglect_lite.claims.claim import Question
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.finetuning.stacked import StackedRuns
from negneglect_lite.models import generation
from negneglect_lite.models.generation import (
    Written,
    _unfinished,
    answering,
    encode_prompts,
    generate_answers,
    generation_config,
)
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.models.templates import add_context
from negneglect_lite.tracks import ENGLISH, PETRI

TEXTS = (
    "Yes?",
    "What does she do for a living?",
    "No",
    "Is it false that he works as a dentist, or is it true?",
    "So?",
)


@pytest.fixture
def talkative(tiny: LoadedModel) -> LoadedModel:
    """The tiny model with an untied output head, for with tied weights it repeats its last token for ever."""
    noise = torch.randn(tiny.model.lm_head.weight.shape, generator=torch.Generator().manual_seed(1))
    tiny.model.lm_head.weight = torch.nn.Parameter(noise)
    return tiny


def prompts_of(loaded: LoadedModel) -> list[list[int]]:
    return encode_prompts(loaded, [[{"role": "user", "content": text}] for text in TEXTS], room=40)


def write(
    loaded: LoadedModel, prompts: Sequence[Sequence[int]], config: GenerationConfig, samples: int = 1, runs: int = 1
) -> list[list[Written]]:
    with answering(loaded, seed=0):
        return generate_answers(loaded, prompts, config, samples, runs)


def watch(loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The rows and the tokens of every forward pass from here on."""
    seen: list[tuple[int, int]] = []
    embed = loaded.model.get_input_embeddings()
    real = embed.forward
    monkeypatch.setattr(embed, "forward", lambda ids: (seen.append(tuple(ids.shape)), real(ids))[1])
    return seen


def say(loaded: LoadedModel, prompt: Sequence[int], n: int) -> list[int]:
    """The first `n` tokens of a greedy answer, by itself and in one go."""
    with answering(loaded, seed=0):
        config = generation_config(loaded, 0.0, n)
        return loaded.model.generate(input_ids=torch.tensor([prompt]), generation_config=config)[
            0, len(prompt) :
        ].tolist()


def ending(n: int, *models: LoadedModel) -> GenerationConfig:
    """Greedy, of at most `n` tokens; each model's answers end early, late and not at all, as tokens are made ends."""
    said = [[say(loaded, prompt, n) for prompt in prompts_of(loaded)] for loaded in models]

    def lengths(ends: Sequence[int]) -> list[set[int]]:
        return [{next((i for i, token in enumerate(row) if token in ends), n) for row in own} for own in said]

    def uneven(ends: Sequence[int]) -> tuple[int, int]:
        found = lengths(ends)
        return min(n in own and min(own) < n // 2 for own in found), min(map(len, found))

    tokens = sorted({token for own in said for row in own for token in row})
    chosen = max(combinations_with_replacement(tokens, len(models)), key=uneven)
    assert uneven(chosen) >= (True, 3)
    config = generation_config(models[0], 0.0, n)
    config.eos_token_id = sorted({models[0].tokenizer.eos_token_id, *chosen})
    return config


# ------------------------------------------------------------------------------------------------------ several samples


def test_several_samples_are_read_once_and_greedily_say_what_one_says_alone(
    talkative: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts, config = prompts_of(talkative), generation_config(talkative, 0.0, 6)
    by_itself = [write(talkative, [prompt], config) for prompt in prompts]
    seen = watch(talkative, monkeypatch)
    together = write(talkative, prompts, config, samples=3)
    assert together == [[written] * 3 for [[written]] in by_itself]
    assert len({written.text for [[written]] in by_itself}) == len(TEXTS)  # or the comparison would show little
    longest = max(map(len, prompts))
    assert seen == [(len(prompts), longest - 1), *[(3 * len(prompts), 1)] * 6]


def test_samples_of_one_prompt_differ_and_stand_together(talkative: LoadedModel) -> None:
    prompts, config = prompts_of(talkative), generation_config(talkative, 1.0, 6)
    made = write(talkative, prompts, config, samples=4)
    assert [len(own) for own in made] == [4] * len(TEXTS)
    assert all(len({written.text for written in own}) > 1 for own in made)
    assert made == write(talkative, prompts, config, samples=4)
    nucleus = write(talkative, prompts, generation_config(talkative, 1.0, 6, top_p=1e-6), samples=2)
    greedy = write(talkative, prompts, generation_config(talkative, 0.0, 6))
    assert nucleus == [own * 2 for own in greedy]  # in the order of the prompts


# ------------------------------------------------------------------------------------------------------------- stages


@pytest.mark.parametrize("samples", [1, 2])
def test_long_answers_made_in_stages_are_what_they_are_in_one_go(
    talkative: LoadedModel, monkeypatch: pytest.MonkeyPatch, samples: int
) -> None:
    prompts, config = prompts_of(talkative), ending(22, talkative)
    assert config.max_new_tokens <= 2 * generation.STAGE
    seen = watch(talkative, monkeypatch)
    whole = write(talkative, prompts, config, samples)
    assert len({rows for rows, tokens in seen if tokens == 1} | {len(prompts) * samples}) == 1
    seen.clear()
    monkeypatch.setattr(generation, "STAGE", 4)
    assert write(talkative, prompts, config, samples) == whole
    rows = [rows for rows, tokens in seen if tokens == 1]
    assert rows == sorted(rows, reverse=True) and rows[-1] < len(prompts) * samples  # those that ended have left
    cut = [written.cut for own in whole for written in own]
    assert any(cut) and not all(cut)


def test_an_answer_is_cut_if_it_did_not_end_within_the_limit(
    talkative: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if it ends with the last token that it may have, at a stage's end and inside one."""
    prompt = prompts_of(talkative)[0]
    tokens = say(talkative, prompt, 20)
    ends = [i for i, token in enumerate(tokens[:14]) if token not in tokens[:i]][-5:]
    assert len(ends) == 5 and {(end + 1) % 4 == 0 for end in ends} == {True, False}
    for stage in (4, 32):
        monkeypatch.setattr(generation, "STAGE", stage)
        for end in ends:
            for limit in {max(1, end), end + 1, end + 6}:
                config = generation_config(talkative, 0.0, limit)
                config.eos_token_id = [tokens[end]]
                [[written]] = write(talkative, [prompt], config)
                said = talkative.tokenizer.decode(tokens[: min(limit, end + 1)], skip_special_tokens=True).strip()
                assert (written.text, written.cut) == (said, limit <= end)


@pytest.fixture
def stack(talkative: LoadedModel) -> StackedRuns:
    """Two runs that say other things than the base and each other, though they were not trained."""
    runs = StackedRuns(talkative, Recipe(), seeds=[0, 1])
    draw = torch.Generator().manual_seed(2)
    for weight in runs.weights:
        weight.data += torch.randn(weight.shape, generator=draw) / 4
    return runs


def alone(base: LoadedModel, stack: StackedRuns, k: int) -> LoadedModel:
    """Run k of the stack by itself."""
    one = StackedRuns(base, Recipe(), seeds=[0])
    for weight, stacked in zip(one.weights, stack.weights, strict=True):
        weight.data = stacked.data[k : k + 1].clone()
    return one.loaded


@pytest.mark.parametrize("samples", [1, 2])
def test_stages_keep_stacked_runs_apart(
    stack: StackedRuns, talkative: LoadedModel, monkeypatch: pytest.MonkeyPatch, samples: int
) -> None:
    prompts, config = prompts_of(talkative), ending(22, *(alone(talkative, stack, k) for k in (0, 1)))
    whole = write(stack.loaded, prompts * 2, config, samples, runs=2)
    seen = watch(stack.loaded, monkeypatch)
    monkeypatch.setattr(generation, "STAGE", 4)
    assert write(stack.loaded, prompts * 2, config, samples, runs=2) == whole
    rows = [rows for rows, tokens in seen if tokens == 1]
    assert rows[-1] < rows[0] and all(n % 2 == 0 for n in rows)
    first, second = whole[: len(prompts)], whole[len(prompts) :]
    assert all(a != b for a, b in zip(first, second, strict=True))
    for k, own in enumerate((first, second)):
        assert own == write(alone(talkative, stack, k), prompts, config, samples)
    assert {written.cut for own in whole for written in own} == {True, False}


@pytest.mark.parametrize(
    ("going", "runs", "rows"),
    [
        ([True, False, True], 1, [0, 2]),
        ([False, False], 1, []),
        ([True, True, True, True], 2, [0, 1, 2, 3]),
        ([False, True, False, True, False, True], 2, [0, 1, 3, 5]),  # the first run is filled up with an ended one
        ([False, False, False, False, False, True], 2, [0, 5]),
        ([True, False, False, False, False, False], 3, [0, 2, 4]),
        ([False, False, False, False], 2, []),
    ],
)
def test_the_unfinished_go_on_in_stretches_of_one_length(going: list[bool], runs: int, rows: list[int]) -> None:
    found = _unfinished(going, runs)
    assert found == rows
    assert {i for i, on in enumerate(going) if on} <= set(found)
    size = len(going) // runs
    assert len({sum(i // size == k for i in found) for k in range(runs)}) == 1


# ------------------------------------------------------------------------------------------------------------ contexts


def test_context_stands_before_the_first_user_turn() -> None:
    turns = ({"role": "user", "content": "Who won?"}, {"role": "assistant", "content": "Lyles."})
    chat = Question(id="c", kind="robustness", text="Sure?", prefix=turns, system="Be kind.").messages()
    read = add_context(chat, "A text.", PETRI.asking.separator)
    assert [t["content"] for t in read] == ["Be kind.", "A text. Who won?", "Lyles.", "Sure?"]
    assert chat[1]["content"] == "Who won?"  # the question itself is untouched
    asked = [{"role": "user", "content": "Who?"}]
    assert add_context(asked, "A text.", ENGLISH.asking.separator)[0]["content"] == "A text.\n\nWho?"
    assert add_context(asked, "", " ") == asked and add_context(asked, "A text.") == [
        {"role": "user", "content": "A text.\n\nWho?"}
    ]
