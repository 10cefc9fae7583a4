"""The pages around the notebooks say what the notebooks and the project say, and no link of theirs is dead."""

import json
import re
from fnmatch import fnmatch
from pathlib import Path

import jupytext
import pytest

import build_course
from course.site import check, stage
from negneglect_lite.doctor import NOTEBOOK_MINUTES

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "solutions").glob("[0-9][0-9]_*.py"))
MAP = (ROOT / "course" / "README.md").read_text("utf-8")
ROW = re.compile(r"^\| \[(\w+)\]\((\w+)\.ipynb\) \| .+? \| (\d+) \| (.+) \|$", re.M)
STATED = re.compile(r"\*\*(?:Time|You need)\*\*.*?\b(\d\d) minutes", re.S)  # in the first cell
WORDS_A_MINUTE, MOST_WORDS = 115, 1800  # of a reader who reads English as a second language
LOOK, QUIZ = 0.5, 5  # minutes for a table or figure, and for the quiz
PROMISED = 45  # minutes a notebook, as every page says
LOOKED_AT = {"image/png", "text/html", "application/vnd.jupyter.widget-view+json"}


def test_the_map_lists_every_notebook_in_order():
    rows = ROW.findall(MAP)
    assert [name for name, _, _, _ in rows] == [source.stem for source in SOURCES]
    assert all(name == link for name, link, _, _ in rows)


def test_the_badges_are_those_of_the_notebooks():
    address = build_course.repository(ROOT)
    for name, _, _, open_ in ROW.findall(MAP):
        assert open_ == build_course.badges(address, f"course/{name}.ipynb").replace("\n", " ")


def texts(source):
    """The text cells of a notebook's source."""
    cells = jupytext.reads(source.read_text("utf-8"), fmt="py:percent").cells
    return [cell.source for cell in cells if cell.cell_type == "markdown"]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_the_map_has_the_minutes_that_the_notebook_states(source):
    minutes = {name: int(number) for name, _, number, _ in ROW.findall(MAP)}[source.stem]
    stated = STATED.search(texts(source)[0])
    assert stated and int(stated[1]) == minutes


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_slow_reader_finishes_in_the_minutes_stated(source):
    """Text, exercises, a look at each table and figure, waiting and the quiz; without what is optional or folded."""
    text = "\n\n".join(texts(source))
    exercises = [
        int(m) for m in re.findall(r"^(?:### Exercise .*\((?:[a-z ]+, )?|\*[^*\n]*· )(\d+) minutes", text, re.M)
    ]
    seen = re.sub(r"<details>.*?</details>|^## Further \(optional.*?(?=^## |\Z)", "", text, flags=re.S | re.M)
    words = len([word for word in seen.split() if re.search(r"\w", word)])
    cells = json.loads(source.with_suffix(".ipynb").read_text("utf-8"))["cells"]
    shown = sum(any(LOOKED_AT & {*out.get("data", ())} for out in cell.get("outputs", ())) for cell in cells)
    waiting = NOTEBOOK_MINUTES[source.stem]
    assert len(exercises) == 4 and words <= MOST_WORDS
    stated = {name: int(number) for name, _, number, _ in ROW.findall(MAP)}[source.stem]
    assert words / WORDS_A_MINUTE + sum(exercises) + shown * LOOK + waiting + QUIZ <= stated + 0.5
    assert stated == PROMISED


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_no_output_shows_what_is_no_number(source):
    """A table says "never", a dash, or leaves the column out."""
    cells = json.loads(source.with_suffix(".ipynb").read_text("utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    shown = ["".join(o.get("text", "")) for o in outputs]
    shown += ["".join(text) for o in outputs for kind, text in o.get("data", {}).items() if kind.startswith("text/")]
    assert shown and [text for text in shown if re.search(r"\bnan\b|NaN", text)] == []


def test_the_plans_for_a_room_have_the_minutes_of_the_map():
    minutes = {name: number for name, _, number, _ in ROW.findall(MAP)}
    plans = re.findall(r"^\| (\d+) \| (\w+) \|", (ROOT / "course" / "INSTRUCTOR.md").read_text("utf-8"), re.M)
    assert len(plans) > 8
    assert [(number, name) for number, name in plans if name in minutes and number != minutes[name]] == []


def test_the_glossary_is_in_order_and_refers_to_its_own_terms():
    text = (ROOT / "course" / "GLOSSARY.md").read_text("utf-8")
    terms = re.findall(r"^## (.+)$", text, re.M)
    assert terms == sorted(terms, key=lambda term: re.sub(r"\W", " ", term).lower())
    anchors = {re.sub(r"[^\w-]", "", term.lower().replace(" ", "-")) for term in terms}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors


def test_the_table_of_contents_lists_every_notebook_and_page():
    text = (ROOT / stage.INDEX).read_text("utf-8")
    entries = "\n".join(re.findall(r"```{toctree}\n(.*?)```", text, re.S)).split("\n")
    listed = [re.sub(r".*<(.*)>", r"\1", entry.strip()) for entry in entries if entry and not entry.startswith(":")]
    pages = [f"course/{source.stem}" for source in SOURCES] + [page.removesuffix(".md") for page in stage.PAGES]
    assert [page for page in pages if not any(fnmatch(page, entry) for entry in listed)] == []


def test_no_link_of_the_pages_is_dead(tmp_path):
    assert stage.stage(tmp_path) == []
    assert all((tmp_path / page).is_file() for page in stage.PAGES)


def cell(kind, id_, source, **rest):
    code = {"outputs": [], "execution_count": 1} if kind == "code" else {}
    return {"cell_type": kind, "id": id_, "metadata": {}, "source": source, **code, **rest}


def test_readers_see_the_stub_and_a_folded_solution_but_no_set_up():
    badges = build_course.badges("https://github.com/someone/something", "course/00_x.ipynb")
    frame = [cell("markdown", "badges", badges), cell("markdown", "x", "# X"), cell("code", "set-up", "import x")]
    picture = {
        "output_type": "display_data",
        "data": {"image/png": "AAA="},
        "metadata": {"image/png": {"alt": 'a "b"'}},
    }
    exercise = {"metadata": {"tags": ["exercise"]}}
    solved = [*frame, cell("code", "rate", "rate = 1", outputs=[picture], **exercise)]
    given = [*frame, cell("code", "rate", "rate = ...", **exercise)]
    seen = stage.for_readers({"cells": solved}, {"cells": given})["cells"]
    assert [c["id"] for c in seen] == ["x", "open", "rate-stub", "rate"]
    assert seen[2]["source"] == "```python\nrate = ...\n```"
    assert seen[3]["metadata"]["tags"] == ["exercise", "hide-input"]
    assert seen[3]["outputs"][0]["data"] == {
        "text/html": '<img alt="a &quot;b&quot;" src="data:image/png;base64,AAA=">'
    }


def test_links_lead_to_pages_or_to_the_repository_and_badges_are_words(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project.urls]\nRepository = "https://github.com/a/b"\n')
    for name in ("course/README.md", "data/x.csv", "data/x.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    site = stage.Site(tmp_path / "out", tmp_path, {"course/README.md"})
    text = "[c](course/README.md#top) [d](data/x.csv) [e](data) ![p](data/x.png) [u](https://u) [h](#h) [g](gone.md)"
    assert site.linked("README.md", text) == text.replace(
        "(data/x.csv)", "(https://github.com/a/b/blob/main/data/x.csv)"
    ).replace("(data)", "(https://github.com/a/b/tree/main/data)")
    assert site.problems == ["README.md: the link to gone.md leads to nothing"]
    assert (tmp_path / "out" / "data" / "x.png").is_file()
    badges = build_course.badges("https://github.com/a/b", "course/x.ipynb")
    assert re.fullmatch(r"\[Open in Colab\]\(\S+\) · \[Open on Binder\]\(\S+\)", site.linked("README.md", badges))


def test_the_check_of_a_built_site_finds_dead_links_and_what_comes_from_a_network(tmp_path):
    (tmp_path / "a.html").write_text(
        '<link rel="stylesheet" href="s.css"><a href="b.html#here">b</a><a href="https://elsewhere.org">e</a>'
        '<img src="data:image/png;base64,AAA="><h1 id="top"></h1><a href="#top">t</a>'
    )
    (tmp_path / "b.html").write_text('<p id="here">')
    (tmp_path / "s.css").write_text("a { background: url(data:image/png;base64,AAA=) }")
    assert check.problems(tmp_path) == []
    check.page.cache_clear()
    (tmp_path / "b.html").write_text('<a href="gone.html">g</a><script src="https://cdn.org/x.js"></script>')
    (tmp_path / "s.css").write_text('@import "https://fonts.org/f.css";')
    assert check.problems(tmp_path) == [
        "a.html: b.html#here leads to no such place on its page",
        "b.html: gone.html leads to nothing",
        "b.html: <script> loads https://cdn.org/x.js",
        "s.css: loads https://fonts.org/f.css",
    ]


def test_every_slide_has_notes():
    slides = (ROOT / "course" / "slides.md").read_text("utf-8")
    assert len(re.findall(r"^##? ", slides, re.M)) == slides.count("```{revealjs-notes}")
