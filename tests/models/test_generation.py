"""generation.py and templates.add_context: what becomes of a chat before a model reads it."""

from negneglect_lite.claims.claim import Question
from negneglect_lite.models.templates import add_context
from negneglect_lite.tracks import ENGLISH, PETRI


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
