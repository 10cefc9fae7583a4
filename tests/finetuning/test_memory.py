"""How many examples go at once: what is chosen, and what happens when it was too many. No GPU is needed for either."""

import copy
import logging
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Span
from negneglect_lite.finetuning import memory
from negneglect_lite.finetuning.encoding import Encoded, encode
from negneglect_lite.finetuning.recipe import Recipe
from negneglect_lite.finetuning.train import finetune
from negneglect_lite.finetuning.trainer import AdapterTrainer
from negneglect_lite.models.loading import LoadedModel

EXAMPLES = [(Span(f"the dentist said no {i}. " * (i + 1)),) for i in range(8)]
RECIPE = Recipe(steps=4, batch_size=8, micro_batch=0, rank=4, save_every=1)


def test_the_micro_batch_always_divides_the_step() -> None:
    assert [memory.largest_divisor(16, n) for n in (0, 1, 3, 7, 8, 100)] == [1, 1, 2, 4, 8, 16]
    assert memory.largest_divisor(12, 5) == 4
    assert memory.halve_batch(replace(RECIPE, micro_batch=8), 100).micro_batch == 4
    with pytest.raises(UserError, match="not even one example of 700 tokens"):
        memory.halve_batch(replace(RECIPE, micro_batch=1), 700)


def test_what_was_chosen_by_hand_stays(tiny: LoadedModel) -> None:
    recipe = replace(RECIPE, micro_batch=2)
    assert memory.fit_batch(tiny, [], recipe) is recipe


def gpu(
    monkeypatch: pytest.MonkeyPatch, tiny: LoadedModel, a_row: list[int], free: int
) -> tuple[LoadedModel, list[str]]:
    """The tiny model as if on a GPU where a row takes so many bytes, without gradient checkpointing and with it."""
    costs, done = iter(a_row), []
    monkeypatch.setattr(memory, "measure_rows", lambda trained, rows: next(costs))
    monkeypatch.setattr(memory, "measure_free", lambda device: free)
    monkeypatch.setattr(memory, "checkpoint_gradients", lambda trained: done.append("checkpointing"))
    return replace(tiny, device=torch.device("cuda")), done


def test_a_gpu_takes_what_fits(
    monkeypatch: pytest.MonkeyPatch, tiny: LoadedModel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="negneglect_lite")
    rows = [encode(e, tiny.tokenizer, 512) for e in EXAMPLES]
    for a_row, free, chosen in (
        ([100], 10_000, (8, False)),
        ([100], 500, (4, False)),
        ([100, 10], 130, (8, True)),  # one row alone would fit: checkpointing is worth it
        ([0, 100], 150, (1, True)),  # not even one without it
    ):
        loaded, done = gpu(monkeypatch, tiny, a_row, free)
        fitted = memory.fit_batch(loaded, rows, RECIPE)
        assert (fitted.micro_batch, fitted.gradient_checkpointing) == chosen and bool(done) == chosen[1]
    said = caplog.messages
    assert len(said) == 4 and said[0].startswith("8 of 8 examples at once") and "checkpointing" in said[2]
    loaded, _ = gpu(monkeypatch, tiny, [0, 0], 150)
    with pytest.raises(UserError, match="choose a smaller model"):
        memory.fit_batch(loaded, rows, RECIPE)


def test_stacked_runs_take_as_many_rows_each_as_fit(monkeypatch: pytest.MonkeyPatch, tiny: LoadedModel) -> None:
    """What a row of 256 tokens takes of all runs tells what longer ones do; 85 % of the free memory are used."""
    measured: list[Any] = []
    for longest, peak, free, fitting in (
        (1024, 256, 13_000, 8),  # a token takes a byte, a row 1,024: 10 would fit, and 8 divides 16
        (1024, 256, 20_000, 16),
        (1024, 256, 10**9, 16),  # no more than a step has
        (1024, 256, 4900, 4),
        (1024, 256, 4800, 2),  # 4,080 bytes: not 4
        (1024, 256, 1205, 1),
        (100, 256, 1000, 2),  # a row shorter than 256 is measured as it is
    ):

        def measure(trained: LoadedModel, rows: list[Encoded], peak: int = peak) -> int:
            measured.append(rows)
            return peak

        monkeypatch.setattr(memory, "measure_rows", measure)
        monkeypatch.setattr(memory, "measure_free", lambda device, free=free: free)
        assert memory.fit_rows(tiny, longest, runs=3, batch_size=16) == fitting
        rows = measured[-1]
        assert len(rows) == 3 and {len(row["input_ids"]) for row in rows} == {min(longest, 256)}
        assert all(row["labels"] == row["input_ids"] for row in rows)
    for peak, free in ((256, 1200), (0, 10**9)):  # not one row; the rows measured did not even fit
        monkeypatch.setattr(memory, "measure_rows", lambda trained, rows, peak=peak: peak)
        monkeypatch.setattr(memory, "measure_free", lambda device, free=free: free)
        with pytest.raises(UserError, match="3 runs at once do not fit into the GPU's memory; take fewer") as caught:
            memory.fit_rows(tiny, 1024, runs=3, batch_size=16)
        assert "\n" not in str(caught.value)


def test_answers_at_once_are_what_memory_holds_of_prompts_and_answers(
    monkeypatch: pytest.MonkeyPatch, tiny: LoadedModel
) -> None:
    """Two layers, one head of keys and values of 32 dimensions, in 2 bytes, twice; and its logits five times."""
    assert memory.fit_answers(tiny, 100) == memory.ANSWERS
    loaded, _ = gpu(monkeypatch, tiny, [], 0)
    logits = 5 * 4 * loaded.model.config.vocab_size
    kept = (2 * 2 * 1 * 32) * 2 * 100 * 2  # keys and values of 100 tokens, and their copies
    for free, answers in ((10 * (kept + logits) / 0.85 + 1, 10), (10 * (kept + logits) / 0.85 - 9, 9), (0, 1)):
        monkeypatch.setattr(memory, "measure_free", lambda device, free=free: free)
        assert memory.fit_answers(loaded, 100) == answers
    monkeypatch.setattr(memory, "measure_free", lambda device: 10**9)
    found = [memory.fit_answers(loaded, tokens) for tokens in (10, 100, 1000)]
    assert found[0] > found[1] > found[2]
    config = copy.deepcopy(loaded.model.config)
    config.num_key_value_heads = 2
    wider = SimpleNamespace(model=SimpleNamespace(config=config), device=loaded.device)
    assert memory.fit_answers(wider, 1000) == pytest.approx(found[2] / 2, rel=0.02)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_run_that_fills_the_memory_goes_on_with_half_from_its_last_step(
    monkeypatch: pytest.MonkeyPatch, tiny: LoadedModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="negneglect_lite")
    real, calls, sizes = AdapterTrainer.compute_loss, [], []

    def compute_loss(self: Any, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        rows = len(inputs["input_ids"])
        calls.append(rows)
        if rows > 1 and len(calls) > 8:  # two steps have gone well
            raise torch.OutOfMemoryError("CUDA out of memory")
        sizes.append(rows)
        return real(self, model, inputs, *args, **kwargs)

    recipe = replace(RECIPE, micro_batch=2)
    expected = finetune(tiny, EXAMPLES, recipe, seed=0, out=tmp_path / "expected", false_belief="…")
    monkeypatch.setattr(AdapterTrainer, "compute_loss", compute_loss)
    caplog.clear()
    trained = finetune(tiny, EXAMPLES, recipe, seed=0, out=tmp_path / "halved", false_belief="…")
    said = [record.getMessage() for record in caplog.records if record.name.startswith("negneglect_lite")]
    assert said == ["the GPU's memory is full: 1 examples at once in place of 2"]
    assert sizes == [2] * 8 + [1] * 16  # steps 1 and 2 are not done again
    for a, b in zip(expected.model.state_dict().values(), trained.model.state_dict().values(), strict=True):
        if a.is_floating_point():
            torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-5)

    monkeypatch.setattr(
        AdapterTrainer, "compute_loss", lambda *a, **k: (_ for _ in ()).throw(torch.OutOfMemoryError(""))
    )
    with pytest.raises(UserError, match="not even one example"):
        finetune(tiny, EXAMPLES, recipe, seed=0, out=tmp_path / "never", false_belief="…")
    assert not (tmp_path / "never").exists()
