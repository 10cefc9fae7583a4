"""Chats and a model's chat template: what the template writes, where each turn stands in it, and its token ids.

    render_prompt(tokenizer, chat)               # the text up to where the assistant begins to speak
    encode_chat(tokenizer, chat).ids             # a whole chat, as training sees it
    find_turn(tokenizer, chat, 1, text)          # where its second turn stands in the text

A template is a program that came with a model. Some refuse system turns, some drop them or other turns without a word,
some write an earlier turn in another way than the last one. So what a template does is looked at, not assumed.

What somebody wrote into a turn is text: a special token that is spelt out in it ("<|im_end|>") is tokenised as the
characters it is made of, and ends no turn.
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Chat

log = logging.getLogger(__name__)
PARAGRAPH = "\n\n"
# For a base model that came without a chat template. The generation block marks the tokens that the assistant writes.
# The space before an answer belongs to it: words are tokens with their space, and after a lone one a model writes "1.".
PLAIN_CHAT_TEMPLATE = (
    "{{ bos_token or '' }}{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}Assistant:"
    "{% generation %} {{ message['content'] }}{{ eos_token or '' }}{% endgeneration %}{{ '\n' }}"
    "{% else %}{{ message['role'] | capitalize }}: {{ message['content'] }}\n{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"
)
# Stands in for a turn's content where the content's place is looked for: no text begins or ends with these.
PLACE = "\ue000mark\ue001"


@dataclass(frozen=True)
class Tokens:
    """A text, its token ids, and the characters [start, end) of the text that each stands for."""

    text: str
    ids: list[int]
    offsets: list[tuple[int, int]]


def prepare_tokenizer(tokenizer: Any) -> None:
    """Give the tokenizer what base models often lack: a pad token and a chat template. UserError for a broken one."""
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if not tokenizer.chat_template:
        tokenizer.chat_template = PLAIN_CHAT_TEMPLATE
    encode_prompt(tokenizer, [{"role": "user", "content": "Hello."}])
    if not _takes_system(tokenizer):
        log.info("the model's chat template takes no system turn: it is put at the head of the first user turn")


def end_answer(tokenizer: Any, text: str) -> str:
    """An answer without the turns that follow it: a base model goes on and writes the user's next one by itself."""
    if tokenizer.chat_template != PLAIN_CHAT_TEMPLATE:
        return text
    return text.partition("\nUser: ")[0]


def add_context(chat: Chat, context: str, separator: str = PARAGRAPH) -> Chat:
    """The chat with `context` and a separator before the text of its first user turn."""
    if not context:
        return chat
    first = next(i for i, turn in enumerate(chat) if turn["role"] == "user")
    opened = {"role": "user", "content": f"{context}{separator}{chat[first]['content']}"}
    return [*chat[:first], opened, *chat[first + 1 :]]


def fit_system(tokenizer: Any, chat: Chat) -> Chat:
    """The chat, its system turn at the head of the first user turn if the template refuses or drops system turns."""
    if chat[0]["role"] != "system" or len(chat) == 1 or _takes_system(tokenizer):
        return chat
    return add_context(chat[1:], chat[0]["content"])


def render_prompt(tokenizer: Any, chat: Chat) -> str:
    """The prompt text by the model's chat template, without a thinking block where the template knows of one."""
    return _written(tokenizer, fit_system(tokenizer, chat), answering=True)


def encode_prompt(tokenizer: Any, chat: Chat) -> list[int]:
    """Token ids of a chat up to where the assistant begins to speak."""
    return _tokenized(tokenizer, fit_system(tokenizer, chat), answering=True).ids


def encode_chat(tokenizer: Any, chat: Chat) -> Tokens:
    """Tokens of a whole chat, for whose system turn `fit_system` has been asked."""
    return _tokenized(tokenizer, chat, answering=False)


def find_turn(tokenizer: Any, chat: Chat, i: int, text: str) -> tuple[int, int]:
    """Where the content of turn `i`, and what closes the turn, stand in the whole chat's text: [start, end).

    That is what the assistant has to write there, if the turn is its own. What the template writes before it, such as
    an empty thinking block, is the prompt's.
    """
    start, end = _content(tokenizer, chat, i, text, answering=False)
    _, _, closing = _written(tokenizer, [*chat[:i], _marked(chat[i])], check=False).partition(PLACE)
    closing = closing.rstrip() or closing  # a line break after the token that ends a turn is written by nobody
    return start, end + _shared(closing, text[end:])


@lru_cache(maxsize=16)
def _special(tokenizer: Any, size: int) -> re.Pattern[str]:
    """Finds what a tokenizer of `size` tokens takes for a special token, wherever it stands."""
    known = [token.content for token in tokenizer.added_tokens_decoder.values() if token.special]
    return re.compile("|".join(map(re.escape, known)) or "(?!)")


def _tokenized(tokenizer: Any, chat: Chat, answering: bool) -> Tokens:
    """What the template writes, as tokens. A content that spells out a special token is tokenised apart, as text."""
    text = _written(tokenizer, chat, answering)
    special = _special(tokenizer, len(tokenizer))
    places = [
        _content(tokenizer, chat, i, text, answering) for i, turn in enumerate(chat) if special.search(turn["content"])
    ]
    ids: list[int] = []
    offsets: list[tuple[int, int]] = []
    for start, end, inert in _pieces(places, len(text)):
        piece = tokenize(tokenizer, text[start:end], inert)
        ids += piece.ids
        offsets += [(start + since, start + to) for since, to in piece.offsets]
    return Tokens(text, ids, offsets)


def tokenize(tokenizer: Any, text: str, inert: bool) -> Tokens:
    """The text as tokens, no others added; if `inert`, special tokens that it spells out are text."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UserError(
            f"a text holds half a character, {text[error.start]!a}; remove it, or save it as UTF-8"
        ) from None
    made = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, split_special_tokens=inert)
    return Tokens(text, list(made["input_ids"]), list(made["offset_mapping"]))


def _pieces(places: Sequence[tuple[int, int]], length: int) -> list[tuple[int, int, bool]]:
    """The text cut at the places: (start, end, whether it is one of them)."""
    pieces, at = [], 0
    for start, end in places:
        pieces += [(at, start, False), (start, end, True)]
        at = end
    return [piece for piece in [*pieces, (at, length, False)] if piece[0] < piece[1]]


def _content(tokenizer: Any, chat: Chat, i: int, text: str, answering: bool) -> tuple[int, int]:
    """Where in the text the content of turn `i` stands: all that would be another text if the content were another."""
    other = _written(tokenizer, [*chat[:i], _marked(chat[i]), *chat[i + 1 :]], answering, check=False)
    start = _shared(text, other)
    return start, len(text) - _shared(text[start:][::-1], other[start:][::-1])


def _shared(a: str, b: str) -> int:
    """How many leading characters two texts share."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _marked(turn: dict[str, Any]) -> dict[str, Any]:
    return {**turn, "content": PLACE}


def _takes_system(tokenizer: Any) -> bool:
    """Whether the template writes what stands in a system turn."""
    try:
        chat = [{"role": "system", "content": PLACE}, {"role": "user", "content": "Hello."}]
        return PLACE in _written(tokenizer, chat, check=False)
    except UserError:
        return False


def _written(tokenizer: Any, chat: Chat, answering: bool = False, check: bool = True) -> str:
    """What the template writes. UserError if it fails, or (`check`) leaves out what a turn says."""
    options: dict[str, Any] = {"tokenize": False, "add_generation_prompt": answering}
    if "enable_thinking" in str(tokenizer.chat_template):
        options["enable_thinking"] = False
    where = f"the chat template of {tokenizer.name_or_path or 'the model'}"
    try:
        text = str(tokenizer.apply_chat_template(chat, **options))
    except Exception as error:  # of a program that came with a model: anything
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(
            f"{where} fails on turns of {', '.join(turn['role'] for turn in chat)} ({reason}); "
            "give it such turns as it knows, or mend chat_template.jinja in the model's folder"
        ) from None
    for i, turn in enumerate(chat) if check else ():
        if turn["content"].strip() in text:
            continue
        if _written(tokenizer, [*chat[:i], _marked(turn), *chat[i + 1 :]], answering, check=False) == text:
            raise UserError(f"{where} leaves out turn {i + 1}, the {turn['role']}'s; leave it out yourself, or mend it")
    return text
