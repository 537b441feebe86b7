"""The page: what it says, that it is whole and harmless, and how a browser shows it."""

import importlib.util
import re
import shutil
import warnings
from html.parser import HTMLParser

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import make_pipeline

import skroute
from skroute import CausalRouter, FixedBudgetRouter, full_feedback, logged_feedback, report
from skroute.baselines import RandomRouter
from skroute.datasets import make_routing_problem
from skroute.metrics import evaluation_predictions, policy_difference, policy_value

pytest.importorskip("matplotlib")

HOSTILE = ["<script>alert(1)</script>", 'a"$b$\' onload="alert(2)', "&lt;_" + "x" * 70]
SECTIONS = ["notes", "value", "cost", "overlap", "changes", "method"]
EMPTY = {"meta", "img", "br", "link"}


class Page(HTMLParser):
    """Elements, text by section, and whether all that opens is closed in order."""

    def __init__(self, html):
        super().__init__()
        self.open, self.elements, self.text, self.ids = [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)

    def attributes(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


def table_of(page, caption):
    """Return the cells of a table by the head of their row."""
    start = page.html.index(f"<caption>{caption}")
    rows = re.findall(r"<tr.*?</tr>", page.html[start : page.html.index("</table>", start)])
    cells = [re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row) for row in rows]
    return {first: rest for first, *rest in cells}


@pytest.fixture(scope="module")
def problem():
    return make_routing_problem(700, 6, 3, random_state=0)


@pytest.fixture(scope="module")
def held_out(problem):
    return problem.draw(600, random_state=1)


@pytest.fixture(scope="module")
def router(problem):
    return CausalRouter(20.0, knots="auto", random_state=0).fit(problem.X, problem.y)


@pytest.fixture(scope="module")
def logged(router, held_out):
    return report(router, held_out.X, held_out.y, by=np.arange(600) % 2)


@pytest.fixture(scope="module")
def full(router, held_out):
    return report(router, held_out.X, held_out.y_full, budget=0.002)


@pytest.fixture(scope="module")
def hostile():
    """A page with names, texts and groups that are not meant well, and much to be careful about."""
    drawn = make_routing_problem(400, 5, 3, logging="difficulty", strength=2.0, random_state=1)
    place = np.searchsorted(drawn.models, drawn.y["model"])
    y = logged_feedback(np.array(HOSTILE)[place], drawn.y["quality"], cost=drawn.y["cost"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        router = CausalRouter(20.0, knots="auto", random_state=0).fit(drawn.X, y)
    text = [f"<img src=http://example.org/{i}> \n" + "long " * 60 for i in range(400)]
    by = [HOSTILE[i % 3] + str(i % 25) for i in range(400)]
    return report(router, drawn.X, y, title="</title>" + HOSTILE[0], text=text, by=by)


@pytest.fixture(params=["logged", "full", "hostile"])
def page(request):
    return request.getfixturevalue(request.param)


def test_the_page_is_whole_and_by_itself(page):
    parsed = Page(page.html)
    assert page.html.startswith("<!DOCTYPE html>\n<html lang=")
    assert [a["id"].removeprefix("skroute-") for a in parsed.attributes("h2")] == SECTIONS
    labels = {attrs["aria-labelledby"] for attrs in parsed.attributes("section")}
    assert labels == {attrs["id"] for attrs in parsed.attributes("h2")}
    used = [a.get(key) for _, a in parsed.elements for key in ("src", "href", "srcset", "action")]
    assert all(link.startswith("data:") for link in used if link is not None)
    assert "url(" not in page.html
    assert "@import" not in page.html
    assert all(attrs["alt"] for attrs in parsed.attributes("img"))
    assert len(parsed.attributes("h1")) == 1


def test_labels_are_text(page):
    parsed = Page(page.html)
    names = {name for name, _ in parsed.elements}
    assert not names & {"script", "iframe", "object", "embed", "form", "i"}
    assert not any(key.startswith("on") for _, attrs in parsed.elements for key in attrs)
    assert all(attrs["src"].startswith("data:image/png") for attrs in parsed.attributes("img"))


def test_hostile_labels_are_shown_as_they_are(hostile):
    text = "".join(Page(hostile.html).text)
    assert all(name in text for name in HOSTILE)
    assert "<img src=http://example.org/" in text


def test_notebooks_show_a_part_of_the_page(page):
    fragment = page._repr_html_()
    assert Page(fragment).elements[0] == ("div", {"class": "skroute-report"})
    # Style within a notebook is that of the page alone.
    style = re.search(r"<style>(.*?)</style>", fragment, re.S).group(1)
    rules = [rule.strip() for rule in re.findall(r"([^{}]+)\{", style)]
    assert len(rules) > 20
    assert all(rule.startswith((".skroute-report", "@media")) for rule in rules)


def test_values_are_those_of_the_metrics(logged, router, held_out):
    known = evaluation_predictions(held_out.X, held_out.y, models=router.classes_)
    options = {"cost_sensitivity": 20.0, **known}
    choice = router.predict(held_out.X)
    assert logged.values["CausalRouter"] == policy_value(held_out.y, choice, **options)
    assert logged.values["CausalRouter"].value == pytest.approx(
        router.score(held_out.X, held_out.y)
    )
    difference = policy_difference(held_out.y, choice, None, **options)
    assert logged.differences["CausalRouter"] == difference
    assert "today's policy" not in logged.differences
    cells = table_of(logged, "Values at cost sensitivity 20")
    value = logged.values["CausalRouter"]
    row = cells["CausalRouter"]
    assert row[0] == f"{value.mean_quality:.3f}"
    assert row[1] == f"${1000 * value.mean_cost:.2f}"
    assert row[2].startswith(f"{value.value:.3f} <small>({value.low:.3f} to {value.high:.3f})")
    assert row[3].startswith(f"{difference.value:+.3f} ")
    assert row[4].startswith(f"${difference.dollars_per_thousand_queries[0]:.2f} ")
    assert list(cells)[1:] == ["today&#x27;s policy", *list(logged.values)[1:]]


def test_full_feedback_is_exact(full, router, held_out):
    best = max(held_out.models, key=lambda m: full.values[f"always {m}"].value)
    assert set(full.values) - set(full.differences) == {f"always {best}"}
    assert full.values["CausalRouter"].method == "exact"
    assert f"the best fixed model (always {best})" in full.html
    assert "budget" in full.html


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


def test_examples_gain_most(logged, router, held_out):
    utility = router.predict_quality(held_out.X) - 20.0 * router.predict_cost(held_out.X)
    log = np.searchsorted(held_out.models, held_out.y["model"])
    gain = utility.max(axis=1) - utility[np.arange(600), log]
    rows = list(table_of(logged, "Rows with the largest gain"))[1:]
    assert [int(row) for row in rows] == np.argsort(-gain, kind="stable")[:10].tolist()


def test_shares_at_the_cost_sensitivity(logged, router, held_out):
    cells = table_of(logged, "Shares by cost sensitivity")
    here = cells["cost sensitivity"].index("20 (here)")
    for name in held_out.models:
        share = (router.predict(held_out.X) == name).mean()
        assert cells[name][here] == f"{share:.1%}"


def test_another_cost_sensitivity(router, held_out):
    page = report(router, held_out.X, held_out.y_full, cost_sensitivity=5.0, n_examples=0)
    choice = router.predict(held_out.X, cost_sensitivity=5.0)
    expected = policy_value(held_out.y_full, choice, cost_sensitivity=5.0)
    assert page.values["CausalRouter"] == expected
    assert "Rows with the largest gain" not in page.html


def test_what_to_be_careful_about(hostile, logged):
    notes = "\n".join(hostile.notes)
    assert hostile.notes[0].startswith("Not held out. About 100% of the rows")
    assert "which flatters it: judge it by others" in hostile.html
    assert "100% of the rows have no recorded propensity" in notes
    assert not any(note.startswith("Not held out") for note in logged.notes)


def test_poor_overlap_is_noted(problem, router):
    few = problem.draw(40, random_state=3)
    notes = "\n".join(report(router, few.X, few.y).notes)
    assert "The log says little about CausalRouter: it rests on" in notes
    assert "The log says little about 3 of 3 fixed models" in notes


def test_clipped_propensities_are_noted(problem, router):
    rng = np.random.default_rng(0)
    X = problem.draw(1500, random_state=4).X
    # Nearly every query with a positive first feature went to one model.
    model = np.where((X[:, 0] > 0) ^ (rng.random(1500) < 0.003), "model_0", "model_2")
    y = logged_feedback(model, rng.random(1500), cost=np.full(1500, 1e-3))
    notes = "\n".join(report(router, X, y).notes)
    assert re.search(r"0\.\d% of all rows were clipped", notes)


def test_gold_and_unknown_models_are_noted(router, held_out):
    y = held_out.y
    model = np.where(np.arange(600) % 10 == 0, "newcomer", y["model"])
    gold = np.arange(600) % 2 == 0
    other = logged_feedback(
        model, y["quality"], propensity=y["propensity"], gold=gold, group=np.arange(600) // 3
    )
    page = report(router, held_out.X, other)
    notes = "\n".join(page.notes)
    assert "Only 300 of 600 rows have a gold quality" in notes
    assert "60 rows show models that the router does not know: newcomer" in notes
    assert "The table has no costs" in notes
    assert table_of(page, "Calls gained")["models unknown to the router"][:4] == [
        "60", "0", "0", "60",
    ]  # fmt: skip
    assert "independent groups" in page.html


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


class Embed(TransformerMixin, BaseEstimator):
    """Turns texts into vectors, as an embedding would."""

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        return np.array([[len(text), text.count("a"), text.count("e")] for text in X], float)


def test_pipelines_of_text(problem):
    rng = np.random.default_rng(0)
    text = ["ab e" * k for k in rng.integers(1, 200, 700)]
    pipeline = make_pipeline(Embed(), CausalRouter(20.0, random_state=0)).fit(text, problem.y)
    other = ["ab f" * k for k in rng.integers(1, 200, 300)]
    page = report(pipeline, other, problem.y[:300], text=other)
    assert "ab fab f" in page.html
    assert "Fit it with knots=&#x27;auto&#x27; to serve others" in page.html


def test_routers_without_predictions_or_range(problem, held_out):
    random = RandomRouter(random_state=0).fit(problem.X, problem.y)
    page = report(random, held_out.X, held_out.y_full)
    assert "has no frontier" in page.html
    budget = FixedBudgetRouter(CausalRouter(knots="auto", random_state=0), budget=0.002)
    budget.fit(problem.X, problem.y)
    page = report(budget, held_out.X, held_out.y_full)
    chosen = policy_value(
        held_out.y_full,
        budget.predict(held_out.X),
        cost_sensitivity=budget.budget_.cost_sensitivity,
    )
    assert page.values["FixedBudgetRouter"] == chosen


def test_it_repeats_and_is_saved(router, held_out, full, tmp_path):
    path = tmp_path / "page.html"
    again = report(router, held_out.X, held_out.y_full, budget=0.002, path=path)
    assert again.html == full.html
    assert path.read_text(encoding="utf-8") == full.html
    assert full.save(str(tmp_path / "other.html")) == tmp_path / "other.html"
    assert_allclose(again.values["CausalRouter"].value, full.values["CausalRouter"].value)


def test_what_is_refused(problem, router, held_out):
    X, y = held_out.X, held_out.y
    with pytest.raises(ValueError, match="n_examples must be at least 0"):
        report(router, X, y, n_examples=-1)
    with pytest.raises(ValueError, match=r"by must have shape \(600,\)"):
        report(router, X, y, by=["a"])
    with pytest.raises(ValueError, match=r"text must have shape \(600,\)"):
        report(router, X, y, text=["a"])
    with pytest.raises(ValueError, match="600"):
        report(router, X, y[:10])
    one = CausalRouter(20.0, random_state=0).fit(problem.X, problem.y)
    with pytest.raises(ValueError, match="not served"):
        report(one, X, y, cost_sensitivity=5.0)


def test_it_is_a_name_of_the_package():
    assert skroute.report is report
    assert callable(skroute.report)


BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium: one on the path, or playwright's own."""
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("playwright is not installed")
    from playwright.sync_api import Error, sync_playwright

    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-gpu"]
    with sync_playwright() as play:
        try:
            chromium = play.chromium.launch(
                executable_path=found, args=["--no-sandbox", "--disable-sync", *quiet]
            )
        except Error as error:
            pytest.skip(f"no Chromium could be started: {error}")
        yield chromium
        chromium.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_shows_it(browser, page, width, tmp_path):
    path = page.save(tmp_path / "page.html")
    tab = browser.new_page(viewport={"width": width, "height": 900})
    requests, complaints = [], []
    tab.on("request", lambda request: requests.append(request.url))
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("dialog", lambda dialog: complaints.append(dialog.message))
    tab.goto(path.as_uri())
    assert [url for url in requests if not url.startswith("data:")] == [path.as_uri()]
    assert complaints == []
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    shown = "Array.from(document.images, i => i.complete && i.naturalWidth > 0)"
    images = tab.evaluate(shown)
    assert all(images)
    assert len(images) >= 3
    tab.close()


@pytest.mark.parametrize("frames", ["pandas", "polars"])
def test_data_frames_and_numbers_as_labels(problem, held_out, frames):
    library = pytest.importorskip(frames)

    def log(part):
        number = np.searchsorted(part.models, part.y["model"]) + 10
        columns = {"model": number} | {n: part.y[n] for n in ("quality", "cost", "propensity")}
        return library.DataFrame(columns)

    def queries(part):
        return library.DataFrame({f"x{j}": part.X[:, j] for j in range(6)})

    router = CausalRouter(20.0, knots="auto", random_state=0).fit(queries(problem), log(problem))
    page = report(router, queries(held_out), log(held_out))
    alone = CausalRouter(20.0, random_state=0).fit(problem.X, problem.y)
    value = page.values["CausalRouter"].value
    assert value == pytest.approx(alone.score(held_out.X, held_out.y))
    assert list(page.values)[2:] == ["always 10", "always 11", "always 12"]


def test_a_policy_over_knots(problem, held_out):
    policy = skroute.RegretPolicyClassifier(max_iter=20, tol=1.0)
    router = CausalRouter(20.0, knots=[0.0, 20.0, 200.0], policy=policy, random_state=0)
    router.fit(problem.X, problem.y)
    page = report(router, held_out.X, held_out.y_full)
    cells = table_of(page, "Shares by cost sensitivity")
    here = cells["cost sensitivity"].index("20 (here)")
    for name in held_out.models:
        share = (router.predict(held_out.X) == name).mean()
        assert cells[name][here] == f"{share:.1%}"
