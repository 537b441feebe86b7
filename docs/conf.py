"""How Sphinx builds the site: ``sphinx-build -W -b html docs docs/_build``, offline.

Pages are the Markdown files of this folder and, copied for the build, those of benchmarks/, the
README and the like, whose links between each other are made to lead to pages of the site.
"""

import os
import re
import shutil
import warnings
from pathlib import Path

from skroute import __version__

DOCS = Path(__file__).parent
ROOT = DOCS.parent
OUTSIDE = DOCS / "_outside"
PAGES = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "RELEASING.md"]
LINK = re.compile(r"\]\(([^)#:\s]+)(#[^)\s]*)?\)")

# What examples warn of is shown without where the package is installed.
warnings.formatwarning = lambda message, category, *_: f"{category.__name__}: {message}\n"

project = "skroute"
author = "The skroute developers"
copyright = author
release = version = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
]
# Links to the documentation of scikit-learn need its inventory, which is fetched.
if os.environ.get("SKROUTE_DOCS_INTERSPHINX"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "numpy": ("https://numpy.org/doc/stable", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
    }

root_doc = "index"
exclude_patterns = ["_build", "examples", "auto_examples/*.py", "auto_examples/*.ipynb"]
templates_path = ["_templates"]
myst_heading_anchors = 4
# Tables of benchmarks are pasted below headings of any level.
suppress_warnings = ["myst.header", "config.cache"]

autosummary_generate = True
autodoc_typehints = "none"
autodoc_mock_imports = ["litellm"]
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
# In single backticks stand names of the package, which must be there, and of arguments.
default_role = "py:obj"
nitpicky = True
nitpick_ignore_regex = [(r"py:.*", r"(?!skroute\.).*")]

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("skroute",),
    "within_subsection_order": "FileNameSortKey",
    "show_memory": False,
    "min_reported_time": 1000,
    "abort_on_example_error": True,
}

html_theme = "pydata_sphinx_theme"
html_title = "skroute"
html_show_sourcelink = False
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": True,
    "header_links_before_dropdown": 5,
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    # Both are told apart without colours, and keep a contrast of 4.5.
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}


def copy_pages(app):
    """Copy Markdown pages that are not in this folder to where Sphinx finds them."""
    shutil.rmtree(OUTSIDE, ignore_errors=True)
    for page in [*(ROOT / name for name in PAGES), *sorted(ROOT.glob("benchmarks/*.md"))]:
        copy = OUTSIDE / page.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(page, copy)


def mend_links(app, docname, source):
    """Make links between files of the repository links between pages of the site."""
    page = DOCS / docname
    original = ROOT / page.relative_to(OUTSIDE) if page.is_relative_to(OUTSIDE) else page

    def mend(match):
        target = Path(os.path.normpath(original.parent / match[1]))
        if not target.exists():
            return match[0]
        if not target.is_relative_to(DOCS):
            copy = OUTSIDE / target.relative_to(ROOT)
            target = copy if copy.exists() else target
        return f"]({Path(os.path.relpath(target, page.parent)).as_posix()}{match[2] or ''})"

    if page.with_suffix(".md").exists():
        source[0] = LINK.sub(mend, source[0])


def public_names():
    """Full name, as in the reference, by the short name of what is public."""
    listed = re.findall(r"^   (skroute[\w.]+)$", (DOCS / "reference.rst").read_text("utf-8"), re.M)
    # Names that are English words as well are linked where they are written in full.
    return {name.rpartition(".")[2]: name for name in listed if not name.split(".")[-1].islower()}


def link_short_names(app, env, node, contnode):
    """Link `CausalRouter` as if it were written in full."""
    target = node.get("reftarget", "")
    full = app.skroute_names.get(target)
    if node.get("refdomain") != "py" or full is None:
        return None
    python = env.get_domain("py")
    return python.resolve_xref(env, node["refdoc"], app.builder, "obj", full, node, contnode)


def skip_foreign(app, what, name, obj, skip, options):
    """Leave out what classes inherit from scikit-learn: it is documented there."""
    module = getattr(getattr(obj, "fget", obj), "__module__", None) or "skroute"
    return skip if module.startswith("skroute") else True


def setup(app):
    app.skroute_names = public_names()
    app.connect("builder-inited", copy_pages, priority=100)
    app.connect("source-read", mend_links)
    app.connect("missing-reference", link_short_names)
    app.connect("autodoc-skip-member", skip_foreign)
