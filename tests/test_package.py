"""The package as a whole: what importing it loads, who may import whom, what is public."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import skroute

PACKAGE = Path(skroute.__file__).parent

# Low to high; nothing imports what stands further down. Optional parts may be missing.
ORDER = [
    "_version",
    "_utils",
    "feedback",
    "policy",
    "nuisance",
    "history",
    "metrics",
    "correction",
    "routers",
    "baselines",
    "_logs",
    "datasets",
    "plots",
    "_persistence",
    "_reporting",
    "integrations",
    "_cli",
    "__main__",
]
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def by_path(path):
    return str(path.relative_to(PACKAGE))


def imported(path):
    """Yield the full name of every module or name of skroute that a file imports."""
    package = path.relative_to(PACKAGE.parent).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            module = base + (node.module.split(".") if node.module else [])
            yield from ([*module, alias.name] for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=by_path)
def test_nothing_imports_upward(path):
    own = path.relative_to(PACKAGE).with_suffix("").parts[0]
    for name in imported(path):
        if name[0] == "skroute" and name[1] in ORDER:
            assert ORDER.index(name[1]) <= ORDER.index(own), f"imports {'.'.join(name)}"


@pytest.mark.parametrize("path", FILES, ids=by_path)
def test_private_files_are_private_to_their_folder(path):
    own = path.relative_to(PACKAGE).parts[0]
    for name in imported(path):
        if name[0] == "skroute" and name[1] in ORDER and name[1] != own:
            within = PACKAGE / name[1] / name[2] if len(name) > 2 else PACKAGE
            assert not within.with_suffix(".py").exists(), f"imports {'.'.join(name)}"


def test_every_file_has_a_place():
    homes = {path.relative_to(PACKAGE).with_suffix("").parts[0] for path in FILES}
    assert homes <= set(ORDER)
    top = [path.name for path in PACKAGE.glob("_*.py") if not path.name.startswith("__")]
    assert len(top) <= 2


@pytest.mark.parametrize("path", FILES, ids=by_path)
def test_only_public_scikit_learn_is_used(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sklearn"):
            assert "._" not in node.module
            assert not any(alias.name.startswith("_") for alias in node.names)


def run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_importing_the_package_loads_nothing_heavy():
    loaded = run("import sys, skroute; print(*sys.modules)")
    assert not {"sklearn", "scipy", "xgboost", "matplotlib", "pandas", "polars"} & set(loaded)


def test_the_estimators_load_no_more_than_scikit_learn_does():
    before = set(
        run("import sys, sklearn.linear_model, sklearn.model_selection; print(*sys.modules)")
    )
    after = set(run("import sys; from skroute import CausalRouter; print(*sys.modules)"))
    assert not {"xgboost", "matplotlib", "pandas", "polars"} & (after - before)


def test_public_names_are_there():
    for name in [*skroute.__all__, *dir(skroute)]:
        assert getattr(skroute, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = skroute.nothing


def test_types_are_declared():
    assert (PACKAGE / "py.typed").exists()
