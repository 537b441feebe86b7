"""The column `time`: datetimes and Unix seconds."""

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import polars as pl
import pytest
from feedback_tables import MODELS, QUALITY
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skroute import full_feedback, gain_feedback, logged_feedback
from skroute.feedback import read_feedback

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BERLIN = timezone(timedelta(hours=1))
AWARE = [datetime(2025, 1, 31, hour, 30, 0, 250000, tzinfo=BERLIN) for hour in (2, 1, 3, 2)]
NAIVE = [moment.astimezone(UTC).replace(tzinfo=None) for moment in AWARE]
SECONDS = [1738287000.25, 1738283400.25, 1738290600.25, 1738287000.25]


def frames(time):
    """Yield tables with the column, in a structured array and in every kind of DataFrame."""
    columns = {"model": MODELS, "quality": QUALITY, "time": time}
    yield logged_feedback(MODELS, QUALITY, time=time)
    yield pd.DataFrame(columns)
    yield pd.DataFrame(columns).astype(object)
    yield pl.DataFrame(columns)


@pytest.mark.parametrize("time", [AWARE, NAIVE, SECONDS], ids=["aware", "naive", "seconds"])
def test_every_kind_of_time_becomes_unix_seconds(time):
    for table in frames(time):
        feedback = read_feedback(table)
        assert feedback.time.dtype == np.float64
        assert feedback.time.tolist() == SECONDS
    assert full_feedback(np.ones((4, 2)), time=time)["time"].tolist() == SECONDS
    assert gain_feedback(QUALITY, time=time)["time"].tolist() == SECONDS


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_datetimes_of_every_unit_and_zone_of_pandas_polars_and_numpy(unit):
    naive = pd.Series(NAIVE).astype(f"datetime64[{unit}]")
    seconds = np.floor(SECONDS) if unit == "s" else SECONDS
    columns = [naive, naive.to_numpy(), naive.dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")]
    columns += [pd.DatetimeIndex(columns[-1]), columns[-1].astype(object)]
    if unit != "s":
        plain = pl.Series(NAIVE, dtype=pl.Datetime(unit))
        columns += [plain, plain.dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo")]
    columns += [np.array([*naive.to_numpy("M8[us]")], dtype=object)]
    for column in columns:
        assert_array_equal(logged_feedback(MODELS, QUALITY, time=column)["time"], seconds)


def test_dates_of_arrow_columns_and_structured_arrays():
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"model": MODELS, "quality": QUALITY, "time": AWARE})
    arrow = frame.convert_dtypes(dtype_backend="pyarrow")
    assert read_feedback(arrow).time.tolist() == SECONDS
    y = np.zeros(2, [("model", "U1"), ("quality", float), ("time", "M8[D]")])
    y["time"] = ["1970-01-02", "1969-12-31"]
    assert read_feedback(y).time.tolist() == [86400.0, -86400.0]


def test_integers_and_float32_are_unix_seconds():
    for dtype in (np.int64, np.uint32, np.float32):
        time = logged_feedback(MODELS, QUALITY, time=np.array([2, 0, 3, 1], dtype=dtype))["time"]
        assert time.dtype == np.float64
        assert time.tolist() == [2.0, 0.0, 3.0, 1.0]
    nullable = pd.array([2, 0, 3, 1], dtype="Int64")
    assert logged_feedback(MODELS, QUALITY, time=nullable)["time"].tolist() == [2, 0, 3, 1]


NEED = "a datetime or Unix seconds are needed; parse text first"
MISSING = "a time is needed in every row"
BAD_TIMES = [
    (SECONDS, np.nan, "found nan; a (finite number|time) is needed"),
    (SECONDS, np.inf, "found inf; a finite number is needed"),
    (SECONDS, None, f"found None; {MISSING}"),
    (NAIVE, None, f"found None; {MISSING}"),
    (AWARE, pd.NaT, f"found NaT; {MISSING}"),
    (SECONDS, "12", f"found '12'; {NEED}"),
    (NAIVE, "2025-01-31", f"found '2025-01-31'; {NEED}"),
    (NAIVE, date(2025, 1, 31), rf"found datetime.date\(2025, 1, 31\); {NEED}"),
    (NAIVE, timedelta(1), rf"found datetime.timedelta\(days=1\); {NEED}"),
    (NAIVE, True, f"found True; {NEED}"),
    (NAIVE, 1.5, "found 1.5; the rows before it hold datetimes without a time zone; give one"),
    (SECONDS, np.datetime64("2025-01-31"), "found datetime.*; the rows before it hold numbers"),
    (SECONDS, NAIVE[0], "found datetime.*; the rows before it hold numbers; give one kind alone"),
    (NAIVE, AWARE[0], "found datetime.*; the rows before it hold datetimes without a time zone"),
    (AWARE, NAIVE[0], "found datetime.*; the rows before it hold datetimes with a time zone"),
]


@pytest.mark.parametrize(("column", "value", "message"), BAD_TIMES)
def test_a_bad_time_is_named(column, value, message):
    time = [*column[:2], value, column[3]]
    objects = np.empty(4, dtype=object)
    objects[:] = time
    with pytest.raises(ValueError, match=f"column 'time', row 2: {message}"):
        logged_feedback(MODELS, QUALITY, time=objects)
    # NumPy makes NaN of a None among numbers.
    found = message.replace("None", "(None|nan)")
    with pytest.raises(ValueError, match=f"column 'time', row 2: {found}"):
        full_feedback(np.ones((4, 2)), time=time)


def test_missing_datetimes_are_named_in_every_kind_of_column():
    gap = [NAIVE[0], None, NAIVE[2], None]
    aware = pd.Series(gap).dt.tz_localize("Europe/Berlin")
    for time in (np.array(gap, "M8[ms]"), pd.Series(gap), aware, pl.Series(gap)):
        with pytest.raises(ValueError, match=r"'time', row 1: found (None|NaT).*; a time is"):
            logged_feedback(MODELS, QUALITY, time=time)


def test_a_column_of_text_or_durations_is_refused():
    for time in (["2025-01-31"] * 4, np.array(["1"] * 4), pd.Series(["1"] * 4)):
        with pytest.raises(ValueError, match=f"column 'time', row 0: found '.*'; {NEED}"):
            logged_feedback(MODELS, QUALITY, time=time)
    with pytest.raises(ValueError, match=f"column 'time', row 0: .*; {NEED}"):
        logged_feedback(MODELS, QUALITY, time=np.ones(4, "m8[s]"))
    with pytest.raises(ValueError, match=r"columns differ in length: .*'time': 3"):
        logged_feedback(MODELS, QUALITY, time=SECONDS[:3])


zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=zones)


def test_milliseconds_are_told_from_seconds():
    message = "column 'time', row 1: found 1738283400250; Unix seconds .* milliseconds by 1000"
    with pytest.raises(ValueError, match=message):
        logged_feedback(["a", "b"], [0.0, 1.0], time=[1738287000, 1738283400250])


@given(st.lists(moments, min_size=1, max_size=20))
def test_aware_naive_and_numeric_times_say_the_same(times):
    seconds = [(moment - EPOCH) / timedelta(seconds=1) for moment in times]
    naive = [moment.astimezone(UTC).replace(tzinfo=None) for moment in times]
    model, quality = ["a"] * len(times), np.zeros(len(times))
    forms = [times, naive, np.array(naive, "M8[us]"), pl.Series(naive), seconds]
    forms += [pd.Series(naive), pd.Series(naive).dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")]
    for time in forms:
        y = logged_feedback(model, quality, time=time)
        assert y["time"].tolist() == seconds
        assert read_feedback(y[::-1]).time.tolist() == seconds[::-1]
