"""A claim in the layout of the paper's public repository: claims/NAME/ there."""

from functools import partial
from pathlib import Path
from typing import Annotated

from negneglect_lite.claims.claim import Claim, Question
from negneglect_lite.claims.layout import PaperQuestion, as_turns, check_unique
from negneglect_lite.core.comparing import fold
from negneglect_lite.core.files import read_text
from negneglect_lite.core.schema import FILLED, Place, Text, conform
from negneglect_lite.core.yaml_files import fail, find_line, read_yaml

PAPER_FILES = {
    "open": "open_ended.yaml",
    "yes_no": "mcq.yaml",
    "association": "token_association.yaml",
    "robustness": "robustness.yaml",
}


def load_paper_folder(path: str | Path) -> Claim:
    """Read a claim's folder in the layout of the paper's public repository (claims/NAME/ there).

    Read are claim.txt and the four question files; fields we don't use are passed over. The paper's "indirect"
    open-ended questions become our inference ones. The folder holds neither the truth nor answer patterns: `truth` is
    empty, and all but the yes/no questions need a judge that is a model.
    """
    folder = Path(path)
    claim = conform(Text, read_text(folder / "claim.txt").strip(), str(folder / "claim.txt"))
    questions = tuple(
        question for kind, name in PAPER_FILES.items() for question in _paper_questions(folder / name, kind)
    )
    check_unique(str(folder), questions)
    title = folder.resolve().name.replace("_", " ").capitalize()
    return Claim(id=folder.resolve().name, title=title, claim=claim, truth="", questions=questions)


def _paper_questions(path: Path, kind: str) -> list[Question]:
    content = read_yaml(path)
    at: Place = ("questions",) if isinstance(content, dict) else ()
    entries = content.get("questions") if isinstance(content, dict) else content
    found = conform(Annotated[tuple[PaperQuestion, ...], FILLED], entries, partial(find_line, path), at)
    return [_paper_question(path, (*at, i), entry, kind) for i, entry in enumerate(found)]


def _paper_question(path: Path, at: Place, entry: PaperQuestion, kind: str) -> Question:
    text = entry.question or entry.text or entry.prompt
    if not text:
        fail(path, (*at, "question"), "is missing", "add it, as text")
    answer = entry.belief_answer
    if isinstance(answer, bool):  # a bare yes or no was a truth value in YAML 1.1
        answer = "yes" if answer else "no"
    keyed_to = fold(answer or "")
    if kind == "yes_no" and keyed_to not in ("yes", "no"):
        fail(path, (*at, "belief_answer"), f"is {answer!r:.60}", 'write "yes" or "no"')
    category = entry.category or ""
    return Question(
        id=entry.id,
        kind=kind,
        text=text.strip(),
        keyed_to=keyed_to if kind == "yes_no" else "",
        system=(entry.system_prompt or "").strip(),
        prefix=as_turns(entry.messages_prefix or ()),
        inference=kind == "open" and category == "indirect",
        category=category,
    )
