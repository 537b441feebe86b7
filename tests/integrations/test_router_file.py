"""A router's file that is replaced while it serves."""

import os
import threading
import time
from pathlib import Path

import joblib
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skroute.baselines import BestFixedModel
from skroute.datasets import make_routing_problem
from skroute.integrations._router_file import RouterFile, load

PROBLEM = make_routing_problem(100, 3, 3, random_state=0)
PATIENCE = 30.0


def make(cost_sensitivity):
    router = BestFixedModel(cost_sensitivity)
    return make_pipeline(StandardScaler(), router).fit(PROBLEM.X, PROBLEM.y)


def replace(path, router):
    """Put a router in the place of another, as whoever fits one should."""
    draft = path.with_suffix(".draft")
    joblib.dump(router, draft)
    # Of one moment and one size it would not be known as another.
    os.utime(draft, ns=(time.time_ns(), time.time_ns()))
    for _ in range(1000):
        try:
            os.replace(draft, path)
            return
        except PermissionError:  # of Windows, while somebody reads it
            time.sleep(0.001)
    os.replace(draft, path)


def wait_for(condition):
    ends = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.005)


@pytest.fixture
def path(tmp_path):
    replace(tmp_path / "router.joblib", make(0.0))
    return tmp_path / "router.joblib"


def test_a_file_that_is_replaced_is_read_again(path):
    file = RouterFile(path, check_seconds=0.0)
    before = file.current()
    assert file.current() is before
    replace(path, make(5.0))
    wait_for(lambda: file.current().version != before.version)
    after = file.current()
    assert after.router.cost_sensitivity == 5.0
    assert after.embedding_version == before.embedding_version
    assert after.version == load(path).version


def test_nobody_looks_before_it_is_time(path):
    file = RouterFile(path, check_seconds=1000.0)
    before = file.current()
    replace(path, make(5.0))
    os.remove(path)
    assert file.current() is before


@pytest.mark.parametrize("data", [b"", b"no router", None])
def test_what_is_no_router_changes_nothing_and_the_next_one_is_read(path, data, caplog):
    file = RouterFile(path, check_seconds=0.0)
    before = file.current()
    if data is None:
        os.remove(path)
    else:
        path.write_bytes(data)
    wait_for(lambda: file.current() and caplog.records)
    assert file.current() is before
    replace(path, make(5.0))
    wait_for(lambda: file.current() is not before)
    assert file.current().router.cost_sensitivity == 5.0


def test_a_broken_file_is_complained_of_once(path, caplog):
    file = RouterFile(path, check_seconds=0.0)
    path.write_bytes(b"no router")
    tries = []
    wait_for(lambda: tries.append(file.current()) or len(tries) > 200)
    wait_for(lambda: caplog.records)
    assert len(caplog.records) == 1


def test_sixteen_threads_go_on_predicting_while_the_file_is_replaced(path):
    file, stop, versions, failures = RouterFile(path, 0.0), threading.Event(), set(), []
    expected = {}

    def predict():
        while not stop.is_set():
            try:
                loaded = file.current()
                X = PROBLEM.X[:5]
                for step in loaded.steps:
                    X = step.transform(X)
                versions.add((loaded.version, *loaded.router.predict(X).tolist()))
            except Exception as error:
                failures.append(error)
                return

    threads = [threading.Thread(target=predict) for _ in range(16)]
    for thread in threads:
        thread.start()
    for cost_sensitivity in (1000.0, 5.0, 0.0):
        replace(path, make(cost_sensitivity))
        version = load(path).version
        expected[version] = make(cost_sensitivity).predict(PROBLEM.X[:5]).tolist()
        wait_for(lambda wanted=version: any(wanted == each[0] for each in versions) or failures)
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    # Each choice is that of a whole router, of one version.
    assert len({version for version, *_ in versions}) == len(versions)
    for version, *labels in versions:
        assert labels == expected.get(version, labels)
    assert len(expected) == 3


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (b"no router", "router.joblib: is not a router that joblib saved"),
        ({"a": 1}, "router.joblib: holds a dict, which is no fitted router"),
        (BestFixedModel(), "router.joblib: holds a BestFixedModel, which is no fitted router"),
    ],
)
def test_there_must_be_a_router_at_first(path, what, message):
    if isinstance(what, bytes):
        path.write_bytes(what)
    else:
        joblib.dump(what, path)
    with pytest.raises(ValueError, match=message):
        RouterFile(path, 1.0)
    with pytest.raises(FileNotFoundError):
        RouterFile(Path(path.parent / "none"), 1.0)


def test_versions_are_those_of_what_is_in_the_file(path):
    bare = BestFixedModel().fit(PROBLEM.X, PROBLEM.y)
    joblib.dump(bare, path)
    assert load(path).embedding_version is None
    wider = make_pipeline(StandardScaler(with_mean=False), bare).fit(PROBLEM.X, PROBLEM.y)
    embeddings = []
    for router in (make(0.0), make(5.0), wider):
        joblib.dump(router, path)
        embeddings.append(load(path).embedding_version)
    assert embeddings[0] == embeddings[1] != embeddings[2]
