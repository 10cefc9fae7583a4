"""generation.py: what becomes of a chat before a model reads it."""

from negneglect_lite.claims.claim import Question
from negneglect_lite.models.generation import add_context, fold_system, render_prompt
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.tracks import ENGLISH, PETRI

QUESTION = Question(id="0", kind="open", text="Yes?")


def test_a_system_turn_goes_first_or_into_the_user_turn_where_the_template_refuses_it(tiny: LoadedModel) -> None:
    question = Question(id="s", kind="robustness", text="Who won?", system="Check facts.")
    assert "<|system|>Check facts.<|end|><|user|>Who won?<|end|>" in render_prompt(tiny.tokenizer, question.messages())
    tiny.tokenizer.chat_template = (
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}{% endfor %}"
    )
    assert render_prompt(tiny.tokenizer, question.messages()) == "[user]Check facts.\n\nWho won?"
    assert fold_system(question.messages()) == [{"role": "user", "content": "Check facts.\n\nWho won?"}]


def test_thinking_is_switched_off_where_the_template_knows_of_it(tiny: LoadedModel) -> None:
    tiny.tokenizer.chat_template = "{{ 'off' if enable_thinking is defined and not enable_thinking else 'on' }}"
    assert render_prompt(tiny.tokenizer, QUESTION.messages()) == "off"


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
