"""Fits that happen as a whole or not at all."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

Estimator = TypeVar("Estimator")
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Method = Callable[Concatenate[Estimator, Arguments], Result]


def atomic_fit(
    fit: Method[Estimator, Arguments, Result],
) -> Method[Estimator, Arguments, Result]:
    """Decorate `fit` (or `fit_transform`): the estimator changes when all of the fit is done.

    The method runs on a draft of the estimator, whose attributes replace those of the estimator in
    one step at the end. So a fit that fails or is interrupted leaves the estimator exactly as it
    was, and what was fitted before can serve while it runs.

    The draft begins without fitted attributes, so that none outlives the data it was learned from,
    except where the estimator has ``warm_start=True``. Fitted attributes are those whose name ends
    in an underscore, private ones too.

    The attributes of the draft are those of the estimator, not copies: a method that starts from a
    fitted one must replace it, or copy it before it changes it.
    """

    @wraps(fit)
    def complete_fit(
        self: Estimator, /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        kept = getattr(self, "warm_start", False)
        names = [name for name in vars(self) if kept or not name.endswith("_")]
        return _on_draft(fit, self, names, *args, **kwargs)

    return complete_fit


def atomic_update(
    update: Method[Estimator, Arguments, Result],
) -> Method[Estimator, Arguments, Result]:
    """Decorate `partial_fit`: as `atomic_fit`, but the draft begins with what was fitted before."""

    @wraps(update)
    def complete_update(
        self: Estimator, /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        return _on_draft(update, self, list(vars(self)), *args, **kwargs)

    return complete_update


def _on_draft(
    method: Method[Estimator, Arguments, Result],
    estimator: Estimator,
    names: list[str],
    *args: Arguments.args,
    **kwargs: Arguments.kwargs,
) -> Result:
    """Call the method on a draft that has the attributes `names`; then let the estimator be it."""
    draft = type(estimator).__new__(type(estimator))
    vars(draft).update({name: vars(estimator)[name] for name in names})
    result = method(draft, *args, **kwargs)
    estimator.__dict__ = draft.__dict__  # one step: an interrupt comes before it or after it
    return estimator if result is draft else result  # type: ignore[return-value]
