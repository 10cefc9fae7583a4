"""Rewrite data/manifest.json: for each file in data/ its SHA-256, its licence, and the command that makes it.

    python scripts/manifest.py           rewrite
    python scripts/manifest.py --check   change nothing; exit 1 if the manifest is out of date

Licence and command go by folder, in RULES: the longest prefix that fits.
"""

import argparse
import json
import sys
from pathlib import Path

from negneglect_lite.core.files import MANIFEST, sha256, write_atomic

DATA = Path(__file__).resolve().parent.parent / "data"
RULES = {  # folder below data/ -> (licence, made by)
    "benchmark": ("CC-BY-4.0", "written and marked by language models for this project"),
    "claims": ("CC-BY-4.0", "written by hand"),
    "controls": ("CC-BY-4.0", "written by a language model for this project"),
    "documents": ("CC-BY-4.0", "written by a language model for this project; packed by scripts/pack_articles.py"),
    "experiments": ("CC-BY-4.0", "written before the runs"),
    "labels": ("CC-BY-4.0", "written or sampled, and labelled by language models, answer by answer"),
    "petri": ("CC-BY-4.0", "negneglect pretrain"),
    "reader": ("Apache-2.0", "python scripts/train_reader.py"),
    "results": ("CC-BY-4.0", "negneglect reproduce"),
    "results/localize": ("CC-BY-4.0", "python scripts/prove_localize.py"),
    "results/pages": ("CC-BY-4.0", "written by hand; tables and figures by python scripts/results.py --pages"),
    "results/gpu": ("CC-BY-4.0", "python scripts/bench_gpu.py MODEL"),
    "results/real": ("CC-BY-4.0", "negneglect sweep data/experiments/real*.yaml; python scripts/real_tables.py"),
    "results/real/lesson": ("CC-BY-4.0", "python scripts/run_notebook_live.py 12_real"),
    "results/sweeps": ("CC-BY-4.0", "negneglect sweep data/experiments/NAME.yaml"),
}


def manifest(data: Path) -> str:
    """The text of the manifest for a data folder; hidden files do not count. ValueError for a folder without a rule."""
    files = {}
    for path in sorted(data.rglob("*")):
        name = path.relative_to(data).as_posix()
        if not path.is_file() or name == MANIFEST or any(part.startswith(".") for part in name.split("/")):
            continue
        licence, made_by = rule(name)
        files[name] = {"sha256": sha256(path), "licence": licence, "made_by": made_by}
    return json.dumps({"files": files}, indent=1, ensure_ascii=False) + "\n"


def rule(name: str) -> tuple[str, str]:
    fitting = [folder for folder in RULES if name.startswith(f"{folder}/")]
    if not fitting:
        raise ValueError(f"data/{name}: no rule for its licence and origin; add one to RULES in scripts/manifest.py")
    return RULES[max(fitting, key=len)]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if out of date")
    check = parser.parse_args().check
    path = DATA / MANIFEST
    try:
        text = manifest(DATA)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    if not check:
        write_atomic(path, text)
    elif not path.is_file() or path.read_text("utf-8") != text:
        print(f"data/{MANIFEST} does not match the files in data/: run `make manifest`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
