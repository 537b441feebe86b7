"""What saved estimators consist of, for loaders that refuse types they are not told to trust."""

from importlib import import_module
from pkgutil import iter_modules

# What scikit-learn searches neighbours with where there are few features.
_TREES = (
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.neighbors._kd_tree.KDTree",
)
# The step of a pipeline that takes texts.
_TEXTS = ("skroute._utils._texts.TextSVD", "skroute._utils._texts.as_texts")
_FOLDERS = ("policy", "nuisance", "history", "metrics", "correction", "routers", "baselines")


def trusted_types() -> list[str]:
    """Name the classes that a fitted estimator of skroute may hold and skops does not know.

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
    names = {*_TREES, *_TEXTS}
    for folder in _FOLDERS:
        package = import_module(f".{folder}", __package__)
        for module in iter_modules(package.__path__, f"{package.__name__}."):
            for value in vars(import_module(module.name)).values():
                if isinstance(value, type) and value.__module__.startswith(f"{__package__}."):
                    names.add(f"{value.__module__}.{value.__qualname__}")
    return sorted(names)
