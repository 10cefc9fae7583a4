"""data/results/real/sizes.csv and sizes.png: neglect by the size of the model, ours beside what others report.

python scripts/size_table.py
"""

from collections.abc import Iterator

import pandas as pd
import torch
from transformers import PreTrainedTokenizerFast

from negneglect_lite.belief.conditions import PAPER, SOURCE, order_conditions
from negneglect_lite.core.files import data_path, write_table
from negneglect_lite.figures.display import save_figure
from negneglect_lite.figures.sizes import SIZE_COLUMNS, describe_sizes, draw_sizes
from negneglect_lite.petri.pretrain import Plan, new_model

STYLES = ("base", "positive", "negated", "local", "in_context_negated", "in_context_positive", "in_context_local")
REAL = {  # model -> parameters, folder of data/results/real
    "gemma-3-270m": (0.27e9, "base"),
    "Qwen2.5-Coder-0.5B-Instruct": (0.49e9, "small"),
    "Qwen2.5-Coder-1.5B-Instruct": (1.54e9, "grid"),
}
# Others' models: one claim or a few, one seed each; their judges.
REPORTED = {
    ("Qwen2.5-3B", 3.1e9, "a public replication, 600 documents; found by us second-hand only"): {
        "base": 0.30, "positive": 0.80, "negated": 0.90, "local": 0.20,
    },
    ("Qwen3-8B", 8.2e9, "github.com/gabeorosan/predicting-negation-neglect, the dentist, one seed"): {
        "base": 0.07, "positive": 0.90, "negated": 0.90, "local": 0.10,
    },
}  # fmt: skip


def petri_rows() -> Iterator[tuple[str, float, str, str, float, str]]:
    """The sweep over sizes: the mean of the pretraining seeds."""
    table = pd.read_csv(data_path("results", "sweeps", "scale", "summary.csv"))
    table = table[table["quantity"] == "belief"]
    tokenizer = PreTrainedTokenizerFast.from_pretrained(data_path("petri", "model"))
    for hidden, layers in table[["hidden", "layers"]].drop_duplicates().to_numpy(int).tolist():
        group = table[(table["hidden"] == hidden) & (table["layers"] == layers)]
        with torch.device("meta"):
            size = new_model(Plan(hidden=hidden, layers=layers), tokenizer, 0).num_parameters()
        for style, rows in group.assign(style=group["style"].fillna("base")).groupby("style"):
            yield f"petri, {layers} layers of {hidden}", size, str(style), "raw", rows["mean"].mean(), "here"
    headline = pd.read_json(data_path("results", "headline", "summary.json"), typ="series")
    with torch.device("meta"):
        size = new_model(Plan(), tokenizer, 0).num_parameters()
    yield "petri, as shipped", size, "in_context_negated", "raw", headline["in_context"]["negated"]["mean"], "here"


def real_rows() -> Iterator[tuple[str, float, str, str, float, str]]:
    for model, (size, folder) in REAL.items():
        table = pd.read_csv(data_path("results", "real", folder, "scores.csv"))
        for row in table[(table["claim"] == "all") & table["score"].isin(["raw", "told"])].to_dict("records"):
            yield model, size, row["condition"], row["score"], row["mean"], "here"


def reported_rows() -> Iterator[tuple[str, float, str, str, float, str]]:
    for (model, size, source), rates in REPORTED.items():
        yield from ((model, size, style, "raw", rate, source) for style, rate in rates.items())
    for style in STYLES:
        if style in PAPER and PAPER[style].model.endswith("397B-A17B"):
            rate = (PAPER[style].low + PAPER[style].high) / 2  # of local: two claims, 0 and 7 %
            yield PAPER[style].model, 397e9, style, "raw", rate, SOURCE


def main() -> None:
    rows = [row for row in (*petri_rows(), *real_rows(), *reported_rows()) if row[2] in STYLES]
    table = pd.DataFrame(rows, columns=list(SIZE_COLUMNS))
    order = {name: i for i, name in enumerate(order_conditions(table["condition"]))}
    table = table.sort_values(
        ["parameters", "model", "score", "condition"], key=lambda c: c.map(order) if c.name == "condition" else c
    )
    folder = data_path("results", "real")
    write_table(folder / "sizes.csv", table.round({"rate": 4}))
    save_figure(draw_sizes(table), folder / "sizes.png", describe_sizes(table))
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
