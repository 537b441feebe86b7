"""RegretPolicyClassifier: a policy on given utilities."""

from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from .._utils import DocumentedMixin, VersionedMixin, atomic_fit, atomic_update, check_sample_weight
from ._criteria import UtilityCriterion
from ._mlp import AdamTrainer, forward
from ._parameters import check_parameters
from ._targets import is_table, read_target


class RegretPolicyClassifier(VersionedMixin, DocumentedMixin, ClassifierMixin, BaseEstimator):
    """Policy that chooses a model for each query by minimizing regret.

    Parameters
    ----------
    loss : {"softmax", "classification"}, default="softmax"
        What is minimized: the regret of drawing from the softmax of the logits
        (:func:`softmax_regret`), or its convex upper bound, a cost-sensitive cross-entropy
        (:func:`classification_surrogate`).
    alpha : float, default=0.0003
        Strength of the penalty, at least 0. It means the same whatever the units and the number of
        features and the units of the utilities, see Notes.
    hidden_layer_sizes : tuple of int, default=()
        Units of each hidden layer (rectified linear). Empty: a linear policy.
    solver : {"auto", "lbfgs", "adam"}, default="auto"
        "lbfgs" for linear policies, "adam" for any. "auto" takes "lbfgs" where it can. Note that
        `partial_fit` always takes "adam".
    max_iter : int, default=200
        Largest number of iterations ("lbfgs") or passes over the data ("adam").
    tol : float, default=1e-4
        "lbfgs" stops when no gradient entry is larger, "adam" when the loss did not improve by
        `tol` for 10 passes, both in units of the mean utility spread.
    learning_rate : float, default=0.001
        Step size of "adam".
    batch_size : int or "auto", default="auto"
        Rows of a step of "adam". "auto" takes a sixteenth of the rows, within 32 and 256.
    warm_start : bool, default=False
        Whether `fit` starts from the last solution. The models must be the same.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, shuffling and the rows held out by "adam". "lbfgs" is
        deterministic.
    verbose : int, default=0
        1 prints the loss at every tenth iteration or pass, 2 at each.

    Attributes
    ----------
    classes_ : ndarray of shape (n_models,)
        The models. For labels sorted; for a DataFrame of utilities its columns sorted by ``str``;
        for an array of utilities ``0, ..., n_models - 1``.
    coefs_ : list of ndarray
        Weights of each layer, shape (n_inputs, n_outputs); the only one of a linear policy has
        shape (n_features, n_models).
    intercepts_ : list of ndarray
        Intercepts of each layer.
    loss_ : float
        Penalized loss at the solution over the mean utility spread ("adam": the unpenalized one
        on the held-out rows, if rows were held out).
    n_iter_ : int
        Iterations ("lbfgs") or passes over the data ("adam").
    n_features_in_, feature_names_in_ : int and ndarray of shape (n_features,)
        Number of features, and their names if X was a DataFrame with string columns.

    See Also
    --------
    skroute.CausalRouter : Learns from logs, where only one model's outcome is known.

    Notes
    -----
    With logits ``f(x) = W'(x - m) / s + b`` the linear policy minimizes

    ``mean_i loss(f(x_i), u_i) / r + alpha / 2 * ||W||^2``

    where m is the mean of X, s makes the mean of ``||x - m||^2 / s^2`` equal to 1 and r is the mean
    of ``max_k u_k - min_k u_k``, all weighted by `sample_weight`. So alpha does not depend on
    units, on repeated features or on the number of rows. X is not transformed: m and s live in the
    coefficients, float32 stays float32, and sparse X is scaled but not centered. For hidden layers
    the same penalty is applied to each layer as if its inputs had unit variance.

    Softmax regret [1]_ is not convex, and the starting point matters. "lbfgs" starts from a ridge
    regression of the utilities, sharpened to the lowest loss: from zero coefficients it often ends
    at one fixed model, from the solution of the classification loss at worse minima
    (``benchmarks/policy_start.py`` compares the three). Without a warm start it is deterministic;
    the convex classification loss is minimized from zero. Integer sample weights equal repeated
    rows; with "adam" and more than one batch only in expectation, as batches are random.

    An iteration of "lbfgs" takes O(n_queries * n_features * n_models) time; memory beside X is
    O(n_queries * n_models).

    References
    ----------
    .. [1] Tsiourvas, Sun, Perakis, "Causal LLM Routing: End-to-End Regret Minimization from
       Observational Data", NeurIPS 2025, arXiv:2505.16037.

    Examples
    --------
    >>> import numpy as np
    >>> from skroute import RegretPolicyClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 3))
    >>> utility = np.column_stack([X[:, 0], -X[:, 0], np.full(200, -0.5)])
    >>> policy = RegretPolicyClassifier().fit(X, utility)
    >>> policy.predict([[2.0, 0.0, 0.0], [-2.0, 0.0, 0.0]])
    array([0, 1])
    """

    classes_: NDArray[Any]
    coefs_: list[NDArray[Any]]
    intercepts_: list[NDArray[Any]]
    _trainer_: AdamTrainer

    def __init__(
        self,
        loss: str = "softmax",
        *,
        alpha: float = 3e-4,
        hidden_layer_sizes: tuple[int, ...] = (),
        solver: str = "auto",
        max_iter: int = 200,
        tol: float = 1e-4,
        learning_rate: float = 1e-3,
        batch_size: int | str = "auto",
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.loss = loss
        self.alpha = alpha
        self.hidden_layer_sizes = hidden_layer_sizes
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    @atomic_fit
    def fit(
        self, X: Any, y: Any, sample_weight: ArrayLike | None = None
    ) -> "RegretPolicyClassifier":
        """Fit the policy.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_queries, n_features)
            Features. float32 is not converted.
        y : array-like of shape (n_queries,) or (n_queries, n_models), or DataFrame
            Labels of the best models, or the utility of each model: any finite numbers. The
            columns of a DataFrame (pandas, polars) name the models. An array of shape
            (n_queries, 1) is read as labels.
        sample_weight : array-like of shape (n_queries,), default=None
            Weights, at least 0.

        Returns
        -------
        self : RegretPolicyClassifier
            The fitted policy.
        """
        solver = check_parameters(self)
        X, weight = self._read_input(X, sample_weight, reset=True)
        start = self._warm_layers() if self.warm_start and hasattr(self, "coefs_") else None
        target = read_target(y, X.dtype, self.classes_ if start is not None else None)
        self._check_length(X, target.utility)
        self.classes_ = target.classes
        if hasattr(self, "_trainer_"):
            del self._trainer_  # partial_fit starts anew from this fit
        criterion = UtilityCriterion.of(target.utility, self.loss, weight)
        solution = solver(self, X, criterion, weight, start)
        self.coefs_, self.intercepts_ = solution.layers
        self.loss_, self.n_iter_ = solution.loss, solution.n_iter
        solution.warn_unless_converged("The policy", self.tol, stacklevel=4)
        return self

    @atomic_update
    def partial_fit(
        self,
        X: Any,
        y: Any,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> "RegretPolicyClassifier":
        """Update the policy with one pass of Adam over the rows given.

        Center and scale of X and of the utilities are those of the first call, so that the policy
        keeps its meaning: let the first call see a few hundred rows or more. After `fit`, training
        goes on from its solution. X may be a memory-mapped array: a batch is read at a time.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        classes : array-like of shape (n_models,), default=None
            All models that may occur. Needed in the first call, if y holds labels.

        Returns
        -------
        self : RegretPolicyClassifier
            The updated policy.
        """
        check_parameters(self)
        first = not hasattr(self, "coefs_")
        X, weight = self._read_input(X, sample_weight, reset=first)
        known = None if first else self.classes_
        if classes is not None:
            given = np.unique(np.asarray(classes))
            if known is not None and not np.array_equal(given, np.sort(known)):
                raise ValueError(f"classes {given} differ from those of the first call, {known}")
            known = given if known is None else known
        target = read_target(y, X.dtype, known)
        if first and target.is_label and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit with labels")
        self._check_length(X, target.utility)
        self.classes_ = target.classes
        criterion = UtilityCriterion.of(target.utility, self.loss, weight)
        if hasattr(self, "_trainer_"):
            self._trainer_ = deepcopy(self._trainer_)  # its layers are updated in place
        else:
            start = None if first else (self.coefs_, self.intercepts_)
            self._trainer_ = AdamTrainer(self, X, criterion, weight, start)
            self.n_iter_ = 0
        self.loss_ = self._trainer_.epoch(X, criterion, weight, np.arange(X.shape[0]))
        self.n_iter_ += 1
        self.coefs_, self.intercepts_ = self._trainer_.layers()
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[Any]:
        """Logits of the models; with two models their difference, second minus first.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_queries, n_features)
            Features.

        Returns
        -------
        logits : ndarray of shape (n_queries, n_models), or (n_queries,) for two models
            The larger the better.
        """
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if logits.shape[1] == 2 else logits

    def predict_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Softmax of the logits: the stochastic policy that was fitted.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_queries, n_features)
            Features.

        Returns
        -------
        probability : ndarray of shape (n_queries, n_models)
            Columns in the order of `classes_`.
        """
        return softmax(self._logits(X), axis=1)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Choose the model with the largest logit.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_queries, n_features)
            Features.

        Returns
        -------
        model : ndarray of shape (n_queries,)
            Elements of `classes_`.
        """
        logits = self._logits(X)
        return self.classes_[logits.argmax(axis=1)]

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Accuracy on labels; mean utility of the chosen models on utilities.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.

        Returns
        -------
        score : float
            Higher is better.
        """
        check_is_fitted(self)
        shape = np.shape(y)
        if not is_table(y) and (len(shape) != 2 or shape[1] == 1):
            return super().score(X, y, sample_weight)
        chosen = self._logits(X).argmax(axis=1)
        utility = read_target(y, np.dtype(np.float64), self.classes_).utility
        self._check_length(chosen, utility)
        weight = check_sample_weight(sample_weight, len(chosen))
        return float(np.average(utility[np.arange(len(chosen)), chosen], weights=weight))

    def _logits(self, X: Any) -> NDArray[Any]:
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False)
        return forward(X, self.coefs_, self.intercepts_)[-1]

    def _read_input(self, X: Any, sample_weight: Any, *, reset: bool) -> tuple[Any, Any]:
        X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=reset)
        if isinstance(X, np.ndarray) and not (X.flags.c_contiguous or X.flags.f_contiguous):
            X = np.ascontiguousarray(X)  # once, rather than in every product
        return X, check_sample_weight(sample_weight, X.shape[0])

    @staticmethod
    def _check_length(X: Any, utility: NDArray) -> None:
        n_rows = X.shape[0]
        if n_rows != len(utility):
            raise ValueError(f"X has {n_rows} rows, but y has {len(utility)}; they must agree")

    def _warm_layers(self) -> Any:
        sizes = [len(coef) for coef in self.coefs_]
        if sizes != [self.n_features_in_, *self.hidden_layer_sizes]:
            raise ValueError(
                f"warm_start=True needs the layers of the last fit, with inputs {sizes}; X and "
                f"hidden_layer_sizes ask for {[self.n_features_in_, *self.hidden_layer_sizes]}"
            )
        return self.coefs_, self.intercepts_

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
