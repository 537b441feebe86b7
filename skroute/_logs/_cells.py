"""A further column of a log: cells as they come, at the end an array of what they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from .._utils import is_missing

# Of so many different texts every one is kept once.
_MOST_SHARED = 1000
# Text that is a number: without leading zeros and not longer than what a float tells apart, as the
# names of things are.
_NUMBER = re.compile(r"[+-]?(?=[\d.])(0|[1-9]\d{0,14})?(\.\d{0,15})?([eE][+-]?\d{1,3})?")
_FLAGS = {"true": True, "false": False}
_LARGEST = 2**53


class Cells:
    """Cells of some of the rows of a log, in their order."""

    def __init__(self) -> None:
        self._values: list[Any] = []
        self._shared: dict[str, str] = {}

    def put(self, row: int, value: Any) -> None:
        """Take the cell of a row beyond all rows before."""
        self._values.extend([None] * (row - len(self._values)))
        if isinstance(value, str):
            if len(self._shared) < _MOST_SHARED:
                value = self._shared.setdefault(value, value)
            else:
                value = self._shared.get(value, value)
        self._values.append(value)

    def read(self, n_rows: int) -> np.ndarray:
        """Return the column (n,).

        Numbers where all cells are numbers, or text of such, with NaN where there is none; truth
        values where all are, in every row; else objects, None where there is none.
        """
        cells = [*self._values, *[None] * (n_rows - len(self._values))]
        cells = [None if is_missing_cell(cell) else cell for cell in cells]
        present = [cell for cell in cells if cell is not None]
        if present and all(isinstance(cell, str) for cell in present):
            parse = _parser_of_text(present)
            if parse is not None:
                cells = [None if cell is None else parse(cell) for cell in cells]
                present = [cell for cell in cells if cell is not None]
        return _as_array(cells, present)


def is_missing_cell(cell: Any) -> bool:
    """Tell None, NaN and the like from lists and arrays, which are cells as well."""
    return not hasattr(cell, "__len__") and is_missing(cell)


def _parser_of_text(texts: list[str]) -> Callable[[str], Any] | None:
    if all(text.lower() in _FLAGS for text in texts):
        return lambda text: _FLAGS[text.lower()]
    if all(_NUMBER.fullmatch(text.strip()) for text in texts):
        return float
    return None


def _as_array(cells: list[Any], present: list[Any]) -> np.ndarray:
    kinds = {type(cell) for cell in present}
    complete = len(present) == len(cells)
    if kinds == {bool} and complete:
        return np.array(cells, dtype=bool)
    if present and kinds <= {int, float} and _are_exact(present):
        if kinds == {int} and complete:
            return np.array(cells, dtype=np.int64)
        return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return column


def _are_exact(numbers: list[Any]) -> bool:
    return all(isinstance(number, float) or abs(number) <= _LARGEST for number in numbers)
