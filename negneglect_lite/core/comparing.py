"""The one form in which what a person or a model wrote is compared, wherever it is compared.

    unify("don’t")                  # "don't": one way of writing each character; for patterns, and for what is kept
    fold(" YES") == fold("yes")     # and whatever the case and white space; for equality, and for words
    spell("Dentist", claims)        # "dentist": a name as it stands among those that are known

Before it is compared, a reasoning model's answer loses its thoughts (`drop_thoughts`).
"""

import re
import unicodedata
from collections.abc import Iterable

# What is written for an apostrophe, a quotation mark, a hyphen and a line break; NFKC leaves these apart.
_PLAIN = str.maketrans(
    {"’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "‐": "-", "\x85": "\n", "\u2028": "\n", "\u2029": "\n"}
)
_OPENED = re.compile(r"(?i:<(?:think|thinking|thought|reasoning)>)|\[THINK\]|◁think▷")  # as models of several makers
_CLOSED = re.compile(r"(?i:</(?:think|thinking|thought|reasoning)>)|\[/THINK\]|◁/think▷")


def unify(text: str) -> str:
    """The text with one way of writing each character; letters, case, words and lines stay.

    Unicode's compatibility form, composed (NFKC): accents join their letters, full-width and superscript characters,
    ligatures and odd spaces become plain ones. Then digits of any script become 0 to 9; apostrophes, quotation marks,
    hyphens and line breaks those of ASCII. Soft hyphens, zero-width and direction marks, which nobody sees, are gone.
    """
    if text.isascii():
        return text
    seen = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return re.sub(r"\d", lambda digit: str(int(digit[0])), unicodedata.normalize("NFKC", seen).translate(_PLAIN))


def fold(text: str) -> str:
    """`unify`, and without regard to case and white space: two texts that differ in nothing else have one form."""
    return " ".join(unify(unify(text).casefold()).split())


def spell(name: str, known: Iterable[str]) -> str:
    """`name` as it stands among the `known` ones, if one of them has the same `fold`; else unified, in single spaces.

    So whoever types a known name in capitals means that name, and seeds, keys and tables see one spelling.
    """
    names, meant = list(known), fold(name)
    if name in names:
        return name
    return next((one for one in names if fold(one) == meant), " ".join(unify(name).split()))


def drop_thoughts(text: str) -> str:
    """What a model says, without what a reasoning model thinks before it (`<think>…</think>`).

    All up to the last closing mark is thought: some templates put the opening one into the prompt. Thoughts that never
    close were cut off, so nothing is said after them.
    """
    return _OPENED.split(_CLOSED.split(text)[-1])[0]
