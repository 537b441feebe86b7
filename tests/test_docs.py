"""Pages of documentation: examples run, links and names of files lead somewhere."""

import doctest
import re
from pathlib import Path

import pytest

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
