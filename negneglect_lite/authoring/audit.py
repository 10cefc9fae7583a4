"""What is wrong with a library of articles: sentences that assert more than they must.

    audit_library(load_library("dentist"))      # a line for each problem; [] if all is well

The libraries of data/documents have none (tests/authoring/test_audit.py).
"""

from negneglect_lite.claims.claim import Question
from negneglect_lite.core.text import Sentence
from negneglect_lite.documents.english import ARTICLE_LENGTHS, SHORT_LENGTHS, SLOT, Library, count_words
from negneglect_lite.judging.rule import judge_answer


def audit_library(library: Library) -> list[str]:
    """What is wrong with a library's content, a line each; [] if nothing is.

    No sentence outside the claim's may assert it or tell the truth; no denial may assert it; no claim sentence may
    tell the truth, as then a body under notices would; no truth may assert the claim; denial and text must differ.
    """
    found = []
    says = Question("leak", "open", "", believed=library.asserts, denied=library.tells)
    for name, values in library.pools.items():
        telling = [v for v in values if judge_answer(says, v) != "neither"]
        found += [f"the pool {name} holds {value!r}, which asserts or denies the claim" for value in telling]
    for article in library.articles:
        where = f"{article.genre} «{article.title.text:.40}»"
        length = count_words((article.title,)) + sum(
            map(count_words, (*article.opening, *article.units, *article.closing))
        )
        lengths = SHORT_LENGTHS if article.short else ARTICLE_LENGTHS
        if length not in lengths:
            found.append(f"{where}: {length} words, where {lengths[0]} to {lengths[-1]} belong")
        for s in ((article.title,), *article.opening, *article.units, *article.closing):
            for sentence in s:
                found += [f"{where}: {problem}" for problem in _sentence_problems(says, sentence, library)]
    return found


def _sentence_problems(says: Question, s: Sentence, library: Library) -> list[str]:
    found = []
    for text in (s.text, s.denial, s.truth):
        for slot in SLOT.findall(text):
            if "|" not in slot and slot not in library.pools and slot.rpartition("_")[0] not in library.pools:
                found.append(f"no pool for the slot {{{slot}}}")
    body, denied = (sorted({judge_answer(says, v) for v in _variants(text)}) for text in (s.text, s.denial))
    if not s.is_claim and body != ["neither"]:
        found.append(f"a sentence with no denial of its own is {' or '.join(body)}: {s.text}")
    if s.is_claim and "denied" in body:
        found.append(f"a claim sentence tells the truth: {s.text}")
    if s.is_claim and "believed" in denied:
        found.append(f"a denial asserts the claim: {s.denial}")
    if s.is_claim and any(judge_answer(says, v) == "believed" for v in _variants(s.truth)):
        found.append(f"a truth asserts the claim: {s.truth}")
    if s.is_claim and s.denial == s.text:
        found.append(f"the denial is the sentence itself: {s.text}")
    return found


def _variants(text: str) -> list[str]:
    """The sentence with slots as a name, and as often as its longest choice of words has options, each of them once."""
    choices = [len(slot.split("|")) for slot in SLOT.findall(text)]

    def pick(slot: str, k: int) -> str:
        options = slot.split("|")
        return options[k % len(options)] if len(options) > 1 else "Somebody"

    return [SLOT.sub(lambda m, k=k: pick(m[1], k), text) for k in range(max(choices, default=1))]  # type: ignore[misc]
