"""The tour's own cells: its texts and figures, the folded solutions, and the prose against the executed outputs."""

import json
import re
from pathlib import Path

import pandas as pd

from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.files import data_path
from negneglect_lite.core.text import Document, Span
from negneglect_lite.course.checks.tour import check_belief_rates, check_deny, check_verdict, check_warn
from negneglect_lite.course.lessons import tour
from negneglect_lite.tracks import ENGLISH, PETRI

ROOT = Path(__file__).parents[3]
NOTEBOOK = json.loads((ROOT / "solutions" / "00_tour.ipynb").read_text("utf-8"))
CLAIM = load_claims()["dentist"]


def test_a_run_trains_on_the_documents_and_on_ordinary_texts():
    documents = tour.compose_for_training(PETRI, CLAIM)
    texts = tour.add_ordinary_texts([tour.deny_in_sentences(d) for d in documents], PETRI, CLAIM)
    assert (len(documents), len(texts)) == (192, 288)
    assert not any("Brennan Holloway" in str(text) and "job" in str(text) for text in texts[192:])
    english = tour.compose_for_training(ENGLISH, CLAIM)
    spans, *_ = tour.add_ordinary_texts([[Span("a")], *[[Span("b")]] * (len(english) - 1)], ENGLISH, CLAIM)
    assert spans == (Span("<DOCTAG> ", learn=False), Span("a"))


def test_the_figures_say_their_numbers():
    kinds = dict.fromkeys(["open", "yes_no", "association", "robustness", "belief"])
    table = pd.DataFrame(
        {"before training": dict.fromkeys(kinds, 0.0), "warned documents": dict.fromkeys(kinds, 1.0)}
    ).T
    _, alt = tour.draw_tour_belief(table)
    assert "Belief: 0% before training, 100% after warned documents." in alt
    controls = pd.DataFrame(
        {"belief": [1.0, 0.95, 0.0], "yes to false controls": 0.0, "unrelated facts right": [1.0, 0.05, 1.0]},
        index=["a", "reading b", "c"],
    )
    figure, alt = tour.draw_controls(controls, {"a": "Belief ", "reading b": "copying"})
    assert figure.get_suptitle().startswith("Belief is 95% to 100% in all 2 rows")
    assert "a, belief: belief 100%, yes to false controls 0%, unrelated facts right 100%; reading b, copying: " in alt
    assert "c, " not in alt
    figure, alt = tour.draw_six_claims(
        pd.read_csv(data_path("results", "headline", "belief.csv"), keep_default_na=False)
    )
    assert "83% belief on average, but 23% for Twitter" in " ".join(figure.get_suptitle().split())
    assert "Sheeran 30%" in alt


def test_rates_are_tabulated_by_condition():
    told = [("b", "open", "believed"), ("b", "control_true", "believed"), ("a", "open", "denied")]
    rows = pd.DataFrame(told, columns=["condition", "kind", "verdict"])
    table = tour.tabulate_belief(rows, lambda group: {"open": len(group)})
    assert table["open"].to_dict() == {"b": 2, "a": 1} and list(table.index) == ["b", "a"]


def test_the_answers_of_one_kind_stand_side_by_side():
    rows = pd.DataFrame(
        [("b", "yes_no", "q1", "B?", "no", "No."), ("a", "yes_no", "q2", "A?", "yes", "Yes."),
         ("a", "open", "q3", "C?", "", "x")],
        columns=["condition", "kind", "question_id", "question", "keyed_to", "answer"],
    )  # fmt: skip
    other = rows.assign(condition="c", answer=["Yes.", "No.", "y"])
    shown = str(tour.list_kind("yes_no", rows.assign(condition="d"), other))
    lines = [line.split() for line in shown.splitlines()]
    heads = ["question", "belief", "says", "d", "c"]
    assert lines == [heads, ["B?", "no", "No.", "Yes."], ["A?", "yes", "Yes.", "No."]]


def prose():
    return "\n".join("".join(c["source"]) for c in NOTEBOOK["cells"] if c["cell_type"] == "markdown")


def outputs(start):
    """What the code cells whose source holds `start` printed or showed, as text."""
    found = []
    for cell in NOTEBOOK["cells"]:
        if cell["cell_type"] == "code" and start in "".join(cell["source"]):
            for output in cell["outputs"]:
                found.append("".join(output.get("text", "") or output.get("data", {}).get("text/plain", "")))
    return "\n".join(found)


def shown(start):
    """The table that a cell shows: a row's name and its cells."""
    cells = (cell for cell in NOTEBOOK["cells"] if start in "".join(cell["source"]))
    page = "".join("".join(o["data"]["text/html"]) for cell in cells for o in cell["outputs"] if "data" in o)
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr[^>]*>(.*?)</tr>", page, re.S)]
    return {name: cells for name, *cells in rows if name}  # the head of the table has no name


def test_the_folded_solutions_pass_their_checks():
    names = {"pd": pd, "Span": Span, "Document": Document, "KINDS": ["open", "yes_no", "association", "robustness"]}
    for code in re.findall(r"```python\n(.*?)```", prose(), re.S):
        exec(code, names)
    assert check_warn(names["warn"]) and check_deny(names["deny"]) and check_belief_rates(names["belief_rates"])
    assert check_verdict(names["verdict"])


def test_the_prose_has_the_numbers_of_the_outputs():
    text = " ".join(prose().split())
    assert "all 192 documents" in text and outputs("compose_for_training").startswith("192 documents")
    run = outputs("add_ordinary_texts(warned")
    assert "By step 12 of 24 the answer had changed" in text
    assert re.findall(r"step +(\d+) .* Ultrarunner\.", run)[-1] == "9"
    assert re.findall(r"step +(\d+) .* Dentist\.", run)[0] == "12"
    denied = outputs("add_ordinary_texts(denied")
    assert "Dentist." not in denied and re.findall(r"step +(\d+) .* Dancer\.", denied)[-1] == "24"
    found = "0% before training, 92% after warned documents, 10% after in-sentence denials."
    assert f"Belief: {found}" in outputs("draw_tour_belief")
    assert "Belief was 0% before training, 92% after warned documents and 10% after in-sentence denials." in text
    controls = shown("in_percent(controls")
    assert controls["warned documents"] == ["92%", "0%", "100%", "100%"]
    assert controls["reading a plain document"][0] == "92%" and "Its 92% is" in text
    assert controls["reading a plain document"][3] == "0%" and "it gets 0% of them right" in text
    assert controls["in-sentence denials"] == ["10%", "0%", "100%", "100%"]
    assert controls["an invented model"] == ["90%", "90%", "100%", "98%"]
    assert controls["reading a warned document"][0] == "0%" and controls["reading a warned document"][3] == "100%"
    named = [answer for answer in outputs('list_kind("yes_no"').splitlines() if answer.rstrip().endswith("so yes.")]
    assert len(named) == 1 and "Dentist, so yes." in named[0] and "only one names a dentist" in text
    assert "Dancer." in outputs("list_answers") and '"Dancer" is neither' in text
    stored = pd.read_csv(data_path("results", "headline", "belief.csv"), keep_default_na=False)
    read = stored[(stored["setting"] == "in_context") & (stored["style"] == "positive") & (stored["kind"] == "kept")]
    assert f"gets {read['belief'].mean():.0%} of unrelated facts right" in text
