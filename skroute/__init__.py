"""Learn from logs which language model should answer each query.

The public names below are imported on first use, so that ``import skroute`` is cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ._version import __version__

if TYPE_CHECKING:
    from ._persistence import trusted_types
    from ._reporting import monitor, report
    from ._utils import InconsistentVersionWarning
    from .correction import DRBiasCorrector
    from .feedback import full_feedback, gain_feedback, logged_feedback, partly_scored
    from .policy import RegretPolicyClassifier
    from .routers import CausalRouter, FixedBudgetRouter

_HOME = {
    "CausalRouter": ".routers",
    "DRBiasCorrector": ".correction",
    "FixedBudgetRouter": ".routers",
    "InconsistentVersionWarning": "._utils",
    "RegretPolicyClassifier": ".policy",
    "full_feedback": ".feedback",
    "gain_feedback": ".feedback",
    "logged_feedback": ".feedback",
    "monitor": "._reporting",
    "partly_scored": ".feedback",
    "report": "._reporting",
    "trusted_types": "._persistence",
}
_SUBMODULES = (
    "baselines",
    "correction",
    "datasets",
    "feedback",
    "history",
    "integrations",
    "metrics",
    "nuisance",
    "plots",
    "policy",
    "routers",
)

__all__ = [
    "CausalRouter",
    "DRBiasCorrector",
    "FixedBudgetRouter",
    "InconsistentVersionWarning",
    "RegretPolicyClassifier",
    "__version__",
    "full_feedback",
    "gain_feedback",
    "logged_feedback",
    "monitor",
    "partly_scored",
    "report",
    "trusted_types",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(_HOME[name], __name__), name)
    if name in _SUBMODULES:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_SUBMODULES})
