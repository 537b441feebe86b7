"""Where the router chooses otherwise."""

import warnings

import numpy as np
from report_pages import table_of

from skroute import full_feedback, report
from skroute.metrics import evaluation_predictions, policy_difference


def test_changes_of_mind(logged, router, held_out):
    choice, log = router.predict(held_out.X), held_out.y["model"]
    cells = table_of(logged, "Calls gained and lost")
    for name in held_out.models:
        had, gets = (log == name).sum(), (choice == name).sum()
        stays = ((log == name) & (choice == name)).sum()
        expected = [had, gets, gets - stays, had - stays]
        assert cells[name] == [*(f"{count:,}" for count in expected), f"{(gets - had) / 600:+.1%}"]
    assert f"For {(choice != log).sum()} of 600 queries" in logged.html


def test_changes_by_group(logged, router, held_out):
    known = evaluation_predictions(held_out.X, held_out.y, models=router.classes_)
    cells = table_of(logged, "Changes by group of queries")
    choice = router.predict(held_out.X)
    for code in (0, 1):
        rows = np.arange(600) % 2 == code
        part = {k: v if k == "models" else v[rows] for k, v in known.items()}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = policy_difference(
                held_out.y[rows], choice[rows], None, cost_sensitivity=20.0, **part
            )
        row = cells[str(code)]
        assert row[0] == "300"
        assert row[2].startswith(f"{expected.value:+.3f} <small>({expected.low:+.3f}")


def test_a_group_without_weight(router, held_out):
    y, by = held_out.y_full, np.repeat(["a", "b"], 300)
    weighted = full_feedback(
        np.column_stack([y["quality"][m] for m in held_out.models]),
        np.column_stack([y["cost"][m] for m in held_out.models]),
        models=held_out.models,
        weight=(by == "a").astype(float),
    )
    cells = table_of(report(router, held_out.X, weighted, by=by), "Changes by group")
    assert cells["b"][2:] == ["–"] * 3


def test_examples_gain_most(logged, router, held_out):
    utility = router.predict_quality(held_out.X) - 20.0 * router.predict_cost(held_out.X)
    log = np.searchsorted(held_out.models, held_out.y["model"])
    gain = utility.max(axis=1) - utility[np.arange(600), log]
    rows = list(table_of(logged, "Rows with the largest gain"))[1:]
    assert [int(row) for row in rows] == np.argsort(-gain, kind="stable")[:10].tolist()
