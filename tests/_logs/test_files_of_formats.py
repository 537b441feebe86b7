"""Every format from files: recognized, read, and counted, as a user would have it."""

import csv
import json

import numpy as np
import pytest
from log_records import (
    STARTED,
    batch,
    battle,
    evaluation,
    judgement,
    log_batch,
    nested,
    paged,
    payload,
    printed,
    right_or_wrong,
    routerbench,
    score,
    spend,
    sprout,
    stored,
)

from skroute._logs import read_log


def write_lines(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def write_json(path, records):
    path.write_text(json.dumps(records, indent=1))
    return path


def write_csv(path, records):
    """Write a table as databases do: what is nested is JSON text, nothing is an empty cell."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(records[0]))
        writer.writeheader()
        for record in records:
            cells = {
                name: json.dumps(cell) if isinstance(cell, dict | list) else cell
                for name, cell in record.items()
            }
            writer.writerow(cells)
    return path


def write_parquet(path, records):
    """Write a table with objects in it; messages, whose contents differ in type, as JSON text."""
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [
        {**record, "messages": json.dumps(messages)} if isinstance(messages, list) else record
        for record in records
        for messages in [record.get("messages")]
    ]
    parquet.write_table(pytest.importorskip("pyarrow").Table.from_pylist(rows), path)
    return path


WRITERS = [
    pytest.param(write_lines, "log.jsonl", id="lines"),
    pytest.param(write_json, "log.json", id="json"),
    pytest.param(write_csv, "log.csv", id="csv"),
    pytest.param(write_parquet, "log.parquet", id="parquet"),
]
MODELS = ["openai/gpt-4o", "openai/gpt-4o-mini"]


def calls(make, identity, **names):
    """Eleven calls of two models, of which one failed, one came from a cache, one comes twice."""
    records = [
        make(
            **{
                identity: str(place),
                "model": MODELS[place % 2],
                "metadata": {"spend_logs_metadata": {"rating": 1 + place % 5, "propensity": 0.5}},
            }
        )
        for place in range(10)
    ]
    records[3]["status"] = "failure"
    records[4]["cache_hit"] = "True"
    return [*records, records[9]]


@pytest.mark.parametrize("make", [payload, spend])
@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_litellm(tmp_path, make, write, name):
    identity = "id" if make is payload else "request_id"
    log = read_log(write(tmp_path / name, calls(make, identity)))
    assert log.format == "litellm"
    assert len(log) == 8
    assert log.queries.tolist() == ["Why is the sky blue?"] * 8
    assert sorted(set(log.y["model"].tolist())) == MODELS
    assert log.y["quality"].tolist() == [0, 0.25, 0.5, 0, 0.25, 0.5, 0.75, 1]
    assert log.y["cost"].tolist() == [1.35e-05] * 8
    assert log.y["propensity"].tolist() == [0.5] * 8
    assert log.y["time"].tolist() == [STARTED] * 8
    assert log.columns["latency"].tolist() == [0.5] * 8
    assert log.columns["request_tags"].tolist() == ["batch, eu"] * 8
    for note in ("1 row left out: failed calls", "1 row left out: cache hits"):
        assert note in log.notes
    assert any("an answer with their id stands before them" in note for note in log.notes)


def observations(make):
    identity, model = {
        stored: ("id", "provided_model_name"),
        paged: ("id", "providedModelName"),
    }[make]
    return [make(**{identity: f"o{place}", model: MODELS[place % 2]}) for place in range(6)]


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_langfuse_in_two_files(tmp_path, write, name):
    scores = [
        score(id=str(place), observation_id=f"o{place % 6}", value=0.5, source=source)
        for place, source in enumerate(["ANNOTATION"] * 2 + ["EVAL"] * 6)
    ]
    first = write(tmp_path / f"observations_{name}", observations(stored))
    second = write(tmp_path / f"scores_{name}", scores)
    for paths in ([first, second], [second, first]):
        log = read_log(paths)
        assert log.format == "langfuse"
        assert sorted(set(log.y["model"].tolist())) == MODELS
        assert log.y["gold"].tolist() == [True, True, False, False, False, False]
        assert log.y["quality"].tolist() == [0.5] * 6
        assert np.isnan(log.y["preference"]).tolist() == [False, False, True, True, True, True]
        assert len(set(log.y["group"].tolist())) == 1


@pytest.mark.parametrize(("write", "name"), WRITERS[:3])
def test_langfuse_from_its_pages(tmp_path, write, name):
    log = read_log(write(tmp_path / name, observations(paged)), score={"helpfulness": (1, 5)})
    assert log.format == "langfuse"
    assert log.y["quality"].tolist() == [0.75] * 6
    assert log.y["cost"].tolist() == [0.003] * 6


@pytest.mark.parametrize(("write", "name"), WRITERS[:2])
def test_langfuse_traces(tmp_path, write, name):
    log = read_log(write(tmp_path / name, [nested()]))
    assert log.format == "langfuse"
    assert log.y["quality"].tolist() == [0.25]
    assert "1 row left out: observations that are no generations" in log.notes


@pytest.mark.parametrize(("write", "name"), WRITERS[:2])
def test_opentelemetry(tmp_path, write, name):
    spans = [batch(spanId=str(place + 1)) for place in range(4)]
    for place, record in enumerate(spans):
        span = record["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
        span["attributes"][4]["value"]["stringValue"] = f"chatcmpl-{place}"
    events = [log_batch(evaluation(), spanId=str(place + 1)) for place in range(2)]
    log = read_log(write(tmp_path / name, [*events, *spans]))
    assert log.format == "opentelemetry"
    assert log.y["model"].tolist() == ["gpt-4o"] * 4
    assert log.y["quality"][:2].tolist() == [0.5, 0.5]
    assert np.isnan(log.y["quality"][2:]).all()
    assert any("no costs" in note for note in log.notes)


def test_opentelemetry_as_it_is_printed(tmp_path):
    path = tmp_path / "spans.json"
    path.write_text("\n".join(json.dumps(printed(), indent=4) for _ in range(2)))
    log = read_log(path, prices={"gpt-4o": (1e-6, 2e-6)})
    assert log.format == "opentelemetry"
    assert log.y["cost"].tolist() == pytest.approx([5e-5])


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_routerbench_and_sprout(tmp_path, write, name):
    records = [routerbench(sample_id=str(place)) for place in range(3)]
    log = read_log(write(tmp_path / name, records))
    assert log.format == "routerbench"
    assert log.y["quality"]["large"].tolist() == [1.0] * 3
    assert log.y["cost"]["small/a"].tolist() == [0.001] * 3
    assert log.queries[0] == "Be brief.\nWhy is the sky blue?"
    prices = {"small": (1e-6, 1e-6), "large": (1e-5, 1e-5)}
    log = read_log(write(tmp_path / name, [sprout() for _ in range(3)]), prices=prices)
    assert log.format == "sprout"
    assert log.y["quality"]["large"].tolist() == [0.75] * 3
    assert log.y["cost"]["small"] == pytest.approx(np.full(3, 3e-5))


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_routellm(tmp_path, write, name):
    log = read_log(write(tmp_path / name, [right_or_wrong() for _ in range(3)]))
    assert log.format == "routellm"
    assert log.y["quality"]["large"].tolist() == [1.0] * 3
    log = read_log(write(tmp_path / name, [battle() for _ in range(3)]))
    assert log.format == "routellm"
    assert log.y["quality"]["large"].tolist() == [1.0] * 3
    assert not log.y["gold"].any()
    judged = [judgement(question_id=place % 3, model="ab"[place % 2]) for place in range(6)]
    log = read_log(write(tmp_path / name, judged), score={"score": (1, 10)})
    assert log.format == "routellm"
    assert log.y["quality"]["a"] == pytest.approx(np.full(3, 8 / 9))
