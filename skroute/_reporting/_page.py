"""A page of HTML: one file that loads nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ._html import STYLE, Markup, tag

# Of the page itself; a notebook keeps its own.
_OWN_STYLE = (
    "@page { margin: 16mm; }\nbody { margin: 0; background: #fff; }\n"
    "@media screen and (prefers-color-scheme: dark) { body { background: #17181a; } }"
)


@dataclass(eq=False, repr=False)
class Page:
    """A page; a notebook shows it as it is.

    Attributes
    ----------
    title : str
    body : str
        What it shows, as HTML.
    html : str
        The whole page. It loads nothing: style and pictures are within.
    """

    title: str
    body: str

    def _repr_html_(self) -> str:
        return tag("div", tag("style", Markup(STYLE)), Markup(self.body), class_="skroute-report")

    @property
    def html(self) -> str:
        head = tag(
            "head",
            tag("meta", charset="utf-8"),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("title", self.title),
            # Browsers would ask the server for an icon.
            Markup('<link rel="icon" href="data:,">'),
            tag("style", Markup(_OWN_STYLE + STYLE)),
        )
        body = tag("body", tag("main", Markup(self.body), class_="skroute-report"))
        return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"

    def save(self, path: str | Path) -> Path:
        """Write the page, and return where it is.

        Parameters
        ----------
        path : str or Path
            Of the file; its folder has to exist.

        Returns
        -------
        path : Path
        """
        path = Path(path)
        path.write_text(self.html, encoding="utf-8")
        return path
