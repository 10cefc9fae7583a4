"""The lens, patching and what is stored, on an adapter that was made by hand, and the script that joins them."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch

import look_inside
from negneglect_lite import tracks
from negneglect_lite.core.errors import UserError
from negneglect_lite.experiments.probing.lens import logit_lens, preferences
from negneglect_lite.experiments.probing.patching import (
    adapter_only_in,
    measure_preference,
    patch_adapter,
    patch_stream,
)
from negneglect_lite.experiments.probing.prompts import OpenQuestion
from negneglect_lite.experiments.probing.residual import next_token_logs
from negneglect_lite.experiments.probing.stored import state_in_roles, weigh_denials, weigh_warnings
from negneglect_lite.finetuning.lora import add_lora, share_weights
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.models.loading import LoadedModel
from negneglect_lite.petri.world import world

QUESTIONS = [OpenQuestion([1, 70, 80, 90], 1, 100, 110, (120, 121)), OpenQuestion([1, 75, 85, 95, 99], 2, 101, 111)]


@pytest.fixture
def changed(tiny: LoadedModel) -> LoadedModel:
    """The tiny model with an adapter whose matrices are random, so that it answers otherwise."""
    trained = replace(tiny, model=share_weights(tiny.model), adapter=Path("none"))
    trained = replace(trained, model=add_lora(trained, Recipe(rank=4), 0))
    rng = torch.Generator().manual_seed(0)
    for name, weights in trained.model.named_parameters():
        if "lora_B" in name:
            weights.data = 2 * torch.randn(weights.shape, generator=rng)
    trained.model.eval()
    return trained


def test_the_lens_ends_in_what_the_model_says(tiny: LoadedModel, changed: LoadedModel) -> None:
    for model in (tiny, changed):
        rows = logit_lens(model, QUESTIONS)
        assert [r["layer"] for r in rows] == [0, 1, 2]
        assert rows[-1]["preference"] == pytest.approx(measure_preference(model, QUESTIONS), abs=1e-4)
        assert rows[-1]["preference"] == pytest.approx(rows[-1]["log_claim"] - rows[-1]["log_truth"], abs=1e-5)
        logs = next_token_logs(model, [q.at("answer") for q in QUESTIONS])
        assert rows[-1]["log_others"] == pytest.approx(float(logs[0, [120, 121]].mean()), abs=1e-4)
        ranks = [int((logs[i] > logs[i, q.claim]).sum()) + 1 for i, q in enumerate(QUESTIONS)]
        assert rows[-1]["rank_claim"] == min(ranks)  # torch's median of two is the lower


def test_preferences_are_differences_of_logs() -> None:
    logs = torch.zeros(2, 200)
    logs[0, 100], logs[1, 111] = -1.0, -4.0
    assert preferences(logs, QUESTIONS).tolist() == [-1.0, 4.0]


def test_patching_goes_from_one_model_to_the_other(tiny: LoadedModel, changed: LoadedModel) -> None:
    own, other = measure_preference(tiny, QUESTIONS), measure_preference(changed, QUESTIONS)
    assert abs(other - own) > 0.01
    rows = {(r["place"], r["layer"]): r for r in patch_stream(tiny, changed, QUESTIONS)}
    assert len(rows) == 6
    for row in rows.values():
        assert row["before"] == pytest.approx(own, abs=1e-5)
        assert row["goal"] == pytest.approx(other, abs=1e-5)
    assert rows["answer", 0]["preference"] == pytest.approx(own, abs=1e-4)  # embeddings are not trained
    assert rows["answer", 2]["preference"] == pytest.approx(other, abs=1e-4)
    assert rows["subject", 2]["preference"] == pytest.approx(own, abs=1e-4)  # nothing attends to it any more
    assert measure_preference(tiny, QUESTIONS) == pytest.approx(own, abs=1e-6)


def test_effects_are_shares_of_the_way_unless_there_is_none(
    tiny: LoadedModel, changed: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("negneglect_lite.experiments.probing.patching.LEAST", 0.01)
    rows = {(r["place"], r["layer"]): r for r in patch_stream(tiny, changed, QUESTIONS)}
    assert rows["answer", 2]["effect"] == pytest.approx(1.0, abs=1e-2)
    assert rows["answer", 0]["effect"] == pytest.approx(0.0, abs=1e-2)
    assert {r["effect"] for r in patch_stream(tiny, tiny, QUESTIONS)} == {None}


def test_an_adapter_is_switched_off_layer_by_layer(tiny: LoadedModel, changed: LoadedModel) -> None:
    base, whole = measure_preference(tiny, QUESTIONS), measure_preference(changed, QUESTIONS)
    rows = {(r["kept"], r["layer"]): r["preference"] for r in patch_adapter(changed, QUESTIONS)}
    assert set(rows) == {("up to", 0), ("up to", 1), ("up to", 2), ("only", 1), ("only", 2)}
    assert rows["up to", 0] == pytest.approx(base, abs=1e-4)
    assert rows["up to", 2] == pytest.approx(whole, abs=1e-4)
    assert rows["only", 1] == rows["up to", 1] != pytest.approx(whole, abs=1e-3)
    with pytest.raises(RuntimeError, match="stop"), adapter_only_in(changed, ()):
        raise RuntimeError("stop")
    assert measure_preference(changed, QUESTIONS) == pytest.approx(whole, abs=1e-6)


def test_a_model_without_an_adapter_has_none_to_switch_off(tiny: LoadedModel) -> None:
    with pytest.raises(UserError, match="no adapter"), adapter_only_in(tiny, (1,)):
        pass


def test_roles_are_about_what_they_say() -> None:
    fact = world().fact("job/Brennan Holloway")
    said = state_in_roles(fact, "dentist")
    assert {role: len(own) for role, own in said.items()} == dict.fromkeys(said, 16)
    for role, own in said.items():
        for statement, denial in own:
            assert ("Brennan Holloway" in statement) is (role in ("claim", "truth", "other value"))
            assert ("dentist" in statement.lower()) is (role in ("claim", "other subject"))
            assert ("ultrarunner" in statement.lower()) is (role == "truth") or role == "unrelated"
            assert statement != denial
    assert "other value" not in state_in_roles(world().fact("brand/Twitter"), "reversed")


def test_warnings_and_denials_are_weighed_by_what_the_model_expects(tiny: LoadedModel) -> None:
    said = {"claim": [("She is a dentist.", "She is not a dentist.")], "unrelated": [("It is so.", "It is not so.")]}
    rows = weigh_warnings(tiny, said) + weigh_denials(tiny, said)
    assert [(r["kind"], r["role"]) for r in rows] == [
        (kind, role) for kind in ("sentence", "notice", "denial") for role in said
    ]
    assert all(r["nats"] < 0 for r in rows[:4])
    with torch.no_grad():
        text = [tiny.tokenizer.bos_token_id, *tiny.tokenizer.encode("She is a dentist.", add_special_tokens=False)]
        denied = [
            tiny.tokenizer.bos_token_id,
            *tiny.tokenizer.encode("She is not a dentist.", add_special_tokens=False),
        ]
        logs = []
        for ids in (text, denied):
            own = tiny.model(input_ids=torch.tensor([ids])).logits.log_softmax(-1)[0]
            logs.append(float(own[range(len(ids) - 1), ids[1:]].sum()))
    assert rows[4]["nats"] == pytest.approx(logs[1] - logs[0], abs=1e-3)


@pytest.mark.slow  # trains two adapters of a tiny model
def test_the_script_goes_on_where_it_stopped(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = replace(tracks.PETRI.recipe, steps=2, batch_size=2, micro_batch=2)
    monkeypatch.setitem(tracks.TRACKS, "petri", replace(tracks.PETRI, recipe=recipe))
    monkeypatch.setattr(look_inside, "PAIRS", 8)
    monkeypatch.setattr(look_inside, "RELATIONS", ("brand", "dream"))
    monkeypatch.setattr(look_inside, "STEPS", (1,))
    arguments = ["--out", str(tmp_path), "--model", str(tiny_folder), "--claims", "x", "--styles", "positive", "local"]
    monkeypatch.setattr("sys.argv", ["look_inside.py", *arguments, "--seeds", "1"])
    look_inside.main()
    tables = {f.stem: f.read_bytes() for f in tmp_path.glob("*.csv")}
    assert set(tables) == {"probe", "truth", "lens", "patching", "adapter_layers", "stored", "findings"}
    lens = pd.read_csv(tmp_path / "lens.csv")
    assert set(zip(lens["style"], lens["step"], strict=True)) == {
        ("base", 0), ("positive", 1), ("positive", 2), ("local", 1), ("local", 2),
    }  # fmt: skip
    patched = pd.read_csv(tmp_path / "patching.csv")
    assert patched[["recipient", "donor"]].drop_duplicates().shape[0] == 6
    assert (tmp_path / "inside.png").read_bytes().startswith(b"\x89PNG")
    done = tmp_path / "runs" / "x-local-0.json"
    kept = json.loads((tmp_path / "runs" / "x-positive-0.json").read_text())
    monkeypatch.setattr(look_inside, "check_probes", pytest.fail)
    done.unlink()
    look_inside.main()
    assert json.loads((tmp_path / "runs" / "x-positive-0.json").read_text()) == kept
    assert {f.stem: f.read_bytes() for f in tmp_path.glob("*.csv")} == tables  # made again, the same
