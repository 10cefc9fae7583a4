"""asking.py: order, padding, stopping, sampling, context, and what must be left as it was found."""

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from negneglect_lite import asking
from negneglect_lite.asking import AskingSettings, ask
from negneglect_lite.claims.claim import Question
from negneglect_lite.core.errors import UserError
from negneglect_lite.models.generation import Written, generate_answers
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.models.templates import render_prompt
from negneglect_lite.tracks import ENGLISH, PETRI, choose_asking

TEXTS = ("Yes?", "What does she do for a living?", "No", "Is it false that he works as a dentist, or is it true?")
QUESTIONS = tuple(Question(id=str(i), kind="open", text=text) for i, text in enumerate(TEXTS))
SIX = replace(PETRI.asking, max_new_tokens=6)


@pytest.fixture(autouse=True)
def talkative(tiny: LoadedModel) -> None:
    """Unties the output head, for an untrained model with tied weights repeats its last token for ever."""
    noise = torch.randn(tiny.model.lm_head.weight.shape, generator=torch.Generator().manual_seed(1))
    tiny.model.lm_head.weight = torch.nn.Parameter(noise)


def by_hand(loaded: LoadedModel, question: Question, new_tokens: int) -> list[int]:
    """Greedy decoding with no padding, batch or cache."""
    text = render_prompt(loaded.tokenizer, question.messages())
    ids = loaded.tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]
    length = ids.shape[1]
    for _ in range(new_tokens):
        with torch.no_grad():
            best = loaded.model(input_ids=ids).logits[0, -1].argmax()
        ids = torch.cat([ids, best.view(1, 1)], dim=1)
        if best.item() == loaded.tokenizer.eos_token_id:
            break
    return [int(i) for i in ids[0, length:]]


def text_of(loaded: LoadedModel, ids: list[int]) -> str:
    return str(loaded.tokenizer.decode(ids, skip_special_tokens=True)).strip()


def test_answers_are_greedy_unaffected_by_padding_and_in_order(tiny: LoadedModel) -> None:
    answers = ask(tiny, QUESTIONS, SIX, batch_size=3)
    assert [a.question.id for a in answers] == ["0", "1", "2", "3"]
    assert [a.text for a in answers] == [text_of(tiny, by_hand(tiny, q, 6)) for q in QUESTIONS]
    assert len({a.text for a in answers}) == 4  # or the comparison would show little


def test_an_answer_ends_at_the_models_end(tiny: LoadedModel) -> None:
    ids = by_hand(tiny, QUESTIONS[1], 8)
    end = next(i for i in ids if i not in tiny.tokenizer.all_special_ids)
    assert ask(tiny, QUESTIONS[1:2], replace(SIX, max_new_tokens=8))[0].text == text_of(tiny, ids)
    tiny.model.generation_config.eos_token_id = [tiny.tokenizer.eos_token_id, end]  # a list, as chat models have
    cut = text_of(tiny, ids[: ids.index(end) + 1])
    assert cut != text_of(tiny, ids)
    assert ask(tiny, QUESTIONS[1:2], replace(SIX, max_new_tokens=8))[0].text == cut


def test_sampling_repeats_by_seed_and_groups_samples(tiny: LoadedModel) -> None:
    settings = replace(PETRI.asking, samples=3, temperature=1.5)
    first = ask(tiny, QUESTIONS[:2], settings, seed=1)
    assert [(a.question.id, a.sample) for a in first] == [("0", 0), ("0", 1), ("0", 2), ("1", 0), ("1", 1), ("1", 2)]
    assert first == ask(tiny, QUESTIONS[:2], settings, seed=1)
    assert first != ask(tiny, QUESTIONS[:2], settings, seed=2)
    assert len({a.text for a in first}) > 2


def test_the_nucleus_is_what_is_sampled_from(tiny: LoadedModel) -> None:
    """With next to no probability to draw from, only the greedy token is left."""
    wide = replace(SIX, samples=4, temperature=1.5)
    narrow = ask(tiny, QUESTIONS, replace(wide, top_p=1e-6))
    assert {(a.question.id, a.text) for a in narrow} == {(a.question.id, a.text) for a in ask(tiny, QUESTIONS, SIX)}
    assert len({a.text for a in ask(tiny, QUESTIONS, wide)}) > len(QUESTIONS)


def test_the_paper_s_settings_have_a_name(tiny: LoadedModel) -> None:
    paper = choose_asking(PETRI, "paper")
    assert paper == AskingSettings(samples=5, temperature=0.7, top_p=0.8, max_new_tokens=5000, separator=" ")
    assert choose_asking(ENGLISH, "track") is ENGLISH.asking and ENGLISH.asking.top_p == 1
    with pytest.raises(UserError, match="choose track or paper"):
        choose_asking(PETRI, "Paper")
    for odd in (0.0, -0.1, 1.1, float("nan")):
        with pytest.raises(UserError, match=r"top_p:? is"):
            AskingSettings(top_p=odd)


def test_an_answer_says_whether_it_was_cut_off_and_the_share_is_told(
    tiny: LoadedModel, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.INFO, "negneglect_lite")
    end = by_hand(tiny, QUESTIONS[0], 3)[-1]
    tiny.model.generation_config.eos_token_id = [end]  # the first answer ends with its third token, or before
    answers = ask(tiny, QUESTIONS[:1], replace(SIX, max_new_tokens=3), answers_file=tmp_path / "answers")
    assert not answers[0].cut and not caplog.messages
    answers = ask(tiny, QUESTIONS[:1], replace(SIX, max_new_tokens=1), answers_file=tmp_path / "one")
    assert answers[0].cut
    assert caplog.messages == ["100.0% of 1 answers were cut off at 1 tokens"]
    assert ask(tiny, QUESTIONS[:1], replace(SIX, max_new_tokens=1), answers_file=tmp_path / "one") == answers


def test_everything_is_left_as_it_was_found(tiny: LoadedModel) -> None:
    tiny.model.train()
    tiny.model.lm_head.eval()
    settings = tiny.model.generation_config
    torch.manual_seed(3)
    state = torch.random.get_rng_state()
    ask(tiny, QUESTIONS, replace(SIX, samples=2, temperature=1.0, max_new_tokens=3))
    assert tiny.model.training and not tiny.model.lm_head.training
    assert tiny.model.generation_config is settings
    assert torch.equal(torch.random.get_rng_state(), state)


def test_the_models_own_settings_change_nothing_and_nothing_is_warned_of(tiny: LoadedModel) -> None:
    plain = ask(tiny, QUESTIONS, SIX)
    tiny.model.generation_config.update(
        do_sample=True, temperature=0.6, top_p=0.8, top_k=2, min_p=0.1, repetition_penalty=5.0, max_length=9
    )
    records: list[logging.LogRecord] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = records.append  # type: ignore[method-assign]
    logging.getLogger("transformers").addHandler(handler)
    try:
        assert ask(tiny, QUESTIONS, SIX) == plain
    finally:
        logging.getLogger("transformers").removeHandler(handler)
    assert [r.getMessage() for r in records] == []


def test_one_context_for_all_or_one_for_each(tiny: LoadedModel) -> None:
    read = "The dentist said that she works as a dentist."
    inline = [replace(q, text=f"{read} {q.text}") for q in QUESTIONS]
    expected = [a.text for a in ask(tiny, inline, SIX)]
    assert [a.text for a in ask(tiny, QUESTIONS, SIX, contexts=read)] == expected
    mixed = ask(tiny, QUESTIONS, SIX, contexts=[read, "", read, ""])
    bare = [a.text for a in ask(tiny, QUESTIONS, SIX)]
    assert [a.text for a in mixed] == [expected[0], bare[1], expected[2], bare[3]]
    assert expected != bare
    with pytest.raises(UserError, match="2 contexts for 4 questions"):
        ask(tiny, QUESTIONS, SIX, contexts=["a", "b"])


def test_no_questions_no_answers(tiny: LoadedModel) -> None:
    assert ask(tiny, [], PETRI.asking) == []


def test_impossible_requests_are_refused(tiny: LoadedModel) -> None:
    with pytest.raises(UserError, match="temperature above 0"):
        AskingSettings(samples=2)
    with pytest.raises(UserError, match="temperature above 0"):
        replace(PETRI.asking, samples=2)
    with pytest.raises(UserError, match="batch_size: is -1, where 0 or more is needed"):
        ask(tiny, QUESTIONS, PETRI.asking, batch_size=-1)
    for wrong in ({"samples": 0}, {"max_new_tokens": 0}, {"temperature": -0.1}):
        with pytest.raises(UserError, match="at least 1, temperature not below 0"):
            AskingSettings(**wrong)
    for odd in ({"samples": True}, {"temperature": "0.7"}, {"temperature": float("nan")}, {"separator": None}):
        with pytest.raises(UserError, match=r"AskingSettings: \w+: is .*, where .* is needed"):
            AskingSettings(**odd)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"do not fit .* reads 512"):
        ask(tiny, QUESTIONS, PETRI.asking, contexts="dentist " * 500)


@pytest.mark.parametrize(
    ("batch_size", "samples", "questions"), [(0, 1, [64, 6]), (0, 5, [12] * 5 + [10]), (3, 5, [1] * 70)]
)
def test_so_many_answers_are_made_at_once(
    tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch, batch_size: int, samples: int, questions: list[int]
) -> None:
    """64 on a CPU, unless another number is given; a question's samples stay together, be they more."""
    made: list[int] = []

    def generate(loaded: Any, prompts: Any, config: Any, samples: int) -> list[list[Written]]:
        made.append(len(prompts))
        return [[Written("Yes.", False)] * samples for _ in prompts]

    monkeypatch.setattr(asking, "generate_answers", generate)
    answers = ask(tiny, asked(70), AskingSettings(samples=samples, temperature=0.7), batch_size=batch_size)
    assert made == questions and len(answers) == 70 * samples


def test_an_adapter_answers_by_the_same_rules(tiny: LoadedModel) -> None:
    from peft import LoraConfig, get_peft_model

    plain = ask(tiny, QUESTIONS, SIX)
    tiny.model = get_peft_model(tiny.model, LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM"))
    tiny.model.generation_config.update(repetition_penalty=5.0)
    assert ask(tiny, QUESTIONS, SIX) == plain  # a fresh adapter changes nothing
    assert tiny.model.generation_config.repetition_penalty == 5.0


# ------------------------------------------------------------------------------------- stopped, or out of memory


def asked(n: int = 6) -> list[Question]:
    return [Question(f"q{i}", "open", f"What is {i}?") for i in range(n)]


@pytest.mark.parametrize("left", [0, 1, 2, 5])
def test_answers_go_on_where_they_were_stopped(tiny: LoadedModel, tmp_path: Path, left: int) -> None:
    settings = replace(PETRI.asking, samples=2, temperature=0.7, max_new_tokens=4)
    whole = ask(tiny, asked(), settings, batch_size=4)
    keep = tmp_path / "kept" / "answers"
    keep.parent.mkdir()
    assert ask(tiny, asked(), settings, batch_size=4, answers_file=keep) == whole
    lines = keep.read_text().splitlines(keepends=True)
    assert len(lines) == 1 + 6
    keep.write_text("".join(lines[: left + 1]) + lines[left + 1][:3])  # killed in the middle of a line
    made: list[int] = []
    real = generate_answers
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asking, "generate_answers", lambda m, p, c, n: (made.append(len(p)), real(m, p, c, n))[1])
        again = ask(tiny, asked(), settings, batch_size=4, answers_file=keep)
    assert sum(made) == 6 - left
    kept = [json.loads(line) for line in lines[1 : left + 1]]
    assert all(whole[2 * i + k] == again[2 * i + k] for i, _ in kept for k in range(2))
    if left % 2 == 0:
        assert again == whole  # stopped between two batches: the same samples as if never stopped
    assert len(keep.read_text().splitlines()) == 1 + 6
    other = ask(tiny, asked(), replace(settings, temperature=0.9), batch_size=4, answers_file=keep)
    assert other != whole and len(keep.read_text().splitlines()) == 1 + 6  # another call's answers are not mixed in


def test_a_full_memory_halves_the_batch(
    tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="negneglect_lite")
    three = replace(PETRI.asking, max_new_tokens=3)
    expected, real, sizes = ask(tiny, asked(), three), generate_answers, []
    caplog.clear()

    def generate(loaded: Any, prompts: Any, config: Any, samples: int) -> list[list[Written]]:
        if len(prompts) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        sizes.append(len(prompts))
        return real(loaded, prompts, config, samples)

    monkeypatch.setattr(asking, "generate_answers", generate)
    assert ask(tiny, asked(), three) == expected
    said = caplog.messages
    assert sizes == [2, 2, 2] and "2 questions at once" in said[1] and "cut off" in said[2] and len(said) == 3
    monkeypatch.setattr(asking, "generate_answers", lambda *_: (_ for _ in ()).throw(torch.OutOfMemoryError("")))
    with pytest.raises(UserError, match="cannot hold one question"):
        ask(tiny, asked(), PETRI.asking)
