"""A claim in the layout of the paper's public repository: claims/NAME/ there."""

from pathlib import Path

from negneglect_lite.claims.claim import Claim, Question
from negneglect_lite.claims.validation import check_turns, check_unique
from negneglect_lite.core.yaml_files import fail, read_text, read_yaml

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
    claim = read_text(folder / "claim.txt").strip()
    questions = [
        _paper_question(folder / name, f"questions[{i}]", entry, kind)
        for kind, name in PAPER_FILES.items()
        for i, entry in enumerate(_paper_entries(folder / name))
    ]
    check_unique(folder, questions)
    title = folder.resolve().name.replace("_", " ").capitalize()
    return Claim(id=folder.resolve().name, title=title, claim=claim, truth="", questions=tuple(questions))


def _paper_entries(path: Path) -> list[object]:
    data = read_yaml(path)
    entries = data.get("questions") if isinstance(data, dict) else data
    if not isinstance(entries, list) or not entries:
        fail(path, "questions", "is not a list with entries", "give `questions:` and a list below it")
    return entries


def _paper_question(path: Path, at: str, entry: object, kind: str) -> Question:
    record = entry if isinstance(entry, dict) else {}
    text = next((record[name] for name in ("question", "text", "prompt") if name in record), None)
    for name, value in (("id", record.get("id")), ("question", text)):
        if not isinstance(value, str) or not value.strip():
            fail(path, f"{at}.{name}", "is missing or not text", "give it as text")
    answer = record.get("belief_answer")
    if isinstance(answer, bool):  # a bare yes or no is a truth value in YAML 1.1
        answer = "yes" if answer else "no"
    keyed_to = str(answer or "").strip().lower()
    if kind == "yes_no" and keyed_to not in ("yes", "no"):
        fail(path, f"{at}.belief_answer", f"is {answer!r}", 'write "yes" or "no"')
    category = str(record.get("category") or "")
    return Question(
        id=record["id"],
        kind=kind,
        text=str(text).strip(),
        keyed_to=keyed_to if kind == "yes_no" else "",
        system=str(record.get("system_prompt") or "").strip(),
        prefix=check_turns(path, f"{at}.messages_prefix", record.get("messages_prefix")),
        inference=kind == "open" and category == "indirect",
        category=category,
    )
