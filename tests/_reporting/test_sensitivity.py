"""What the page says of hidden reasons for the log's choices."""

import numpy as np

from skroute import logged_feedback, report
from skroute.metrics import evaluation_predictions, flip_gamma

SENTENCES = ("For this gain to vanish", "nothing hidden", "No hidden reason", "is open")


def said(page):
    return [sentence for sentence in SENTENCES if sentence in page.html]


def without_propensities(y, rows=slice(None)):
    return logged_feedback(y["model"][rows], y["quality"][rows], cost=y["cost"][rows])


def test_propensities_that_were_recorded_leave_nothing_hidden(logged):
    assert said(logged) == ["nothing hidden"]
    assert "can feign this gain" in logged.html


def test_the_factor_is_that_of_the_metrics(router, held_out):
    y = without_propensities(held_out.y)
    page = report(router, held_out.X, y)
    known = evaluation_predictions(held_out.X, y, models=router.classes_)
    gamma = flip_gamma(y, router.predict(held_out.X), None, cost_sensitivity=20.0, **known)
    assert said(page) == ["For this gain to vanish"]
    assert f"log&#x27;s choices {gamma:.2f} times as likely" in page.html
    # Some recorded: the others may hide something.
    propensity = np.where(np.arange(600) < 300, held_out.y["propensity"], np.nan)
    columns = {name: held_out.y[name] for name in ("model", "quality", "cost")}
    page = report(router, held_out.X, logged_feedback(**columns, propensity=propensity))
    assert said(page) == ["For this gain to vanish"]


def test_there_is_nothing_to_undo(full, problem, router):
    assert said(full) == []
    few = problem.draw(40, random_state=3)
    assert said(report(router, few.X, without_propensities(few.y))) == []


def test_a_model_that_the_log_never_shows(router, held_out):
    choice, drawn = router.predict(held_out.X), held_out.y
    # Chosen for some queries, and shown by none of these rows.
    rows = np.flatnonzero(drawn["model"] != "model_0")
    assert (choice[rows] == "model_0").any()
    page = report(router, held_out.X[rows], without_propensities(drawn, rows))
    assert page.differences["CausalRouter"].low > 0
    assert "For this gain to vanish" not in page.html
    (note,) = [note for note in page.notes if "could do is open" in note]
    assert "chooses &#x27;model_0&#x27;" in page.html
    assert "'model_0'" in note
