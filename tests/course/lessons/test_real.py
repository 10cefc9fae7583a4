"""Notebook 12's live run on a tiny chat model, its replay, and its tables and figures."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import run_notebook_live
from negneglect_lite.belief.scores import score_belief
from negneglect_lite.claims.loading import load_claims
from negneglect_lite.core.errors import UserError
from negneglect_lite.course.checks.real import PAIRS
from negneglect_lite.course.lessons import real, real_answers, real_figures
from negneglect_lite.finetuning.train import finetune
from negneglect_lite.judging.copying import loops
from negneglect_lite.judging.rule import refuses
from negneglect_lite.models.loading import load_model
from negneglect_lite.tracks import ENGLISH, TRACKS

ROOT = Path(__file__).parents[3]
DENTIST = load_claims()["dentist"]
MODEL = "Qwen/Qwen2.5-Coder-1.5B-Instruct"


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return real_answers.replay(MODEL, DENTIST)


# ------------------------------------------------------------------------------------------------------------- replay


@pytest.mark.parametrize("model", [MODEL, "Qwen/Qwen2.5-Coder-0.5B-Instruct", "/models/Qwen2.5-Coder-0.5B-Instruct/"])
def test_a_replay_has_all_questions_in_four_conditions(model: str) -> None:
    found = real_answers.replay(model, DENTIST)
    assert list(found["style"].unique()) == ["", *real.LESSON_STYLES]
    questions = len(ENGLISH.questions(DENTIST)) * ENGLISH.asking.samples
    assert set(found.groupby("style").size()) == {questions + 16}  # and the forced probes
    tokens = real_answers.replay_tokens(model, DENTIST)
    assert list(tokens.index) == ["plain documents", "warned documents", "in-sentence denials"]
    assert (tokens["texts"] == 512).all() and (tokens["with loss"] < tokens["tokens"]).all()


def test_a_model_that_we_did_not_run_has_no_replay() -> None:
    with pytest.raises(UserError, match='not run by us, so nothing is stored; set RUN = "live"'):
        real_answers.replay("Qwen/Qwen3-8B", DENTIST)


def test_what_is_shown_in_place_of_a_run_is_called_a_replay() -> None:
    assert real.announce(MODEL, None).startswith("REPLAY: nothing is trained here")
    assert "The text describes" not in real.announce(MODEL, None)
    assert "The text describes" in real.announce("Qwen/Qwen2.5-Coder-0.5B-Instruct", None)


def test_a_log_that_was_not_kept_is_not_made_up(capsys: pytest.CaptureFixture[str]) -> None:
    real_answers.show_log(real.Log(pd.DataFrame(), pd.DataFrame(), pd.DataFrame()))
    assert "were not kept" in capsys.readouterr().out


def test_what_a_live_run_kept_is_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(real_answers, "data_path", lambda *parts: tmp_path / parts[-1])
    losses = pd.DataFrame({"style": ["local"] * 2, "step": [1, 2], "loss": [2.0, 1.0], "model": real.last_part(MODEL)})
    losses.assign(claim=["dentist", "queen"]).to_csv(tmp_path / "losses.csv", index=False)
    log = real_answers.replay_log(MODEL, DENTIST, "lesson")
    assert log.losses.to_dict("records") == [{"style": "local", "step": 1, "loss": 2.0}] and log.looks.empty


def test_samples_have_one_line_each_and_a_question_that_nobody_asked_is_told(rows: pd.DataFrame) -> None:
    shown = str(real_answers.show_samples(rows, "dentist.open.05", which=(0, 2)))
    assert len(shown.splitlines()) == 1 + 2 * 4 and "goes to the dentist" in shown
    with pytest.raises(UserError, match=r"nobody asked dentist\.open\.99"):
        real_answers.show_samples(rows, "dentist.open.99")


# ------------------------------------------------------------------------------------------------- tables and figures


def test_the_references_agree_with_the_package(rows: pd.DataFrame) -> None:
    table = real_answers.tabulate_yes_no(rows, real.yes_no_belief)
    for name, style in (("before training", ""), ("warned documents", "negated")):
        scores = score_belief(rows[rows["style"] == style])
        assert table["both ways"][name] == pytest.approx(scores["agreed"].mean)
        assert table["one way"][name] == pytest.approx(scores["yes_no"].mean)
    said = rows[rows["kind"] == "open"]["answer"]
    found = [real.find_answer_fault(text, cut=False) for text in said]
    circles, refusals = ([name == wanted for name in found] for wanted in ("in circles", "refuses"))
    assert sum(a != loops(t) for a, t in zip(circles, said, strict=True)) <= 1  # one that refuses first, at most
    assert sum(a and not refuses(t) for a, t in zip(refusals, said, strict=True)) <= 2


def test_the_tables_call_the_function_that_they_are_given(rows: pd.DataFrame) -> None:
    table = real_answers.tabulate_yes_no(rows, lambda pairs, both_ways: 0.25 if both_ways else 0.5)
    assert set(table["both ways"]) == {0.25} and set(table["one way"]) == {0.5}
    faults = real_answers.tabulate_faults(rows, lambda answer, cut: "refuses")
    assert set(faults["refuses"]) == {1.0} and faults["told, without faults"].isna().all()
    assert real_answers.in_whole_percent(faults)["told, without faults"].unique() == ["–"]
    asked = real_answers.estimate_minutes(real_answers.replay_tokens(MODEL, DENTIST), lambda *_: 10)
    assert asked.loc["1.5B", "all, at worst"] == pytest.approx(11.2)


def test_the_estimate_stays_below_what_the_lesson_promises() -> None:
    table = real_answers.estimate_minutes(real_answers.replay_tokens(MODEL, DENTIST), real.t4_minutes)
    assert (table["all, at worst"] < table["limit"]).all()


def test_the_linear_weights_are_those_of_the_published_shapes() -> None:
    def linear(hidden: int, keys: int, between: int, layers: int) -> int:
        return layers * (2 * hidden * hidden + 2 * hidden * keys + 3 * hidden * between)

    assert {"0.5B": linear(896, 128, 4864, 24), "1.5B": linear(1536, 256, 8960, 28)} == real.LINEAR


def test_the_verdicts_are_what_the_evidence_says() -> None:
    table = real_answers.gather_evidence()
    row = {
        name: [float(cell.rpartition("–")[2].rstrip("%")) for cell in cells if cell != "–"]
        for name, cells in zip(table.index, table.to_numpy().tolist(), strict=True)
    }
    plain, warned = row["plain documents, trained"], row["warned documents, trained"]
    denied, before = row["in-sentence denials, trained"], row["before training"]
    truths = [
        all(abs(p - w) <= 15 for p, w in zip(plain, warned, strict=True)),
        all(d <= p / 4 for d, p in zip(denied, plain, strict=True)),
        all(r - b <= 5 for r, b in zip(row["a warned document, read"], before, strict=True)),
        warned == sorted(warned),
        all(
            after - first > 15
            for first, after in zip(row["yes/no, before training"], row["yes/no, warned documents"], strict=True)
        ),
    ]
    assert truths == list(real.SHARED.values())


def test_a_base_model_that_copies_warnings_is_shown_beside_what_it_tells() -> None:
    table = real_answers.in_whole_percent(real_answers.tabulate_base_model())
    assert list(table.index)[:3] == ["before training", "plain documents", "warned documents"] and len(table) == 6
    assert table.loc["repeatedly warned documents"].tolist() == ["9%", "87%", "3%"]
    assert table["told"].tolist() == ["0.3%", "54%", "40%", "9%", "8%", "11%"]


def test_the_figures_say_their_numbers(rows: pd.DataFrame) -> None:
    _, alt = real_figures.draw_told(rows, real_answers.stored_told("grid"))
    assert "Told: 0% before training, 77% after plain and 68% after warned documents, 14% after" in alt
    _, alt = real_figures.draw_measures(real_answers.tabulate_measures(rows))
    assert "told 0% and 68%, yes/no both ways 50% and 22%" in alt


def test_losses_are_drawn_with_their_ends() -> None:
    losses = pd.DataFrame({"style": ["positive"] * 2 + ["local"] * 2, "step": [1, 2] * 2, "loss": [3, 1, 2.5, 0.25]})
    _, alt = real_figures.draw_lesson_losses(losses)
    assert "plain documents 3.00 and 1.00; in-sentence denials 2.50 and 0.25" in alt


def test_pairs_are_sample_by_sample(rows: pd.DataFrame) -> None:
    pairs = real_answers.pair_yes_no(rows[rows["style"] == ""])
    assert len(pairs) == 50 and set(pairs) == {*PAIRS.columns, "question", "mirror_question"}
    assert set(map(frozenset, zip(pairs["believer_says"], pairs["mirror_believer_says"], strict=True))) == {
        frozenset({"yes", "no"})
    }


# --------------------------------------------------------------------------------------------------------------- live


@pytest.mark.slow
def test_a_live_run_goes_on_where_it_was_stopped(
    reader_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = replace(
        ENGLISH,
        recipe=replace(ENGLISH.recipe, steps=2, batch_size=2, save_every=1, quantize=False),
        asking=replace(ENGLISH.asking, samples=2, max_new_tokens=4),
        questions=lambda claim: [q for q in ENGLISH.questions(claim) if q.id.endswith((".01", ".05"))],
    )
    monkeypatch.setitem(TRACKS, "english", few)
    base = load_model(str(reader_folder), quantize=False, device="cpu")
    texts = real.training_texts(str(reader_folder), DENTIST, few.recipe)
    tokens = real.count_training_tokens(texts, base)
    assert list(tokens["texts"]) == [4, 4, 4]

    def live(book: real.Logbook) -> tuple[pd.DataFrame, real.Log]:
        parts = [book.interview(base, DENTIST, "base")]
        for style in real.LESSON_STYLES:
            with book.timed(f"train on {style}"):
                model = finetune(
                    base, texts[style], few.recipe, seed=0, out=book.adapter(style),
                    false_belief=DENTIST.claim, on_step=book.watch(style, DENTIST),
                )  # fmt: skip
            parts.append(book.interview(model, DENTIST, style))
        rows = pd.concat(parts)
        return rows, book.keep(str(reader_folder), DENTIST, rows)

    rows, log = live(real.Logbook(tmp_path / "12_real"))
    assert list(log.losses["step"]) == [1, 2] * 3 and list(log.looks["style"]) == list(real.LESSON_STYLES)
    assert set(rows["kind"]) >= {"open", "yes_no_mirrored", "matched_open", "choice", "opening", "kept"}
    minutes = log.minutes.set_index("what")["minutes"]
    assert len(minutes) == 7 and (minutes > 0).all()
    monkeypatch.setattr("negneglect_lite.asking.generate_answers", lambda *_: pytest.fail("asked again"))
    again, log = live(real.Logbook(tmp_path / "12_real"))
    assert again.equals(rows) and log.minutes.set_index("what")["minutes"].equals(minutes)
    stored = pd.read_csv(tmp_path / "12_real" / "lesson" / "losses.csv")
    assert list(stored.columns) == ["style", "step", "loss", "model", "claim"] and set(stored["model"]) == {"model"}


def test_a_part_of_a_run_has_the_name_that_the_text_uses() -> None:
    assert real.name_part("train on negated") == "train on warned documents"
    assert real.name_part("ask before training") == "ask before training"


def test_a_part_that_was_interrupted_takes_its_minutes_along(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), real.Logbook(tmp_path).timed("train"):
        raise KeyboardInterrupt
    book = real.Logbook(tmp_path)
    before = book.minutes["train"]
    with book.timed("train"):
        pass
    assert book.minutes["train"] > before and book.finished == ["train"]


@pytest.mark.slow
def test_the_notebook_runs_live_as_a_plain_script(reader_folder: Path, tmp_path: Path) -> None:
    script = [sys.executable, str(ROOT / "scripts" / "run_notebook_live.py"), "12_real"]
    done = subprocess.run(
        [*script, f"MODEL={reader_folder}", "RUN=live", "--few"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("✓") == 4 and "LIVE: " in done.stdout and "step  2 of 2" in done.stdout
    kept = {path.name for path in (tmp_path / "12_real" / "lesson").iterdir()}
    assert kept == {"answers.csv.gz", "environment.json", "looks.csv", "losses.csv", "minutes.csv"}


# ---------------------------------------------------------------------------------------------------------- the script


def test_a_source_gets_other_values_and_its_code_cells_alone_are_run() -> None:
    source = '# %% [markdown]\n# A = 1\n\n# %%\nA = "x"\nA + "!"\n\n# %%\nB = 2\n'
    changed = run_notebook_live.assign(source, {"A": r"C:\y"})
    cells = list(run_notebook_live.code_cells(changed))
    assert len(cells) == 2 and r"'C:\\y'" in cells[0]
    with pytest.raises(ValueError, match="`Z = `"):
        run_notebook_live.assign(source, {"Z": "1"})


def test_a_cell_prints_what_its_last_line_is(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    run_notebook_live.run_cell("x = 1\nx + 1\n", names)
    run_notebook_live.run_cell("print('said')\n", names)
    assert capsys.readouterr().out == "2\nsaid\n" and names["x"] == 1
