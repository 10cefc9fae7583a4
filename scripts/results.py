"""The tables and figures of data/results, from the stored rows: one command each, listed in data/results/figures.yaml.

    python scripts/results.py                  list them
    python scripts/results.py rank             rebuild one into results/figures/rank: summary.csv, table.md, figure.png
    python scripts/results.py [rank] --pages   write tables and figures into data/results/pages, the list into README.md

Rows are made anew by the command that the list names; this script trains nothing. On a page, what stands between
`<!-- result: NAME -->` and `<!-- end -->` is written by it; all else is written by people.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from textwrap import shorten
from typing import Annotated, Any

import pandas as pd
from matplotlib.figure import Figure
from pandas.api.types import is_numeric_dtype
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from negneglect_lite.belief.rates import QUESTION_KINDS
from negneglect_lite.belief.table import read_belief
from negneglect_lite.core.errors import UserError
from negneglect_lite.core.files import data_path, write_atomic, write_table
from negneglect_lite.core.schema import FILLED, EmptyOrText, Positive, Text
from negneglect_lite.core.yaml_files import read_yaml
from negneglect_lite.experiments.summary import summarise_sweep, tabulate_sweep
from negneglect_lite.figures.display import save_figure
from negneglect_lite.figures.sweeps import (
    add_condition,
    describe_sweep,
    draw_sweep,
    plain_value,
    word_for,
)

RESULTS = data_path("results")
BLOCK = re.compile(r"(<!-- (result|list)(?:: (\w+))? -->\n).*?(<!-- end -->)", re.DOTALL)
MODELS = ("pretraining_seed", "base")  # columns that tell pretrained models apart
Texts = tuple[Text, ...]


@dataclass(frozen=True)
class Entry:
    """One figure and its table: which stored rows, what is shown of them, and what makes the rows anew."""

    name: Text
    page: Text  # of data/results/pages
    finding: Text  # one sentence, the figure's title
    rows: Text  # below data/results: rows.csv.gz of a sweep, or a belief.csv
    remake: Text  # the command
    model: Text  # what was fine-tuned
    weights: EmptyOrText = ""  # first 12 hex digits of their SHA-256; none: the models were not kept
    gpu_seconds: Positive | None = None  # all as measured, or none
    cpu_minutes: Positive | None = None
    cost: EmptyOrText = ""  # what the two are of
    where: dict[str, Texts] = field(default_factory=dict)  # column -> values shown
    quantities: Annotated[Texts, FILLED] = ("belief",)
    table: Annotated[Texts, FILLED] = ("condition",)  # columns that name a row of the page's table
    across: EmptyOrText = ""  # the column that its columns stand for; none: interval and seeds
    x: Texts = ()  # see draw_sweep
    line: Text = "condition"
    panels: EmptyOrText = ""
    each: EmptyOrText = ""  # the column that tells models apart whose numbers are shown one by one
    shipped: EmptyOrText = ""  # rows of the shipped model, for a mark, and a column where `across` is not set
    joined: dict[str, Texts] = field(default_factory=dict)  # new column -> what it joins by ×; `words` may pool
    words: dict[str, dict[str, str]] = field(default_factory=dict)  # column -> value -> word, in the order shown
    names: dict[str, str] = field(default_factory=dict)  # as the catalogue's, where this figure needs others
    order: Texts = ()  # of conditions, where the usual one does not serve
    note: EmptyOrText = ""

    @cached_property
    def stored(self) -> pd.DataFrame:
        """The rows as a sweep's, whatever file they are in."""
        path = RESULTS / self.rows
        if not path.is_file():
            raise UserError(f"{path}: no such file; make it with `{self.remake}`")
        if path.name == "belief.csv":
            return tabulate_sweep(read_belief(path), [])
        return pd.read_csv(path, low_memory=False)  # a column may hold names and nothing, by turns

    @cached_property
    def shown(self) -> pd.DataFrame:
        """The rows that the table and the figure show."""
        rows = self.stored
        kinds = [k for q in self.quantities for k in (QUESTION_KINDS if q == "belief" else (q,))]
        rows = rows[rows["kind"].isin(kinds)]
        for column, values in self.where.items():
            rows = rows[rows[column].map(plain_value).isin(values)]
        for column, parts in self.joined.items():
            joined = (" × ".join(map(plain_value, values)) for values in zip(*(rows[p] for p in parts), strict=True))
            words = self.words.get(column, {})
            rows = rows.assign(**{column: [words.get(value, value) for value in joined]})
        if rows.empty:
            raise UserError(f"{self.name}: no row has {self.where} and {', '.join(kinds)}; mend figures.yaml")
        return rows

    @cached_property
    def pooled(self) -> pd.DataFrame:
        """`shown`, summarised, whatever the pretrained model."""
        return self._summarise(self.shown.drop(columns="base", errors="ignore") if self.each else self.shown)

    @cached_property
    def by_model(self) -> pd.DataFrame | None:
        """The same with a row for each pretrained model, in column `model`; None where that is not to be shown."""
        rows = self.shown
        if not self.each:
            return None
        return self._summarise(rows.assign(model=rows[self.each]).drop(columns=list(MODELS), errors="ignore"))

    @cached_property
    def beside(self) -> pd.DataFrame | None:
        """The shipped model's rates, a row for each of `pooled`; None where they are not to be shown."""
        return replace(self, rows=self.shipped, shipped="", each="").pooled if self.shipped else None

    def _summarise(self, rows: pd.DataFrame) -> pd.DataFrame:
        table = add_condition(summarise_sweep(rows))
        for column in (*reversed(self.table), *self.joined, "condition", "quantity"):
            table = table.sort_values(column, key=self._place, kind="stable")
        for column, words in self.words.items():
            table[column] = table[column].map(plain_value).map(lambda value, words=words: words.get(value, value))
        return table

    def _place(self, column: pd.Series) -> pd.Series:
        """Where each value comes: as the catalogue says, else numbers by size, and names as they first come."""
        orders = {"quantity": self.quantities, "condition": self.order, **self.words}
        orders |= {name: dict.fromkeys(self.words[name].values()) for name in self.joined if name in self.words}
        order = list(orders.get(str(column.name), ()))
        if order:
            return column.map(plain_value).map(order.index)
        return column if is_numeric_dtype(column) else pd.Series(pd.factorize(column)[0], column.index)

    @property
    def trained_runs(self) -> int:
        """How many fine-tuning runs the stored rows come from."""
        rows = self.stored[self.stored["setting"] == "trained"]
        rows = rows[rows["kind"] == rows["kind"].iloc[0]] if len(rows) else rows  # which each run has: it is quicker
        along = {"kind", "item", "value", "step", "phase", "weights"}
        return len(rows[[c for c in rows.columns if c not in along]].drop_duplicates())


@dataclass(frozen=True)
class Catalogue:
    """data/results/figures.yaml."""

    names: dict[str, str]  # id -> words, in tables and figures
    figures: Annotated[tuple[Entry, ...], FILLED]


def load_catalogue() -> Catalogue:
    """The list of figures; UserError names the line of what is wrong."""
    catalogue: Catalogue = read_yaml(RESULTS / "figures.yaml", Catalogue)
    names = [entry.name for entry in catalogue.figures]
    if twice := {name for name in names if names.count(name) > 1}:
        raise UserError(f"figures.yaml: {min(twice)} stands there twice; give each figure a name of its own")
    return catalogue


def tabulate(entry: Entry, names: dict[str, str]) -> str:
    """The page's table as Markdown: rates in percent, losses in nats a token; each model's in brackets."""
    names, table = {**names, **entry.names}, entry.pooled
    models = table.head(0) if entry.by_model is None else entry.by_model
    lines: list[list[Any]] = []
    for values, group in table.groupby(list(entry.table), sort=False, dropna=False):
        first = [word_for(plain_value(v), names) for v in values]
        if entry.across:
            own = {plain_value(r[entry.across]): _cell(r, models, entry) for r in group.to_dict("records")}
            lines.append([*first, own])
        else:
            (row,) = group.to_dict("records")
            ends = [_number(row[c], row["quantity"]) for c in ("lo", "hi", "lowest_seed", "highest_seed")]
            seeds = f"{ends[2]} to {ends[3]}" if row["seeds"] > 1 else "one seed"
            lines.append([*first, _cell(row, models, entry), f"{ends[0]} to {ends[1]}", seeds])
            if entry.beside is not None:
                beside = _same(entry.beside, row, [*entry.table, "quantity"])
                lines[-1].append(_number(beside["mean"].item(), row["quantity"]))
    heads = [word_for(column, names) for column in entry.table]
    if entry.across:
        columns = list(dict.fromkeys(map(plain_value, table[entry.across])))
        heads += [word_for(c, names) for c in columns]
        lines = [[*line[:-1], *(line[-1].get(c, "") for c in columns)] for line in lines]
    else:
        heads += [" and ".join(word_for(q, names) for q in entry.quantities), "95% interval", "lowest to highest seed"]
        heads += ["shipped model"] if entry.shipped else []
    made = [heads, ["---"] * len(heads), *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in made)


def _cell(row: dict[Any, Any], models: pd.DataFrame, entry: Entry) -> str:
    """`mean`, or `mean (model · model)`."""
    mean = _number(row["mean"], row["quantity"])
    same = _same(models, row, [c for c in (*entry.table, entry.across, *entry.x, "quantity") if c])
    if same.empty:
        return mean
    own = [f"{100 * m:.0f}" for m in same.sort_values("model")["mean"]]
    return f"{mean} ({' · '.join(own)})"


def _same(table: pd.DataFrame, row: dict[Any, Any], columns: Sequence[str]) -> pd.DataFrame:
    for column in columns:
        table = table[table[column].map(plain_value) == plain_value(row[column])]
    return table


def _number(value: float, quantity: str) -> str:
    return f"{value:.2f}" if quantity.startswith("loss.") else f"{100 * value:.1f}%"


def draw(entry: Entry, names: dict[str, str]) -> tuple[Figure, str]:
    """The figure and its alt text."""
    look: Any = {"x": entry.x, "line": entry.line, "panels": entry.panels, "names": {**names, **entry.names}}
    models: Any = {"models": entry.by_model, "shipped": entry.beside}
    figure = draw_sweep(entry.pooled, entry.finding, note=entry.note, **models, **look)
    return figure, f"{entry.finding} {describe_sweep(entry.pooled, **look)}"


def save_small(figure: Figure, path: Path, alt: str) -> None:
    """As save_figure, in 128 colours: a third of the bytes, and no difference to see."""
    save_figure(figure, path, alt)
    about = PngInfo()
    about.add_text("Description", alt)
    with Image.open(path) as image:
        small = image.convert("RGB").quantize(128, dither=Image.Dither.NONE)
    small.save(path, optimize=True, pnginfo=about)


def describe_cost(entry: Entry) -> str:
    """What remaking the rows costs, as far as it was measured."""
    gpu = "not measured" if entry.gpu_seconds is None else f"{entry.gpu_seconds:g}"
    cpu = "not measured" if entry.cpu_minutes is None else f"{entry.cpu_minutes:g}"
    said = f"{entry.trained_runs} trained runs; GPU seconds: {gpu}; CPU minutes (two cores): {cpu}"
    return f"{said} ({entry.cost})" if entry.cost else said


def block(entry: Entry, names: dict[str, str]) -> str:
    """What a page says of an entry: table, figure, command and cost."""
    weights = f"weights {entry.weights}" if entry.weights else "weights not kept"
    return (
        f"{tabulate(entry, names)}\n\n![{entry.finding} The numbers stand in the table above.]({entry.name}.png)\n\n"
        f"Table and figure again: `make results FIGURE={entry.name}`. Rows again: `{entry.remake}`. "
        f"Model: {entry.model}, {weights}. {describe_cost(entry)}.\n"
    )


def list_figures(catalogue: Catalogue) -> str:
    """README's list: a line for each table of rows, with all figures that are drawn from it."""
    sharing: dict[str, list[Entry]] = {}
    for entry in catalogue.figures:
        sharing.setdefault(entry.rows, []).append(entry)
    heads = ["`FIGURE=`", "model and weights", "rows again", "trained runs", "GPU seconds", "CPU minutes"]
    lines = [heads, ["---"] * len(heads)]
    for entries in sharing.values():
        first = entries[0]
        links = ", ".join(f"[{e.name}](pages/{e.page}.md)" for e in entries)
        weights = f"`{first.weights}`" if first.weights else "not kept"
        command = f"`{shorten(first.remake, 60, placeholder=' …')}`"
        costs = (f"{cost:g}" if cost else "not measured" for cost in (first.gpu_seconds, first.cpu_minutes))
        lines.append([links, f"{first.model}, {weights}", command, str(first.trained_runs), *costs])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def fill(text: str, catalogue: Catalogue) -> str:
    """A page with its blocks written anew. UserError for a block of an unknown figure."""
    known = {entry.name: entry for entry in catalogue.figures}

    def write(match: re.Match[str]) -> str:
        if match[2] == "list":
            return match[1] + list_figures(catalogue) + match[4]
        if match[3] not in known:
            raise UserError(f"<!-- result: {match[3]} -->: not in figures.yaml; there are {', '.join(known)}")
        return match[1] + block(known[match[3]], catalogue.names) + match[4]

    return BLOCK.sub(write, text)


def write_pages(entries: Sequence[Entry], catalogue: Catalogue) -> None:
    """Draw these figures into data/results/pages, and write their pages and README's list."""
    for entry in entries:
        figure, alt = draw(entry, catalogue.names)
        save_small(figure, RESULTS / "pages" / f"{entry.name}.png", alt)
    for name in dict.fromkeys(("README.md", *(f"pages/{entry.page}.md" for entry in entries))):
        write_atomic(RESULTS / name, fill((RESULTS / name).read_text("utf-8"), catalogue))


def rebuild(entry: Entry, out: Path, names: dict[str, str]) -> None:
    """Write summary.csv, table.md and figure.png into `out`."""
    write_table(out / "summary.csv", summarise_sweep(entry.stored), float_format="%.4f")
    write_atomic(out / "table.md", tabulate(entry, names) + "\n")
    figure, alt = draw(entry, names)
    save_small(figure, out / "figure.png", alt)
    print(f"{entry.finding}\n{out}: summary.csv, table.md, figure.png, from data/results/{entry.rows}")
    print(f"Rows again: {entry.remake}\n{describe_cost(entry)}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("figure", nargs="?", default="", help="its name; none: list them")
    parser.add_argument("--out", type=Path, default=Path("results/figures"))
    parser.add_argument("--pages", action="store_true", help="write the tables and figures into data/results")
    args = parser.parse_args(arguments)
    try:
        catalogue = load_catalogue()
        known = {entry.name: entry for entry in catalogue.figures}
        if args.figure and args.figure not in known:
            raise UserError(f"no figure {args.figure!r}; there are {', '.join(known)}")
        chosen = [known[args.figure]] if args.figure else list(catalogue.figures)
        if args.pages:
            write_pages(chosen, catalogue)
        elif args.figure:
            rebuild(chosen[0], args.out / args.figure, catalogue.names)
        else:
            print(*(f"{name:20} {entry.finding}" for name, entry in known.items()), sep="\n")
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
