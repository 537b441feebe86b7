"""Numbers keep digits that say something, and what is unknown is called so."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skroute._utils import (
    as_digits,
    as_dollars,
    as_interval,
    as_number,
    as_share,
    per_thousand,
)

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("value", "beside", "text"),
    [
        (0.7894, [], "0.789"),
        (-1.5, [], "-1.500"),
        (0.0, [], "0.000"),
        (-0.0, [], "0.000"),
        (1e-17, [], "0.000"),
        (0.0123, [], "0.012"),
        (0.00412, [], "0.0041"),
        (0.000012, [], "0.000012"),
        (2e-8, [], "2.0e-08"),
        (0.00001, [0.2, NAN], "0.000"),
        (0.00001, [0.002], "0.0000"),
    ],
)
def test_numbers(value, beside, text):
    assert as_number(value, *beside) == text


def test_signs():
    assert as_number(0.25, signed=True) == "+0.250"
    assert as_number(-0.0003, signed=True) == "-0.00030"
    assert as_number(0.0, signed=True) == "+0.000"


@given(st.floats(-1e6, 1e6))
def test_no_number_but_rounding_errors_looks_like_none(value):
    shown = float(as_number(value))
    assert math.isclose(shown, value, rel_tol=0.06, abs_tol=1e-12)


def test_intervals():
    assert as_interval(0.1, 0.2) == "0.100 to 0.200"
    assert as_interval(-0.0002, 0.0004, signed=True) == "-0.00020 to +0.00040"
    assert as_interval(-0.0002, 0.0004, 0.5, signed=True) == "-0.000 to +0.000"


@pytest.mark.parametrize("ends", [(NAN, NAN), (0.1, INF), (None, 0.1), (-INF, 0.1), (0.1, None)])
def test_an_interval_without_an_end_is_not_known(ends):
    assert as_interval(*ends) == "n/a"


@pytest.mark.parametrize("write", [as_number, as_dollars, per_thousand, as_share, as_digits])
def test_what_is_not_known(write):
    assert write(NAN) == write(None) == "n/a"


def test_dollars():
    assert as_dollars(12345.678) == "$12,346"
    assert as_dollars(345.678) == "$345.68"
    assert as_dollars(-0.012345) == "-$0.0123"
    assert as_dollars(0.0) == "$0"
    assert per_thousand(2e-8) == "$2e-05"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (20.0, "20"),
        (12.3456, "12.35"),
        (1234.5678, "1,235"),
        (1234567.0, "1,234,567"),
        (3e10, "3e+10"),
        (0.000123456, "0.0001235"),
        (INF, "inf"),
    ],
)
def test_digits(value, text):
    assert as_digits(value) == text


def test_shares():
    assert as_share(0.256) == "26%"
    assert as_share(0.256, 1) == "25.6%"
    assert as_share(0.004) == "0.4%"
    assert as_share(0.9999) == "99.99%"
    assert as_share(0.0) == "0%"
    assert as_share(1.0) == "100%"
    assert as_share(-0.00004, 1, signed=True) == "-0.004%"
    assert as_share(1e-15) == "0%"
