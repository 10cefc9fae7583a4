"""How a notebook shows tables and printed lines, so that prose can be read: from the left, broken between words."""

import html
import re

import pandas as pd

from negneglect_lite.core.heap import spare_memory
from negneglect_lite.core.progress import in_kernel

# JupyterLab breaks a long printed line anywhere, and leaves no room between a fold and the text below it.
_CSS = """<style>
.jp-OutputArea-output pre { word-break: normal; overflow-wrap: anywhere; }
.jp-RenderedHTMLCommon details:not(:has(+ details)) { margin-bottom: 1em; }
</style>"""
_CELL = re.compile(r"<(t[dh])\b([^>]*)>")
_SAYS_NOTHING = ("", "–", "...", "NaN")


def style_notebook() -> None:
    """From now on this notebook shows DataFrames by `render_table`, and lines break between words.

    Where memory is scarce, what is freed goes back to the system at once. Does nothing where no kernel runs.
    """
    if not in_kernel():
        return
    from IPython import get_ipython
    from IPython.display import display

    shell = get_ipython()
    shell.display_formatter.formatters["text/html"].for_type(pd.DataFrame, render_table)
    spare_memory(shell)
    display({"text/html": _CSS, "text/plain": ""}, raw=True)


def render_table(table: pd.DataFrame, index: bool = True) -> str:
    """The table as HTML: columns of numbers stand to the right, all else to the left.

    A column of numbers may be of texts such as "86%", "+35 points" or "5 to 12": digits, and one word at most. Of a
    long table, the rows are shown that pandas would show; no text is cut. Rows that are only counted get no names, and
    what the rows are stands in the corner.
    """
    most, cut_to, columns = (pd.get_option(f"display.{name}") for name in ("max_rows", "min_rows", "max_columns"))
    rows = cut_to if most and len(table) > most else None
    index &= table.index.name is not None or not pd.api.types.is_integer_dtype(table.index.dtype)
    page = table.to_html(index=index, max_rows=rows, max_cols=columns).replace(' style="text-align: right;"', "")
    lines = re.split(r"(?=<tr)", re.sub(r"(<td>)-(?=\d)", r"\1−", page))
    if index and set(table.index.names) != {None} and table.columns.nlevels == 1 and not table.columns.name:
        lines[1:3] = [_fill_corner(lines[1], lines[2], table.index.nlevels)]
    cells = [texts for line in lines if (texts := re.findall(r"<td>(.*?)</td>", line, re.S))]
    sides = ["right" if _are_numbers(column) else "left" for column in zip(*cells, strict=True)]
    return "".join(_align_row(line, sides) for line in lines)


def _fill_corner(heads: str, names: str, count: int) -> str:
    """The row of heads with the names of `count` index levels in its empty first cells; pandas gives them a row."""
    filled = iter(re.findall(r"<th>(.*?)</th>", names))
    return re.sub("<th></th>", lambda _: f"<th>{next(filled)}</th>", heads, count=count) + names.partition("</tr>")[2]


def _are_numbers(column: tuple[str, ...]) -> bool:
    """Whether most cells that say something are numbers (a "never" among them changes nothing) and none is prose."""
    texts = [text for cell in column if (text := html.unescape(cell).strip()) not in _SAYS_NOTHING]
    words = [len(re.findall(r"[^\W\d_]+", text)) for text in texts]
    numbers = [text for text, n in zip(texts, words, strict=True) if re.match(r"\W?\d", text) and n <= 1]
    return len(numbers) > len(texts) / 2 and max(words, default=0) <= 3


def _align_row(row: str, sides: list[str]) -> str:
    """The row with the side of each column in its last cells; the first ones name the row. Joined heads stand left.

    Numbers stay on one line; a head of several words need not.
    """
    names = len(_CELL.findall(row)) - len(sides)
    side_of = iter([] if "colspan" in row else ["left"] * names + sides)

    def align(cell: re.Match[str]) -> str:
        side = next(side_of, "left")
        whole = "; white-space: nowrap" if side == "right" and cell[1] == "td" else ""
        return f'<{cell[1]}{cell[2]} style="text-align: {side}{whole}">'

    return _CELL.sub(align, row)
