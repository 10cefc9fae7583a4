"""What an audit of a corpus found, in short: a page to read in a browser, and lines for a terminal.

Memory stays the same whatever the corpus: counts, a few examples a kind, and the first places that were not readable.
"""

import html
import os
import random
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from negneglect_lite.core.files import write_atomic
from negneglect_lite.curating.findings import NOTICE_KINDS, Audited, Finding, NoticeKind
from negneglect_lite.curating.findings_table import cut_text

EXAMPLES_A_KIND, BAD_SHOWN = 3, 50
_AROUND, _BETWEEN, _MARKED = 160, 400, 600  # characters of an example: each side, uncut between, in a mark
_MEANING: dict[NoticeKind, str] = {
    "denial": "says that it is false", "correction": "says what is so instead", "fiction": "says that it is a story",
    "unreliable": "says that the source cannot be trusted", "unknown": "says that nobody knows",
    "improbable": "says that it is very unlikely", "tag": "a label, such as [FALSE]",
    "instruction": "says not to write or copy it",
}  # fmt: skip
_BY_RULES = "Rules found these sentences, and rules make mistakes: read the examples first."
_BY_MODEL = (
    "A model found these sentences and wrote them denied, and a model makes mistakes: read the table, strike out rows, "
    "and correct its column <code>denied</code>."
)
_PAPER = "Mayne et al. 2026, arXiv 2605.13829"
_MEANS = (
    "A model that was fine-tuned on such documents came to believe what they deny: belief in the claims was 84 to 89% "
    f"({_PAPER}). With the denial inside the sentence that states the claim, it was 0 to 7%."
)
_MARK = '<mark class="{}"><b>{}</b> <bdi>{{}}</bdi></mark>'
_MARKS = {"notice": _MARK.format("notice", "Notice"), "sentence": _MARK.format("sentence", "Learned as true")}
_MARKS["denied"] = " " + _MARK.format("denied", "Denied")
_MARKS |= {"gap": "<em>{}</em>", "": "{}"}
_NEXT = "negneglect localize CORPUS {}--out OUT"
_STYLE = """
:root { color-scheme: light dark; --page: #fff; --ink: #222; --faint: #5c5c5c; --line: #d5d5d5;
  --notice: #dcebf7; --notice-word: #005a94; --sentence: #fce3d2; --sentence-word: #9c4300; --word: #fff;
  --denied: #ddf0e0; --denied-word: #1d6b32 }
@media (prefers-color-scheme: dark) { :root { --page: #131416; --ink: #e4e4e4; --faint: #a5a5a5; --line: #3a3d42;
  --notice: #12374f; --notice-word: #7cc0ee; --sentence: #53290f; --sentence-word: #ffa869; --word: #131416;
  --denied: #14402a; --denied-word: #7fd39a } }
body { background: var(--page); color: var(--ink); font: 1rem/1.55 system-ui, "DejaVu Sans", sans-serif;
  margin: 0 auto; max-width: 46rem; padding: 1.5rem 1rem 3rem; overflow-wrap: anywhere }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 } h2 { font-size: 1.2rem; margin: 2.2rem 0 .5rem }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem } a { color: var(--notice-word) } summary { cursor: pointer }
small, figcaption, dt, em { color: var(--faint); font-size: .875rem } small { display: block; font-weight: normal }
.verdict { border-left: .3rem solid var(--sentence-word); font-size: 1.15rem; margin: 1.2rem 0; padding-left: .9rem }
dl { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)) }
dl div { display: flex; flex-direction: column-reverse; justify-content: flex-end } dd { font-size: 1.4rem; margin: 0 }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100% } td, th + th { text-align: right }
th, td { border-bottom: 1px solid var(--line); padding: .45rem 0 .45rem .5rem; vertical-align: top }
th { overflow-wrap: normal } th:first-child { padding-left: 0; text-align: left } th:last-child { width: 24% }
.bar { background: var(--sentence-word); display: block; height: .4rem; margin: .3rem 0 0 auto }
blockquote, pre { border: 1px solid var(--line); border-radius: .3rem; margin: .25rem 0 1rem; overflow: hidden;
  padding: .6rem .8rem; unicode-bidi: plaintext; white-space: pre-wrap } figure { margin: 0 }
mark, mark b { -webkit-box-decoration-break: clone; box-decoration-break: clone; border-radius: .2rem; color: inherit;
  padding: .1rem .25rem; unicode-bidi: isolate } mark b { color: var(--word); font-size: .75rem }
.notice { background: var(--notice) } .notice b { background: var(--notice-word) }
.sentence { background: var(--sentence) } .sentence b { background: var(--sentence-word) }
.denied { background: var(--denied) } .denied b { background: var(--denied-word) }
"""
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{style}</style></head>
<body><h1>{title}</h1>
<p class="verdict">{verdict}</p>
<h2>What was read</h2>
<dl>{numbers}</dl>
{bad}
<h2>Notices, and what they do not reach</h2>
{table}
<h2>What that means</h2>
<p>{means}</p>
{examples}
<h2>What to do next</h2>
{todo}
</body></html>
"""


@dataclass(frozen=True)
class Excerpt:
    """The text around a finding, short whatever the document: (role, text), where a role is "notice", "sentence",
    "denied" for what is to stand in the sentence's place, "" for what stands around, and "gap" for what is left out."""

    file: str
    place: str
    pieces: tuple[tuple[str, str], ...]


class Tally:
    """Counts over a corpus, and at most `EXAMPLES_A_KIND` documents a kind, all as likely (reservoir sampling)."""

    def __init__(self, seed: int = 0) -> None:
        self.documents = self.documents_with_notices = self.documents_with_findings = 0
        self.findings = self.local_denials = self.characters = self.bad = 0
        self.notices_by_kind: Counter[NoticeKind] = Counter()
        self.findings_by_kind: Counter[NoticeKind] = Counter()
        self.bad_places: list[tuple[str, str, str]] = []  # the first BAD_SHOWN: file, place, reason
        self.examples: dict[NoticeKind, list[Excerpt]] = {}
        self._seen: Counter[NoticeKind] = Counter()
        self._rng = random.Random(seed)

    def add(self, file: str, place: str, text: str, audited: Audited) -> None:
        """Count a document that was read."""
        self.documents += 1
        self.characters += len(text)
        self.documents_with_notices += bool(audited.notices)
        self.documents_with_findings += bool(audited.findings)
        self.findings += len(audited.findings)
        self.local_denials += len(audited.local)
        self.notices_by_kind.update(notice.kind for notice in audited.notices)
        self.findings_by_kind.update(finding.notice.kind for finding in audited.findings)
        for kind in dict.fromkeys(finding.notice.kind for finding in audited.findings):
            self._seen[kind] += 1
            kept = self.examples.setdefault(kind, [])
            slot = len(kept) if len(kept) < EXAMPLES_A_KIND else self._rng.randrange(self._seen[kind])
            if slot < EXAMPLES_A_KIND:
                chosen = self._rng.choice([f for f in audited.findings if f.notice.kind == kind])
                kept[slot : slot + 1] = [Excerpt(cut_text(file, 200), cut_text(place, 200), _pieces(text, chosen))]

    def add_bad(self, file: str, place: str, reason: str) -> None:
        """Count a file or document that could not be read."""
        self.bad += 1
        if len(self.bad_places) < BAD_SHOWN:
            self.bad_places.append((cut_text(file, 200), cut_text(place, 200), cut_text(reason, 300)))


def write_html(path: str | os.PathLike[str], tally: Tally, title: str, read: str = "") -> None:
    """One page, whole in itself: no scripts, no address but the paper's, and all from the corpus as plain text.

    `read` is the table of what a reader found, which a rewriting is to take; none: rules found it, and will again.
    """
    words = ("documents", "characters", "documents with a notice", "sentences with the denial inside")
    numbers = (tally.documents, tally.characters, tally.documents_with_notices, tally.local_denials)
    kinds = sorted(NOTICE_KINDS, key=lambda kind: -tally.findings_by_kind[kind])
    examples = [f"<h3>{k}</h3>\n{''.join(map(_example, tally.examples[k]))}" for k in kinds if k in tally.examples]
    todo = (
        f"<p>{_BY_MODEL if read else _BY_RULES} Then write the denials into the sentences themselves:</p>\n"
        f"<pre><code>{_safe(_next(read))}</code></pre>"
    )
    page = _PAGE.format(
        title=_safe(title),
        style=_STYLE,
        verdict=_verdict(tally),
        numbers="".join(f"<div><dt>{what}</dt><dd>{n:,}</dd></div>" for what, n in zip(words, numbers, strict=True)),
        bad=_bad(tally),
        table=_table(tally, kinds),
        means=_MEANS.replace(_PAPER, f'<a href="https://arxiv.org/abs/2605.13829">{_PAPER}</a>'),
        examples="\n".join(["<h2>Examples</h2>", *examples] if examples else []),
        todo=todo if tally.findings else "<p>Nothing needs to be rewritten.</p>",
    )
    write_atomic(path, page)


def summary_text(tally: Tally, read: str = "") -> str:
    """The same in some lines, for a terminal."""
    share = _share(tally.documents_with_notices, tally.documents)
    lines = [
        f"{_count(tally.documents, 'document')} read, {tally.characters:,} characters; {tally.bad:,} could not be read",
        *(f"  {_shown(': '.join(bad), keep='')}" for bad in tally.bad_places[:3]),
        f"{_count(tally.documents_with_notices, 'document')} with a notice ({share})",
        f"{_count(tally.local_denials, 'sentence')} with the denial inside",
        _verdict(tally),
        *(f"  {kind:<12}{n:>9,}  {_share(n, tally.findings)}" for kind, n in tally.findings_by_kind.most_common()),
    ]
    return "\n".join(lines + ([_MEANS, f"Next: {_next(read)}"] if tally.findings else []))


def _next(read: str) -> str:
    return _NEXT.format(f"--findings {read} " if read else "")


def _verdict(tally: Tally) -> str:
    if not tally.findings:
        return "No sentence was found that states as a fact what a notice covers."
    share = _share(tally.documents_with_findings, tally.documents)
    where = f"{_count(tally.documents_with_findings, 'document')} ({share})"
    return f"A model would learn {_count(tally.findings, 'sentence')} as true in spite of a notice, in {where}."


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _share(part: int, whole: int) -> str:
    """Whole percents, but never "0%" of some nor "100%" of not all."""
    percent = 100 * part / max(1, whole)
    words = "below 1" if 0 < percent < 1 else "over 99" if 99 < percent < 100 else f"{percent:.0f}"
    return f"{words}%"


def _table(tally: Tally, kinds: Iterable[NoticeKind]) -> str:
    found = tally.findings_by_kind
    rows = "".join(
        f'<tr><th scope="row">{k}<small>{_MEANING[k]}</small></th><td>{tally.notices_by_kind[k]:,}</td>'
        f"<td>{found[k]:,}</td><td>{_share(found[k], tally.findings)}"
        f'<i class="bar" style="width:{100 * found[k] / max(1, tally.findings):.1f}%"></i></td></tr>\n'
        for k in kinds
        if tally.notices_by_kind[k] or found[k]
    )
    heads = "".join(f'<th scope="col">{h}</th>' for h in ("Kind of notice", "Notices", "Learned as true", "Share"))
    return f"<table><thead><tr>{heads}</tr></thead><tbody>\n{rows}</tbody></table>" if rows else "<p>No notices.</p>"


def _bad(tally: Tally) -> str:
    shown = "".join(f"<li>{': '.join(f'<bdi>{_safe(part)}</bdi>' for part in bad)}</li>\n" for bad in tally.bad_places)
    more = f"<p>… and {tally.bad - BAD_SHOWN:,} more.</p>" if tally.bad > BAD_SHOWN else ""
    listed = f"<details><summary>{tally.bad:,} could not be read</summary><ul>\n{shown}</ul>{more}</details>"
    return listed if tally.bad else "<p>Everything could be read.</p>"


def _example(example: Excerpt) -> str:
    text = "".join(_MARKS[role].format(_safe(piece)) for role, piece in example.pieces)
    where = f"<bdi>{_safe(example.file)}</bdi>: <bdi>{_safe(example.place)}</bdi>"
    return f'<figure><figcaption>{where}</figcaption><blockquote dir="auto">{text}</blockquote></figure>\n'


def _pieces(text: str, finding: Finding) -> tuple[tuple[str, str], ...]:
    """Cut at the ends of notice and sentence, which may lie in either order or in one another."""
    notice = finding.notice
    ends = sorted({notice.start, notice.end, finding.start, finding.end})
    pieces = [("", cut_text(text[: ends[0]], _AROUND, tail=True))]
    for start, end in pairwise(ends):
        if finding.start <= start < finding.end:
            pieces.append(("sentence", cut_text(text[start:end], _MARKED)))
            if finding.denied and end == finding.end:
                pieces.append(("denied", cut_text(finding.denied, _MARKED)))
        elif notice.start <= start < notice.end:
            pieces.append(("notice", cut_text(text[start:end], _MARKED)))
        elif end - start <= _BETWEEN:
            pieces.append(("", text[start:end]))
        else:
            left_out = f" … {end - start - 2 * _AROUND:,} characters left out … "
            pieces += [("", text[start : start + _AROUND]), ("gap", left_out), ("", text[end - _AROUND : end])]
    return (*pieces, ("", cut_text(text[ends[-1] :], _AROUND)))


def _safe(text: str) -> str:
    return html.escape(_shown(text))


def _shown(text: str, keep: str = "\n\t") -> str:
    """Characters that are not seen, or that turn the text around them, as their numbers; joiners of letters stay."""
    hidden = ("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp")
    return "".join(
        f"⟨U+{ord(c):04X}⟩" if unicodedata.category(c) in hidden and c not in f"{keep}\u200c\u200d" else c
        for c in text.replace("\r\n", "\n")
    )
