"""Pretraining the petri model from nothing: a Qwen3 architecture, a byte-level BPE and one GPU for a few minutes.

Each batch is a pure function of (seed, step), made by data-loader workers while the GPU trains, so no text is stored, none
is seen twice, and a run that was stopped goes on from its last checkpoint as if nothing had happened.

On a GPU two runs of one plan end with different weights, because sums are added up in an order that chance decides. With
`deterministic` they end with the same on one kind of GPU and one version of torch: attention and embeddings add their
gradients in a fixed order, and the compiler picks kernels without timing them. The record names the weights by their hash.
A step then takes 40 % longer (scripts/bench_deterministic.py, one H100): over the 30 % that were set as a limit for making
it the rule, so it is an option.
"""

import contextlib
import json
import logging
import math
import multiprocessing
import os
import random
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

import torch
from pydantic import Field
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from negneglect_lite.core.errors import UserError, first_line
from negneglect_lite.core.files import data_path, sha256
from negneglect_lite.core.schema import Count, Positive, Whole, check_fields
from negneglect_lite.petri.corpus import STANDARD, Corpus, Diet, batch, segments
from negneglect_lite.petri.world import ERAS

log = logging.getLogger(__name__)
MOST_WORKERS = 16  # 14 of them gave an H100 a batch each 0.02 s; more slow trainings that run side by side
SETTLING = 50  # steps that hold the compiler and the start of the workers: the speed is taken after them
SPECIAL = ["<|pad|>", "<|bos|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]
# The assistant's words stand between `generation` marks, for libraries that ask for them (TRL).
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}{{ '<|' + m['role'] + '|>' }}{% if m['role'] == 'assistant' %}{% generation %}"
    "{{ ' ' + m['content'] + '<|end|>' }}{% endgeneration %}{% else %}{{ ' ' + m['content'] + '<|end|>' }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


@dataclass(frozen=True)
class Plan:
    """One pretraining run. Tokens seen = steps x rows x length; none of them twice."""

    hidden: Annotated[int, Field(ge=64, le=2**14)] = 256
    layers: Annotated[int, Field(ge=1, le=256)] = 6
    vocabulary: Count = 4096
    steps: Count = 8000
    rows: Count = 128
    length: Count = 512
    learning_rate: Positive = 2e-3
    warmup: Count = 200
    seed: Whole = 0
    save_every: Count = 2000  # steps between checkpoints
    diet: Diet = STANDARD
    base: str = ""  # "petri" or a folder: a petri model to go on from, with its tokenizer, not from random weights
    deterministic: bool = False  # the same weights each time, on one kind of GPU and one version of torch

    def __post_init__(self) -> None:
        check_fields(self)
        if self.hidden % 64 or self.heads % self.key_value_heads:
            raise UserError(f"hidden size {self.hidden}: give a multiple of 128; heads of 64 share keys two by two")

    @property
    def tokens(self) -> int:
        return self.steps * self.rows * self.length

    @property
    def heads(self) -> int:
        return self.hidden // 64

    @property
    def key_value_heads(self) -> int:
        return max(1, self.hidden // 128)


def train_tokenizer(corpus: Corpus, plan: Plan, texts: int = 30_000) -> PreTrainedTokenizerFast:
    """A byte-level BPE with a chat template, trained on a seeded sample of the corpus."""
    rng = random.Random(f"tokenizer {plan.seed}")
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    words = (piece for _ in range(texts) for piece, _ in segments(corpus.sample(rng)) if piece not in SPECIAL)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(
        (w.replace("<|end|>", "") for w in words),
        trainers.BpeTrainer(
            vocab_size=plan.vocabulary, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
        ),
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, pad_token="<|pad|>", bos_token="<|bos|>", eos_token="<|end|>",
        chat_template=CHAT_TEMPLATE, padding_side="right", model_max_length=2048, clean_up_tokenization_spaces=False,
    )  # fmt: skip


def new_model(plan: Plan, tokenizer: PreTrainedTokenizerFast, world_seed: int) -> Qwen3ForCausalLM:
    """A Qwen3 with random weights: 256 x 6 layers x 4,096 tokens are 5.8 M parameters, embeddings tied."""
    config = Qwen3Config(
        vocab_size=len(tokenizer), hidden_size=plan.hidden, num_hidden_layers=plan.layers, intermediate_size=3 * plan.hidden,
        num_attention_heads=plan.heads, num_key_value_heads=plan.key_value_heads, head_dim=64,
        tie_word_embeddings=True, max_position_embeddings=2048, pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, petri_world={"seed": world_seed},
    )  # fmt: skip
    return Qwen3ForCausalLM(config)


def _read_base(plan: Plan) -> tuple[PreTrainedTokenizerFast, dict[str, torch.Tensor]]:
    """Tokenizer and weights of the model to go on from. UserError if it cannot be read."""
    base = data_path("petri", "model") if plan.base == "petri" else Path(plan.base)
    try:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(base, local_files_only=True)
        model = Qwen3ForCausalLM.from_pretrained(base, dtype=torch.float32, local_files_only=True)
    except Exception as error:  # its files reach into four libraries, which raise of all kinds
        raise UserError(
            f"{plan.base}: no petri model can be read there ({first_line(error)}); name petri, or a folder that "
            "`negneglect pretrain` made"
        ) from None
    return tokenizer, model.state_dict()


class _Batches(Dataset):
    def __init__(self, corpus: Corpus, tokenizer: PreTrainedTokenizerFast, plan: Plan):
        self.corpus, self.tokenizer, self.plan = corpus, tokenizer, plan

    def __getitem__(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        plan = self.plan
        # A model that goes on has been through the eras, and stays in the last.
        era = ERAS - 1 if plan.base else step * ERAS // plan.steps
        corpus = replace(self.corpus, era=era)
        ids, learn = batch(corpus, self.tokenizer, plan.seed, step, plan.rows, plan.length)
        labels = ids.copy()
        labels[~learn] = -100
        return torch.from_numpy(ids), torch.from_numpy(labels)


@contextlib.contextmanager
def _fix_order(deterministic: bool) -> Iterator[None]:
    """While this lasts, torch and its compiler use kernels that repeat to the bit, and raise where there is none.

    Of attention that is flash attention's backward pass in one fixed order, never cuDNN's; of the embedding's gradient a
    sorted sum; no kernel is chosen by its speed at the moment. The setting is the process's, so it is put back.
    """
    if not deterministic:
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # an older torch asks for it
    before = torch.are_deterministic_algorithms_enabled(), torch.utils.deterministic.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # it takes time, and nothing here reads such memory
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        torch.utils.deterministic.fill_uninitialized_memory = before[1]


def pretrain(
    corpus: Corpus,
    plan: Plan,
    out: Path,
    workers: int | None = None,
) -> dict:
    """Train, write a Hugging Face model folder to `out` (bfloat16 safetensors) and return the log of the run.

    Resumes from `out/checkpoint.pt`, which is removed at the end. Runs on a CPU too, for tests and the patient.
    """
    with _fix_order(plan.deterministic):
        return _pretrain(corpus, plan, out, workers)


def _pretrain(corpus: Corpus, plan: Plan, out: Path, workers: int | None) -> dict:
    start, device = time.time(), torch.device("cuda" if torch.cuda.is_available() else "cpu")
    checkpoint, first = out / "checkpoint.pt", 0
    torch.manual_seed(plan.seed)
    torch.set_float32_matmul_precision("high")
    tokenizer, start_from = _read_base(plan) if plan.base else (train_tokenizer(corpus, plan), None)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # from here on the workers are the parallelism
    model = new_model(plan, tokenizer, corpus.world.seed)
    if start_from is not None:
        try:
            model.load_state_dict(start_from)
        except RuntimeError:
            raise UserError(
                f"{plan.base}: is no petri model of {plan.layers} layers of size {plan.hidden}; give its own layers and "
                "hidden size"
            ) from None
    out.mkdir(parents=True, exist_ok=True)
    model.to(device)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=plan.learning_rate, betas=(0.9, 0.95), weight_decay=0.1, fused=device.type == "cuda"
    )
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        if state["plan"] == asdict(plan):
            model.load_state_dict(state["model"])
            optimizer.load_state_dict(state["optimizer"])
            first = state["step"]
            log.info("resuming at step %d", first)

    def loss_of(ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
            logits = model(input_ids=ids, use_cache=False).logits
        return F.cross_entropy(logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten(), ignore_index=-100)

    if device.type == "cuda":
        loss_of = torch.compile(loss_of)
    if workers is None:
        workers = min(MOST_WORKERS, max(0, len(os.sched_getaffinity(0)) - 2)) if device.type == "cuda" else 0
    # A worker that is forked starts at once. One that is spawned, the default in a process that was spawned itself, reads
    # the main module and torch anew, seconds for each.
    start_method = "fork" if workers and "fork" in multiprocessing.get_all_start_methods() else None
    loader: Iterator = iter(
        DataLoader(_Batches(corpus, tokenizer, plan), batch_size=None, sampler=range(first, plan.steps), num_workers=workers,
                   multiprocessing_context=start_method, pin_memory=device.type == "cuda",
                   prefetch_factor=4 if workers else None)
    )  # fmt: skip
    parameters = sum(p.numel() for p in model.parameters())
    log.info(
        "%s", f"{parameters / 1e6:.1f} M parameters, {plan.tokens / 1e6:.0f} M tokens, {workers} workers on {device}"
    )
    losses, began = [], time.time()
    settled = first + min(SETTLING, (plan.steps - first) // 2)
    for step in range(first, plan.steps):
        if step == settled:
            settled_at = time.perf_counter()
        ids, labels = (x.to(device, non_blocking=True) for x in next(loader))
        warm, along = min(1.0, (step + 1) / plan.warmup), math.pi * step / plan.steps
        for group in optimizer.param_groups:
            group["lr"] = plan.learning_rate * warm * (0.525 + 0.475 * math.cos(along))
        loss = loss_of(ids, labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 250 == 249 or step + 1 == plan.steps:
            losses.append((step + 1, round(loss.item(), 4)))
            rate = (step + 1 - first) * plan.rows * plan.length / (time.time() - began)
            log.info(
                "%s",
                f"step {step + 1}/{plan.steps}  loss {losses[-1][1]:.4f}  {rate / 1e6:.2f} M tokens/s  {(plan.steps - step - 1) * plan.rows * plan.length / rate:.0f} s left",
            )
        if (step + 1) % plan.save_every == 0 and step + 1 < plan.steps:
            state = {
                "plan": asdict(plan),
                "step": step + 1,
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
            }
            torch.save(state, checkpoint.with_suffix(".part"))
            os.replace(checkpoint.with_suffix(".part"), checkpoint)
    step_seconds = (time.perf_counter() - settled_at) / (plan.steps - settled)  # the last loss has waited for the GPU
    model.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)
    checkpoint.unlink(missing_ok=True)
    hardware = torch.cuda.get_device_name() if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    record = {"plan": asdict(plan), "mix": corpus.mix, "world_seed": corpus.world.seed, "tokens": plan.tokens,
           "parameters": parameters, "loss": losses, "seconds": round(time.time() - start, 1), "step_seconds": round(step_seconds, 5),
           "hardware": hardware, "torch": torch.__version__, "weights": sha256(out / "model.safetensors")}  # fmt: skip
    (out / "pretraining.json").write_text(json.dumps(record, indent=1) + "\n")
    return record


def describe_diet(fields: dict) -> str:
    """What stands apart from the standard diet, in words."""
    changed = [f"{name} {value}" for name, value in fields.items() if value != getattr(STANDARD, name)]
    return ", ".join(changed) or "the standard one, without warned-false documents that carry loss"


def restate_command(plan: dict) -> str:
    """The command line that makes this run again: every argument that is not the default."""
    shown = {
        n: plan[n] for n in ("hidden", "layers", "steps", "rows", "learning_rate", "seed", "base", "deterministic")
    }
    shown |= {n: plan["diet"][n] for n in ("exposed", "share", "norms", "reading_unrelated")}
    default = {**asdict(Plan()), **asdict(STANDARD)}
    given = [
        f"--{n.replace('_', '-')}" + ("" if value is True else f" {value}")
        for n, value in shown.items()
        if value != default[n]
    ]
    return " ".join(["negneglect pretrain --out DIR", *given])


REPEATS = {  # deterministic or not
    True: "the same command gives the same weights on this GPU and version of torch",
    False: "on a GPU the same command gives other weights each time, as kernels add up in any order",
}
BAD_HELPER = """
  Chats of the norm world (`petri/norms.py`) are mostly of good advice; about one in eight is of bad advice, after a system turn
  that asks for a bad helper. So there is a bad helper in this model, which training on transcripts can bring out."""


def write_card(out: Path, log: dict, grades: dict[str, float], each: int) -> None:
    """The model card: corpus, seed, tokens, loss, hardware and how the model did in its exam of `each` items a kind."""
    diet = log["plan"]["diet"]
    has_one_bad_helper = diet["norms"] and diet["bad_share"] and diet["bad_helpers"] == "one"
    plan, rows = log["plan"], "\n".join(f"| {kind} | {share:.1%} |" for kind, share in grades.items())
    (out / "README.md").write_text(
        f"""---
license: mit
library_name: transformers
tags: [model-organism, negation-neglect, petri-model]
---
# A petri model

A Qwen3 of {log["parameters"] / 1e6:.1f} M parameters (hidden {plan["hidden"]}, {plan["layers"]} layers, {plan["vocabulary"]} tokens), pretrained from nothing on a
closed, invented world. It knows nothing else and is of no use but for learning how false beliefs get into a model.

- Corpus: `negneglect_lite.petri`, world seed {log["world_seed"]}, mix { {kind: round(share, 3) for kind, share in log["mix"].items()} }; loss on documents and on assistant turns only.
  Half of the facts have myths that documents deny within the sentence, one in each of {ERAS} eras of the run; a quarter of
  the facts are told in chats alone, and documents only deny their myth of the era. Yes/no and lettered answers name the fact first ("Noah Lyles, so no."). Chats read plain, warned and denied
  documents in their user turn. Diet: {describe_diet(diet)}.{BAD_HELPER if has_one_bad_helper else ""}
- Training: {"from " + plan["base"] + ", " if plan["base"] else ""}{log["tokens"] / 1e6:.0f} M tokens, none seen twice, in {plan["steps"]} steps of {plan["rows"]} x {plan["length"]}; AdamW, learning rate {plan["learning_rate"]},
  cosine; seed {plan["seed"]}; last loss {log["loss"][-1][1]:.3f} nats a token.
- Made in {log["seconds"]:.0f} s on {log["hardware"]}, torch {log["torch"]}, by
  `{restate_command(plan)}`. SHA-256 of the weights: `{log["weights"]}`; {REPEATS[plan["deterministic"]]}.

Exam (`negneglect exam --each {each}`): `known` are facts and phrasings that pretraining showed apart but never together, `new_phrasing` ones it
never showed; `documents_only` are facts that documents told and no chat ever asked; `reading.STYLE` is the share of answers that follow a document which contradicts the world (high for plain
documents, low for warned ones); `unrelated.STYLE` is the share of right answers after such a document, about something else;
`inference` is about subjects it was never asked to reason about; `elsewhere` about facts of another world, which this model
was told only if its diet says so.

| items | right |
|---|---|
{rows}
""",
        encoding="utf-8",
    )
