"""Outcome models: every model's quality and cost, predicted for every query."""

from __future__ import annotations

from typing import Any

from sklearn.base import clone

from ._joint import JointOutcome
from ._per_model import PerModelOutcome


def make_outcome_model(regressor: Any, random_state: Any = None) -> JointOutcome | PerModelOutcome:
    """Return an unfitted outcome model.

    None is the joint model of all models; a regressor is cloned for every model's quality and cost,
    and "xgboost" is one. Either has ``fit(X, feedback)``, ``predict(X)`` and
    ``cross_fit(X, feedback, folds, n_jobs)``.
    """
    if regressor is None:
        return JointOutcome(random_state=random_state)
    if isinstance(regressor, (JointOutcome, PerModelOutcome)):
        return clone(regressor)
    if isinstance(regressor, str) and regressor == "xgboost":
        return PerModelOutcome(_boosted_trees(random_state))
    if not (hasattr(regressor, "fit") and hasattr(regressor, "predict")):
        raise ValueError(f"outcome_model must be a regressor, 'xgboost' or None, got {regressor!r}")
    return PerModelOutcome(regressor)


def _boosted_trees(random_state: Any) -> Any:
    from xgboost import XGBRegressor  # slow to import, and not needed by default

    # Small steps and shallow trees: a model has few rows. One thread, so that n_jobs decides.
    return XGBRegressor(
        n_estimators=100, max_depth=3, learning_rate=0.05, n_jobs=1, random_state=random_state
    )
