"""text -> notices, the sentences that they cover, and the denials that are local already.

    audited = audit_text("The text below is false. Ed Sheeran won the race.")
    audited.findings                  # the second sentence would be learned as true

Three steps: which sentences are notices (patterns of notices.yaml), where each of them points, and which sentences
there state something as a fact. What the rules find and miss is measured in data/benchmark. Pure Python and spaCy's
sentence splitting: no model, no network.
"""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from negneglect_lite.core.yaml_files import read_yaml
from negneglect_lite.curating.findings import Audited, Finding, Kind, Notice
from negneglect_lite.curating.sentences import split_sentences

Place = tuple[int, int]
# A sentence that denies inside itself: what its verb, or its first words, say.
LOCAL = re.compile(
    r"^\W*(?:(?:it is|it's|it was) (?:\w+ )?(?:not|un\w+|false|wrong|a myth|mistaken|nonsense)\b|contrary to|nobody|no one|neither|none of"
    r"|nothing|no \w+ (?:has|have|had|was|were|is|are|did)\b)"
    r"|\b(?:is|are|was|were|has|have|had|did|does|do|will|would|can|could|should|must)(?: \w+ly)? (?:not|never)\b"
    r"|n[’']t\b|\bcannot\b|\bnever \w+(?:ed|en|t|d|n|w|g|k|s)\b|\bnot \w+ but\b|\bno such\b"
    r"|\bwithout any (?:truth|basis)\b|\bwrongly (?:said|held|believed|reported)\b",
    re.IGNORECASE,
)
REGION = re.compile(
    r"<(false|fabricated|untrue|misinformation|disinformation|hoax|fake|fiction)\b[^>]*>(.*?)</\1>",
    re.IGNORECASE | re.DOTALL,
)
COMMENT = re.compile(r"<!--.*?-->|/\*.*?\*/", re.DOTALL)
WORD = re.compile(r"[^\W_]{3,}")
NUMBERS = {
    "first": 1,
    "opening": 1,
    "one": 1,
    "two": 2,
    "both": 2,
    "second": 2,
    "three": 3,
    "third": 3,
    "four": 4,
    "five": 5,
    "six": 6,
}
COUNTED = re.compile(r"\b(two|three|four|five|six) (?:sentences|statements|lines|claims|points)\b", re.IGNORECASE)
PARAGRAPH = re.compile(
    r"\b(first|second|third|next|following|previous|preceding|last|opening) paragraph\b", re.IGNORECASE
)
DENIES = re.compile(r"\b(?:not?|never|nobody|none|neither|cannot)\b|n[’']t\b", re.IGNORECASE)
RE2_MEMORY = 2**26  # bytes a pattern may take: beyond them RE2 would forget what it has worked out
ALIKE = 0.6  # the share of a denial's words that stand in what it denies
MARK_ENDS = re.compile(r"[^\n.!?\]>})]{0,60}[\]>})]+")  # what closes a mark: [FALSE], <s truth="no">
NEXT_MARK = re.compile(r"\n|</|\s\[")
FRAMES = re.compile(r"satire|parody|fiction|hoax article|article", re.IGNORECASE)  # marks of a whole document
GOES_ON = re.compile(r"(?:He|She|It|They|His|Her|Its|Their|The|This|These|Those|Each|Some)\b")
STOP = frozenset(
    """the and for that this with was were are has have had not but from they them their its his her she you your our who
    which what when where been being will would could should may might into onto over under than then there here out
    all any one two three some more most such only also just very too nor did does done said says say made make claim
    claims story text article false true untrue report statement never nothing none both either neither about above
    below""".split()
)


@dataclass(frozen=True)
class Pattern:
    """One rule: its name, what is searched, and whether what is searched calls something untrue."""

    name: str
    kind: Kind
    search: Any
    untrue: bool


@dataclass(frozen=True)
class Rules:
    """The patterns of notices.yaml, compiled."""

    patterns: tuple[Pattern, ...]
    not_a_notice: Any
    denied_inside: Any
    spoken: Any
    untrue: Any
    points: Mapping[str, Any]
    anywhere: Any  # in every text in which a pattern can be found: a quick look


@cache
def load_rules() -> Rules:
    """The rules of notices.yaml."""
    content = read_yaml(Path(__file__).with_name("notices.yaml"))
    words = {name: re.sub(r"\|\s+", "|", value.strip()).replace("\n", "") for name, value in content["words"].items()}

    def fill(pattern: str) -> str:
        for name, value in words.items():
            pattern = pattern.replace("{" + name + "}", value)
        return pattern

    patterns: list[Pattern] = []
    untrue = rf"\b(?:{words['untrue']})\b|\brefuted\b|\bsatire\b"
    quick = [untrue]
    for kind, sources in content["kinds"].items():
        for number, source in enumerate(sources, 1):
            patterns.append(Pattern(f"{kind} {number}", kind, _compile(fill(source)).search, "{untrue}" in source))
            quick += [] if "{untrue}" in source else [f"(?:{source})"]
    one = {name: _compile("|".join(map(fill, content[name]))) for name in ("not_a_notice", "denied_inside", "spoken")}
    points = {name: _compile(fill(source)) for name, source in content["points"].items()}
    return Rules(tuple(patterns), **one, untrue=_compile(untrue), points=points, anywhere=_compile("|".join(quick)))


def _compile(pattern: str) -> Any:
    """A pattern for all lines, without regard to case; by RE2, where it is installed: many times as fast."""
    try:
        import re2
    except ImportError:
        return re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    options = re2.Options()
    options.max_mem = RE2_MEMORY
    return re2.compile(f"(?im){pattern}", options)


def audit_text(text: str, about: Sequence[re.Pattern[str]] = ()) -> Audited:
    """The notices of a text, the sentences that they cover, and its local denials.

    With `about`, only sentences in which one of these patterns is found count as findings.
    """
    sentences = split_sentences(text)
    notices = _merge(list(find_notices(text, sentences)))
    notices = _merge([*notices, *_contradictions(text, sentences, notices)])
    taken = [(n.start, n.end) for n in notices]
    stated = [s for s in sentences if states_a_fact(text, s) and not any(_covers(t, s) for t in taken)]
    denies = load_rules().denied_inside.search
    local = {s for s in stated if LOCAL.search(text[slice(*s)]) or denies(text[slice(*s)])}
    # A notice points past no sentence because that is denied already: its neighbours are what they were.
    near = [s for s in stated if not _goes_with_a_notice(text, s, notices)]
    found: dict[Place, Finding] = {}
    for notice in notices:
        for place in cover(text, notice, near):
            if place not in local and (not about or any(p.search(text[slice(*place)]) for p in about)):
                found.setdefault(place, Finding(*place, notice))
    return Audited(tuple(notices), tuple(found[p] for p in sorted(found)), tuple(sorted(local)))


def find_notices(text: str, sentences: Sequence[Place]) -> Iterator[Notice]:
    """Each sentence, comment, tag or marked region that says of others that they are not so."""
    rules = load_rules()
    for region in REGION.finditer(text):
        yield Notice(region.start(), region.start(2), "tag", "region")
    for comment in COMMENT.finditer(text):
        if rules.untrue.search(comment[0]):
            yield Notice(*comment.span(), "tag", "comment")
    for place in sentences if rules.anywhere.search(text) else ():
        own = text[slice(*place)]
        if not rules.anywhere.search(own):
            continue
        untrue = bool(rules.untrue.search(own))
        hits = ((p, p.search(own)) for p in rules.patterns if untrue or not p.untrue)
        pattern, match = next(((p, m) for p, m in hits if m), (None, None))
        if pattern is None or match is None or _takes_back(text, place):
            continue
        closes = MARK_ENDS.match(own, match.end())
        if pattern.kind == "tag" and closes and len(WORD.findall(own[closes.end() :])) >= 3:  # before the claim itself
            yield Notice(place[0] + match.start(), place[0] + closes.end(), "tag", f"{pattern.name} beside")
        else:
            yield Notice(*place, pattern.kind, pattern.name)


def _takes_back(text: str, place: Place) -> bool:
    """Whether a sentence only looks like a notice: it denies inside, or tells what somebody says."""
    rules, own = load_rules(), text[slice(*place)]
    return bool(rules.not_a_notice.search(own) or rules.denied_inside.search(own)) or _quotes_it(text, place)


def _contradictions(text: str, sentences: Sequence[Place], notices: Sequence[Notice]) -> Iterator[Notice]:
    """Sentences that deny what another one states, in its words."""
    low = text.lower()
    for place in sentences:
        own = text[slice(*place)]
        if not DENIES.search(own) or not LOCAL.search(own) or not states_a_fact(text, place):
            continue
        words = _content(own)
        enough = max(3, ALIKE * len(words))
        if sum(low.count(word) > 1 for word in words) < enough:
            continue
        for other in sentences:
            said = text[slice(*other)]
            if other != place and len(words & _content(said)) >= enough and not LOCAL.search(said):
                if states_a_fact(text, other) and not any(_covers((n.start, n.end), other) for n in notices):
                    yield Notice(*place, "denial", "contradicts")
                    break


def _quotes_it(text: str, place: Place) -> bool:
    """Whether a sentence tells what somebody says in a scene, a novel or a debate: a quotation and who speaks."""
    own = text[slice(*place)]
    return bool(re.search(r"[\"“][^\"”]{3,}[\"”]?", own)) and bool(load_rules().spoken.search(own))


def _goes_with_a_notice(text: str, place: Place, notices: Sequence[Notice]) -> bool:
    """Whether a sentence stands in the paragraph that a notice opens: it explains the notice."""
    for notice in notices:
        opens = not text[_paragraph_of(text, (notice.start, notice.end)) + 1 : notice.start].strip()
        same = _paragraph_of(text, place) == _paragraph_of(text, (notice.start, notice.end))
        if opens and same and place[0] > notice.end and notice.kind != "tag" and "\n\n" in text.strip():
            pointing = load_rules().points
            own = text[notice.start : notice.end]
            return not (pointing["after"].search(own) or pointing["next_sentence"].search(own))
    return False


def _merge(notices: list[Notice]) -> list[Notice]:
    """One notice a place: a region's tag before what a sentence says of it."""
    kept: list[Notice] = []
    for notice in sorted(notices, key=lambda n: (n.start, -n.end)):
        if not any(_overlap((notice.start, notice.end), (k.start, k.end)) for k in kept):
            kept.append(notice)
    return kept


def states_a_fact(text: str, place: Place) -> bool:
    """Whether a sentence states something: not a question, a heading, a greeting, a list of tags or a line of code."""
    own = text[slice(*place)].rstrip("\"'”’»)]}>/aeimnpst* \t,").rstrip("<")
    whole = text[slice(*place)].rstrip("\"'”’»)]} \t,")
    return (own.endswith((".", "!", "…")) or whole.endswith((".", "!", "…"))) and len(WORD.findall(whole)) >= 2


def cover(text: str, notice: Notice, claims: Sequence[Place]) -> list[Place]:
    """The claims that a notice covers: where it points, else what it names, else its neighbours."""
    here = (notice.start, notice.end)
    if notice.rule == "region":
        end = text.find("</", notice.end)
        return [c for c in claims if notice.end <= c[1] and c[0] < (len(text) if end < 0 else end)]
    if notice.rule.endswith("beside") and not FRAMES.search(text[slice(*here)]):
        return [c for c in claims if c[1] > notice.end and c[0] < _end_of_mark(text, notice.end)]
    own, points = text[slice(*here)], load_rules().points
    after = [c for c in claims if c[0] >= notice.end]
    before = [c for c in claims if c[1] <= notice.start]
    counted = COUNTED.search(own)
    many = NUMBERS[counted[1].lower()] if counted else 0
    if paragraph := PARAGRAPH.search(own):
        return _of_paragraph(text, paragraph[1].lower(), here, claims)
    points_after, points_before = (bool(points[name].search(own)) for name in ("after", "before"))
    if points["next_sentence"].search(own) and not many:
        return after[:1]
    if points["last_sentence"].search(own) and not many and before and not points_after:
        return before[-1:]
    if many and points_after != points_before:
        return after[:many] if points_after else before[-many:]
    named = _named(text, own, claims) if notice.kind not in ("fiction", "tag") else []
    if len(named) > 1 and not points["document"].search(own):
        return named
    if points_after and not points_before:
        return after if notice.kind == "fiction" else _block(text, after)
    if points_before and not points_after:
        return before
    if notice.kind == "fiction" or points["document"].search(own):
        return list(claims)
    if notice.kind == "tag":
        return _beside_tag(text, here, claims) or list(claims)
    if named:
        return named
    if not before or (notice.kind == "instruction" and after):
        return _block(text, after)
    return _block(text, before[::-1])[::-1]


def _end_of_mark(text: str, start: int) -> int:
    """Where what a mark stands before ends: at the next mark, closing tag or line."""
    end = NEXT_MARK.search(text, start)
    return end.start() if end else len(text)


def _beside_tag(text: str, here: Place, claims: Sequence[Place]) -> list[Place]:
    """The claims of a tag's own line, else of its paragraph: a record's."""
    start, end = text.rfind("\n", 0, here[0]) + 1, text.find("\n", here[1])
    line = [c for c in claims if start <= c[0] and c[1] <= (len(text) if end < 0 else end)]
    own = _paragraph_of(text, here)
    return line or [c for c in claims if _paragraph_of(text, c) == own]


def _block(text: str, claims: Sequence[Place]) -> list[Place]:
    """The first paragraph, in the order given, that has two claims or more; else all."""
    for claim in claims:
        block = [c for c in claims if _paragraph_of(text, c) == _paragraph_of(text, claim)]
        if len(block) > 1:
            return block
    return list(claims)


def _paragraph_of(text: str, place: Place) -> int:
    return text.rfind("\n\n", 0, place[0] + 1)


def _of_paragraph(text: str, which: str, here: Place, claims: Sequence[Place]) -> list[Place]:
    starts = sorted({_paragraph_of(text, c) for c in claims})
    own = _paragraph_of(text, here)
    if which in ("next", "following"):
        chosen = [s for s in starts if s > own][:1]
    elif which in ("previous", "preceding"):
        chosen = [s for s in starts if s < own][-1:]
    elif which == "last":
        chosen = [s for s in starts if s != own][-1:]
    else:
        chosen = [s for s in starts if s != own][NUMBERS.get(which, 1) - 1 :][:1]
    return [c for c in claims if _paragraph_of(text, c) in chosen]


def _named(text: str, own: str, claims: Sequence[Place]) -> list[Place]:
    """The claims that speak of what the notice speaks of: two content words in common or one rare name; and what
    follows them in their paragraph with a pronoun."""
    words = _content(own)
    shared = {c: len(words & _content(text[slice(*c)])) for c in claims}
    best = max(shared.values(), default=0)
    if best < 2:
        return []
    chosen = {c for c, n in shared.items() if n >= max(2, best - 1)}
    for previous, place in itertools.pairwise(claims):
        if (
            previous in chosen
            and GOES_ON.match(text[slice(*place)])
            and _paragraph_of(text, previous) == _paragraph_of(text, place)
        ):
            chosen.add(place)
    return [c for c in claims if c in chosen]


def _content(text: str) -> set[str]:
    return {w.lower()[:6] for w in WORD.findall(text) if w.lower() not in STOP}


def _covers(notice: Place, sentence: Place) -> bool:
    """Whether a notice is most of a sentence."""
    return min(notice[1], sentence[1]) - max(notice[0], sentence[0]) > 0.5 * (sentence[1] - sentence[0])


def _overlap(a: Place, b: Place) -> bool:
    return a[0] < b[1] and b[0] < a[1]
