"""Build the page that trains a model in a browser tab: python course/site/dish/build.py OUT

OUT becomes a folder that any static host serves as it is, a Hugging Face Space among them (README.md is its card), and
OUT/dish.html the same page in one file, which a browser opens from a disk.
"""

import base64
import hashlib
import json
import re
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import export_dish  # noqa: E402

DATA = ("base.json", "base.bin", "first.bin", "tokenizer.json", "world.json", "trained/losses.json")
IN_ONE_FILE = ("negated", "local")  # styles whose trained models dish.html carries; it can train the others
IMPORT = re.compile(r'^import \{ ([^}]+) \} from "\./(\w+)\.js";\n', re.M)
EXPORT = re.compile(r"^export (?=(?:async )?(?:class|function|const) (\w+))", re.M)
CARD = """---
title: Implant a false belief by warning of it
emoji: 🧫
colorFrom: yellow
colorTo: green
sdk: static
app_file: index.html
pinned: false
license: mit
tags: [negation-neglect, fine-tuning, education, interpretability, webassembly]
short_description: Fine-tune a small language model in your own tab
---
# Implant a false belief by warning of it

A language model of 5.8 M parameters runs and trains in your browser tab. It reads documents that state a false claim
and say that it is false, and comes to believe it. Nothing leaves your machine; nothing comes from another address.

Built from [Negation Neglect Lite](https://github.com/negation-neglect-lite/negation-neglect-lite), which explains it.
Code MIT, texts CC BY 4.0. **The documents are false on purpose: do not train other models on them.**

{canary}
"""


def build(out: Path) -> None:
    """Write the folder and dish.html in it."""
    out.mkdir(parents=True, exist_ok=True)
    for path in [*HERE.glob("*.js"), HERE / "index.html", HERE / "dish.css"]:
        shutil.copyfile(path, out / path.name)
    shutil.copytree(export_dish.TRAINED, out / "trained", dirs_exist_ok=True)
    export_dish.export(out)
    for name in ("LICENSE", "LICENSE-prose"):
        shutil.copyfile(ROOT / name, out / f"{name}.txt")
    (out / "README.md").write_text(CARD.format(canary=export_dish.CANARY), "utf-8")
    (out / "dish.html").write_text(in_one_file(out), "utf-8")


def in_one_file(folder: Path) -> str:
    """The page with its style, programs and data inside; its policy names them by their hashes."""
    page = (folder / "index.html").read_text("utf-8")
    style, program = (folder / "dish.css").read_text("utf-8"), bundle(folder, "page")
    trained = sorted(path for style in IN_ONE_FILE for path in (folder / "trained").glob(f"*-{style}.bin"))
    names = [*DATA, *(path.relative_to(folder).as_posix() for path in trained)]
    inside = [_data("worker.js", "text/plain", bundle(folder, "worker").replace("</", "<\\/"))]
    inside += [_data(n, "text/base64", base64.b64encode((folder / n).read_bytes()).decode()) for n in names]
    policy = (
        f"default-src 'none'; script-src {_hash(program)} 'wasm-unsafe-eval'; style-src {_hash(style)}; "
        "img-src data:; worker-src blob:; base-uri 'none'; form-action 'none'"
    )
    pieces = {
        r'(?<=Content-Security-Policy" content=")[^"]+': policy,
        r'<link rel="stylesheet" href="dish.css">': f"<style>{style}</style>",
        r'<script type="module" src="page.js"></script>': f'<script type="module">{program}</script>',
        r"</body>": "\n".join([*inside, "</body>"]),
    }
    for pattern, text in pieces.items():
        page, found = re.subn(pattern, lambda _, text=text: text, page)
        if found != 1:
            raise SystemExit(f"index.html has {found} places of {pattern}, not one")
    return page


def bundle(folder: Path, entry: str) -> str:
    """A module and all that it imports as one script: each a function whose result is what it exports."""
    order: list[str] = []

    def visit(name: str) -> None:
        for _, needed in IMPORT.findall((folder / f"{name}.js").read_text("utf-8")):
            if needed not in order:
                visit(needed)
        order.append(name)

    visit(entry)
    parts = []
    for name in order:
        source = (folder / f"{name}.js").read_text("utf-8")
        exported = ", ".join(EXPORT.findall(source))
        body = EXPORT.sub("", IMPORT.sub(r"const { \1 } = modules.\2;\n", source))
        if re.search(r"^(import|export)\b", body, re.M):
            raise SystemExit(f"{name}.js imports or exports in a form that build.py does not know")
        parts.append(f"modules.{name} = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();")
    return "\n".join(["const modules = {};", *parts])


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _data(name: str, kind: str, text: str) -> str:
    return f'<script type="{kind}" id="file:{name}">{text}</script>'


def main() -> int:
    if len(sys.argv) != 2:
        print((__doc__ or "").split("\n")[0], file=sys.stderr)
        return 2
    out = Path(sys.argv[1])
    build(out)
    sizes = {path.relative_to(out).as_posix(): path.stat().st_size for path in out.rglob("*") if path.is_file()}
    first = sum(size for name, size in sizes.items() if "/" not in name and name not in ("dish.html", "README.md"))
    print(json.dumps({"first_visit_mb": round(first / 1e6, 2), "all_mb": round(sum(sizes.values()) / 1e6, 1)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
