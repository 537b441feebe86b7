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

    return _on_draft(fit, lambda estimator: getattr(estimator, "warm_start", False))


def atomic_update(
    update: Method[Estimator, Arguments, Result],
) -> Method[Estimator, Arguments, Result]:
    """Decorate `partial_fit`: as `atomic_fit`, but the draft begins with what was fitted before."""
    return _on_draft(update, lambda estimator: True)


def _on_draft(
    method: Method[Estimator, Arguments, Result], keeps_fitted: Callable[[Estimator], bool]
) -> Method[Estimator, Arguments, Result]:
    """Let a method run on a draft, which begins with what was fitted where that is to be kept."""

    @wraps(method)
    def complete(self: Estimator, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        draft, kept = type(self).__new__(type(self)), keeps_fitted(self)
        begun = {name: v for name, v in vars(self).items() if kept or not name.endswith("_")}
        vars(draft).update(begun)
        result = method(draft, *args, **kwargs)
        self.__dict__ = draft.__dict__  # one step: an interrupt comes before it or after it
        return self if result is draft else result  # type: ignore[return-value]

    return complete
