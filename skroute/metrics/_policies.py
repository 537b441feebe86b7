"""Read a policy, given as labels or as probabilities."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._utils import check_distinct, short_repr
from ..feedback import as_matrix, encode_labels, positions
from ._policy_labels import PolicyLabels

# A row of probabilities computed in float32 sums to 1 within this.
_SUM_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Policy:
    """A policy over K models: an index (n,) or probabilities (n, K); the other is None.

    `known` (n,) is a mask of the rows of which it says something, None: all. Take these rows before
    anything else.
    """

    choice: Any
    probability: Any
    known: np.ndarray | None = None

    def of(self, action: np.ndarray) -> np.ndarray:
        """Return the probability (n,) of one model a row; 0 for a model named -1."""
        self._require_known()
        if self.choice is not None:
            return (self.choice == action).astype(np.float64)
        known = action >= 0
        probability = np.zeros(len(action))
        probability[known] = self.probability[np.flatnonzero(known), action[known]]
        return probability

    def average(self, matrix: np.ndarray) -> np.ndarray:
        """Return the mean (n,) of each row of a matrix (n, K) under the policy."""
        self._require_known()
        if self.choice is not None:
            return matrix[np.arange(len(matrix)), self.choice].astype(np.float64)
        return np.einsum("nk,nk->n", self.probability, matrix, dtype="float64")

    def matrix(self, n_models: int) -> np.ndarray:
        """Return the probabilities (n, K)."""
        if self.choice is None:
            return self.probability
        return np.eye(n_models)[self.choice]

    def take(self, rows: Any) -> Policy:
        """Return the rows named by an index, mask or slice."""
        if self.choice is None:
            return replace(self, probability=self.probability[rows])
        known = None if self.known is None else self.known[rows]
        if known is not None and known.all():
            known = None
        return replace(self, choice=self.choice[rows], known=known)

    def _require_known(self) -> None:
        if self.known is not None:
            missing = np.flatnonzero(~self.known)
            raise ValueError(
                f"a policy carries no label in row {missing[0]} ({len(missing)} of "
                f"{len(self.known)} rows). Take the rows that carry one: labels[labels.known], and "
                "the same rows of everything else."
            )


def read_models(models: Any, default: np.ndarray) -> np.ndarray:
    """Return the labels of the model axis, in its order."""
    if models is None:
        return default
    labels = np.asarray(models)
    if labels.ndim != 1 or len(labels) == 0:
        raise ValueError(
            f"models must be a non-empty 1-D list of labels, got an array of shape {labels.shape}"
        )
    check_distinct([str(label) for label in labels], "models")
    return labels


def check_length(name: str, values: Any, n_rows: int) -> None:
    """Raise unless there is one value, or one row, for each of the rows of y."""
    found = np.shape(values)[0]
    if found != n_rows:
        raise ValueError(f"{name} has {found} rows but y has {n_rows}. Give one for each row.")


def read_policy(policy: Any, models: np.ndarray, n_rows: int, name: str = "policy") -> Policy:
    """Turn labels (n,) or probabilities (n, K) into a `Policy` over `models`."""
    if isinstance(policy, PolicyLabels):
        return _read_labels(policy, models, n_rows, name)
    values = policy if hasattr(policy, "columns") else np.asarray(policy)
    shape = np.shape(values)
    if len(shape) not in (1, 2):
        raise ValueError(
            f"{name} must be labels of shape (n,) or probabilities of shape (n, {len(models)}), "
            f"got an array of shape {shape}"
        )
    check_length(name, values, n_rows)
    if len(shape) == 1:
        return Policy(_read_choice(policy, models, name), None)
    return Policy(None, _read_probability(values, shape, models, name))


def _read_labels(policy: PolicyLabels, models: np.ndarray, n_rows: int, name: str) -> Policy:
    """Read labels that some rows may lack; these choose some model, and `known` says so."""
    check_length(name, policy.block, n_rows)
    known = policy.known
    if not known.any():
        raise ValueError(f"{name} carries no label in any of its {n_rows} rows. Give some that do.")
    if known.all():
        return Policy(_read_choice(policy, models, name), None)
    label = np.where(known, policy.label, policy.label[known][0])
    return Policy(_read_choice(label, models, name), None, known)


def _known_choice(policy: Any, models: np.ndarray) -> np.ndarray | None:
    """Return the choices (n,) of an array of strings that all name models; None: it is none.

    Sorting the labels, as others need it, takes ten times as long.
    """
    if not isinstance(policy, np.ndarray) or policy.dtype.kind != "U" or models.dtype.kind != "U":
        return None
    choice = np.full(len(policy), -1, dtype=np.intp)
    for k, model in enumerate(models):
        choice[policy == model] = k
    return None if (choice < 0).any() else choice


def _read_choice(policy: Any, models: np.ndarray, name: str) -> np.ndarray:
    known = _known_choice(policy, models)
    if known is not None:
        return known
    labels, codes = encode_labels(name, policy)
    position = positions(models)
    place = np.array([position.get(str(label), -1) for label in labels], dtype=np.intp)
    choice = place[codes]
    if (choice < 0).any():
        row = int(np.flatnonzero(choice < 0)[0])
        raise ValueError(
            f"{name}, row {row}: chooses {short_repr(labels[codes[row]])}, which is not among the "
            f"models {list(position)}. Name every model that the policy may choose in models=."
        )
    return choice


def _read_probability(
    values: Any, shape: tuple[int, ...], models: np.ndarray, name: str
) -> np.ndarray:
    names = [str(label) for label in models]
    if shape[1] != len(names):
        raise ValueError(
            f"{name} has {shape[1]} columns but there are {len(names)} models, {names}. Give a "
            "column for each, or name the columns in models=."
        )
    probability = as_matrix(name, values, names, minimum=0.0)
    total = probability.sum(axis=1, dtype=np.float64)
    wrong = np.flatnonzero(np.abs(total - 1.0) > _SUM_TOLERANCE)
    if len(wrong):
        raise ValueError(
            f"{name}, row {wrong[0]}: the probabilities sum to {total[wrong[0]]:.6g}, not to 1 "
            f"({len(wrong)} such rows). Divide each row by its sum."
        )
    return probability
