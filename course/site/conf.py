"""Sphinx's settings for the site and for the slides (`make site`, `make slides`). Nothing is loaded from a network."""

from docutils import nodes
from latex2mathml.converter import convert

project = "Negation Neglect Lite"
author = "The Negation Neglect Lite contributors"
copyright = f"{author}. Prose CC BY 4.0, code MIT"
extensions = ["myst_nb", "sphinx_revealjs"]
exclude_patterns = []

nb_execution_mode = "off"  # the notebooks come with their outputs
nb_ipywidgets_js = {}  # widgets are stripped from them, and their JavaScript would come from a network
nb_merge_streams = True
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
suppress_warnings = ["myst.header"]  # an exercise's heading may skip a level

html_theme = "furo"
html_title = project
html_static_path = ["static"]
html_css_files = ["site.css", "upright.css"]
html_copy_source = False
html_show_sourcelink = False
html_math_renderer = "mathml"
highlight_language = "none"  # of a block that names none: commands and outputs, not Python
pygments_style, pygments_dark_style = "a11y-high-contrast-light", "a11y-high-contrast-dark"

if tags.has("slides"):  # noqa: F821  (Sphinx puts `tags` here): `make slides` reads slides.md and nothing else
    root_doc = "slides"
    include_patterns = ["slides.md"]

revealjs_style_theme = "white"
revealjs_css_files = ["slides.css", "upright.css"]
revealjs_static_path = ["static"]
# JavaScript, not a dict: on a phone held upright a slide is upright too, and its words are large enough to read.
revealjs_script_conf = """{
  hash: true, slideNumber: "c/t", transition: "none", scrollActivationWidth: null,
  ...(innerWidth < innerHeight ? { width: 600, height: 1000 } : { width: 1280, height: 720 }),
}"""
revealjs_script_plugins = [{"name": "RevealNotes", "src": "revealjs/plugin/notes/notes.js"}]
revealjs_notes_from_comments = False


def _visit_math(self, node: nodes.Element) -> None:
    """Formulas as MathML, which browsers draw themselves: no JavaScript, no fonts to fetch."""
    display = "block" if isinstance(node, nodes.math_block) else "inline"
    self.body.append(convert(node.astext(), display=display))
    raise nodes.SkipNode


def setup(app) -> None:
    app.add_html_math_renderer("mathml", inline_renderers=(_visit_math, None), block_renderers=(_visit_math, None))
