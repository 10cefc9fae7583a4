"""Figures shown in a notebook or saved as PNG, always with their alt text."""

import base64
import html
import io
from os import PathLike

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from negneglect_lite.core.errors import first_line
from negneglect_lite.core.files import write_atomic
from negneglect_lite.core.progress import in_kernel
from negneglect_lite.figures.theme import RC


def show_figure(figure: Figure, alt: str, takeaway: str) -> None:
    """Display the figure in a notebook, with its alt text, its finding in a sentence, and a folded text alternative.

    Outside of notebooks, and where it cannot be drawn, the finding and the alt text are printed. The figure is closed.
    """
    plt.close(figure)
    if not in_kernel():
        print(f"{takeaway}\n{alt}")
        return
    from IPython.display import display

    try:
        picture = picture_of(figure, alt)
    except Exception as error:  # the cell's numbers, and the cells after it, do without
        print(f"{takeaway}\n{alt}\n(not drawn: {first_line(error)})")
        return
    display(picture, raw=True, metadata={"image/png": {"alt": alt}})
    words = f"<details><summary>The figure in words</summary>\n\n{html.escape(alt, quote=False)}\n\n</details>"
    line = f"**{html.escape(takeaway, quote=False)}**\n\n{words}"
    display({"text/markdown": line, "text/plain": takeaway}, raw=True)


def picture_of(figure: Figure, alt: str) -> dict[str, str]:
    """The figure as a notebook's output: PNG, text, and HTML, because JupyterLab knows an alt text in HTML only."""
    buffer = io.BytesIO()
    metadata = {"Description": alt, "Software": None}
    figure.savefig(buffer, format="png", dpi=110, facecolor="white", bbox_inches="tight", metadata=metadata)
    image = base64.b64encode(buffer.getvalue()).decode()
    page = f'<img style="max-width:100%" alt="{html.escape(alt)}" src="data:image/png;base64,{image}">'
    return {"image/png": image, "text/html": page, "text/plain": alt}


def save_figure(fig: Figure, path: str | PathLike[str], alt: str) -> None:
    """Write a PNG, whole or not at all, with the alt text in its metadata under "Description"."""
    buffer = io.BytesIO()
    with mpl.rc_context(RC):
        fig.savefig(buffer, format="png", facecolor="white", metadata={"Description": alt, "Software": None})
    write_atomic(path, buffer.getvalue())
