"""What holds for every Display: axes that are given, labels, greyscale, no matplotlib."""

import inspect
import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from counted_table import CountedTable

import skroute.plots
from skroute import full_feedback, gain_feedback, logged_feedback
from skroute.plots import (
    CostQualityDisplay,
    EfficiencyGainDisplay,
    OverlapDisplay,
    PolicyValueDisplay,
    RoutingShareDisplay,
)
from skroute.plots._drawing import LINES, as_label, as_labels, drawn_dollars

NAMES = ["<b>$x$ & $y$</b>", "_hidden", "a very long name of a model, of which not all is shown"]


def cost_quality(ax=None, **artist_kwargs):
    y = full_feedback([[0.2, 0.4, 0.6]], [[1, 2, 3]], models=NAMES)
    policies = {name: [[name], NAMES[:1]] for name in NAMES}
    return CostQualityDisplay.from_predictions(y, policies, ax=ax, **artist_kwargs)


def policy_value(ax=None, **artist_kwargs):
    y = full_feedback([[0.2, 0.4, 0.6], [0.1, 0.3, 0.7]], models=NAMES)
    policies = {name: [name] * 2 for name in NAMES}
    return PolicyValueDisplay.from_predictions(y, policies, ax=ax, **artist_kwargs)


def overlap(ax=None, **artist_kwargs):
    y = logged_feedback(NAMES, [1, 0, 1], propensity=[0.5, 0.2, 0.1])
    return OverlapDisplay.from_predictions(y, ax=ax, **artist_kwargs)


def routing_share(ax=None, **artist_kwargs):
    quality, cost = [[0.2, 0.4, 0.6], [0.3, 0.3, 0.6]], [[1, 2, 3], [1, 2, 3]]
    return RoutingShareDisplay.from_predictions(quality, cost, models=NAMES, ax=ax, **artist_kwargs)


def efficiency_gain(ax=None, **artist_kwargs):
    y = gain_feedback([0.0, 1.0], models=NAMES[:2])
    scores = {name: [0.1, 0.9] for name in NAMES}
    return EfficiencyGainDisplay.from_predictions(
        y, scores, strong=NAMES[1], ax=ax, **artist_kwargs
    )


# A new Display adds a maker here; all tests below then hold for it.
MAKERS = [cost_quality, policy_value, overlap, routing_share, efficiency_gain]


def test_every_display_is_here():
    assert {type(make()).__name__ for make in MAKERS} == set(skroute.plots.__all__)


@pytest.mark.parametrize("make", MAKERS)
def test_axes_and_figures(make):
    figure, axes = plt.subplots()
    display = make(axes)
    assert display.ax_ is axes
    assert display.figure_ is figure
    assert len(plt.get_fignums()) == 1
    assert display.plot(axes) is display
    display.plot()
    assert display.ax_ is not axes
    assert len(plt.get_fignums()) == 2


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_any_label_can_be_drawn(make, kind, tmp_path):
    display = make()
    display.figure_.savefig(tmp_path / f"picture.{kind}")
    texts = [text.get_text() for text in display.figure_.findobj(plt.Text)]
    assert max(map(len, texts)) <= 60


@pytest.mark.parametrize("make", MAKERS)
def test_a_subfigure_will_do(make):
    subfigures = plt.figure().subfigures(1, 2)
    display = make(subfigures[1].subplots())
    assert display.figure_ is subfigures[1]


@pytest.mark.parametrize("display", [CostQualityDisplay, OverlapDisplay, PolicyValueDisplay])
def test_feedback_is_read_once(display, router, held_out):
    table = CountedTable(held_out.y)
    display.from_estimator(router, held_out.X, table)
    assert table.read == dict.fromkeys(held_out.y.dtype.names, 1)


def test_names_are_text_and_in_the_legend():
    """Dollars are no formula, and a leading underscore does not hide a name."""
    display = cost_quality()
    legend = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert as_label(NAMES[0]) == r"<b>\$x\$ & \$y\$</b>"
    assert set(as_labels(NAMES)) <= set(legend)
    assert as_label("a\n\x1b[1mb") == r"a\n\x1b[1mb"
    assert len(as_label(NAMES[2])) == 32


def test_long_names_that_differ_in_the_middle_are_told_apart():
    one, other = ("x" * 40 + middle + "x" * 40 for middle in "12")
    assert as_labels([one, other, "small"]) == [one, other, "small"]
    display = overlap()
    display.models = [one, other, "small"]
    ticks = display.plot().ax_.get_yticklabels()
    assert [text.get_text() for text in ticks] == [one, other, "small"]


@pytest.mark.parametrize(
    ("make", "keyword", "artists"),
    [
        (cost_quality, "line_kwargs", lambda display: display.lines_),
        (cost_quality, "fixed_kwargs", lambda display: [display.fixed_]),
        (efficiency_gain, "line_kwargs", lambda display: display.lines_),
        (overlap, "box_kwargs", lambda display: list(display.boxes_)),
        (policy_value, "errorbar_kwargs", lambda display: [bar[0] for bar in display.errorbar_]),
        (routing_share, "band_kwargs", lambda display: display.bands_),
    ],
)
def test_artists_take_a_style(make, keyword, artists):
    """The style that is given goes over the Display's own, which else stays."""
    display = make()
    own = [artist.get_zorder() for artist in artists(display)]
    display.plot(**{keyword: {"alpha": 0.25}})
    for drawn in (display, make(**{keyword: {"alpha": 0.25}})):
        assert {artist.get_alpha() for artist in artists(drawn)} == {0.25}
        assert [artist.get_zorder() for artist in artists(drawn)] == own


def test_styles_differ_without_colour():
    assert len({str(style["linestyle"]) for style in LINES}) == len(LINES)
    assert len({style["marker"] for style in LINES}) == len(LINES)
    hatches = [band.get_hatch() for band in routing_share().bands_]
    assert len(set(hatches)) == len(hatches)


def test_dollars_are_no_formula():
    assert drawn_dollars(0.012345) == r"\$12.35"
    assert drawn_dollars(2e-8) == r"\$2e-05"


@pytest.mark.parametrize("name", skroute.plots.__all__)
def test_numbers_are_kept_as_they_were_given(name):
    """As in scikit-learn: what the constructor takes are the attributes."""
    display = getattr(skroute.plots, name)
    required = [
        parameter
        for parameter in inspect.signature(display).parameters.values()
        if parameter.default is inspect.Parameter.empty
    ]
    marks = {parameter.name: np.arange(3) for parameter in required}
    made = display(**marks)
    assert all(getattr(made, key) is value for key, value in marks.items())
    assert not plt.get_fignums()


BLOCKED = """
import sys
sys.modules["matplotlib"] = None
import numpy as np
import skroute.plots
from skroute import report
display = skroute.plots.RoutingShareDisplay(["a"], np.empty(0), np.ones((1, 1)))
for work in (display.plot, lambda: report(None, None, None)):
    try:
        work()
    except ImportError as error:
        print(error)
"""


def test_matplotlib_is_optional():
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED], capture_output=True, text=True, check=True
    )
    first, second = done.stdout.splitlines()
    for line in (first, second):
        assert line.endswith("pip install 'scikit-route[plot]'")
    assert first.startswith("RoutingShareDisplay.plot needs matplotlib")
