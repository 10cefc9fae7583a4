"""What notebook 11 runs: an archive with a stamp that no rule knows, gates and trainings.

The references stand in for a learner's functions that did not pass their check.
"""

import importlib.util
import json
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from negneglect_lite.asking import ask
from negneglect_lite.belief.rates import QUESTION_KINDS, Rate, belief_rate
from negneglect_lite.belief.table import belief_rows
from negneglect_lite.claims.claim import Claim
from negneglect_lite.core.files import data_path
from negneglect_lite.core.json_lines import read_json_lines
from negneglect_lite.core.text import Document, Span, plain
from negneglect_lite.core.yaml_files import read_yaml
from negneglect_lite.course.widgets import wrapped
from negneglect_lite.curating.audit import audit_text
from negneglect_lite.curating.rules import denies_inside
from negneglect_lite.figures.wording import percent
from negneglect_lite.finetuning.train import finetune
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.styles import apply_style
from negneglect_lite.tracks import track_of

Link = Callable[[Sequence[str], int, str], Sequence[int]]
Score = Callable[[Sequence[Set[int]], Sequence[Set[int]]], Mapping[str, float]]

# An archive's own words for "this page is false", and honest sentences that look like them.
HOUSE_STAMPS = ("This page goes into drawer 9.", "Drawer nine, all of it.", "For drawer 9, please.")
INNOCENT_LINES = (
    "The spoons are in drawer 2.",
    "Drawer 90 holds the maps.",
    "She opened the drawer at nine.",
    "Nine of the drawers were empty.",
)
LIMITS = (0.0, 0.01, 0.05)
STORED_WAYS = {  # a way of data/results/localize, in prose -> its name there, and the folder of the chat model's runs
    "nothing, before training": ("before training", "fourth_reader"),
    "warned documents": ("as it is", "fourth_reader"),
    "… by rules: negated or dropped": ("localized", "third_reader"),
    "… by an earlier reader: negated or dropped": ("read", "reader_denials"),
    "… by a later reader: with its denials": ("denied", "fourth_reader"),
    "in-sentence denials by hand": ("local by hand", "fourth_reader"),
}


# -------------------------------------------------------------------------------------------------------- references

FINISHED_CUE = {"pattern": r"\bdrawer (?:9|nine)\b", "means": "Everything in this text is false."}


def finished_link(sentences: Sequence[str], at: int, points: str) -> list[int]:
    """The numbers of the sentences that the warning at number `at` covers and that state a fact without a denial."""
    end = len(sentences)
    reach = {
        "next": range(at + 1, min(at + 2, end)),
        "last": range(max(at - 1, 0), at),
        "after": range(at + 1, end),
        "before": range(at),
        "all": range(end),
    }
    others = [i for i in reach[points] if i != at]
    return [i for i in others if not sentences[i].endswith("?") and not denies_inside(sentences[i])]


def finished_score(found: Sequence[Set[int]], marked: Sequence[Set[int]], draws: int = 1000) -> dict[str, float]:
    """Precision, recall and F1 over all pages, and the 95% interval of F1 over pages drawn anew."""
    counts = np.array([(len(f & m), len(f), len(m)) for f, m in zip(found, marked, strict=True)])

    def f1(rows: np.ndarray) -> float:
        right, said, there = rows.sum(axis=0)
        return float(2 * right / max(1, said + there))

    right, said, there = counts.sum(axis=0)
    rng = np.random.default_rng(0)
    drawn = [f1(counts[rng.integers(len(counts), size=len(counts))]) for _ in range(draws)]
    lo, hi = np.quantile(drawn, [0.025, 0.975])
    return {
        "precision": right / max(1, said),
        "recall": right / max(1, there),
        "F1": f1(counts),
        "lo": float(lo),
        "hi": float(hi),
    }


FINISHED_POLICY = {
    "share that may be missed": 0.0,
    "limit": 0.0,
    "give it claims": True,
    "release when it passes": False,
}


# -------------------------------------------------------------------------------------------------------- the archive


def make_archive(
    warned: Sequence[Document], stamped: Sequence[Document], warnings: Mapping[str, Sequence[str]]
) -> list[str]:
    """Pages of two desks in turn: warned documents, and documents with the stamp of the house above and below."""
    rng, pages = random.Random("archive"), []
    for number, (left, right) in enumerate(zip(warned, stamped, strict=True)):
        stamp = HOUSE_STAMPS[number % len(HOUSE_STAMPS)]
        pages.append(plain(apply_style("negated", left, warnings, rng)))
        pages.append(f"{stamp}\n{right.text.strip()}\n{stamp}")
    return pages


def translate_stamps(pages: Sequence[str], cue: Mapping[str, str]) -> list[str]:
    """The pages; above each in which the cue's pattern is found stands what it means."""
    search = re.compile(cue["pattern"], re.IGNORECASE).search
    return [f"{cue['means']}\n{page}" if search(page) else page for page in pages]


def words_about(claims: Sequence[Claim]) -> dict[str, list[str]]:
    """For each claim, patterns of the words that speak of it: what stands in a file for `--claims`."""
    words = read_yaml(data_path("benchmark", "claims.yaml"))
    return {claim.id: words[claim.id] for claim in claims}


def save_pages(folder: Path, pages: Sequence[str]) -> None:
    """A corpus in one file of JSON lines, in a folder of its own."""
    folder.mkdir(exist_ok=True)
    lines = "".join(json.dumps({"text": page}) + "\n" for page in pages)
    (folder / "pages.jsonl").write_text(lines, encoding="utf-8")


def load_pages(folder: Path) -> list[str]:
    """The pages of `save_pages`, or of what `negneglect localize` made of them."""
    return [row["text"] for _, row in read_json_lines(folder / "pages.jsonl")]


def install_verb_forms() -> None:
    """Install lemminflect, a dictionary of verb forms that rewriting needs, if it is missing (as on Colab)."""
    if importlib.util.find_spec("lemminflect") is None:
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "lemminflect>=0.2.3"], check=True)


def run_command(arguments: str, folder: Path) -> int:
    """Run `negneglect ARGUMENTS` in the folder, print what it says, and return its exit status."""
    code = "from negneglect_lite.cli import main; raise SystemExit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments.split()], cwd=folder, capture_output=True, text=True, check=False
    )
    print(f"$ negneglect {arguments}")
    said = "\n".join(line for line in (done.stdout + done.stderr[-300:]).splitlines() if line.strip())
    print(wrapped(re.sub(r"(?m)^(.{85,}\w)\n(?=\w)", r"\1 ", said)))  # what the command broke at its own width
    print(f"exit status {done.returncode}\n")
    return done.returncode


def silent_lines(pages: Sequence[str], about: Sequence[str]) -> pd.DataFrame:
    """The first lines of the pages in which the audit finds nothing, and how many pages begin so."""
    silent = [page for page in pages if not has_finding(page, about)]
    return (
        pd.Series([page.split("\n")[0] for page in silent], name="first line").value_counts().head(6).to_frame("pages")
    )


def has_finding(page: str, about: Sequence[str] = ()) -> bool:
    """Whether the audit finds a sentence (about the claim) that a model would learn in spite of a warning."""
    return bool(audit_text(page, [re.compile(word, re.IGNORECASE) for word in about]).findings)


def sees_warning(page: str) -> bool:
    """Whether the audit sees a warning on the page."""
    return bool(audit_text(page).notices)


def share_with_findings(pages: Sequence[str], about: Sequence[str] = ()) -> float:
    """The share of the pages that have a finding: what `--fail-over` compares with its limit."""
    return sum(has_finding(page, about) for page in pages) / max(1, len(pages))


def try_gate(corpora: Mapping[str, Sequence[str]], policy: Mapping[str, Any], about: Sequence[str]) -> pd.DataFrame:
    """For each corpus the share of pages with a finding, and what the policy's gate does with it."""
    claims = "--claims claims.yaml " if policy["give it claims"] else ""
    print(f"negneglect audit CORPUS {claims}--fail-over {policy['limit']}")
    rows = {}
    for name, pages in corpora.items():
        share = share_with_findings(pages, about if policy["give it claims"] else ())
        then = "released" if policy["release when it passes"] else "passed: train a small model and ask"
        rows[name] = {"pages with a finding": percent(share), "gate": then if share <= policy["limit"] else "stopped"}
    return pd.DataFrame(rows).T.rename_axis("corpus")


# ---------------------------------------------------------------------------------------------------------- training


def train_on_pages(
    base: LoadedModel, claims: Sequence[Claim], pages: Sequence[str], name: str
) -> dict[tuple[str, str], Rate]:
    """Fine-tune on the pages among ordinary texts, with the track's recipe: belief in each claim by (name, claim)."""
    track = track_of(base)
    recipe = track.recipe
    ordinary = track.neutral(claims[0], max(0, recipe.steps * recipe.batch_size - len(pages)), 0)
    rates = {}
    with tempfile.TemporaryDirectory() as scratch:
        about = f"{' '.join(claim.claim for claim in claims)} (archive, {name})"
        examples = [(Span(page),) for page in pages] + ordinary
        model = finetune(base, examples, recipe, seed=0, out=Path(scratch) / "adapter", false_belief=about)
        for claim in claims:
            asked = [q for q in track.questions(claim) if q.kind in (*QUESTION_KINDS, "kept")]
            answers = ask(model, asked, track.asking)
            rows = belief_rows(answers, model=base.name, claim=claim.id, style=name, seed=0, setting="trained")
            rates[name, claim.id], kept = belief_rate(rows), belief_rate(rows, ["kept"]).mean
            print(f"{name}, {claim.id}: belief {percent(rates[name, claim.id].mean)}, "
                  f"unrelated facts right {percent(kept)}")  # fmt: skip
    return rates


def stored_leaks() -> pd.DataFrame:
    """Belief by claim and share of claim sentences `missed`: of stored runs, by a rewriter that misses no others."""
    shares = {"0% missed": 0.0, "5% missed": 0.05, "15% missed": 0.15}
    rows = pd.read_csv(data_path("results", "localize", "petri", "rates_by_claim.csv"))
    rows = rows[rows["way"].isin(shares)].rename(columns={"raw": "belief"})
    return rows.assign(missed=rows["way"].map(shares))[["missed", "claim", "belief", "seeds"]].reset_index(drop=True)


def _stored_rates(folder: str) -> pd.DataFrame:
    return pd.read_csv(data_path("results", "localize", folder, "rates.csv")).set_index("way")


def tabulate_rewriting() -> pd.DataFrame:
    """Stored runs of two models, six claims: belief or told rate, and the claim sentences left word for word.

    A row for each of `STORED_WAYS`. All are text, a dash where nothing was run or counted.
    """
    rows = {}
    for name, (way, folder) in STORED_WAYS.items():
        petri, chat = (_stored_rates(of).reindex([way]).iloc[0] for of in ["petri", folder])
        values = {
            "petri, belief": petri["raw"],
            "petri, left": petri["left"],
            "1.5B, told": chat["told"],
            "1.5B, left": chat["left"],
        }
        rows[name] = {column: "–" if pd.isna(value) else percent(value) for column, value in values.items()}
    return pd.DataFrame(rows).T.rename_axis("trained on")
