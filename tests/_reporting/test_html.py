"""The page as HTML: that it is whole and harmless, and how a browser shows it."""

import re
import shutil

import pytest
from report_pages import Page

SECTIONS = ["notes", "savings", "value", "cost", "overlap", "changes", "method"]


@pytest.fixture(params=["logged", "full", "hostile"])
def page(request):
    return request.getfixturevalue(request.param)


def test_the_page_is_whole_and_by_itself(page):
    parsed = Page(page.html)
    assert page.html.startswith("<!DOCTYPE html>\n<html lang=")
    assert [a["id"].removeprefix("skroute-") for a in parsed.attributes("h2")] == SECTIONS
    labels = {attrs["aria-labelledby"] for attrs in parsed.attributes("section")}
    assert labels == {attrs["id"] for attrs in parsed.attributes("h2")}
    used = [a.get(key) for _, a in parsed.elements for key in ("src", "href", "srcset", "action")]
    assert all(link.startswith("data:") for link in used if link is not None)
    assert "url(" not in page.html
    assert "@import" not in page.html
    assert all(attrs["alt"] for attrs in parsed.attributes("img"))
    assert len(parsed.attributes("h1")) == 1


def test_labels_are_text(page):
    parsed = Page(page.html)
    names = {name for name, _ in parsed.elements}
    assert not names & {"script", "iframe", "object", "embed", "form", "i"}
    assert not any(key.startswith("on") for _, attrs in parsed.elements for key in attrs)
    assert all(attrs["src"].startswith("data:image/png") for attrs in parsed.attributes("img"))


def test_hostile_labels_are_shown_as_they_are(hostile):
    """But for what cannot be seen, and for the middle of what is long."""
    text = "".join(Page(hostile.html).text)
    names = ["<script>alert(1)</script>", 'a"$b$\' onload="alert(2)\\n\\x1b[31m']
    assert all(name in text for name in names)
    assert f"&lt;_{'x' * 25}…{'x' * 29}" in text
    assert "x" * 31 not in text
    assert "\x1b" not in hostile.html
    assert "<img src=http://example.org/" in text


def test_notebooks_show_a_part_of_the_page(page):
    fragment = page._repr_html_()
    assert Page(fragment).elements[0] == ("div", {"class": "skroute-report"})
    # Style within a notebook is that of the page alone.
    style = re.search(r"<style>(.*?)</style>", fragment, re.S).group(1)
    rules = [rule.strip() for rule in re.findall(r"([^{}]+)\{", style)]
    assert len(rules) > 20
    assert all(rule.startswith((".skroute-report", "@media")) for rule in rules)


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium, the system's own."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed")
    quiet = ["gpu", "quic", "background-networking", "component-update", "sync"]
    flags = ["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in quiet)]
    with playwright.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=path, args=flags)
        yield chromium
        chromium.close()


# The contrast of text and what is behind it, by their relative luminance: grey shows no more.
CONTRAST = """() => {
  const light = (colour) => {
    const part = colour.match(/[\\d.]+/g).slice(0, 3).map((c) => c / 255);
    const [r, g, b] = part.map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    const colour = getComputedStyle(node).backgroundColor;
    return /, 0\\)$/.test(colour) ? behind(node.parentElement) : colour;
  };
  const written = [...document.querySelectorAll("h1, h2, p, th, td, small, figcaption, li")];
  const ratios = written.map((node) => {
    const pair = [light(getComputedStyle(node).color), light(behind(node))];
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  });
  return [Math.min(...ratios), light(getComputedStyle(document.body).backgroundColor)];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_shows_it(browser, page, width, scheme, tmp_path):
    path = page.save(tmp_path / "page.html")
    tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    requests, complaints = [], []
    tab.on("request", lambda request: requests.append(request.url))
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("dialog", lambda dialog: complaints.append(dialog.message))
    tab.goto(path.as_uri())
    assert [url for url in requests if not url.startswith("data:")] == [path.as_uri()]
    assert complaints == []
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    shown = "Array.from(document.images, i => i.complete && i.naturalWidth > 0)"
    images = tab.evaluate(shown)
    assert all(images)
    assert len(images) >= 3
    contrast, paper = tab.evaluate(CONTRAST)
    assert contrast >= 4.5
    assert paper < 0.05 if scheme == "dark" else paper > 0.95
    tab.close()


def test_a_browser_prints_the_first_screen_on_a_page_of_its_own(browser, page, tmp_path):
    path = page.save(tmp_path / "page.html")
    # A4 at 96 dots an inch, less the margins of the page.
    tab = browser.new_page(viewport={"width": 673, "height": 1001}, color_scheme="dark")
    tab.goto(path.as_uri())
    tab.emulate_media(media="print")
    first = "document.querySelector('header.first')"
    assert tab.evaluate(f"getComputedStyle({first}).breakAfter") == "page"
    assert tab.evaluate(f"{first}.getBoundingClientRect().height") <= 1001
    contrast, paper = tab.evaluate(CONTRAST)
    assert contrast >= 7
    assert paper == 1
    tab.close()
