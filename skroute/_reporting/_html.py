"""Small pieces of HTML. Text is escaped, whatever it is; only `Markup` goes in as it is.

What cannot be seen, such as a line break in the name of a model, stands as `printable` writes it.
"""

from __future__ import annotations

import base64
import warnings
from collections.abc import Callable, Iterable, Sequence
from html import escape
from importlib.resources import files
from io import BytesIO
from typing import Any

import numpy as np

from .._utils import as_interval, as_number, printable

STYLE = "\n" + files(__package__).joinpath("page.css").read_text(encoding="utf-8")
_EMPTY = ("img", "meta", "br")
# Of the pictures: dots per inch, of which a browser shows 96, and colours.
_DPI, _COLOURS = 150, 64


class Markup(str):
    """HTML that is already well formed."""

    __slots__ = ()


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """Return an element; text and attributes are escaped."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_escaped(value)}"'
        for key, value in attributes.items()
    )
    if name in _EMPTY:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(children)}</{name}>")


def join(children: Iterable[object]) -> Markup:
    """Return the children one after the other."""
    return Markup("".join(c if isinstance(c, Markup) else _escaped(c) for c in children))


def _escaped(text: object) -> str:
    return escape(printable(text))


def with_interval(
    value: float, low: float, high: float, write: Callable[..., str] = as_number, **style: Any
) -> Markup:
    """Return a number with its interval, in the digits of both ends."""
    ends = as_interval(low, high, value, write=write, **style)
    return join([write(value, low, high, **style), " ", tag("small", f"({ends})")])


def section(name: str, title: str, *children: object) -> Markup:
    heading = tag("h2", title, id=f"skroute-{name}")
    return tag("section", heading, *children, aria_labelledby=f"skroute-{name}")


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

    canvas: Any = FigureCanvasAgg(Figure(size, layout="constrained", facecolor="white"))
    with warnings.catch_warnings():
        # A label in a script that the font lacks is drawn as boxes; the tables show it as it is.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        display.plot(canvas.figure.subplots())
        canvas.figure.set_dpi(_DPI)
        canvas.draw()
    data = base64.b64encode(_as_png(canvas.buffer_rgba())).decode("ascii")
    width, height = (round(96 * side) for side in size)
    image = tag("img", src=f"data:image/png;base64,{data}", alt=alt, width=width, height=height)
    scrolled = tag("div", image, class_="scroll", tabindex=0, role="region", aria_label=caption)
    return tag("figure", scrolled, tag("figcaption", caption))


def _as_png(pixels: Any) -> bytes:
    """Return a picture of few colours, which takes a third of the bytes."""
    from PIL import Image  # matplotlib needs it too

    picture, written = Image.fromarray(np.asarray(pixels)[..., :3]), BytesIO()
    picture.quantize(_COLOURS, dither=Image.Dither.NONE).save(written, "PNG")
    return written.getvalue()
