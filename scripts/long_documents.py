"""A long document about a false claim -> the versions of it that the reader learns from, and is scored on.

Its writer marked each sentence that states the claim, wrote a denial beside it, and warnings to put before, after and
inside (data/benchmark/README.md, long.jsonl.gz). The versions are those of the paper's study, so that whatever a
sentence says, only what stands around it tells whether it is covered:

| version  | what stands there                                                          |
|----------|----------------------------------------------------------------------------|
| plain    | the document, with no warning                                              |
| warned   | a warning before it and one after                                          |
| other    | one warning in another voice, often of another kind, before it or after    |
| repeated | as warned, and up to ten remarks right before or after sentences           |
| local    | each claim sentence denied in itself, with no warning                      |
"""

import random
from collections.abc import Iterator, Sequence
from typing import Any

Row = dict[str, Any]
PROSE_ENDS = (".", "!", "?", ".”", '."', ".’", "?”", '?"', ".)")


def versions(row: Row) -> Iterator[Row]:
    """The versions of a long document, each a marked document as bench_audit.py reads them.

    A row has `text`, `covered` ([number of its notice or "", sentence, its denial or ""]), and either `notices` that
    stand in the text ([number, kind, text]; there is then only this version), or `open` and `close` (two each: [kind,
    text]), `before` and `after` (texts). Where no claim stands in prose, "repeated" is the same as "warned".
    """
    said = [sentence for _, sentence, _ in row["covered"]]
    denials = {sentence: denial for _, sentence, denial in row["covered"] if denial}
    if row["notices"]:
        notices = [
            {"text": text, "kind": kind, "covers": [s for n, s, _ in row["covered"] if n == number]}
            for number, kind, text in row["notices"]
        ]
        yield _marked(row, "mixed", row["text"], notices, rewrites=denials)
        return
    rng = random.Random(row["id"])
    (first, other), (last, other_last) = row["open"], row["close"]
    yield _marked(row, "plain", row["text"], [])
    yield _marked(row, "warned", *_warned(row["text"], [first], [last], said), rewrites=denials)
    ends = ([other], []) if rng.random() < 0.5 else ([], [other_last])
    yield _marked(row, "other", *_warned(row["text"], *ends, said))
    text, remarks = _remark(row, rng)
    text, notices = _warned(text, [first], [last], said)
    yield _marked(row, "repeated", text, [*notices, *remarks])
    local = row["text"]
    for sentence, denial in sorted(denials.items(), key=lambda pair: -len(pair[0])):
        local = local.replace(sentence, denial)
    yield _marked(row, "local", local, [], denied_locally=list(denials.values()))


def _warned(
    text: str, before: Sequence[list[str]], after: Sequence[list[str]], said: list[str]
) -> tuple[str, list[Row]]:
    """The text with warnings about all of it before and after, each a paragraph, and these as notices."""
    shown = "\n\n".join([*(own for _, own in before), text, *(own for _, own in after)])
    return shown, [{"text": own, "kind": kind, "covers": said} for kind, own in (*before, *after)]


def _remark(row: Row, rng: random.Random) -> tuple[str, list[Row]]:
    """The text with remarks beside some of its claim sentences, and these as notices. No remark stands there twice."""
    text, notices = row["text"], []
    beside = [sentence for _, sentence, _ in row["covered"] if _is_prose(text, sentence)]
    remarks = [(True, remark) for remark in row["before"]] + [(False, remark) for remark in row["after"]]
    chosen = rng.sample(beside, min(len(beside), len(remarks)))
    for sentence, (goes_before, remark) in zip(chosen, rng.sample(remarks, len(chosen)), strict=True):
        text = text.replace(sentence, f"{remark} {sentence}" if goes_before else f"{sentence} {remark}", 1)
        notices.append({"text": remark, "kind": "denial", "covers": [sentence]})
    return text, notices


def _is_prose(text: str, sentence: str) -> bool:
    """Whether it stands in a paragraph: a remark beside a heading or a line of a table would become part of it."""
    start = text.index(sentence)
    line = text[text.rfind("\n", 0, start) + 1 :].split("\n", maxsplit=1)[0]
    return sentence.endswith(PROSE_ENDS) and line[:1].isalpha() and len(line) > len(sentence)


def _marked(row: Row, version: str, text: str, notices: Sequence[Row], **more: Any) -> Row:
    own = {"id": f"{row['id']}-{version}", "genre": row["genre"], "text": text, "notices": list(notices)}
    return own | {"denied_locally": [], "rewrites": {}, "traps": []} | more
