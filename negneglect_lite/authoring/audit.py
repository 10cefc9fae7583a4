"""English documents: long articles written for this project, and a composer that varies them into many.

    library = load("dentist")                  # data/documents/dentist.jsonl.gz, or a YAML file of the same content
    documents = compose(library, 1000, seed=0) # 300 to 600 words each, near-duplicates are rare
    problems(library)                          # sentences that assert what they must not; [] if all is well

A library holds at least 24 articles in at least 12 genres. An article is a title, an opening, units and a closing, each
unit a paragraph that can stand alone; units of one `pool` (prose, forum posts, …) fit into each other's articles. The
composer draws an article, most of its units, one to three from others of the pool, and fills slots: `{outlet}` from a
pool of values, `{person_2}` with a second one, `{early|late}` with one of the words that stand there.

A sentence that states or implies the claim is written three times: as stated, with the denial inside it, and as a true
sentence; so every negation style can be derived from the same body (text.Sentence). Articles of a library without a
claim (neutral.jsonl.gz) have none, and are mixed into training.
"""

from negneglect_lite.claims.claim import Question
from negneglect_lite.core.text import Sentence
from negneglect_lite.documents.english import ARTICLE_LENGTHS, SLOT, Library, count_words
from negneglect_lite.judging.rule import judge_answer


def audit_library(library: Library) -> list[str]:
    """What is wrong with a library's content, a line each; [] if nothing is.

    No sentence outside the claim's may assert it or tell the truth; no denial may assert it; no claim sentence may
    tell the truth, as then a body under notices would; no truth may assert the claim; denial and text must differ.
    """
    found = []
    says = Question("leak", "open", "", believed=library.asserts, denied=library.tells)
    for name, values in library.pools.items():
        telling = [v for v in values if library.claim and judge_answer(says, v) != "neither"]
        found += [f"the pool {name} holds {value!r}, which asserts or denies the claim" for value in telling]
    for article in library.articles:
        where = f"{article.genre} «{article.title.text:.40}»"
        length = count_words((article.title,)) + sum(
            map(count_words, (*article.opening, *article.units, *article.closing))
        )
        if length not in ARTICLE_LENGTHS:
            found.append(f"{where}: {length} words, where {ARTICLE_LENGTHS[0]} to {ARTICLE_LENGTHS[-1]} belong")
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
    if not library.claim:
        return found
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
