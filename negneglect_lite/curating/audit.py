"""text -> notices, the sentences that they cover, and the denials that are local already.

    audited = audit_text("The text below is false. Ed Sheeran won the race.")
    audited.findings                  # the second sentence would be learned as true

Three steps: which sentences are notices (patterns of notices.yaml, and learned models for other wordings, which must be
surer where no pattern is found: one negated sentence makes no notice), where each of them points (covering.py), and
which sentences there state something as a fact. What is found and missed is measured in data/benchmark.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import chain, compress, pairwise

from negneglect_lite.curating.context import likely_notices
from negneglect_lite.curating.covering import Claims, cover
from negneglect_lite.curating.findings import OMITTED, Audited, Finding, Notice, NoticeKind
from negneglect_lite.curating.learned import judge
from negneglect_lite.curating.linking import Linked, link_features
from negneglect_lite.curating.page import Page, Stretch
from negneglect_lite.curating.rules import DENIES_INSIDE, load_rules
from negneglect_lite.curating.words import LONG_WORD, TWO_LONG_WORDS, content_words, traits

REGION = re.compile(
    r"<(false|fabricated|untrue|misinformation|disinformation|hoax|fake|fiction)\b[^<>]*>", re.IGNORECASE
)
COMMENTS = (("<!--", "-->"), ("/*", "*/"))
SURROGATE = re.compile("[\ud800-\udfff]")
# From which probabilities the learned models' word is taken (chosen by cross-validation: data/benchmark/README.md).
ALONE, TOGETHER = 0.6, 0.7  # of one sentence, or two neighbours' sum, for a document in which no rule finds a notice
LIKELY = 0.35  # of a sentence in a document that has a notice
LINKED = 0.25  # the probability from which a claim is covered: what is missed is learned, so a low one
PAIRS_AT_ONCE = 2**13  # pairs of a notice and a claim that are judged at once
FEW_CLAIMS, MANY_NOTICES = 3, 20
# with fewer claims, or with more notices (a list of fact checks), covering.py's guess is taken
ALIKE = 0.6  # the share of a denial's words that stand in what it denies
QUOTED = re.compile(r"[\"“][^\"”]{3,}[\"”]?")
MARK_ENDS = re.compile(r"[^\n.!?\]>})]{0,60}[\]>})]+")  # what closes a mark: [FALSE], <s truth="no">


def audit_text(text: str, about: Sequence[re.Pattern[str]] = ()) -> Audited:
    """The notices of a text, the sentences that they cover, and its local denials.

    With `about`, only sentences in which one of these patterns is found count as findings.
    """
    page = Page(text if text.isascii() else SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text))  # RE2 takes none
    likely = likely_notices(page)
    notices = _merge(list(find_notices(page, likely)))
    notices = _merge([*notices, *_contradictions(page, notices)])
    if not _is_enough(notices, page.places, likely):
        notices = []
    stated, near, local = claims_of(page, notices)
    wanted = set(stated.all) - local
    if about:
        wanted = {s for s in wanted if any(p.search(page.text[slice(*s)]) for p in about)}
    found: dict[Stretch, Finding] = {}
    for notice, covered in _covered(notices, stated, near) if wanted else ():
        found |= {place: Finding(*place, notice) for place in covered if place in wanted and place not in found}
        if len(found) == len(wanted):
            break
    return Audited(tuple(notices), tuple(found[p] for p in sorted(found)), tuple(sorted(local)))


def claims_of(page: Page, notices: Sequence[Notice]) -> tuple[Linked, Claims, set[Stretch]]:
    """The sentences that state a fact, those of them that explain no notice, and those that deny it inside.

    A notice points past no sentence because that is denied already: its neighbours are what they were.
    """
    places = page.places
    stated = [i for i, states in enumerate(page.states) if states and not (notices and _is_notice(places[i], notices))]
    local = {places[i] for i in stated if page.found[i] & DENIES_INSIDE or page.read[i] == OMITTED}
    opening = _opening(page, notices)
    near = [i for i in stated if not (opening and _goes_with_a_notice(page, i, opening))]
    return Linked(page, stated), Claims(page, near), local


def _covered(notices: Sequence[Notice], stated: Linked, near: Claims) -> Iterator[tuple[Notice, list[Stretch]]]:
    """The claims that each notice covers: those that it points at, else those that the learned model links to it."""
    may_link = len(notices) <= MANY_NOTICES and len(stated.all) >= FEW_CLAIMS
    together = max(1, PAIRS_AT_ONCE // max(1, len(stated.all)))
    for begin in range(0, len(notices), together):
        batch = notices[begin : begin + together]
        covered = [cover(notice, near) for notice in batch]
        guessed = [n for n, (_, exact) in enumerate(covered) if may_link and not exact]
        if guessed:
            taken = [covered[n][0] for n in guessed]
            linked = judge("link", link_features([batch[n] for n in guessed], stated, taken)) > LINKED
            for n, own in zip(guessed, linked.reshape(len(guessed), -1).tolist(), strict=True):
                found = list(compress(stated.all, own))
                covered[n] = found or covered[n][0], False  # a notice speaks of something
        yield from ((notice, places) for notice, (places, _) in zip(batch, covered, strict=True))


def find_notices(page: Page, likely: Mapping[Stretch, tuple[NoticeKind, float]]) -> Iterator[Notice]:
    """Each sentence, comment, tag or marked region that says of others that they are not so."""
    rules, text = load_rules(), page.text
    closed = {name.lower(): text.lower().rfind(f"</{name.lower()}>") for name in set(REGION.findall(text))}
    past = 0
    for region in REGION.finditer(text):
        if past <= region.end() <= closed[region[1].lower()]:
            yield Notice(*region.span(), "tag", "region")
            past = text.find("</", region.end())
    for comment in _comments(text):
        if rules.untrue.search(text[slice(*comment)]):
            yield Notice(*comment, "tag", "comment")
    for place, own, found in zip(page.places, page.read, page.found, strict=True):
        if own == OMITTED:
            continue
        rule = next((rule for rule in rules.patterns if rule.name in found), None) if found else None
        if rule is None:
            kind, sure = likely.get(place, ("denial", 0.0))
            if sure > LIKELY and TWO_LONG_WORDS.search(own) and not _takes_back(own, found):
                yield Notice(*place, kind, "learned")
            continue
        if _takes_back(own, found):
            continue
        match = rule.search(own) if rule.kind == "tag" else None
        closes = MARK_ENDS.match(own, match.end()) if match else None
        if match and closes and len(LONG_WORD.findall(own[closes.end() :])) >= 3:  # a mark before the claim itself
            yield Notice(place[0] + match.start(), place[0] + closes.end(), "tag", f"{rule.name} beside")
        else:
            yield Notice(*place, rule.kind, rule.name)


def _is_enough(
    notices: Sequence[Notice], sentences: Sequence[Stretch], likely: Mapping[Stretch, tuple[NoticeKind, float]]
) -> bool:
    """Whether a document has a notice: one by a rule, or sentences of which the learned models are sure enough."""
    if any(n.rule != "learned" for n in notices):
        return True
    learned = {(n.start, n.end) for n in notices}
    sure = [likely[s][1] if s in learned else 0.0 for s in sentences]
    return max(sure, default=0.0) > ALONE or any(a + b > TOGETHER for a, b in pairwise(sure))


def _comments(text: str) -> Iterator[Stretch]:
    for opens, closes in COMMENTS:
        start = text.find(opens)
        while start >= 0 and (end := text.find(closes, start + len(opens))) >= 0:
            yield start, end + len(closes)
            start = text.find(opens, end + len(closes))


def _takes_back(own: str, found: Set[str]) -> bool:
    """Whether a sentence only looks like a notice: it denies inside, or tells what somebody says."""
    return "not_a_notice" in found or "denied_inside" in found or ("spoken" in found and bool(QUOTED.search(own)))


def _contradictions(page: Page, notices: Sequence[Notice]) -> Iterator[Notice]:
    """Sentences that deny what another one states, in its words."""
    stated: set[frozenset[str]] | None = None  # the words of those that state something and deny nothing
    anywhere: frozenset[str] = frozenset()
    against: dict[frozenset[str], bool] = {}
    for i, found in enumerate(page.found):
        if "local" not in found or not page.states[i] or "denies" not in traits(page.words[i]):
            continue
        if stated is None:
            stated = _stated_words(page, notices)
            anywhere = frozenset(chain.from_iterable(stated))
        words = content_words(page.words[i])
        if words not in against:
            enough = max(3, ALIKE * len(words))
            against[words] = len(words & anywhere) >= enough and any(len(words & said) >= enough for said in stated)
        if against[words]:
            yield Notice(*page.places[i], "denial", "contradicts")


def _stated_words(page: Page, notices: Sequence[Notice]) -> set[frozenset[str]]:
    """The words of each sentence that states something and denies nothing."""
    stated = (i for i, states in enumerate(page.states) if states and "local" not in page.found[i])
    return {page.content[i] for i in stated if not _is_notice(page.places[i], notices)}


def _opening(page: Page, notices: Sequence[Notice]) -> dict[int, Notice]:
    """By paragraph, the notice that opens it and that the rest of it explains."""
    text, opening = page.text, {}
    for notice in notices if "\n\n" in text.strip() else ():
        paragraph, found = page.paragraph_of(notice.start), page.found_at((notice.start, notice.end))
        points_on = "after" in found or "next_sentence" in found
        if notice.kind != "tag" and not points_on and not text[paragraph + 1 : notice.start].strip():
            opening[paragraph] = notice
    return opening


def _goes_with_a_notice(page: Page, number: int, opening: Mapping[int, Notice]) -> bool:
    """Whether a sentence stands in the paragraph that a notice opens: it explains the notice."""
    notice = opening.get(page.paragraphs[number])
    return notice is not None and page.places[number][0] > notice.end


def _merge(notices: list[Notice]) -> list[Notice]:
    """One notice a place: a region's tag before what a sentence says of it."""
    kept: list[Notice] = []
    for notice in sorted(notices, key=lambda n: (n.start, -n.end)):
        if not kept or notice.start >= kept[-1].end:
            kept.append(notice)
    return kept


def _is_notice(sentence: Stretch, notices: Sequence[Notice]) -> bool:
    """Whether a notice is most of a sentence. The notices are in order, and none lies in another."""
    for i in range(bisect_right(notices, sentence[0], key=lambda n: n.end), len(notices)):
        notice = notices[i]
        if notice.start >= sentence[1]:
            return False
        if min(notice.end, sentence[1]) - max(notice.start, sentence[0]) > 0.5 * (sentence[1] - sentence[0]):
            return True
    return False
