"""Methods of the router study: baselines, the router, and the router with other settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from joblib import hash as fingerprint
from router_study_cases import Data
from sklearn.base import clone
from sklearn.linear_model import RidgeCV
from xgboost import XGBRegressor

from skroute import CausalRouter, RegretPolicyClassifier
from skroute.baselines import BestFixedModel, KNeighborsRouter, RegressAndCompare
from skroute.nuisance import JointOutcome

Method = Callable[[Data], list[np.ndarray]]
ROUTER, FULL = "CausalRouter", "CausalRouter, full feedback"
BASELINES = ("best fixed", "ridge", "k-NN", "xgboost")
DEFAULT = "default"


class KeptJointOutcome(JointOutcome):
    """The joint outcome model, whose last fit is kept for settings that share it."""

    _kept: tuple[str, dict[str, Any], Any] | None = None

    def cross_fit(self, X: Any, feedback: Any, folds: Any, n_jobs: int | None = None) -> Any:
        outcome = (feedback.action, feedback.quality, feedback.cost, feedback.group)
        key = fingerprint((self.get_params(), X, outcome, folds))
        if KeptJointOutcome._kept is None or KeptJointOutcome._kept[0] != key:
            predicted = super().cross_fit(X, feedback, folds, n_jobs)
            KeptJointOutcome._kept = (key, dict(vars(self)), predicted)
        _, fitted, predicted = KeptJointOutcome._kept
        vars(self).update(fitted)
        return tuple(part.copy() for part in predicted)


def baseline(router: Any) -> Method:
    def method(data: Data) -> list[np.ndarray]:
        fitted = clone(router).fit(data.X, data.y)
        return [fitted.predict(data.X_test, cost_sensitivity=s) for s in data.sensitivities]

    return method


def causal(full: bool = False, adjust: Callable[[Any], Any] | None = None, **options) -> Method:
    """A CausalRouter. Without a policy, one fit says what it chooses at any cost sensitivity."""

    def method(data: Data) -> list[np.ndarray]:
        y = data.y_full if full else data.y
        if "policy" in options:
            return [
                CausalRouter(s, random_state=0, **options).fit(data.X, y).predict(data.X_test)
                for s in data.sensitivities
            ]
        router = CausalRouter(data.sensitivities[0], random_state=0, **options).fit(data.X, y)
        if adjust is not None:
            router.calibration_ = adjust(router.calibration_)
        quality, cost = router.predict_quality(data.X_test), router.predict_cost(data.X_test)
        chosen = [router.classes_[(quality - s * cost).argmax(axis=1)] for s in data.sensitivities]
        if (chosen[0] != router.predict(data.X_test)).any():
            raise AssertionError("the router no longer chooses by its predicted outcomes")
        return chosen

    return method


METHODS: dict[str, Method] = {
    "best fixed": baseline(BestFixedModel()),
    "ridge": baseline(RegressAndCompare()),
    "k-NN": baseline(KNeighborsRouter(random_state=0)),
    "xgboost": baseline(
        RegressAndCompare(
            regressor=XGBRegressor(
                n_estimators=60,
                max_depth=3,
                learning_rate=0.1,
                max_bin=64,
                colsample_bynode=0.3,
                n_jobs=1,
                random_state=0,
            )
        )
    ),
    ROUTER: causal(),
    FULL: causal(full=True),
}


def _joint(**options: Any) -> KeptJointOutcome:
    return KeptJointOutcome(random_state=0, **options)


def _ablations() -> dict[str, Method]:
    kept, policy = _joint(), RegretPolicyClassifier()
    ridge = RidgeCV(np.logspace(-2, 5, 15))
    return {
        "best fixed": METHODS["best fixed"],
        DEFAULT: causal(outcome_model=kept),
        # Those that share the outcome models of the default come first.
        "shrinkage=0 (no levels)": causal(outcome_model=kept, shrinkage=0.0),
        "shrinkage=5": causal(outcome_model=kept, shrinkage=5.0),
        "shrinkage=inf (levels as they are)": causal(outcome_model=kept, shrinkage=np.inf),
        "no trust factor": causal(adjust=lambda c: replace(c, trust=1.0), outcome_model=kept),
        "min_propensity=0.001": causal(outcome_model=kept, min_propensity=0.001),
        "min_propensity=0.05": causal(outcome_model=kept, min_propensity=0.05),
        "min_propensity=0.1": causal(outcome_model=kept, min_propensity=0.1),
        "policy, shrinkage=5": causal(outcome_model=kept, policy=policy, shrinkage=5.0),
        "policy, shrinkage=inf (textbook)": causal(
            outcome_model=kept, policy=policy, shrinkage=np.inf
        ),
        "outcome_model=ridge per model": causal(outcome_model=ridge),
        "cv=2": causal(outcome_model=kept, cv=2),
        "cv=10": causal(outcome_model=kept, cv=10),
        "n_components=32": causal(outcome_model=_joint(n_components=32)),
        "n_components=128": causal(outcome_model=_joint(n_components=128)),
        "n_radial=0": causal(outcome_model=_joint(n_radial=0)),
        "n_radial=32": causal(outcome_model=_joint(n_radial=32)),
        "n_radial=192": causal(outcome_model=_joint(n_radial=192)),
    }


ABLATIONS = _ablations()
# Boosted trees on embeddings take most of the time, and neighbours most of the rest; the larger
# comparisons do without them.
_LEFT_OUT = {
    "table, strength": {"xgboost"},
    "table, propensity": {"xgboost"},
    "table, rows": {"xgboost"},
    "no signal": {"xgboost", "k-NN", FULL},
}


def methods_of(section: str) -> dict[str, Method]:
    if section == "ablation":
        return ABLATIONS
    left_out = _LEFT_OUT.get(section, set())
    return {name: method for name, method in METHODS.items() if name not in left_out}
