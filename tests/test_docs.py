"""Pages of documentation: examples run, links and names of files lead somewhere."""

import doctest
import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

import skroute

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "RELEASING.md"]
PAGES += sorted(ROOT.glob("docs/*.md")) + sorted(ROOT.glob("benchmarks/*.md"))

names_files_of_the_package = pytest.mark.skipif(
    not (ROOT / "skroute").exists(), reason="the source is not beside the tests"
)


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/*.md")), ids=lambda page: page.name)
def test_examples(page):
    failed, _ = doctest.testfile(str(page), module_relative=False)
    assert failed == 0


@names_files_of_the_package
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@names_files_of_the_package
def test_what_contributors_are_told_to_edit_is_there():
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = guide.split("| change | files |")[1].split("\n\n")[0].splitlines()[2:]
    for row in rows:
        change, where = row.strip("| ").split(" | ")
        folder, files = "", set()
        for path in re.findall(r"`([\w/]+(?:\.\w+|/))`", where):
            folder = path.rpartition("/")[0] if "/" in path else folder
            files.add(ROOT / folder / path.rpartition("/")[2])
        assert 1 <= len(files) <= 3, change
        assert all(path.exists() for path in files), change


REFERENCE = (ROOT / "docs" / "reference.rst").read_text(encoding="utf-8")
LISTED = re.findall(r"^   (skroute[\w.]+)$", REFERENCE, re.M)
PACKAGES = ["skroute", *(f"skroute.{name}" for name in dir(skroute) if name not in skroute.__all__)]


def find(name):
    home, _, short = name.rpartition(".")
    return getattr(import_module(home), short)


@pytest.mark.parametrize("package", PACKAGES)
def test_the_reference_lists_what_is_public(package):
    listed = [find(name) for name in LISTED if not name.startswith("skroute.integrations.litellm")]
    public = {name: find(f"{package}.{name}") for name in import_module(package).__all__}
    missing = [name for name, thing in public.items() if not any(thing is one for one in listed)]
    assert [name for name in missing if name != "__version__"] == []
    assert re.search(rf"^\.\. (?:py:|auto)module:: {package}$", REFERENCE, re.M)


def test_the_reference_lists_what_serves_behind_litellm():
    pytest.importorskip("litellm", reason="LiteLLM is not installed")
    package = "skroute.integrations.litellm"
    assert {f"{package}.{name}" for name in import_module(package).__all__} <= set(LISTED)


def test_the_reference_lists_public_names_once_with_a_summary():
    assert len(set(LISTED)) == len(LISTED)
    for name in LISTED:
        if not name.startswith("skroute.integrations.litellm"):
            assert name.rpartition(".")[2] in import_module(name.rpartition(".")[0]).__all__, name
            assert inspect.getdoc(find(name)), name


def test_every_page_has_its_place_in_the_guide_or_among_what_was_measured():
    trees = "".join(
        (ROOT / "docs" / f"{page}.md").read_text("utf-8").split("{toctree}")[1]
        for page in ("index", "guide", "measured")
    )
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")} - {"index"}
    assert pages <= set(re.findall(r"^(?:.*<)?([\w/]+)>?$", trees, re.M))
