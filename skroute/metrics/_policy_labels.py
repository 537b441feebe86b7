"""Labels of models for some rows of a table: what is known of a policy learned on that table."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike


class PolicyLabels:
    """Chosen models of the rows of a table, some of which may carry none.

    What `cross_val_policy` returns. It stands wherever labels of a policy do; a value then rests on
    the rows that carry one.

    Parameters
    ----------
    label : array-like of shape (n,)
        Chosen model of each row; where a row carries none, any label.
    block : array-like of int of shape (n,)
        Which router chose: 0 is the first, fitted on the least; -1 marks a row without a label.

    Attributes
    ----------
    label : ndarray of shape (n,)
        Chosen model of each row, None where it carries none.
    block : ndarray of int of shape (n,)
        As given.
    known : ndarray of bool of shape (n,)
        Which rows carry a label.

    Notes
    -----
    ``labels[rows]``, with a mask, slice or index of rows, are the labels of those rows. NumPy
    makes an array of labels where every row carries one, ``labels[labels.known]`` say, and it is an
    error elsewhere.

    Examples
    --------
    >>> import numpy as np
    >>> from skroute.metrics import PolicyLabels
    >>> labels = PolicyLabels(["small", "small", "large"], [-1, 0, 1])
    >>> labels
    PolicyLabels(2 of 3 rows, 2 blocks)
    >>> list(labels)
    [None, 'small', 'large']
    >>> np.asarray(labels[labels.known])
    array(['small', 'large'], dtype='<U5')
    """

    def __init__(self, label: ArrayLike, block: ArrayLike) -> None:
        self._label, self.block = np.asarray(label), np.asarray(block)
        if self._label.ndim != 1 or self._label.shape != self.block.shape:
            raise ValueError(
                "label and block must be 1-D and of one length, got the shapes "
                f"{self._label.shape} and {self.block.shape}"
            )

    @property
    def known(self) -> np.ndarray:
        return self.block >= 0

    @property
    def label(self) -> np.ndarray:
        if self.known.all():
            return self._label
        label = self._label.astype(object)
        label[~self.known] = None
        return label

    def __len__(self) -> int:
        return len(self.block)

    def __getitem__(self, rows: Any) -> Any:
        block = self.block[rows]
        return self.label[rows] if block.ndim == 0 else PolicyLabels(self._label[rows], block)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        missing = np.flatnonzero(~self.known)
        if len(missing):
            raise ValueError(
                f"row {missing[0]} carries no label ({len(missing)} of {len(self)} rows). Take the "
                "rows that do: labels[labels.known], and the same rows of X and y."
            )
        label = np.asarray(self._label, dtype=dtype)
        return label.copy() if copy or copy is None else label

    def __repr__(self) -> str:
        known = self.known
        n_blocks = len(np.unique(self.block[known]))
        return f"PolicyLabels({known.sum()} of {len(self)} rows, {n_blocks} blocks)"
