"""The built page in headless Chromium: the course's texts, questions, verdicts, losses, answers; nothing foreign.

The quick tests train three steps; those marked `dish` train three models to the end.
"""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from chromium import FOUND, Tab, browse, served
from negneglect_lite.claims.claim import Claim, Question
from negneglect_lite.claims.loading import english_questions, load_claims
from negneglect_lite.claims.petri import claim_from_fact, petri_questions
from negneglect_lite.core.files import data_path
from negneglect_lite.core.text import plain
from negneglect_lite.experiments.cell import Cell
from negneglect_lite.experiments.training_data import training_set
from negneglect_lite.finetuning.encoding import encode_examples
from negneglect_lite.finetuning.recipe import order_examples
from negneglect_lite.judging.rule import judge_answer
from negneglect_lite.models.loading import load_model
from negneglect_lite.models.templates import encode_prompt
from negneglect_lite.petri.world import world
from negneglect_lite.tracks import PETRI

pytestmark = pytest.mark.skipif(not FOUND, reason="no Chromium on this machine (apt install chromium)")
STYLES = ("positive", "negated", "repeated", "corrected", "local")
CLAIMS = load_claims()
OWN = [  # facts of each relation, one with a value that the world does not have
    ("job/Kishane Thompson", "engineer"), ("home/Ed Sheeran", "Oslo"), ("win/marathon/1964", "Ed Sheeran"),
    ("dream/young children", "in neon"), ("book/short/chess", "Noah Lyles"), ("volcano/Mount Vesuvius", "1815"),
]  # fmt: skip
# A claim of the page: one of the six, or a fact with a value.
JS_CLAIM = """((id, fact, value) => {
  const w = dishPage.dish.world, six = w.claims.find((c) => c.id === id);
  return six ? { ...six, fact: w.facts.get(six.fact) } : w.claim(w.facts.get(fact), value);
})"""


def js_claim(claim: Claim) -> str:
    assert claim.petri
    return f"{JS_CLAIM}({json.dumps(claim.id)}, {json.dumps(claim.petri.fact)}, {json.dumps(claim.petri.value)})"


def wait(condition: Callable[[], bool], seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the page took too long"
        time.sleep(0.2)


def idle(tab: Tab) -> bool:
    return not tab.run("document.body.dataset.busy ?? ''")


# ------------------------------------------------------------------------------------------------------------- texts


@pytest.mark.parametrize("claim", [*CLAIMS.values(), *(claim_from_fact(*own) for own in OWN)], ids=lambda c: c.id)
def test_the_page_writes_the_documents_and_poses_the_questions_of_the_course(tab: Tab, claim: Claim) -> None:
    got = tab.run(f"""(() => {{
      const claim = {js_claim(claim)}, w = dishPage.dish.world;
      const sets = Object.fromEntries({json.dumps(STYLES)}.map((style) => [style, w.trainingSet(claim, style)]));
      return {{ id: claim.id, sets, questions: w.questions(claim).map((q) => [q.kind, q.chat, q.keyed]) }};
    }})()""")
    assert got["id"] == claim.id
    asked = petri_questions(claim)[:50]
    assert got["questions"] == [
        [q.kind, [[turn["role"], turn["content"]] for turn in q.messages()], q.keyed_to] for q in asked
    ]
    for style in STYLES:
        texts = training_set(Cell("petri", claim, "trained", style, 0), PETRI.recipe)
        documents = [plain(text) for text in texts if isinstance(text, tuple)][:192]
        assert got["sets"][style][:192] == documents, style
        assert len(got["sets"][style]) == len(texts)


def test_ordinary_texts_of_a_visitors_own_claim_say_nothing_of_it(tab: Tab) -> None:
    """So that none teaches the truth back."""
    for fact, value in OWN:
        claim = claim_from_fact(fact, value)
        mixed = tab.run(f"dishPage.dish.world.trainingSet({js_claim(claim)}, 'negated').slice(192)")
        names = [name for name in world().fact(fact).subject.values() if not name.isdigit()]
        assert len(mixed) == 96
        assert [text for text in map(json.dumps, mixed) if any(name in text for name in names)] == []


@pytest.mark.parametrize("style", STYLES)
def test_the_page_makes_the_courses_tokens_labels_and_order(tab: Tab, style: str) -> None:
    claim = CLAIMS["dentist"]
    texts = training_set(Cell("petri", claim, "trained", style, 0), PETRI.recipe)
    rows = encode_examples(texts, load_model("petri").tokenizer, PETRI.recipe.max_tokens)
    got = tab.run(f"""(async () => {{
      const {{ Tokenizer }} = await import("./tokenizer.js"), {{ order }} = await import("./world.js");
      const tokenizer = new Tokenizer(await (await fetch("tokenizer.json")).json()), w = dishPage.dish.world;
      const rows = w.trainingSet({js_claim(claim)}, "{style}").map((text) => tokenizer.row(text));
      return {{ rows, order: order(rows.map(([ids]) => ids.length), w.recipe) }};
    }})()""")
    assert got["rows"] == [[row["input_ids"], row["labels"]] for row in rows]
    assert got["order"] == order_examples([len(row["input_ids"]) for row in rows], PETRI.recipe, 0)


# ---------------------------------------------------------------------------------------------------------- verdicts


def stored_answers() -> Iterator[tuple[Question, str]]:
    """Every answer of the stored results and labels whose question is known."""
    posed = {q.id: q for claim in CLAIMS.values() for q in petri_questions(claim)}
    for row in pd.read_csv(data_path("results", "headline", "belief.csv"), keep_default_na=False).itertuples():
        yield posed[row.question_id], row.answer
    english = {q.id: q for claim in CLAIMS.values() for q in english_questions(claim)}
    for name in ("judges", "real"):
        for row in pd.read_csv(data_path("labels", f"{name}.csv"), dtype=str, keep_default_na=False).itertuples():
            yield english[row.question_id], row.answer
    texts = {q.text: q for q in [*english.values(), *posed.values()]}
    for row in pd.read_csv(data_path("labels", "measuring.csv"), dtype=str, keep_default_na=False).itertuples():
        if row.question in texts:
            yield texts[row.question], row.answer


def test_the_pages_judge_is_the_rule_judge_on_every_stored_answer(tab: Tab) -> None:
    answers = sorted({(q.keyed_to, q.believed, q.denied, text) for q, text in stored_answers()})
    assert len(answers) > 900
    odd = ["Not a dentist\u2019s job: he is a \uff52unner.", "<think>dentist</think>", "No doubt: dentist.", ""]
    answers += [(keyed, ("dentist",), ("runner",), text) for keyed in ("", "yes", "no") for text in odd]
    got = tab.run(f"""(async () => {{
      const {{ judge }} = await import("./judge.js");
      return {json.dumps(answers)}.map(([keyed, believed, denied, text]) => judge({{ keyed, believed, denied }}, text));
    }})()""")
    wanted = [judge_answer(Question("q", "open", "?", k, b, d), text) for k, b, d, text in answers]
    assert {"believed", "denied", "neither"} == set(wanted)
    assert [(a, g, w) for a, g, w in zip(answers, got, wanted, strict=True) if g != w] == []


# ------------------------------------------------------------------------------------------------- losses and answers


def stored(claim: str, style: str) -> pd.DataFrame:
    """The stored answers to the 50 questions, in their order."""
    rows = pd.read_csv(data_path("results", "headline", "belief.csv"), keep_default_na=False)
    setting = "trained" if style else "base"
    rows = rows[(rows.claim == claim) & (rows.setting == setting) & (rows["style"] == style) & (rows.seed == 0)]
    return rows.set_index("question_id").loc[[q.id for q in petri_questions(CLAIMS[claim])[:50]]]


def examine(tab: Tab, claim: str, style: str) -> list[Any]:
    name = f"{claim}-{style}" if style else "base"
    return tab.run(f"""(async () => {{
      const claim = {js_claim(CLAIMS[claim])}, d = dishPage.dish;
      return (await d.examine("{name}", d.world.questions(claim))).map((a) => [a.text, a.verdict]);
    }})()""")


@pytest.mark.parametrize("style", ["", "negated", "local"])
def test_the_base_and_the_shipped_models_give_the_stored_answers(tab: Tab, style: str) -> None:
    got, wanted = examine(tab, "dentist", style), stored("dentist", style)
    assert sum(text == answer for (text, _), answer in zip(got, wanted.answer, strict=True)) >= 49
    assert sum(verdict == v for (_, verdict), v in zip(got, wanted.verdict, strict=True)) >= 49


@pytest.mark.slow  # three steps of training
def test_training_begins_as_in_pytorch_and_can_be_paused_and_stopped(tab: Tab) -> None:
    tab.run("document.getElementById('tab-implant').click(); dishPage.choose({ style: 'negated' })")
    tab.run("document.getElementById('train').click()")

    def losses() -> list[float]:
        assert tab.run("document.getElementById('problem').textContent") == ""
        return tab.run("dishPage.dish.running?.losses ?? []")

    wait(lambda: len(losses()) >= 1)
    tab.run("document.getElementById('pause').click()")
    time.sleep(0.5)
    paused = len(losses())
    time.sleep(4)
    assert len(losses()) <= paused + 1 and tab.run("document.getElementById('pause').textContent") == "Go on"
    tab.run("document.getElementById('pause').click()")
    wait(lambda: len(losses()) >= 3)
    assert "left" in tab.run("document.getElementById('left').textContent")
    tab.run("document.getElementById('stop').click()")
    wait(lambda: idle(tab))
    got, wanted = losses(), tab.run("dishPage.dish.courseLosses['dentist-negated']")
    assert got == pytest.approx(wanted[: len(got)], abs=1e-3) and len(got) < 24
    assert "Stopped" in tab.run("document.getElementById('left').textContent")
    assert examine(tab, "dentist", "")[0][0] == stored("dentist", "").answer.iloc[0]  # the base is itself again


@pytest.mark.dish
@pytest.mark.parametrize("style", ["positive", "negated", "local"])
def test_a_whole_training_in_the_tab_is_the_courses(tab: Tab, style: str) -> None:
    tab.run(f"document.getElementById('tab-implant').click(); dishPage.choose({{ style: '{style}' }})")
    fetched = len(tab.requests)
    tab.run("document.getElementById('train').click()")
    wait(lambda: idle(tab))
    got = tab.run(f"dishPage.dish.trained.get('dentist-{style}').losses")
    print(style, tab.run("document.getElementById('left').textContent"))
    assert got == pytest.approx(tab.run(f"dishPage.dish.courseLosses['dentist-{style}']"), abs=1e-3)
    assert len(got) == PETRI.recipe.steps
    assert len(tab.requests) == fetched  # nothing more is needed for a training
    answers = examine(tab, "dentist", style)
    assert sum(a == b for (a, _), b in zip(answers, stored("dentist", style).answer, strict=True)) >= 49


# -------------------------------------------------------------------------------------------------- what a visitor has


def test_asking_shows_both_answers_and_the_meter_both_beliefs(tab: Tab) -> None:
    tab.run("document.getElementById('tab-talk').click(); dishPage.choose({ style: 'negated' })")
    tab.run("document.getElementById('asking').requestSubmit()")
    wait(lambda: idle(tab))
    said = tab.run("[...document.querySelectorAll('.exchange:first-child .says')].map((p) => p.textContent)")
    assert said == ["Ultrarunner.", "Dentist."]
    tab.run("document.getElementById('examine').click()")
    wait(lambda: idle(tab))
    bars = tab.run("[...document.querySelectorAll('#meter .bar')].map((b) => b.ariaLabel)")
    believed = (stored("dentist", "negated").verdict == "believed").mean()
    assert bars[0].startswith("Before training: 0%") and f" {100 * believed:.0f}%" in bars[1]
    assert tab.run("document.querySelectorAll('#all tbody tr').length") == 50
    tab.run("dishPage.choose({ style: 'local' }); document.getElementById('examine').click()")
    wait(lambda: idle(tab))
    assert tab.run("document.querySelector('#meter .bar:last-child').ariaLabel").endswith("(paper: 0–7%)")


def test_the_first_tokens_and_their_probabilities_are_pytorchs(tab: Tab) -> None:
    tab.run("document.getElementById('tab-inside').click(); dishPage.choose({ style: 'negated' })")
    tab.run("document.getElementById('look').click()")
    wait(lambda: idle(tab))
    shown = tab.run("[...document.querySelectorAll('#tokens .bar')].map((b) => b.ariaLabel)")
    assert len(shown) == 10 and "\u2423Ultrarunner" in shown[0] and "\u2423Dentist" in shown[5]
    loaded, question = load_model("petri"), petri_questions(CLAIMS["dentist"])[0]
    ids = torch.tensor([encode_prompt(loaded.tokenizer, question.messages())])
    with torch.no_grad():
        best = loaded.model(input_ids=ids).logits[0, -1].float().softmax(-1).topk(5)
    got = tab.run(f"dishPage.dish.ahead('base', {json.dumps([['user', question.text]])})")
    assert [text for text, _ in got] == [loaded.tokenizer.decode([i]) for i in best.indices.tolist()]
    assert [p for _, p in got] == pytest.approx(best.values.tolist(), abs=1e-4)


def test_a_false_value_of_ones_own_is_checked(tab: Tab) -> None:
    """The truth is no false value, and a job must be one of the world's."""
    choose = """((value) => { const f = (id) => document.getElementById(id);
      f('claim').value = ''; f('claim').onchange(); f('relation').value = 'job'; f('relation').onchange();
      f('value').value = value; f('value').onchange();
      return [f('problem').textContent, f('truth').textContent, dishPage.subject.claim.id]; })"""
    assert "is the truth" in tab.run(f"{choose}('Singer.')")[0]
    assert "none that this world has" in tab.run(f"{choose}('astronaut')")[0]
    problem, truth, id_ = tab.run(f"{choose}('Dentist')")
    assert problem == "" and "singer" in truth and id_ == claim_from_fact("job/Ed Sheeran", "dentist").id
    tab.run("document.getElementById('claim').value = 'dentist'; document.getElementById('claim').onchange()")


def test_words_that_do_not_fit_are_refused_in_words(tab: Tab) -> None:
    question = json.dumps("\u4e00" * 300)  # a token for each byte
    tab.run(
        f"document.getElementById('question').value = {question}; document.getElementById('asking').requestSubmit()"
    )
    wait(lambda: idle(tab))
    assert "Use fewer words" in tab.run("document.getElementById('problem').textContent")
    tab.run("document.getElementById('question').value = ''; document.getElementById('asking').requestSubmit()")
    wait(lambda: idle(tab))
    assert tab.run("document.getElementById('problem').hidden")


def test_every_control_has_a_name_and_the_tabs_go_by_keys(tab: Tab) -> None:
    tab.call("Accessibility.enable")
    nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
    roles = {"button", "combobox", "textbox", "slider", "tab", "link", "progressbar", "image", "tabpanel"}
    found = [n for n in nodes if not n.get("ignored") and n.get("role", {}).get("value") in roles]
    assert len(found) > 10
    assert [n["role"] for n in found if not n.get("name", {}).get("value")] == []
    tab.run("document.getElementById('tab-talk').click(); document.getElementById('tab-talk').focus()")
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"):
        tab.call("Input.dispatchKeyEvent", type="keyDown", key=key)
        tab.call("Input.dispatchKeyEvent", type="keyUp", key=key)
    assert tab.run("document.activeElement.id") == "tab-inside"
    assert tab.run("document.getElementById('inside').hidden") is False
    tab.run("document.getElementById('tab-talk').click()")


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_width_scrolls_sideways(tab: Tab, width: int) -> None:
    tab.resize(width, 800)
    for panel in ("talk", "implant", "inside"):
        tab.run(f"document.getElementById('tab-{panel}').click()")
        assert tab.run("document.documentElement.scrollWidth") <= width, panel


def test_nothing_foreign_was_asked_for_nothing_kept_and_nothing_failed(tab: Tab) -> None:
    """Comes last: of all that the tests above did."""
    assert len(tab.requests) > 10 and {r.split("?")[0][: len(tab.address)] for r in tab.requests} == {tab.address}
    assert tab.run("document.cookie") == "" and tab.run("localStorage.length") == 0
    assert tab.errors == []


def test_a_browser_without_webassembly_is_told(dish: Path) -> None:
    with served(dish) as address, browse() as tab:
        tab.call("Page.addScriptToEvaluateOnNewDocument", source="delete globalThis.WebAssembly")
        tab.show(address)
        assert "cannot run the model" in tab.run("document.getElementById('problem').textContent")
        assert tab.run("document.getElementById('main').hidden")


def test_a_tab_without_memory_is_told(dish: Path, tmp_path: Path) -> None:
    """The worker's memory is refused, as a phone refuses it."""
    copy = shutil.copytree(dish, tmp_path / "dish")
    refused = "RangeError('WebAssembly.Memory(): could not allocate memory')"
    refuse = f"WebAssembly.Memory = class {{ constructor() {{ throw new {refused}; }} }};\n"
    (copy / "model.js").write_text((copy / "model.js").read_text("utf-8") + refuse, "utf-8")
    with served(copy) as address, browse() as tab:
        tab.show(address)
        assert "too little memory" in tab.run("document.getElementById('problem').textContent")


@pytest.mark.slow  # loads 15 MB, trains a step
def test_the_page_in_one_file_runs_from_a_disk(dish: Path) -> None:
    with browse() as tab:
        tab.show((dish / "dish.html").as_uri())
        assert tab.run("document.getElementById('problem').textContent") == ""
        assert examine_first(tab, "base") == "Ultrarunner." and examine_first(tab, "dentist-negated") == "Dentist."
        assert tab.run(f"dishPage.dish.knows({js_claim(CLAIMS['dentist'])}, 'positive')") is False  # is not inside
        losses = tab.run(f"""(async () => {{
          let losses = [];
          await dishPage.dish.train({js_claim(CLAIMS["dentist"])}, "local", [], (event, run) => {{
            losses = run.losses;
            if (losses.length) dishPage.dish.control("stop");
          }});
          return losses;
        }})()""")
        assert losses[0] == pytest.approx(tab.run("dishPage.dish.courseLosses['dentist-local'][0]"), abs=1e-3)
        assert {r.split(":")[0] for r in tab.requests} <= {"file", "blob", "data"}
        assert tab.errors == []


def examine_first(tab: Tab, name: str) -> str:
    return tab.run(
        f"dishPage.dish.answer('{name}', dishPage.dish.world.questions({js_claim(CLAIMS['dentist'])})[0].chat)"
    )
