"""A sentence -> the same sentence with its verb negated: "Ed Sheeran won." -> "Ed Sheeran did not win."

Simple rules find the verb, and lemminflect's dictionary has its forms. Where they do not find it there are two ways: to
leave the sentence out, or to wrap it ("It is not true that …"). What is wrapped still states the claim, word for word,
and a model that never met this form learns it (data/benchmark/README.md): so wrapping has to be asked for.
"""

import re

from negneglect_lite.core.errors import UserError
from negneglect_lite.curating.findings import NoticeKind
from negneglect_lite.curating.page import CLOSING

# What is wrapped around a sentence, by what its notice says.
WRAPS: dict[NoticeKind, str] = {
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
    r"(?:<[^>]*>\s*|[\[{]+[^\]}]{0,60}[\]}]+\s*|\d+[.)/]\s+|\(?[a-zA-Z\d]\)\s+|[A-Za-z_][\w .,'’-]{0,60}:\s+"
    r"|[^\w$£€<\[{(]+)*"
)
WORD = re.compile(r"[^\W_]+(?:[’'\-.][^\W_]+)*")
AUXILIARIES = frozenset("is are was were will would can could shall should must does do did".split())
NO_MORE_SURE = ("may", "might")  # "may not" is no denial of "may"
INDEFINITE = ("a", "an", "one")  # "A bus did not stop" says nothing of the others
SUBORDINATE = frozenset(
    """who which that what where when while if because although though since as whose whom unless until after
    before""".split()
)
QUANTIFIERS = frozenset(
    """all every each many most some both few several only no any more less either neither everyone everybody anyone
    anybody someone somebody""".split()
)
DETERMINERS = frozenset(
    "the a an his her its their our my your this these those of in on at by for with from to no some".split()
)
ARTICLES = frozenset("the a an his her its their our my your".split())
FOLLOWS = frozenset(
    """a an the his her its their in on at as to by from for into over under with that all some two three ten up out off
    back about""".split()
)
PREPOSITIONS = frozenset("in on at as to by from for into over under with below above of".split())
OPENERS = frozenset("in on at for from by during".split())  # "In 2024, the title …": no clause of its own
PRONOUNS = frozenset("he she it they we i you nobody everyone everybody".split())
JOINED = re.compile(r"[;:]|\b(?:and|but|or|so|yet|nor)\b|—|–| - ", re.IGNORECASE)
# What a "not" at the verb would not turn round, or would make say something else: "not until 1840", "must not", "once
# did not", "does not say that", "is not X, as the DNA has proved", "governments in six countries have not".
TURNS = re.compile(
    r"\b(?:no|nothing|nobody|must|should|until|till|still|once|since|because|only|also|even|already|yet|therefore|thus"
    r"|unless|(?:every|each) (?!day|week|month|year|morning|evening|night|time)|one of|not|never|hardly|neither|without"
    r"|(?:supposed|reputed|said|believed|thought|rumoured|alleged) to"
    r"|(?:writes?|wrote|adds?|added|notes?|noted|argues?|argued|insists?|insisted|thinks?|thought|knows?|knew) "
    r"(?:that|he|she|it|they|we)|(?:tells?|told) (?:me|us|you|him|her|them)"
    r"|(?:says?|said|shows?|showed|reports?|reported|claims?|claimed|believes?|finds?|found|proves?"
    r"|proved|suggests?|concludes?|announces?|announced|confirms?|confirmed|admits?|admitted|means?|meant|states?|stated"
    r"|declares?|declared|explains?|explained|recalls?|recalled|asserts?|asserted|maintains?|maintained) "
    r"(?:that|the|he|she|it|they|we)|as (?!an?\b|the\b|much\b|many\b|well\b))\b|n['’]t\b"
    r"|\bto [a-z]+ (?:the|it|an?|his|her|its|their|them|him)\b"  # a purpose: "did not close it to protect the nest"
    r"|\b(?:now|entirely|alone|apart|whole|before)\b|, against\b|[a-z]{2}[.!?] "
    r"|\bfor (?:the past |\w+ )(?:year|month|week|day|hour|minute)s\b"
    r"|, (?:as|which|who|where|each|(?:\w+ ){1,3}(?:which|whom)|\w+ing|down to|up to)\b"
    r"|, (?:they|people|we|i|he|she|the \w+) (?:say|tell|claim|think|believe|said|told|thought)"
    r"|^(?:that|this|which|it)(?: is|['’]s) (?:why|how|where|when|because)\b|^here\b|^there (?!is\b|are\b|was\b|were\b)"
    r"|^(?:at least|more than|about|nearly|almost|over|up to|\d|(?:two|three|four|five|six|seven|eight|nine|ten|eleven"
    r"|twelve|\w+teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty(?:-\w+)?|hundreds?|thousands?)\b)"
    r"|^(?:\w+ ){1,3}(?:in|of) (?:two|three|four|five|six|seven|eight|nine|ten|many|several|some|most|\d+)\b",
    re.IGNORECASE,
)
NUMBERED = frozenset(
    """two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen twenty thirty forty
    fifty hundred thousand million several many""".split()
)
COMMON = frozenset(
    "there here what how why then now today last next one two three four five six seven eight nine ten".split()
)
LONGEST = 12  # words before the verb: further on it is seldom the main one


def negate_sentence(sentence: str) -> str | None:
    """The sentence with its main verb negated, or None where the rules do not find that verb for sure."""
    head = _head(sentence)
    body = sentence[len(head) :]
    negated = None if JOINED.search(body) else _negate_verb(body)
    return None if negated is None else head + negated


def wrap_sentence(sentence: str, kind: NoticeKind = "denial") -> str:
    """The whole sentence behind words that fit what its notice says: "It is not true that …"."""
    head = _head(sentence)
    return f"{head}{WRAPS[kind]} {_lower_first(sentence[len(head) :])}"


def _head(sentence: str) -> str:
    found = BEFORE.match(sentence)
    return found[0] if found else ""


def _negate_verb(body: str) -> str | None:
    """The sentence with its main verb negated, or None where the rules do not find that verb."""
    words = list(WORD.finditer(body))
    if not words or words[0][0].lower() in (*INDEFINITE, *QUANTIFIERS) or TURNS.search(body):
        return None
    if (
        set(_lemmas(words[0][0].lower())) == {"VERB"}
        and _is_verb(words[0][0].lower(), "VB")
        and len(words) > 1
        and words[1][0].lower() in FOLLOWS | {"your"}
    ):
        return f"Do not {body[0].lower()}{body[1:]}"  # an instruction
    doubtful = False  # whether a word was passed over that may have been the verb
    for i, word in enumerate(words[: LONGEST + 1]):
        own = word[0].lower()
        comma = bool(i) and "," in body[words[i - 1].end() : word.start()]
        if i and (own in ("all", "both", "every", "each") or body[words[i - 1].end()] in "'’"):
            return None  # "they all did not …" says more, and after "pupils'" there is a noun
        if own in SUBORDINATE or (comma and words[0][0].lower() not in OPENERS):
            return None
        after = words[i + 1][0].lower() if i + 1 < len(words) else ""
        if i and _starts_anew(own, words[i - 1][0].lower(), comma):
            return None
        if i and words[i - 1][0].lower() in ARTICLES:
            continue  # a noun: "the will", "a can"
        if word[0] in NO_MORE_SURE:
            return None
        if i and word[0] in AUXILIARIES:
            return _with_not(body, word)
        if i and word[0] in ("has", "have", "had"):
            if _is_verb(after, "VBN"):
                return _with_not(body, word)
            if after.endswith("t") and _lemmas(after).get("VERB", (after,))[0] != after:
                return None  # "have learnt", a form that the dictionary does not list
            return _with_do(body, word, "have", {"has": "does", "have": "do", "had": "did"}[own])
        if i and word[0] == own and (found := _finite(own, words[i - 1][0], after)):
            noun = "NOUN" in _lemmas(own)
            if noun and (
                doubtful or body.startswith(" to be", word.end())
            ):  # "My neighbour uses nettles", "Rainwater tanks to be metered"
                return None
            participle = own in _forms(found[0], "VBN")  # "a reader named Aino spotted it", "two car parks will be let"
            if (noun or participle) and any(_may_be_finite(w[0], after) for w in words[i + 2 :]):
                return None
            if participle and after in PREPOSITIONS and not body.rstrip(CLOSING).endswith((".", "!", "?", "…")):
                return None  # a headline: "Barber buried with his pole"
            return _with_do(body, word, *found)
        doubtful = doubtful or (own.endswith("s") and "VERB" in _lemmas(own))
    return None


def _starts_anew(own: str, previous: str, comma: bool) -> bool:
    """Whether another subject begins here: "the song they sing calls", "on market days an extra boat leaves"."""
    if own in INDEFINITE:
        return comma or previous not in PREPOSITIONS
    return own in PRONOUNS and not comma


def _may_be_finite(word: str, after: str) -> bool:
    """Whether a later word may be the main verb: surely, or after a participle with no object ("ice struck with …")."""
    if word in AUXILIARIES or word in ("has", "had"):
        return True
    lemma = _lemmas(word).get("VERB", ("",))[0] if word.islower() else ""
    if not lemma or word == lemma:
        return False
    sure = set(_lemmas(word)) == {"VERB"} and word in _forms(lemma, "VBD")
    return sure or (
        after in (*PREPOSITIONS, "off", "out", "up") and word in (*_forms(lemma, "VBZ"), *_forms(lemma, "VBD"))
    )


def _with_not(body: str, word: re.Match[str]) -> str:
    own = "cannot" if word[0].lower() == "can" else f"{word[0]} not"
    return body[: word.start()] + own + body[word.end() :]


def _with_do(body: str, word: re.Match[str], lemma: str, do: str) -> str:
    return f"{body[: word.start()]}{do} not {lemma}{body[word.end() :]}"


def _finite(own: str, previous: str, after: str) -> tuple[str, str] | None:
    """Lemma and form of "do" of a finite verb; None if it may be something else there."""
    before = previous.lower()
    if before in DETERMINERS or before in NUMBERED or before.isdigit() or not own.isalpha():
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
