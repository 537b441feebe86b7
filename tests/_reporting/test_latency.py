"""Seconds per query of every policy, estimated as cost is."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from report_pages import Page, table_of

from skroute import report

CAPTION = "Seconds per query"


def seconds_of(problem, seed=0):
    """Return the seconds (n, K) of all answers, and (n,) of those of the log; model_2 is slow."""
    rng = np.random.default_rng(seed)
    slow = np.array([0.2, 1.0, 4.0]) * np.exp(0.3 * rng.normal(size=(len(problem.X), 3)))
    slow *= np.exp(0.5 * np.tanh(problem.X[:, [0]]))
    place = np.searchsorted(problem.models, problem.y["model"])
    return slow, slow[np.arange(len(slow)), place]


@pytest.fixture(scope="module")
def timed(router, held_out):
    return report(router, held_out.X, held_out.y, latency=seconds_of(held_out)[1])


def test_what_is_estimated_is_the_truth(timed, router, held_out):
    truth, seen = seconds_of(held_out)
    chosen = router.predict(held_out.X)
    expected = {"CausalRouter": truth[np.arange(600), np.searchsorted(held_out.models, chosen)]}
    expected |= {f"always {name}": truth[:, k] for k, name in enumerate(held_out.models)}
    for name, seconds in expected.items():
        found = timed.latency[name]
        assert found.low < found.seconds < found.high
        assert abs(found.seconds - seconds.mean()) < 2 * (found.high - found.low)
    assert timed.latency["today's policy"].seconds == pytest.approx(seen.mean())


def test_it_is_estimated_as_cost_is(router, held_out):
    """Where a second is a dollar, all of it is the same to the last digits."""
    page = report(router, held_out.X, held_out.y, latency=held_out.y["cost"])
    assert list(page.latency) == list(page.values)
    for name, value in page.values.items():
        assert_allclose(page.latency[name].seconds, value.mean_cost, rtol=1e-9)


def test_the_page_shows_it(timed):
    cells = table_of(timed, CAPTION)
    assert cells["policy"] == ["seconds", "over today&#x27;s policy"]
    own, today = timed.latency["CausalRouter"], timed.latency["today's policy"]
    assert cells["CausalRouter"][0].startswith(f"{own.seconds:.3f} <small>({own.low:.3f} to ")
    assert cells["CausalRouter"][1].startswith(f"{own.seconds - today.seconds:+.3f} <small>(")
    assert cells["today&#x27;s policy"][1] == "–"
    text = "".join(Page(timed.html).text)
    words = (
        f"CausalRouter's answers take {own.seconds:.3f} seconds on average, those of today's policy"
    )
    assert f"{words} {today.seconds:.3f}: a difference of " in text
    assert repr(own).startswith("MeanLatency(seconds=")


def test_full_feedback_is_measured(router, held_out):
    seconds, _ = seconds_of(held_out)
    page = report(router, held_out.X, held_out.y_full, latency=seconds)
    for k, name in enumerate(held_out.models):
        assert_allclose(page.latency[f"always {name}"].seconds, seconds[:, k].mean())
    with pytest.raises(ValueError, match=r"latency must have shape \(n, 3\)"):
        report(router, held_out.X, held_out.y_full, latency=seconds[:, 0])


def test_rows_without_a_latency_are_left_out(router, held_out):
    _, seconds = seconds_of(held_out)
    some = np.where(np.arange(600) < 400, seconds, np.nan)
    page = report(router, held_out.X, held_out.y, latency=some)
    note = "Latency is known of 400 of 600 rows; seconds are those of these rows."
    assert note in page.notes
    assert page.latency["today's policy"].seconds == pytest.approx(seconds[:400].mean())


def test_without_a_latency_there_is_none(logged):
    assert logged.latency == {}
    assert "seconds" not in logged.html


@pytest.mark.parametrize(
    ("latency", "message"),
    [
        (np.full(600, np.nan), "latency is NaN in all 600 rows"),
        (np.full(599, 1.0), "latency has 599 rows but y has 600"),
        (np.full(600, -1.0), r"column 'latency', row 0: found -1.0; .*at least 0"),
        (np.ones((600, 3)), "column 'latency' must have one value a row"),
    ],
)
def test_what_is_refused(router, held_out, latency, message):
    with pytest.raises(ValueError, match=message):
        report(router, held_out.X, held_out.y, latency=latency)


def test_progress(router, held_out, capsys):
    report(router, held_out.X[:200], held_out.y[:200], latency=np.ones(200), verbose=1)
    lines = [line.partition("] ")[2] for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "models to value policies by",
        "values of 5 policies",
        "seconds",
        "tables and pictures",
        "done",
    ]
