"""Pages of the report, taken apart."""

import re
from html.parser import HTMLParser

EMPTY = {"meta", "img", "br", "link"}


class Page(HTMLParser):
    """Elements, text by section, and whether all that opens is closed in order."""

    def __init__(self, html):
        super().__init__()
        self.open, self.elements, self.text, self.ids = [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)

    def attributes(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


def table_of(page, caption):
    """Return the cells of a table by the head of their row."""
    start = page.html.index(f"<caption>{caption}")
    rows = re.findall(r"<tr.*?</tr>", page.html[start : page.html.index("</table>", start)])
    cells = [re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row) for row in rows]
    return {first: rest for first, *rest in cells}
