"""The package as a whole: what importing it loads, who may import whom, what is public."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import skroute

PACKAGE = Path(skroute.__file__).parent

# Low to high; nothing imports what stands in a later line.
LAYERS = [
    ["_version", "_columns", "_validation"],
    ["_reader"],
    ["feedback"],
    ["datasets", "_crossfit"],
    ["nuisance"],
    ["scores"],
    ["metrics"],
    ["policy", "_router_base", "_calibration", "_frontier"],
    ["_knots", "_outcome_router", "_policy_scores"],
    ["correction"],
    ["_router_parameters"],
    ["router"],
    ["routers"],
    ["baselines"],
    ["plots"],
    ["_page"],
    ["_study", "_report"],
    ["__main__"],
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}


def home_of(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def imported_homes(path):
    """Return the top-level modules of skroute that a file imports."""
    depth = len(path.relative_to(PACKAGE).parts)
    homes = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or node.level != depth:
            continue
        names = [node.module] if node.module else [alias.name for alias in node.names]
        homes |= {name.split(".")[0] for name in names if name not in skroute.__all__}
    return homes


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_nothing_imports_upward(path):
    own = RANK[home_of(path)]
    for home in imported_homes(path):
        assert RANK[home] <= own, f"{path.name} imports {home}"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.name)
def test_only_public_scikit_learn_is_used(path):
    for node in ast.walk(ast.parse(path.read_text())):
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
