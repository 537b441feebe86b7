"""Columns of a log that a router might use and does not."""

import json

import numpy as np
from command_runs import run
from log_records import payload

from skroute._cli._unused import unused_columns

N = 60


def of(**columns):
    return unused_columns({name: np.asarray(part, dtype=object) for name, part in columns.items()})


def test_what_may_tell_queries_apart_is_named():
    rng = np.random.default_rng(0)
    told = {
        "customer": rng.choice(["a", "b"], N),
        "metadata.tenant": [f"tenant {k % 3}" for k in range(N)],
        "characters": rng.random(N),
        "context": [f"some words {k}" for k in range(N)],
        "paid": [True, False] * (N // 2),
        "valid": [None, 1] * (N // 2),
    }
    assert of(**told) == list(told)


def test_what_was_used_names_rows_or_is_all_alike_is_not():
    numbers = [str(k) for k in range(N)]
    columns = {
        "latency": numbers,
        "label:stars": numbers,
        "request_id": numbers,
        "user_id": [k % 7 for k in range(N)],
        "traceId": numbers,
        "id": numbers,
        "ID": numbers,
        "uuid": numbers,
        "reference": [f"r-{k}" for k in range(N)],
        "index": range(N),
        "row": np.arange(N) * 2.0,
        "logged": [f"{1.7e9 + k:.1f}" for k in range(N)],
        "environment": ["production"] * N,
        "empty": [None] * N,
    }
    assert of(**columns) == []


def test_labels_beside_a_call_and_ids_are_no_loss(tmp_path, capsys):
    rng, path = np.random.default_rng(0), tmp_path / "log.jsonl"
    calls = []
    for k in range(120):
        beside = {"rating": int(rng.integers(1, 6)), "propensity": 0.5, "gold": True}
        calls.append(
            payload(
                id=f"c{k}",
                trace_id=f"t{k}",
                model=["small", "large"][k % 2],
                messages=[{"role": "user", "content": f"Why is {k % 9} odd?"}],
                metadata={"spend_logs_metadata": {**beside, "tenant": f"t{k % 3}"}},
            )
        )
    path.write_text("\n".join(map(json.dumps, calls)))
    _, notes = run(capsys, "--log", path)
    (note,) = (note for note in notes if "not used" in note)
    assert note.startswith("columns that are not used: metadata.spend_logs_metadata.tenant; ")
