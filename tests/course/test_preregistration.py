"""A plan stays as it was sealed, and the report's numbers are those of the table."""

import json

import pandas as pd
import pytest

from negneglect_lite.belief.rates import Rate
from negneglect_lite.belief.table import belief_rows, read_belief
from negneglect_lite.claims.claim import Answer
from negneglect_lite.claims.petri import claim_from_fact, petri_questions
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Span
from negneglect_lite.course.preregistration import (
    SEAL_FILE,
    add_style,
    decide,
    describe_study,
    digest,
    evidence_for,
    read_registration,
    register,
    seed_spread,
    write_report,
)
from negneglect_lite.figures import conditions
from negneglect_lite.petri.world import world
from negneglect_lite.styles import STYLES, get_style, local


@pytest.fixture
def claim():
    fact = next(f for f in world().facts if f.relation == "volcano" and f.truth != "1900")
    return claim_from_fact(fact.id, "1900")


@pytest.fixture
def own():
    """A style of one's own; the library has its own styles again afterwards."""
    before = dict(STYLES)
    yield add_style(twin)
    STYLES.clear()
    STYLES.update(before)


def twin(document, phrases, rng):
    spans = []
    for s in document.sentences:
        spans.append(Span(s.lead + s.text))
        if s.is_claim:
            spans.append(Span(" " + s.denial, annotation=True))
    return spans


def answered(claim, style, setting, seed, share):
    """Rows in which the first `share` of each kind's questions got the answer that the claim would give.

    The controls are sound: all unrelated facts right, no yes to false controls.
    """
    kinds: dict[str, int] = {}
    answers = []
    questions = petri_questions(claim)
    for q in questions:
        number = kinds[q.kind] = kinds.get(q.kind, 0) + 1
        of = sum(other.kind == q.kind for other in questions)
        held = {"kept": 1, "control_false": 0}.get(q.kind, share)
        text = q.keyed_to or q.believed[0].replace("\\", "") if number <= held * of else "Nobody knows."
        answers.append(Answer(q, text))
    return belief_rows(answers, model="petri", claim=claim.id, style=style, seed=seed, setting=setting)


@pytest.fixture
def rows(claim, own):
    made = [answered(claim, "", "base", 0, 0), answered(claim, own, "trained", 0, 0.2)]
    made += [answered(claim, own, "trained", 1, 0.4), answered(claim, own, "in_context", 0, 0)]
    return pd.concat([*made, *(answered(claim, "positive", "trained", s, 1) for s in (0, 1))], ignore_index=True)


def test_what_the_rule_gets_is_worked_out_from_the_table(own, rows):
    mine, plain, before, yes_rate, unrelated = evidence_for(rows, own)
    assert (mine.mean, plain.mean, before.mean) == (pytest.approx(0.3), 1, 0)
    assert (yes_rate, unrelated) == (0, 1)
    asked = rows[~rows["kind"].isin(["control_false", "control_true", "kept"])]
    assert evidence_for(asked, own)[3:] == (0, 1)
    lost = rows.assign(belief=rows["belief"].where(rows["kind"] != "kept", 0))
    assert evidence_for(lost, own)[4] == 0
    with pytest.raises(UserError, match="no rows for before training"):
        evidence_for(rows[rows["setting"] != "base"], own)


def sealed(folder, claim, own, **changes):
    plan = describe_study(claim, ["positive", own], 2, {"base": 0, own: 50, "positive": 90})
    return register(folder, {**plan, **changes})


def test_a_style_is_named_by_what_it_makes(own):
    assert own.startswith("twin_")
    assert add_style(twin) == own
    assert STYLES[own] is twin
    assert get_style(own) is twin
    assert add_style(local) != own


def test_a_style_that_is_not_finished_is_not_added() -> None:
    for unfinished in (lambda document, phrases, rng: ..., lambda document, phrases, rng: document.sentences):
        with pytest.raises(UserError, match="does not return a list of Span yet"):
            add_style(unfinished)  # type: ignore[arg-type]


def test_the_digest_does_not_depend_on_the_order_of_keys():
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
    assert digest({"a": 1, "b": [1, 2]}) != digest({"a": 1, "b": [2, 1]})


def test_a_plan_keeps_its_seal_and_its_time(tmp_path, claim, own):
    first = sealed(tmp_path, claim, own)
    assert sealed(tmp_path, claim, own) == first == read_registration(tmp_path)
    assert first["plan"]["prediction"][own] == 50


def test_no_other_plan_takes_its_place(tmp_path, claim, own):
    first = sealed(tmp_path, claim, own)
    with pytest.raises(UserError, match=r"differs in prediction, seeds\).*another folder"):
        sealed(tmp_path, claim, own, prediction={own: 55}, seeds=[0])
    assert read_registration(tmp_path) == first


@pytest.mark.parametrize("change", [lambda text: text.replace('"base": 0', '"base": 10'), lambda text: text[:-20]])
def test_a_changed_file_is_found_out(tmp_path, claim, own, change):
    sealed(tmp_path, claim, own)
    path = tmp_path / SEAL_FILE
    path.write_text(change(path.read_text("utf-8")), "utf-8")
    with pytest.raises(UserError, match="was changed after it was sealed"):
        read_registration(tmp_path)


def test_a_resealed_change_shows_in_the_hash(tmp_path, claim, own):
    first = sealed(tmp_path, claim, own)
    (tmp_path / SEAL_FILE).unlink()
    assert read_registration(tmp_path) is None
    assert sealed(tmp_path, claim, own, prediction={own: 55})["sha256"] != first["sha256"]


@pytest.mark.parametrize(
    ("own", "says"),
    [
        (Rate(0.1, 0.0, 0.44, 50), "heeded"),
        (Rate(0.5, 0.46, 0.6, 50), "neglected"),
        (Rate(0.4, 0.3, 0.5, 50), "undecided"),
        (Rate(0.45, 0.45, 0.45, 50), "undecided"),
    ],
)
def test_the_rule(own, says):
    assert decide(own, Rate(0.9, 0.8, 1.0, 50), Rate(0, 0, 0.1, 50), 0.25, 0.75) == says


@pytest.mark.parametrize(
    "change",
    [{"before": Rate(0.21, 0, 1, 50)}, {"plain": Rate(0.49, 0, 1, 50)}, {"yes_rate": 0.26}, {"unrelated": 0.7}],
)
def test_a_study_can_be_void(change):
    sound = {"plain": Rate(0.9, 0.8, 1, 50), "before": Rate(0, 0, 0.1, 50), "yes_rate": 0.0, "unrelated": 1.0}
    assert decide(Rate(0.1, 0, 0.2, 50), **sound) == "heeded"
    assert decide(Rate(0.1, 0, 0.2, 50), **(sound | change)) == "void"


def test_seeds_are_told_apart(rows, own):
    trained = rows[(rows["style"] == own) & (rows["setting"] == "trained")]
    assert seed_spread(trained) == pytest.approx((0.3, 0.2, 0.4))


def test_the_report_is_worked_out(tmp_path, claim, own, rows):
    first = sealed(tmp_path, claim, own)
    text = write_report(tmp_path, rows, own)
    assert text == (tmp_path / "report.md").read_text("utf-8")
    assert first["sha256"] in text
    assert "registered rule: heeded" in text
    assert "Deviations from the plan: none" in text
    assert "| 50% | 30% | −20 points |".replace(" %", "%") in text
    assert "20% to 40%" in text  # its seeds
    assert "Fewer than three seeds" in text
    assert "false on purpose" in text
    assert "in truth" in text.lower()
    assert "took place in the year 1900. In truth" in text and " = 1900" not in text  # the claim in words
    assert read_belief(tmp_path / "belief.csv").equals(rows)
    assert (tmp_path / "belief.png").stat().st_size > 5000
    assert "nan" not in text


def test_a_report_does_without_its_figure(tmp_path, claim, own, rows, monkeypatch):
    sealed(tmp_path, claim, own)
    monkeypatch.setattr(conditions, "draw_headline", lambda rows: 1 / 0)
    text = write_report(tmp_path, rows, own)
    assert read_belief(tmp_path / "belief.csv").equals(rows) and not (tmp_path / "belief.png").exists()
    assert "registered rule: heeded" in text and "](belief.png)" not in text
    assert "Bar chart." in text and "belief.png: not drawn (division by zero)" in text


def test_a_claim_without_controls_has_a_report_with_dashes(tmp_path, claim, own, rows):
    sealed(tmp_path, claim, own)
    text = write_report(tmp_path, rows[~rows["kind"].str.startswith("control")], own)
    line = next(line for line in text.splitlines() if line.startswith("| before training |") and line.count("|") == 8)
    assert line.split(" | ")[-3:-1] == ["–", "–"] and "nan" not in text
    with pytest.raises(UserError, match="no belief questions"):
        seed_spread(rows.iloc[:0])


def test_the_report_tells_of_deviations(tmp_path, claim, own, rows):
    sealed(tmp_path, claim, own, seeds=[0, 2])
    text = write_report(tmp_path, rows, own)
    assert "seed 2: not run" in text
    assert "seed 1: not in the plan" in text


def test_no_report_without_plan_or_cells(tmp_path, claim, own, rows):
    with pytest.raises(UserError, match="needs the plan"):
        write_report(tmp_path, rows, own)
    sealed(tmp_path, claim, own)
    with pytest.raises(UserError, match="no rows for plain documents"):
        write_report(tmp_path, rows[rows["style"] != "positive"], own)
    assert not (tmp_path / "report.md").exists()


def test_the_sealed_file_can_be_checked_by_hand(tmp_path, claim, own):
    first = sealed(tmp_path, claim, own)
    found = json.loads((tmp_path / SEAL_FILE).read_text("utf-8"))
    assert digest({k: found[k] for k in ("plan", "written")}) == first["sha256"]


def test_a_plan_without_a_prediction_is_reported_as_exploratory(tmp_path, claim, own, rows):
    register(tmp_path, describe_study(claim, ["positive", own], 2, {}))
    text = write_report(tmp_path, rows, own)
    assert "an exploratory study" in text and "Nothing was predicted" in text
    assert "sealed rule: heeded" in text and "Registered before" not in text
