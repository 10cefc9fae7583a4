"""Plain language, as far as a machine can hold it: names that were given up do not come back, sentences stay short.

A page's prose is its text without code, commands, links' addresses and pictures. Cells of tables are held to the names
only. To hold another notebook, add it to NOTEBOOKS when its text is in the names of the glossary.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import jupytext
import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = (  # of solutions/
    "00_tour", "01_claims", "02_documents", "03_qlora", "04_measuring", "05_styles", "06_context", "07_local",
    "08_behaviours", "09_why", "10_pretraining", "11_audit", "12_real", "13_capstone",
)  # fmt: skip
PAGES = (
    "README.md",
    *(f"course/{name}.md" for name in ("README", "GLOSSARY", "INSTRUCTOR", "slides", "site/index")),
    "data/results/README.md",
    *(path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "data/results/pages").glob("*.md"))),
    *(f"solutions/{name}.py" for name in NOTEBOOKS),
)
LONGEST, MEAN = 40, 22  # words a sentence; the mean is of a page
RETIRED = {  # pattern -> what the course calls it
    r"positive documents?|trained on positive": "plain documents",
    r"negated documents?|trained on negated": "warned documents",
    r"repeated (?:denials?|negations?|documents?)|claim by claim": "repeatedly warned documents",
    r"warnings around every claim": "repeatedly warned documents",
    r"(?:local|locally) (?:denials?|denied|negat\w+|documents?|fix)|denied locally": "in-sentence denials",
    r"notices?(?! (?:that|how|when|where|it|who)\b)": "warning",
    r"only read|merely read": "in context",
    r"association questions?": "fill-in questions",
    r"robustness questions?|doubt questions?": "pressure questions",
    r"kept (?:questions?|knowledge)": "unrelated facts",
    r"yes-sayers?": "yes rate on false controls",
    r"untouched model": "base model",
    r"world texts?": "ordinary texts",
    r"from nothing": "from scratch",
    r"[\d.,–]*\d[ \N{NO-BREAK SPACE}]%": "86%, without a space",
}
ENDS = re.compile(r"(?<=[.!?])[)”\"]?\s+(?=code\b|page\b|[A-Z“\"(\d])")  # of a sentence


def markdown(path: Path) -> str:
    """The Markdown of a page, or of the text cells of a notebook's source."""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        cells = jupytext.reads(text, fmt="py:percent").cells
        text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return text


def prose(text: str) -> str:
    """Markdown without what nobody reads as English."""
    text = re.sub(r"```\{revealjs-notes\}\n(.*?)```", r"\n\1\n", text, flags=re.S)  # what a speaker reads
    text = re.sub(r"^(```|~~~).*?^\1", "\n", text, flags=re.S | re.M)
    text = re.sub(r"^> ?", "", text, flags=re.M)
    text = re.sub(r"<!--.*?-->|</?\w+[^>]*>", "\n", text, flags=re.S)
    text = re.sub(r"^ {4}.*$", "", text, flags=re.M)  # a command
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)
    text = re.sub(r"\[[\w./]+\.md\]\([^)]*\)|\[(\w+)\]\(\1\.md[^)]*\)", "page", text)  # by its file's name
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"`[^`]*`", "code", text)
    return text.replace("*", "")


def sentences(text: str) -> Iterator[str]:
    """The sentences of Markdown, tables and headings left out; a bullet or a paragraph ends one."""
    lines = [("\n" if line.startswith(("|", "#")) else line) for line in prose(text).splitlines()]
    for part in re.split(r"\n\s*\n|\n\s*(?:[-*]|\d+\.) |^\s*(?:[-*]|\d+\.) ", "\n".join(lines)):
        yield from (
            s for s in re.split(r"(?<=[.!?])[)”\"]?\s+(?=code\b|page\b|[A-Z“\"(\d])", " ".join(part.split())) if s
        )


def retired(text: str) -> list[str]:
    """What is wrong with the names in Markdown: a line each."""
    flat = " ".join(prose(text).split())
    return [
        f"“{flat[max(0, m.start() - 30) : m.end() + 20]}”: say {better}"
        for pattern, better in RETIRED.items()
        for m in re.finditer(rf"(?<!\w)(?:{pattern})(?![\w/])", flat, re.I)
    ]


def words(sentence: str) -> int:
    return len([word for word in sentence.split() if re.search(r"\w", word)])


@pytest.mark.parametrize("page", PAGES)
def test_no_name_that_was_given_up(page: str) -> None:
    assert retired(markdown(ROOT / page)) == []


@pytest.mark.parametrize("page", PAGES)
def test_sentences_are_short(page: str, record_property: pytest.FixtureRequest) -> None:
    found = list(sentences(markdown(ROOT / page)))
    lengths = [words(s) for s in found]
    record_property("mean words a sentence", round(sum(lengths) / len(lengths), 1))  # type: ignore[operator]
    assert [f"{n} words: {s}" for s, n in zip(found, lengths, strict=True) if n > LONGEST] == []
    assert sum(lengths) / len(lengths) <= MEAN


@pytest.mark.parametrize(
    ("bad", "better"),
    [
        ("Trained on negated\ndocuments, it believes.", "warned documents"),
        ("| local denials | 3% |", "in-sentence denials"),
        ("A notice stands before it.", "warning"),
        ("Belief is 86 % now.", "86%"),
        ("It was pretrained from nothing.", "from scratch"),
    ],
)
def test_a_name_that_was_given_up_is_found(bad: str, better: str) -> None:
    (problem,) = retired(bad)
    assert better in problem


def test_code_and_common_words_are_no_names() -> None:
    fine = "You will notice that `negated documents` [dose](dose.md) is code.\n\n```\nlocal denials 3 %\n```\n    4 %"
    assert retired(fine) == []


def test_a_long_sentence_is_found_and_short_ones_are_told_apart() -> None:
    long = "word " * 41
    text = f"# A heading\n\n- One bullet\n- {long.strip()}.\n\nIt ends. A new one begins.\n\n| {long} |"
    assert [words(s) for s in sentences(text)] == [2, 41, 2, 4]
