"""Small pieces of HTML. Text is escaped, whatever it is; only `Markup` goes in as it is."""

from __future__ import annotations

import base64
import warnings
from collections.abc import Iterable, Sequence
from html import escape
from io import BytesIO
from typing import Any

STYLE = """
.skroute-report { max-width: 62rem; margin: 0 auto; padding: 1rem; color: #1a1a1a;
  background: #fff; font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial,
  sans-serif; overflow-wrap: break-word; }
.skroute-report h1 { font-size: 1.7rem; line-height: 1.2; margin: .5rem 0; color: #111; }
.skroute-report h2 { font-size: 1.25rem; margin: 2.2rem 0 .5rem; padding-top: .6rem;
  border-top: 1px solid #bbb; color: #111; }
.skroute-report h3 { font-size: 1.05rem; margin: 1.4rem 0 .4rem; color: #111; }
.skroute-report p { max-width: 46rem; margin: .5rem 0; }
.skroute-report .verdict { font-size: 1.15rem; }
.skroute-report .notes { border: 1px solid #777; border-left-width: 6px; padding: .2rem 1rem;
  margin: 1rem 0; background: #f6f6f6; }
.skroute-report .notes li { margin: .4rem 0; }
.skroute-report .scroll { overflow-x: auto; max-width: 100%; }
.skroute-report .scroll:focus-visible { outline: 2px solid #333; }
.skroute-report table { border-collapse: collapse; margin: .8rem 0; font-size: .9rem;
  font-variant-numeric: tabular-nums; color: #1a1a1a; background: #fff; }
.skroute-report caption { text-align: left; font-weight: 600; padding: .3rem 0; }
.skroute-report th, .skroute-report td { padding: .3rem .7rem; border-bottom: 1px solid #ddd;
  text-align: right; vertical-align: top; background: #fff; }
.skroute-report thead th { border-bottom: 2px solid #555; vertical-align: bottom; }
.skroute-report th[scope=row], .skroute-report .text { text-align: left; max-width: 24rem; }
.skroute-report td.text { min-width: 7rem; }
.skroute-report th[scope=row] { font-weight: normal; min-width: 8rem; overflow-wrap: anywhere; }
.skroute-report tr.strong > * { font-weight: 600; }
.skroute-report small { color: #444; white-space: nowrap; }
.skroute-report figure { margin: 1rem 0; }
.skroute-report img { max-width: 100%; height: auto; display: block; }
.skroute-report figcaption { font-size: .9rem; color: #333; max-width: 46rem; }
.skroute-report dt { font-weight: 600; margin-top: .5rem; }
.skroute-report dd { margin: 0; max-width: 46rem; }
.skroute-report footer { margin-top: 2rem; font-size: .85rem; color: #444; }
@media (max-width: 600px) {
  .skroute-report img { max-width: none; }
}
@media print {
  .skroute-report { max-width: none; padding: 0; font-size: 10.5pt; }
  .skroute-report .scroll { overflow: visible; }
  .skroute-report table { font-size: 8.5pt; }
  .skroute-report th, .skroute-report td { padding: 1.5pt 4pt; }
  .skroute-report figure, .skroute-report tr, .skroute-report .notes { break-inside: avoid; }
  .skroute-report h2, .skroute-report h3, .skroute-report caption { break-after: avoid; }
}
"""
_EMPTY = ("img", "meta", "br")


class Markup(str):
    """HTML that is already well formed."""

    __slots__ = ()


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """Return an element; text and attributes are escaped."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
    )
    if name in _EMPTY:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(children)}</{name}>")


def join(children: Iterable[object]) -> Markup:
    """Return the children one after the other."""
    return Markup("".join(c if isinstance(c, Markup) else escape(str(c)) for c in children))


def table(
    caption: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    text_columns: Iterable[int] = (),
    strong: Sequence[int] = (),
) -> Markup:
    """Return a table whose first column heads the rows; it scrolls by itself where it is wide."""
    text_columns = {0, *text_columns}
    head = tag(
        "tr",
        *(tag("th", c, scope="col", **_style(j in text_columns)) for j, c in enumerate(columns)),
    )
    body = []
    for place, (first, *rest) in enumerate(rows):
        cells = [
            tag("td", cell, **_style(j in text_columns)) for j, cell in enumerate(rest, start=1)
        ]
        style = {"class": "strong"} if place in strong else {}
        body.append(tag("tr", tag("th", first, scope="row"), *cells, **style))
    whole = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *body))
    return tag("div", whole, class_="scroll", tabindex=0, role="region", aria_label=caption)


def _style(is_text: bool) -> dict[str, str]:
    return {"class": "text"} if is_text else {}


def picture(display: Any, size: tuple[float, float], alt: str, caption: str) -> Markup:
    """Draw a Display into a figure of its own and return it as an image within the page."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    buffer = BytesIO()
    with warnings.catch_warnings():
        # A label in a script that the font lacks is drawn as boxes; the tables show it as it is.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        display.plot(figure.subplots())
        figure.savefig(buffer, format="png", dpi=150, metadata={"Software": None})
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    width, height = (round(96 * side) for side in size)
    image = tag("img", src=f"data:image/png;base64,{data}", alt=alt, width=width, height=height)
    scrolled = tag("div", image, class_="scroll", tabindex=0, role="region", aria_label=caption)
    return tag("figure", scrolled, tag("figcaption", caption))
