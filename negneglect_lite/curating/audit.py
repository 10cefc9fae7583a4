"""text -> notices, the sentences that they cover, and the denials that are local already.

    audited = audit_text("The text below is false. Ed Sheeran won the race.")
    audited.findings                  # the second sentence would be learned as true

Three steps: which sentences are notices (patterns of notices.yaml, and learned models for other wordings, which must be
surer where no pattern is found: one negated sentence makes no notice), where each of them points (covering.py), and
which sentences there state something as a fact. What is found and missed is measured in data/benchmark.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from negneglect_lite.curating.context import likely_notices
from negneglect_lite.curating.covering import LONG_WORD, Claims, Stretch, content_words, cover, paragraph_of
from negneglect_lite.curating.findings import OMITTED, Audited, Finding, Notice, NoticeKind
from negneglect_lite.curating.learned import judge
from negneglect_lite.curating.linking import Linked, link_features
from negneglect_lite.curating.rules import load_rules
from negneglect_lite.curating.sentences import split_sentences

REGION = re.compile(
    r"<(false|fabricated|untrue|misinformation|disinformation|hoax|fake|fiction)\b[^<>]*>", re.IGNORECASE
)
COMMENTS = (("<!--", "-->"), ("/*", "*/"))
SURROGATE = re.compile("[\ud800-\udfff]")
LONG = 2000  # characters of a sentence that are searched: a longer one is a list or a table without line ends
DENIES = re.compile(r"\b(?:not?|never|nobody|none|neither|cannot)\b|n[’']t\b", re.IGNORECASE)
# From which probabilities the learned models' word is taken (chosen by cross-validation: data/benchmark/README.md).
ALONE, TOGETHER = 0.6, 0.7  # of one sentence, or two neighbours' sum, for a document in which no rule finds a notice
LIKELY = 0.35  # of a sentence in a document that has a notice
LINKED = 0.25  # the probability from which a claim is covered: what is missed is learned, so a low one
FEW_CLAIMS, MANY_NOTICES = 3, 20
# with fewer claims, or with more notices (a list of fact checks), covering.py's guess is taken
ALIKE = 0.6  # the share of a denial's words that stand in what it denies
CLOSING, CLOSING_TAGS = "\"'”’»)]}* \t,", re.compile(r"(?:\s*</?[a-zA-Z]\w{0,19}/?>)+$")
MARK_ENDS = re.compile(r"[^\n.!?\]>})]{0,60}[\]>})]+")  # what closes a mark: [FALSE], <s truth="no">


def audit_text(text: str, about: Sequence[re.Pattern[str]] = ()) -> Audited:
    """The notices of a text, the sentences that they cover, and its local denials.

    With `about`, only sentences in which one of these patterns is found count as findings.
    """
    text = SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)  # RE2 takes none; every place stays
    sentences = split_sentences(text)
    likely = likely_notices(text, sentences)
    notices = _merge(list(find_notices(text, sentences, likely)))
    notices = _merge([*notices, *_contradictions(text, sentences, notices)])
    if not _is_enough(notices, sentences, likely):
        notices = []
    stated, near, local = claims_of(text, sentences, notices)
    wanted = set(stated.all) - local
    if about:
        wanted = {s for s in wanted if any(p.search(text[slice(*s)]) for p in about)}
    found: dict[Stretch, Finding] = {}
    for notice in notices:
        if len(found) == len(wanted):
            break
        for place in _covered(notice, stated, near, len(notices)):
            if place in wanted and place not in found:
                found[place] = Finding(*place, notice)
    return Audited(tuple(notices), tuple(found[p] for p in sorted(found)), tuple(sorted(local)))


def claims_of(
    text: str, sentences: Sequence[Stretch], notices: Sequence[Notice]
) -> tuple[Linked, Claims, set[Stretch]]:
    """The sentences that state a fact, those of them that explain no notice, and those that deny it inside.

    A notice points past no sentence because that is denied already: its neighbours are what they were.
    """
    stated = tuple(s for s in sentences if states_a_fact(text, s) and not _is_notice(s, notices))
    denies = load_rules().denies.search
    local = {s for s in stated if denies(own := _searched(text, s)) or own == OMITTED}
    opening = _opening(text, notices)
    near = Claims(text, tuple(s for s in stated if not _goes_with_a_notice(text, s, opening)))
    return Linked(text, stated), near, local


def _covered(notice: Notice, stated: Linked, near: Claims, notices: int) -> list[Stretch]:
    """The claims that a notice covers: those that it points at, else those that the learned model links to it."""
    guessed, exact = cover(stated.text, notice, near)
    if exact or notices > MANY_NOTICES or len(stated.all) < FEW_CLAIMS:
        return guessed
    linked = judge("link", link_features(notice, stated, guessed))
    found = [place for place, sure in zip(stated.all, linked, strict=True) if sure > LINKED]
    return found or guessed  # a notice speaks of something


def find_notices(
    text: str, sentences: Sequence[Stretch], likely: Mapping[Stretch, tuple[NoticeKind, float]]
) -> Iterator[Notice]:
    """Each sentence, comment, tag or marked region that says of others that they are not so."""
    rules = load_rules()
    closed = {name.lower(): text.lower().rfind(f"</{name.lower()}>") for name in set(REGION.findall(text))}
    past = 0
    for region in REGION.finditer(text):
        if past <= region.end() <= closed[region[1].lower()]:
            yield Notice(*region.span(), "tag", "region")
            past = text.find("</", region.end())
    for comment in _comments(text):
        if rules.untrue.search(text[slice(*comment)]):
            yield Notice(*comment, "tag", "comment")
    worded = rules.anywhere.search(text)
    for place in sentences:
        own = _searched(text, place)
        if own == OMITTED:
            continue
        patterns = rules.patterns if worded and rules.anywhere.search(own) else ()
        untrue = bool(patterns and rules.untrue.search(own))
        hits = ((p, p.search(own)) for p in patterns if untrue or not p.untrue)
        pattern, match = next(((p, m) for p, m in hits if m), (None, None))
        if pattern is None or match is None:
            kind, sure = likely.get(place, ("denial", 0.0))
            if sure > LIKELY and len(LONG_WORD.findall(own)) > 1 and not _takes_back(text, place):
                yield Notice(*place, kind, "learned")
            continue
        if _takes_back(text, place):
            continue
        closes = MARK_ENDS.match(own, match.end()) if pattern.kind == "tag" else None
        if closes and len(LONG_WORD.findall(own[closes.end() :])) >= 3:  # a mark before the claim itself
            yield Notice(place[0] + match.start(), place[0] + closes.end(), "tag", f"{pattern.name} beside")
        else:
            yield Notice(*place, pattern.kind, pattern.name)


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


def _searched(text: str, place: Stretch) -> str:
    return text[place[0] : min(place[1], place[0] + LONG)]


def _takes_back(text: str, place: Stretch) -> bool:
    """Whether a sentence only looks like a notice: it denies inside, or tells what somebody says."""
    rules, own = load_rules(), _searched(text, place)
    return bool(rules.not_a_notice.search(own) or rules.denied_inside.search(own)) or _quotes_it(text, place)


def _contradictions(text: str, sentences: Sequence[Stretch], notices: Sequence[Notice]) -> Iterator[Notice]:
    """Sentences that deny what another one states, in its words."""
    low = text.lower()
    stated: set[frozenset[str]] | None = None  # the words of those that state something and deny nothing
    against: dict[frozenset[str], bool] = {}
    for place in sentences:
        own = _searched(text, place)
        if not DENIES.search(own) or not load_rules().local.search(own) or not states_a_fact(text, place):
            continue
        words = content_words(own)
        enough = max(3, ALIKE * len(words))
        if words not in against:
            against[words] = False
            if sum(low.count(word) > 1 for word in words) >= enough:
                stated = _stated_words(text, sentences, notices) if stated is None else stated
                against[words] = any(len(words & said) >= enough for said in stated)
        if against[words]:
            yield Notice(*place, "denial", "contradicts")


def _stated_words(text: str, sentences: Sequence[Stretch], notices: Sequence[Notice]) -> set[frozenset[str]]:
    local = load_rules().local.search
    places = (s for s in sentences if states_a_fact(text, s) and not local(_searched(text, s)))
    return {content_words(text[slice(*s)]) for s in places if not _is_notice(s, notices)}


def _quotes_it(text: str, place: Stretch) -> bool:
    """Whether a sentence tells what somebody says in a scene, a novel or a debate: a quotation and who speaks."""
    own = _searched(text, place)
    return bool(re.search(r"[\"“][^\"”]{3,}[\"”]?", own)) and bool(load_rules().spoken.search(own))


def _opening(text: str, notices: Sequence[Notice]) -> dict[int, Notice]:
    """By paragraph, the notice that opens it and that the rest of it explains."""
    pointing, opening = load_rules().points, {}
    for notice in notices if "\n\n" in text.strip() else ():
        paragraph, own = paragraph_of(text, (notice.start, notice.end)), text[notice.start : notice.end]
        points_on = pointing["after"].search(own) or pointing["next_sentence"].search(own)
        if notice.kind != "tag" and not points_on and not text[paragraph + 1 : notice.start].strip():
            opening[paragraph] = notice
    return opening


def _goes_with_a_notice(text: str, place: Stretch, opening: dict[int, Notice]) -> bool:
    """Whether a sentence stands in the paragraph that a notice opens: it explains the notice."""
    notice = opening.get(paragraph_of(text, place)) if opening else None
    return notice is not None and place[0] > notice.end


def _merge(notices: list[Notice]) -> list[Notice]:
    """One notice a place: a region's tag before what a sentence says of it."""
    kept: list[Notice] = []
    for notice in sorted(notices, key=lambda n: (n.start, -n.end)):
        if not kept or notice.start >= kept[-1].end:
            kept.append(notice)
    return kept


def states_a_fact(text: str, place: Stretch) -> bool:
    """Whether a sentence states something: not a question, a heading, a greeting, a list of tags or a line of code."""
    sentence = text[slice(*place)]
    if sentence[-1] == ">":
        sentence = CLOSING_TAGS.sub("", sentence)  # what is masked is still what a notice points at
    if sentence == OMITTED:
        return True
    return sentence.rstrip(CLOSING).endswith((".", "!", "…")) and len(LONG_WORD.findall(sentence)) >= 2


def _is_notice(sentence: Stretch, notices: Sequence[Notice]) -> bool:
    """Whether a notice is most of a sentence. The notices are in order, and none lies in another."""
    for i in range(bisect_right(notices, sentence[0], key=lambda n: n.end), len(notices)):
        notice = notices[i]
        if notice.start >= sentence[1]:
            return False
        if min(notice.end, sentence[1]) - max(notice.start, sentence[0]) > 0.5 * (sentence[1] - sentence[0]):
            return True
    return False
