"""What saved estimators consist of, for loaders that refuse types they are not told to trust."""

from importlib import import_module
from pkgutil import iter_modules

_FOLDERS = ("policy", "nuisance", "metrics", "correction", "routers", "baselines")


def trusted_types() -> list[str]:
    """Name the classes of skroute that a fitted estimator may hold.

    skops, and MLflow, which saves with it, load no type that they are not told to trust. All
    estimators of skroute with their default models load with this list; models of other packages
    that were passed to them may need more.

    Returns
    -------
    names : list of str
        Full names, sorted, for ``trusted`` of `skops.io.load` and ``skops_trusted_types`` of
        `mlflow.sklearn.log_model`.

    Examples
    --------
    >>> import skroute
    >>> "skroute.policy._classifier.RegretPolicyClassifier" in skroute.trusted_types()
    True
    """
    names = set()
    for folder in _FOLDERS:
        package = import_module(f".{folder}", __package__)
        for module in iter_modules(package.__path__, f"{package.__name__}."):
            for value in vars(import_module(module.name)).values():
                if isinstance(value, type) and value.__module__.startswith(f"{__package__}."):
                    names.add(f"{value.__module__}.{value.__qualname__}")
    return sorted(names)
