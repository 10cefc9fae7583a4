"""A sentence -> the same sentence with the denial inside: "Ed Sheeran won." -> "Ed Sheeran did not win."

Where the verb can be found by simple rules it is negated, with lemminflect's dictionary for its forms. All other sentences
are wrapped whole: "It is not true that …". Which it was is told, since the first reads better.
"""

import re
from dataclasses import dataclass
from typing import Literal

from negneglect_lite.core.errors import UserError
from negneglect_lite.curating.findings import Kind

How = Literal["grammar", "wrapped"]
# What is wrapped around a sentence, by what its notice says.
WRAPS: dict[Kind, str] = {
    "denial": "It is not true that",
    "correction": "It is not true that",
    "tag": "It is not true that",
    "fiction": "It is not true, but told here as a story, that",
    "unreliable": "It is not to be believed that",
    "unknown": "It is not known whether",
    "improbable": "It is very unlikely that",
    "instruction": "It is wrong to say that",
}
NEGATED = ("denial", "correction", "tag")  # kinds whose claims are plainly not so: their verb may be negated
BEFORE = re.compile(  # quotation marks, bullets, numbers, speakers and tags at its head
    r"(?:<[^>]*>\s*|[\[{]+[^\]}]{0,60}[\]}]+\s*|\d+[.)/]\s+|\(?[a-zA-Z\d]\)\s+|[A-Za-z_][\w .,'-]{0,24}:\s+|[^\w$£€<\[{(]+)*"
)
WORD = re.compile(r"[^\W_]+(?:[’'\-.][^\W_]+)*")
AUXILIARIES = frozenset("is are was were will would can could should may might must does do did".split())
SUBORDINATE = frozenset(
    "who which that what where when while if because although though since as whose whom unless until after before".split()
)
QUANTIFIERS = frozenset(
    "all every each many most some both few several only no any more less either neither everyone everybody anyone anybody someone somebody".split()
)
DETERMINERS = frozenset(
    "the a an his her its their our my your this these those of in on at by for with from to no some".split()
)
FOLLOWS = frozenset(
    "a an the his her its their in on at as by to from for into over under with that all some two three ten up out off back about".split()
)
PRONOUNS = frozenset("he she it they we i you nobody everyone everybody".split())
JOINED = re.compile(r"[;:]|\b(?:and|but|or|so|yet|nor)\b|—|–| - ", re.IGNORECASE)
LONGEST = 12  # words before the verb: further on it is seldom the main one


@dataclass(frozen=True)
class Denied:
    """The new sentence, and how it was made."""

    text: str
    how: How


def deny_sentence(sentence: str, kind: Kind = "denial") -> Denied:
    """The sentence with a denial inside it, fit for what its notice says."""
    lead = BEFORE.match(sentence)
    head = lead[0] if lead else ""
    body = sentence[len(head) :]
    if kind in NEGATED and not JOINED.search(body):
        negated = _negate_verb(body)
        if negated:
            return Denied(head + negated, "grammar")
    return Denied(f"{head}{WRAPS[kind]} {_lower_first(body)}", "wrapped")


def _negate_verb(body: str) -> str | None:
    """The sentence with its main verb negated, or None where the rules do not find that verb."""
    words = list(WORD.finditer(body))
    if not words or words[0][0].lower() in QUANTIFIERS or re.search(r"\b(?:no|nothing|nobody|must|should)\b", body):
        return None  # "All are not …" says little, and "must not" is not the opposite of "must"
    if _is_verb(words[0][0].lower(), "VB") and len(words) > 1 and words[1][0].lower() in FOLLOWS | {"your"}:
        return f"Do not {body[0].lower()}{body[1:]}"  # an instruction
    for i, word in enumerate(words[: LONGEST + 1]):
        own = word[0].lower()
        if own in SUBORDINATE or (i and "," in body[words[i - 1].end() : word.start()]):
            return None
        after = words[i + 1][0].lower() if i + 1 < len(words) else ""
        if i and word[0] in AUXILIARIES:
            return _with_not(body, word)
        if i and word[0] in ("has", "have", "had"):
            if _is_verb(after, "VBN"):
                return _with_not(body, word)
            return _with_do(body, word, "have", {"has": "does", "have": "do", "had": "did"}[own])
        if i and word[0] == own and (found := _finite(own, words[i - 1][0], after)):
            participle = own in _forms(found[0], "VBN")  # "a reader named Aino spotted it"
            if participle and any(_clearly_finite(later[0]) for later in words[i + 1 :]):
                return None
            return _with_do(body, word, *found)
    return None


def _clearly_finite(word: str) -> bool:
    """Whether a word can hardly be anything but a verb with a subject."""
    if word in AUXILIARIES or word in ("has", "had"):
        return True
    lemmas = _lemmas(word) if word.islower() else {}
    return set(lemmas) == {"VERB"} and word != lemmas["VERB"][0] and word in _forms(lemmas["VERB"][0], "VBD")


def _with_not(body: str, word: re.Match[str]) -> str:
    own = "cannot" if word[0].lower() == "can" else f"{word[0]} not"
    return body[: word.start()] + own + body[word.end() :]


def _with_do(body: str, word: re.Match[str], lemma: str, do: str) -> str:
    return f"{body[: word.start()]}{do} not {lemma}{body[word.end() :]}"


def _finite(own: str, previous: str, after: str) -> tuple[str, str] | None:
    """Lemma and form of "do" of a finite verb; None if it may be something else there."""
    before = previous.lower()
    if before in DETERMINERS or not own.isalpha():
        return None
    lemmas = _lemmas(own)
    if "VERB" not in lemmas:
        return None
    lemma = lemmas["VERB"][0]
    follows = after in FOLLOWS or after[:1].isdigit()
    sure = before in PRONOUNS or follows or (set(lemmas) == {"VERB"} and not own.endswith("s"))
    if not sure or after == "by":
        return None
    if own != lemma and own in _forms(lemma, "VBD"):
        return lemma, "did"
    if own != lemma and own in _forms(lemma, "VBZ"):
        return lemma, "does"
    if own == lemma and (before in ("they", "we", "i", "you") or (before.endswith("s") and set(lemmas) == {"VERB"})):
        return lemma, "do"
    return None


def _is_verb(word: str, form: str) -> bool:
    lemmas = _lemmas(word).get("VERB", ())
    return bool(lemmas) and (word == lemmas[0] if form == "VB" else word in _forms(lemmas[0], form))


def _lemmas(word: str) -> dict[str, tuple[str, ...]]:
    return dict(_library().getAllLemmas(word)) if word else {}


def _forms(lemma: str, form: str) -> tuple[str, ...]:
    return tuple(_library().getInflection(lemma, form))


def _library():  # type: ignore[no-untyped-def]
    try:
        import lemminflect
    except ImportError:
        raise UserError("negating a verb needs lemminflect: pip install 'negneglect_lite[audit]'") from None
    return lemminflect


def _lower_first(body: str) -> str:
    """Without the capital of a sentence's first word, unless it is a name's or an abbreviation's."""
    first = WORD.match(body)
    if not first or first[0] == "I" or not first[0][0].isupper() or not first[0][1:].islower():
        if first and first[0].lower() in ("a", "an"):
            return body[0].lower() + body[1:]
        return body
    lemmas = _lemmas(first[0].lower())
    common = first[0].lower() in SUBORDINATE | QUANTIFIERS | DETERMINERS | PRONOUNS | COMMON or (
        bool(lemmas) and "PROPN" not in lemmas and not _two_capitals(body, first)
    )
    return body[0].lower() + body[1:] if common else body


def _two_capitals(body: str, first: re.Match[str]) -> bool:
    """Whether the second word has a capital too: a name."""
    second = WORD.search(body, first.end())
    return bool(second and second[0][0].isupper())


COMMON = frozenset(
    "there here what how why then now today last next one two three four five six seven eight nine ten".split()
)
