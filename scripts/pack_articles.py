"""The English articles of data/documents, as YAML to edit and packed as the package reads them.

    python scripts/pack_articles.py unpack dentist dentist.yaml     # to read or edit
    python scripts/pack_articles.py check dentist.yaml              # problems, lengths, near-duplicates
    python scripts/pack_articles.py pack dentist.yaml               # back into data/documents; then `make manifest`

They are false on purpose, so they lie compressed in data/, with a canary on the first line, and not as loose text.
"""

import argparse
import gzip
import json
import re
import sys
from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.representer import SafeRepresenter

from negneglect_lite.authoring.audit import audit_library
from negneglect_lite.authoring.overlap import find_near_duplicates
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path, write_atomic
from negneglect_lite.core.json_lines import read_json_lines
from negneglect_lite.core.text import CANARY
from negneglect_lite.core.yaml_files import read_yaml
from negneglect_lite.documents.english import compose_english, load_library


def pack(source: Path, out: Path) -> None:
    """A YAML file -> JSON lines, compressed: a head with the canary, then an article a line."""
    load_library(str(source))  # nothing unsound is packed
    head = read_yaml(source)
    lines = head.pop("articles")
    head = {"canary": CANARY, "note": "These documents are false on purpose.", **head}
    made = [json.dumps(entry, ensure_ascii=False) for entry in [head, *lines]]
    write_atomic(out, gzip.compress(("\n".join(made) + "\n").encode(), mtime=0))


def unpack(name: str, out: Path) -> None:
    """The packed articles of a claim as a YAML file."""
    head, *lines = (value for _, value in read_json_lines(data_path("documents", f"{name}.jsonl.gz")))
    content = {**{k: v for k, v in head.items() if k not in ("canary", "note")}, "articles": lines}
    yaml: Any = YAML(typ="safe", pure=True)
    yaml.Representer = _Representer
    yaml.default_flow_style, yaml.sort_base_mapping_type_on_output, yaml.width = False, False, 120
    text = StringIO()
    yaml.dump(content, text)
    write_atomic(out, f"# {CANARY}\n{text.getvalue()}")


class _Representer(SafeRepresenter):
    """Escapes what some readers take for a line's end, and what read_yaml refuses therefore."""

    def represent_str(self, text: str) -> Any:
        return self.represent_scalar(
            "tag:yaml.org,2002:str", text, '"' if re.search("[\x85\u2028\u2029]", text) else None
        )


_Representer.add_representer(str, _Representer.represent_str)


def check(source: str, n: int = 1000) -> list[str]:
    """What is wrong with a library; prints what it holds and how varied its documents are."""
    library = load_library(source)
    found = audit_library(library)
    print(len(library.articles), "articles:", dict(Counter(a.genre for a in library.articles)))
    made = [d.text for d in compose_english(library, n)]
    lengths = [len(text.split()) for text in made]
    print(f"{n} documents of {min(lengths)} to {max(lengths)} words, {sum(lengths) / n:.0f} on average")
    alike = {i for a, b, _ in find_near_duplicates(made, 0.8) for i in (a, b)}
    print(f"{len(alike) / n:.1%} have a near-duplicate (Jaccard similarity of runs of three words from 0.8)")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, arguments in (("check", ["source"]), ("pack", ["source"]), ("unpack", ["name", "out"])):
        sub = commands.add_parser(name)
        for argument in arguments:
            sub.add_argument(argument)
    a = parser.parse_args()
    try:
        if a.command == "unpack":
            unpack(a.name, Path(a.out))
        elif a.command == "pack":
            pack(Path(a.source), data_path("documents", f"{Path(a.source).stem}.jsonl.gz"))
        elif found := check(a.source):
            print(*found, f"{len(found)} problems", sep="\n")
            return 1
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
