"""Whether a built site holds together and needs no network: python course/site/check.py FOLDER

Every link, picture, style and script must lead to a file of the site, and to an anchor that is there; nothing that a
page loads may come from elsewhere. Links that a reader may follow out of the site are not followed here.
"""

import re
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"script", "img", "link", "iframe", "source", "video", "audio"}  # fetched without a click
ONLY_NAMED = {"canonical", "author", "license"}  # <link rel=…> that fetches nothing


class Page(HTMLParser):
    """The anchors of a page and what it refers to: (tag, address)."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.references: list[tuple[str, str]] = []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "link" and given.get("rel") in ONLY_NAMED:
            return
        self.references += [(tag, given[name]) for name in ("href", "src") if given.get(name)]


@cache
def page(path: Path) -> Page:
    return Page(path)


def problems(folder: Path) -> list[str]:
    """One line for each reference that is dead or leaves the site by itself."""
    found, styles = [], set[Path]()
    for path in sorted(folder.rglob("*.html")):
        for tag, address in page(path).references:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                if tag in LOADED and parts.scheme != "data":
                    found.append(f"{path.relative_to(folder)}: <{tag}> loads {address}")
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if tag == "link" and target.suffix == ".css":
                styles.add(target)
            if not target.is_file():
                found.append(f"{path.relative_to(folder)}: {address} leads to nothing")
            elif parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in page(target).anchors:
                found.append(f"{path.relative_to(folder)}: {address} leads to no such place on its page")
    for path in sorted(style for style in styles if style.is_file()):
        for address in re.findall(r"(?:url\(|@import\s+)[\"']?((?:https?:)?//[^\"')\s]+)", path.read_text("utf-8")):
            found.append(f"{path.relative_to(folder)}: loads {address}")
    return found


def main() -> int:
    if len(sys.argv) != 2 or not (folder := Path(sys.argv[1]).resolve()).is_dir():
        print((__doc__ or "").split("\n")[0], file=sys.stderr)
        return 2
    found = problems(folder)
    print(*found, sep="\n", end="\n" if found else "", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
