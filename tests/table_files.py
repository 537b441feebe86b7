"""Columns of tables and logs, and files of them, that several tests write."""

import csv

import pandas as pd
import polars as pl
import pytest

FILES = ("table.csv", "polars.parquet", "pandas.parquet")


def table_columns() -> dict:
    return {
        "quality:b": [0.5, 1.0, 0.0],
        "quality:a": [0.25, 0.0, 1.0],
        "cost:a": [0.001, 0.002, 0.003],
        "cost:b": [0.01, 0.02, 0.03],
        "gold": [True, False, True],
        "group": ["g", "g", "h"],
        "weight": [1.0, 2.0, 1.0],
        "time": [1.5, 0.0, 3e9],
        "task": ["x", "y", "x"],
        "text": ['says "hi", twice', "two\nlines", "ç"],
        "x0": [1.0, 2.0, 3.0],
        "x1": [-1.0, -2.0, 1e-3],
    }


def write(path, columns):
    """Write columns to a CSV or Parquet file, by the csv module, pandas or polars."""
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
    elif path.stem.startswith("polars"):
        pl.DataFrame(columns).write_parquet(path)
    else:
        try:
            import pyarrow  # noqa: F401
        except ImportError as error:  # absent, or built for another NumPy
            pytest.skip(str(error))
        pd.DataFrame(columns).to_parquet(path)
    return path
