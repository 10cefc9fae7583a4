"""How a notebook shows tables and printed lines, so that prose can be read: from the left, broken between words."""

import html
import re

import pandas as pd

from negneglect_lite.core.progress import in_kernel

# JupyterLab breaks a long printed line anywhere.
_CSS = "<style>.jp-OutputArea-output pre { word-break: normal; overflow-wrap: anywhere; }</style>"
_CELL = re.compile(r"<(t[dh])\b([^>]*)>")
_SAYS_NOTHING = ("", "–", "...", "NaN")


def style_notebook() -> None:
    """From now on this notebook shows DataFrames by `render_table`, and lines break between words.

    Does nothing where no kernel runs.
    """
    if not in_kernel():
        return
    from IPython import get_ipython
    from IPython.display import display

    get_ipython().display_formatter.formatters["text/html"].for_type(pd.DataFrame, render_table)
    display({"text/html": _CSS, "text/plain": ""}, raw=True)


def render_table(table: pd.DataFrame, index: bool = True) -> str:
    """The table as HTML: columns of numbers stand to the right, all else to the left.

    A column of numbers may be of texts such as "86%", "+35 points" or "5 to 12": digits, and one word at most. Of a
    long table, the rows are shown that pandas would show; no text is cut.
    """
    most, cut_to, columns = (pd.get_option(f"display.{name}") for name in ("max_rows", "min_rows", "max_columns"))
    rows = cut_to if most and len(table) > most else None
    page = table.to_html(index=index, max_rows=rows, max_cols=columns)
    lines = re.split(r"(?=<tr)", page.replace(' style="text-align: right;"', ""))
    cells = [texts for line in lines if (texts := re.findall(r"<td>(.*?)</td>", line, re.S))]
    sides = ["right" if _are_numbers(column) else "left" for column in zip(*cells, strict=True)]
    return "".join(_align_row(line, sides) for line in lines)


def _are_numbers(column: tuple[str, ...]) -> bool:
    """Whether most cells that say something are numbers: a "never" among them changes nothing."""
    texts = [text for cell in column if (text := html.unescape(cell).strip()) not in _SAYS_NOTHING]
    numbers = [text for text in texts if re.match(r"\W?\d", text) and len(re.findall(r"[^\W\d_]+", text)) <= 1]
    return len(numbers) > len(texts) / 2


def _align_row(row: str, sides: list[str]) -> str:
    """The row with the side of each column in its last cells; the first ones name the row. Joined heads stand left."""
    names = len(_CELL.findall(row)) - len(sides)
    side_of = iter([] if "colspan" in row else ["left"] * names + sides)
    return _CELL.sub(lambda cell: f'<{cell[1]}{cell[2]} style="text-align: {next(side_of, "left")}">', row)
