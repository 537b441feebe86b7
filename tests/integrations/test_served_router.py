"""A saved router that serves: what it draws, what it writes, and that it never fails."""

import threading

import joblib
import numpy as np
import pytest
from request_files import lines
from scipy.stats import chisquare
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skroute import CausalRouter
from skroute.datasets import make_routing_problem, read_log
from skroute.integrations import RequestLog, ServedRouter
from skroute.routers import Sample

PROBLEM = make_routing_problem(500, 4, 3, random_state=0)
ROUTER = make_pipeline(StandardScaler(), CausalRouter(1.0, random_state=0))
ROUTER.fit(PROBLEM.X, PROBLEM.y)
NAMES = PROBLEM.models.tolist()


@pytest.fixture
def path(tmp_path):
    joblib.dump(ROUTER, tmp_path / "router.joblib")
    return tmp_path / "router.joblib"


def answer_all(served, X, **options):
    for place, row in enumerate(X):
        decision = served.choose(row, **options)
        served.answered(decision, request_id=f"r{place}", cost=0.01)


def test_logged_propensities_are_those_that_were_drawn_from(path, tmp_path):
    n, X = 1500, np.tile(PROBLEM.X, (3, 1))
    options = {"exploration": 0.4, "floor": 0.1, "random_state": 0}
    with ServedRouter(path, fallback="model_0", log=tmp_path / "log", **options) as served:
        answer_all(served, X)
    log = read_log(tmp_path / "log")
    places = [int(name[1:]) for name in log.columns["request_id"]]
    probability = ROUTER[-1].exploration_proba(
        ROUTER[:-1].transform(X[places]), exploration=0.4, floor=0.1
    )
    chosen = np.searchsorted(NAMES, log.y["model"].astype(str))
    np.testing.assert_allclose(log.y["propensity"], probability[np.arange(n), chosen], rtol=1e-5)
    observed = np.bincount(chosen, minlength=3)
    assert chisquare(observed, probability.sum(axis=0)).pvalue > 0.01
    # By how likely each choice was as well: nothing else would see that queries were swapped.
    likely = probability[np.arange(n), probability.argmax(axis=1)]
    hits = chosen == probability.argmax(axis=1)
    for rows in np.array_split(np.argsort(likely), 3):
        expected = likely[rows].sum()
        counts = [hits[rows].sum(), len(rows) - hits[rows].sum()]
        assert chisquare(counts, [expected, len(rows) - expected]).pvalue > 0.01


def test_what_is_logged_can_be_fitted_on(path, tmp_path):
    log = RequestLog(tmp_path / "log")
    options = {"exploration": 0.5, "floor": 0.2, "random_state": 0}
    served = ServedRouter(path, fallback="model_0", log=log, **options)
    answer_all(served, PROBLEM.X)
    chosen = {line["request_id"]: line["model"] for line in lines(log.folder)}
    quality = PROBLEM.y_full["quality"]
    for place in np.random.default_rng(0).permutation(500)[:150]:
        name = f"r{place}"
        log.attach_quality(name, quality[chosen[name]][place], source="annotation")
    log.close()
    read = read_log(tmp_path / "log")
    assert np.isfinite(read.y["quality"]).sum() == 150
    order = np.argsort([int(name[1:]) for name in read.columns["request_id"]])
    embedded = ROUTER[:-1].transform(PROBLEM.X)
    np.testing.assert_allclose(read.features[order], embedded, rtol=1e-6)
    again = CausalRouter(random_state=0).fit(read.features, read.y)
    assert set(again.predict(embedded)) <= set(NAMES)


def test_models_that_are_not_up_are_not_chosen(path):
    served = ServedRouter(path, fallback="model_0", exploration=0.5, random_state=0)
    for available in (["model_1"], ["model_1", "model_2"], ["x/model_2", "unknown"]):
        for row in PROBLEM.X[:30]:
            decision = served.choose(row, available=available)
            assert decision.model in available
            assert decision.label in NAMES
            assert decision.fallback is None
        assert decision.propensity == 1 or len(available) > 1


def test_a_session_stays_with_the_model_that_answered_it(path):
    served = ServedRouter(path, fallback="model_0", exploration=0.0, switching_cost=1000.0)
    best = [served.choose(row).model for row in PROBLEM.X]
    assert len(set(best)) > 1
    first = served.choose(PROBLEM.X[0], session="s1")
    assert first.previous is None
    other = next(name for name in NAMES if name != first.model)
    served.answered(first, model=other)
    for row in PROBLEM.X[:50]:
        decision = served.choose(row, session="s1")
        assert decision.model == decision.previous == other
        served.answered(decision)
        assert served.choose(row, session="s2").previous is None
        assert served.choose(row, previous="x/model_2").model == "model_2"


def test_another_model_that_answered_has_no_propensity(path, tmp_path):
    with ServedRouter(path, fallback="model_0", log=tmp_path / "log") as served:
        decision = served.choose(PROBLEM.X[0], available=["openai/model_1"])
        served.answered(decision, model="model_1", cost=0.1)
        served.answered(decision, request_id="r2", model="openai/model_2", cost=0.1)
    log = read_log(tmp_path / "log")
    assert log.y["model"].tolist() == ["model_1", "model_2"]
    np.testing.assert_array_equal(log.y["propensity"], [1.0, np.nan])
    reason = "openai/model_2 answered in the place of openai/model_1"
    assert log.columns["fallback"].tolist() == [None, reason]


@pytest.mark.parametrize(
    ("query", "available", "model"),
    [
        ("a text for a router of numbers", None, "model_1"),
        ([1.0, 2.0], None, "model_1"),
        ([1.0, 2.0], ["model_2", "openai/model_1"], "openai/model_1"),
        ([1.0, 2.0], ["model_2", "model_0"], "model_2"),
        (PROBLEM.X[0], ["unknown"], "unknown"),
        (PROBLEM.X[0] * np.nan, None, "model_1"),
    ],
)
def test_whatever_goes_wrong_a_model_answers_and_the_log_says_why(
    path, tmp_path, caplog, query, available, model
):
    with ServedRouter(path, fallback="model_1", log=tmp_path / "log") as served:
        decision = served.choose(query, available=available)
        assert decision.model == model
        served.answered(decision, request_id="r1", cost=0.1)
    log = read_log(tmp_path / "log")
    assert log.columns["fallback"][0].startswith("ValueError: ")
    assert "propensity" not in log.y.dtype.names
    assert "\n" not in log.columns["fallback"][0]
    assert log.features is None or np.isfinite(log.features).all()
    assert "the router cannot choose" in caplog.text


def test_a_log_that_cannot_be_written_fails_no_request(path, tmp_path, caplog):
    (tmp_path / "log").write_text("a file where the folder should be")
    served = ServedRouter(path, fallback="model_1", log=tmp_path / "log")
    assert served.answered(served.choose(PROBLEM.X[0]), request_id="r1") == "r1"
    served.answered(served.choose(PROBLEM.X[0]), request_id="r2", cost=-1.0)
    assert "request r1 is not in the log" in caplog.text
    assert "request r2 is not in the log" in caplog.text


def test_texts_go_through_the_pipeline(tmp_path):
    texts = [f"query {place}" for place in range(500)]
    pipeline = make_pipeline(
        HashingVectorizer(n_features=64), TruncatedSVD(4), CausalRouter(random_state=0)
    ).fit(texts, PROBLEM.y)
    joblib.dump(pipeline, tmp_path / "router.joblib")
    options = {"fallback": "model_1", "log": RequestLog(tmp_path / "log", store_text=True)}
    with ServedRouter(tmp_path / "router.joblib", **options) as served:
        answer_all(served, texts[:10])
    log = read_log(tmp_path / "log")
    assert sorted(log.queries) == texts[:10]
    np.testing.assert_allclose(log.features, pipeline[:-1].transform(log.queries), rtol=1e-5)


def test_an_input_is_made_as_it_is_asked_for(path):
    served = ServedRouter(
        path, fallback="model_1", make_input=lambda text: np.full((1, 4), len(text)), random_state=0
    )
    decision = served.choose("four")
    assert decision.fallback is None
    np.testing.assert_allclose(decision.embedding, ROUTER[:-1].transform(np.full((1, 4), 4))[0])
    assert decision.query == "four"


def test_what_is_no_row_of_numbers_is_routed_but_not_embedded(path):
    served = ServedRouter(path, fallback="model_1")
    served._file._loaded = served._file._loaded._replace(steps=(), router=OfTexts())
    decision = served.choose("a text")
    assert (decision.model, decision.fallback, decision.embedding) == ("a", None, None)


class OfTexts:
    """A router that takes texts as they are."""

    classes_ = np.array(["a"], dtype=object)

    def sample(self, X, **options):
        assert X == ["a text"]
        return Sample(self.classes_, np.ones(1))


def test_the_fallback_answers_though_a_new_router_does_not_know_it(path):
    served = ServedRouter(path, fallback="model_1")
    served._file._loaded = served._file._loaded._replace(router=OfTexts())
    for available, model in ((None, "model_1"), (["a", "x/model_1"], "x/model_1")):
        decision = served.choose(PROBLEM.X[0], available=available)
        assert (decision.model, decision.label) == (model, model)
        assert decision.fallback


def test_draws_follow_from_the_seed(path):
    def draw(seed):
        served = ServedRouter(path, fallback="model_1", exploration=0.9, random_state=seed)
        return [served.choose(row).model for row in PROBLEM.X[:50]]

    assert draw(0) == draw(0) != draw(1)
    assert draw(None) != draw(None)


def test_sixteen_threads_choose_and_log_at_once(path, tmp_path):
    with ServedRouter(path, fallback="model_1", log=tmp_path / "log") as served:

        def work(thread):
            for place in range(20):
                row = PROBLEM.X[place]
                decision = served.choose(row, session=f"s{thread}")
                served.answered(decision, request_id=f"{thread}-{place}", cost=0.01)

        threads = [threading.Thread(target=work, args=(each,)) for each in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    log = read_log(tmp_path / "log")
    assert len(log) == 320
    assert "fallback" not in log.columns
    assert len(set(log.columns["group"])) == 16


def test_what_cannot_be_is_refused(path):
    with pytest.raises(ValueError, match=r"fallback must be one of \['model_0', .*got 'model_9'"):
        ServedRouter(path, fallback="model_9")
    with pytest.raises(TypeError, match=r"options are \['cost_sens.*got \['explore'\]"):
        ServedRouter(path, fallback="model_1", explore=0.1)
    with pytest.raises(ValueError, match="available must name a model"):
        ServedRouter(path, fallback="model_1").choose(PROBLEM.X[0], available=[])
