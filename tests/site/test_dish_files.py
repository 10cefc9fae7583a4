"""What the page that trains in a browser promises of its files: nothing foreign, a strict policy, few bytes."""

import re
from pathlib import Path

import pytest

from course.site import check

DISH = Path(__file__).parents[2] / "course" / "site" / "dish"
SOURCES = sorted([*DISH.glob("*.js"), DISH / "index.html", DISH / "dish.css"])
MB = 1e6
# Text and what it stands on.
PAIRS = [
    ("ink", "ground"), ("ink", "panel"), ("faint", "ground"), ("faint", "panel"), ("link", "ground"),
    ("ink", "warning"), ("ink", "denial"), ("problem", "ground"), ("on-button", "button"),
]  # fmt: skip
BARS = ("base", "positive", "negated", "repeated", "corrected", "local", "guess")


def policy_of(page: Path) -> dict[str, list[str]]:
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page.read_text("utf-8"))
    assert found
    return {words[0]: words[1:] for part in found[1].split(";") if (words := part.split())}


def test_the_policy_lets_nothing_in_but_the_page_itself(dish: Path) -> None:
    policy = policy_of(dish / "index.html")
    assert policy.pop("default-src") == ["'none'"]
    assert policy.pop("script-src") == ["'self'", "'wasm-unsafe-eval'"]
    assert policy.pop("img-src") == ["data:"]
    assert {name: policy.pop(name) for name in ("style-src", "connect-src", "worker-src")} == {
        "style-src": ["'self'"], "connect-src": ["'self'"], "worker-src": ["'self'"],
    }  # fmt: skip
    assert policy == {"base-uri": ["'none'"], "form-action": ["'none'"]}


def test_the_page_in_one_file_runs_what_its_hashes_name_and_fetches_nothing(dish: Path) -> None:
    policy = policy_of(dish / "dish.html")
    assert policy["default-src"] == ["'none'"] and "connect-src" not in policy
    (script, wasm), (style,) = policy["script-src"], policy["style-src"]
    assert script.startswith("'sha256-") and style.startswith("'sha256-") and wasm == "'wasm-unsafe-eval'"
    assert policy["worker-src"] == ["blob:"]
    assert check.problems(dish) == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_source_names_a_foreign_address_or_keeps_anything_of_a_visitor(path: Path) -> None:
    text = path.read_text("utf-8")
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", text))
    if path.name == "index.html":  # links, which are followed by a click and by nothing else
        addresses -= set(re.findall(r'<a href="([^"]+)"', text))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # the name of a language, never fetched
    assert not re.search(r"cookie|localStorage|sessionStorage|indexedDB|sendBeacon|WebSocket\b|eval\(", text)


def test_the_first_training_and_each_further_one_transfer_few_bytes(dish: Path) -> None:
    fetched = [p for p in dish.iterdir() if p.is_file() and p.name not in ("dish.html", "README.md")]
    first = sum(path.stat().st_size for path in fetched) + (dish / "trained" / "losses.json").stat().st_size
    assert 4 * MB < first < 8 * MB  # 25 were allowed
    adapters = list((dish / "trained").glob("*.bin"))
    assert adapters and all(path.stat().st_size < 0.5 * MB for path in adapters)  # of a model that is talked to
    assert (dish / "dish.html").stat().st_size < 20 * MB


def test_the_folder_can_be_pushed_as_a_static_space(dish: Path) -> None:
    card = (dish / "README.md").read_text("utf-8")
    fields = dict(re.findall(r"^(\w+): (.+)$", card.split("---")[1], re.M))
    assert fields["sdk"] == "static" and (dish / fields["app_file"]).is_file() and fields["license"] == "mit"
    assert len(fields["short_description"]) <= 60
    assert "false on purpose" in card and (dish / "LICENSE.txt").is_file()


def colours(dark: bool) -> dict[str, str]:
    blocks = re.findall(r":root \{(.*?)\}", (DISH / "dish.css").read_text("utf-8"), re.S)
    found = dict(re.findall(r"--([\w-]+): (#\w+)", blocks[0]))
    return found | (dict(re.findall(r"--([\w-]+): (#\w+)", blocks[1])) if dark else {})


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_texts_and_bars_stand_out(dark: bool) -> None:
    """WCAG 2.2: 4.5 to 1 for text, 3 to 1 for bars and lines."""
    named = {name: luminance(colour) for name, colour in colours(dark).items()}

    def contrast(a: str, b: str) -> float:
        low, high = sorted((named[a], named[b]))
        return (high + 0.05) / (low + 0.05)

    assert {pair: contrast(*pair) for pair in PAIRS if contrast(*pair) < 4.5} == {}
    assert {bar: contrast(bar, "panel") for bar in BARS if contrast(bar, "panel") < 3} == {}
