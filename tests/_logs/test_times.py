"""Times of a log as Unix seconds."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skroute._logs._times import Times

SECONDS = 1738287000.0  # 2025-01-31 01:30 UTC
UTC_NOTE = ["times have no time zone and are taken as UTC"]


def read(*values):
    times = Times()
    for row, value in enumerate(values):
        times.append(value, row)
    return times.read()


@pytest.mark.parametrize(
    ("value", "notes"),
    [
        (SECONDS, []),
        (int(SECONDS), []),
        ("1738287000", []),
        (np.float64(SECONDS), []),
        ("2025-01-31T01:30:00Z", []),
        ("2025-01-31T01:30:00.000000000Z", []),
        ("2025-01-31 02:30:00+01:00", []),
        ("2025-01-31 01:30:00 UTC", []),
        ("2025-01-31T01:30:00+0000", []),
        (datetime(2025, 1, 31, 1, 30, tzinfo=UTC), []),
        (datetime(2025, 1, 31, 2, 30, tzinfo=timezone(timedelta(hours=1))), []),
        ("2025-01-31 01:30", UTC_NOTE),
        (datetime(2025, 1, 31, 1, 30), UTC_NOTE),
        (np.datetime64("2025-01-31T01:30"), UTC_NOTE),
        (SECONDS * 1e3, ["times are too large for seconds and are read as milliseconds"]),
        (SECONDS * 1e6, ["times are too large for seconds and are read as microseconds"]),
        (int(SECONDS) * 10**9, ["times are too large for seconds and are read as nanoseconds"]),
    ],
)
def test_each_kind_of_time(value, notes):
    seconds, found = read(value, None, value)
    assert_array_equal(seconds, [SECONDS, np.nan, SECONDS])
    assert found == notes


def test_no_time_at_all():
    seconds, notes = read(None, float("nan"), "")
    assert np.isnan(seconds).all()
    assert notes == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, "31.01.2025"], "column 'time', row 1: found '31.01.2025'; Unix seconds, a datetime"),
        ([1, float("inf")], "column 'time', row 1: found inf; Unix seconds"),
        ([True], "column 'time', row 0: found True; Unix seconds"),
        ([[1]], r"column 'time', row 0: found \[1\]; Unix seconds"),
        ([1, "2025-01-31"], "row 1: found '2025-01-31'; the rows before it hold numbers; write"),
        (
            ["2025-01-31T00:00Z", "2025-01-31T00:00"],
            "row 1: .*; the rows before it hold datetimes with a time zone",
        ),
    ],
)
def test_errors_name_the_row(values, message):
    with pytest.raises(ValueError, match=message):
        read(*values)
