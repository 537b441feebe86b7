"""The log of a router that serves: what is written, by whom, and what is left after a crash."""

import gzip
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from request_files import lines

import skroute
from skroute.datasets import read_log
from skroute.integrations import RequestLog

# Writes numbered requests until it is killed, or `count` of them; says so after every line.
WRITER = """
import sys
from skroute.integrations import RequestLog
folder, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
log = RequestLog(folder, max_bytes=20_000)
for place in range(count):
    log.append(f"{name}{place}", "small", propensity=0.5, embedding=[place, 1.0], time=place)
    print(place, flush=True)
"""


def start_writer(folder, name, count):
    environment = {**os.environ, "PYTHONPATH": str(Path(skroute.__file__).parents[1])}
    command = [sys.executable, "-c", WRITER, str(folder), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def fill(log, count=3, **changed):
    for place in range(count):
        log.append(f"r{place}", "small", **{"embedding": [place, 0.1], "time": place, **changed})


def test_all_that_is_appended_is_read(tmp_path):
    with RequestLog(tmp_path) as log:
        log.append(
            "r1",
            "small",
            propensity=0.25,
            query="Why?",
            embedding=[0.1, -2.0],
            embedding_version="e1",
            cost=0.002,
            input_tokens=10,
            output_tokens=20,
            latency=0.5,
            session="s1",
            previous="large",
            router_version="v1",
            time=1.7e9,
        )
        more = {"embedding": [0.0, 1.0], "embedding_version": "e1", "cost": 0.01}
        log.append("r2", "large", fallback="timeout", **more)
        log.attach_quality("r1", True, source="thumbs")
    read = read_log(tmp_path)
    assert read.format == "skroute"
    assert read.y["model"].tolist() == ["small", "large"]
    np.testing.assert_array_equal(read.y["quality"], [1.0, np.nan])
    np.testing.assert_array_equal(read.y["propensity"], [0.25, np.nan])
    np.testing.assert_array_equal(read.y["gold"], [False, False])
    np.testing.assert_array_equal(read.features, np.float32([[0.1, -2.0], [0.0, 1.0]]))
    assert read.queries.tolist() == [None, None]
    assert read.y["time"][0] == 1.7e9
    assert read.columns["latency"][0] == 0.5
    assert read.columns["input_tokens"][0] == 10
    assert read.columns["group"].tolist() == ["s1", None]
    for name, value in (("request_id", "r1"), ("previous", "large"), ("router_version", "v1")):
        assert read.columns[name][0] == value
    assert read.columns["fallback"].tolist() == [None, "timeout"]


def test_text_is_written_on_request_alone(tmp_path):
    for store_text in (False, True):
        folder = tmp_path / str(store_text)
        with RequestLog(folder, store_text=store_text) as log:
            log.append("r1", "small", query="a secret")
        written = next(folder.iterdir()).read_text()
        assert ("a secret" in written) == store_text
        assert read_log(folder).queries.tolist() == ["a secret" if store_text else None]


def test_the_hash_tells_queries_apart_and_depends_on_its_key(tmp_path):
    hashes = []
    for key in (b"", b"key"):
        with RequestLog(tmp_path / f"of{key!r}", hash_key=key) as log:
            for query in ("Why?", "Why?", "How?"):
                log.append(str(len(hashes)), "small", query=query)
        hashes += [line["query_hash"] for line in lines(log.folder)]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 4


def test_embeddings_may_be_left_out(tmp_path):
    with RequestLog(tmp_path, store_embedding=False) as log:
        log.append("r1", "small", embedding=[1.0], embedding_version="e1")
    assert "embedding" not in lines(tmp_path)[0]
    assert read_log(tmp_path).features is None


def test_files_are_rotated_by_size_and_none_is_too_long(tmp_path):
    with RequestLog(tmp_path, max_bytes=500) as log:
        fill(log, 20)
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) > 3
    assert max(sizes) <= 500
    assert sorted(read_log(tmp_path).y["time"]) == list(range(20))


def test_closed_files_may_be_packed_or_written_as_parquet(tmp_path):
    with RequestLog(tmp_path, max_bytes=500) as log:
        fill(log, 20)
        log.append("last", "large", fallback="timeout", cost=0.1)
        log.attach_quality("r3", 1.0, source="judge")
    expected = read_log(tmp_path)
    files = sorted(tmp_path.glob("*.jsonl"))
    for file in files[1::2]:
        records = map(json.loads, file.read_text().splitlines())
        pd.DataFrame(records).to_parquet(file.with_suffix(".parquet"))
        file.unlink()
    files[0].with_suffix(".jsonl.gz").write_bytes(gzip.compress(files[0].read_bytes()))
    files[0].unlink()
    found = read_log(tmp_path)
    assert found.y.dtype == expected.y.dtype
    for name in found.y.dtype.names:
        np.testing.assert_array_equal(found.y[name], expected.y[name])
    np.testing.assert_array_equal(found.features, expected.features)
    assert found.columns["request_id"].tolist() == expected.columns["request_id"].tolist()
    assert found.notes == expected.notes


def test_a_log_that_was_closed_goes_on_in_a_new_file(tmp_path):
    log = RequestLog(tmp_path)
    log.append("r1", "small")
    log.close()
    log.append("r2", "small")
    log.close()
    assert len(list(tmp_path.iterdir())) == 2
    assert len(read_log(tmp_path)) == 2


def test_nothing_is_made_before_the_first_line(tmp_path):
    with RequestLog(tmp_path / "log") as log:
        pass
    assert not log.folder.exists()
    assert repr(log) == f"RequestLog({str(tmp_path / 'log')!r})"


def test_threads_share_a_file_and_tear_no_line(tmp_path):
    with RequestLog(tmp_path) as log:

        def write(thread):
            for place in range(100):
                log.append(f"{thread}-{place}", "small", embedding=np.ones(500))

        threads = [threading.Thread(target=write, args=(each,)) for each in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(list(tmp_path.iterdir())) == 1
    assert len({line["request_id"] for line in lines(tmp_path)}) == 800


def test_processes_write_one_log_while_another_reads_it(tmp_path):
    writers = [start_writer(tmp_path, name, 400) for name in "ab"]
    for writer in writers:
        writer.stdout.readline()
    seen = 0
    while any(writer.poll() is None for writer in writers):
        found = len(read_log(tmp_path))
        assert found >= seen
        seen = found
        for writer in writers:  # which would stop if nobody took what they say
            writer.stdout.readline()
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    read = read_log(tmp_path)
    assert len(read) == len(set(read.columns["request_id"])) == 800
    assert not any("cut off" in note for note in read.notes)


def test_a_killed_process_loses_no_line_but_the_last(tmp_path):
    writer = start_writer(tmp_path, "a", 10**9)
    for _ in range(300):
        said = int(writer.stdout.readline())
    writer.kill()
    for line in writer.communicate()[0].splitlines(keepends=True):
        said = int(line) if line.endswith("\n") else said
    identities = read_log(tmp_path).columns["request_id"].tolist()
    assert identities == [f"a{place}" for place in range(len(identities))]
    assert len(identities) > said


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_writes_a_file_of_its_own(tmp_path):
    log = RequestLog(tmp_path)
    log.append("parent", "small")
    child = os.fork()
    if not child:
        log.append("child", "small")
        os._exit(0)
    os.waitpid(child, 0)
    log.append("parent again", "small")
    log.close()
    assert len(list(tmp_path.iterdir())) == 2
    assert len(read_log(tmp_path)) == 3


def test_after_a_write_that_failed_a_new_file_is_begun(tmp_path, monkeypatch):
    log, write = RequestLog(tmp_path), os.write
    log.append("r1", "small")

    room = [10, 0]

    def write_to_full_disk(file, line):
        if not (left := room.pop(0)):
            raise OSError(28, "No space left on device")
        return write(file, line[:left])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write_to_full_disk)
        with pytest.raises(OSError, match="No space"):
            log.append("r2", "small")
    log.append("r3", "small")
    log.close()
    read = read_log(tmp_path)
    assert read.columns["request_id"].tolist() == ["r1", "r3"]
    assert "1 row left out: cut off or broken at the end of the file" in read.notes


def test_a_write_that_takes_a_part_is_completed(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, line: write(file, line[:7]))
    with RequestLog(tmp_path) as log:
        fill(log)
    assert len(read_log(tmp_path)) == 3


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"propensity": 0.0}, "propensity must be above 0"),
        ({"propensity": 1.5}, "propensity must be above 0"),
        ({"cost": -1.0}, "cost must be a finite number of at least 0, got -1.0"),
        ({"latency": np.inf}, "latency must be a finite number"),
        ({"embedding": [1.0, np.nan]}, "embedding must have finite numbers"),
    ],
)
def test_numbers_that_cannot_be_are_refused_and_nothing_is_written(tmp_path, changed, message):
    with RequestLog(tmp_path / "log") as log, pytest.raises(ValueError, match=message):
        log.append("r1", "small", **changed)
    assert not log.folder.exists()


def test_numbers_that_are_missing_may_be_nan(tmp_path):
    with RequestLog(tmp_path) as log:
        log.append("r1", "small", cost=np.nan, propensity=np.nan)
    assert not {"cost", "propensity"} & lines(tmp_path)[0].keys()


def test_qualities_of_all_sources_are_joined(tmp_path):
    with RequestLog(tmp_path) as log:
        fill(log, 4)
        log.attach_quality("r0", 1.0, source="annotation")
        log.attach_quality("r0", 0.25, source="judge")
        log.attach_quality("r1", 0.5, source="judge", time=2.0)
        log.attach_quality("r1", 0.75, source="judge", time=1.0)
        log.attach_quality("r2", 0.0, source="expert 1", gold=True)
        log.attach_quality("r2", 1.0, source="expert 2", gold=True)
        log.attach_quality("unknown", 1.0, source="thumbs")
    read = read_log(tmp_path)
    np.testing.assert_array_equal(read.y["quality"], [1.0, 0.5, 0.5, np.nan])
    np.testing.assert_array_equal(read.y["preference"], [0.25, np.nan, np.nan, np.nan])
    assert read.y["gold"].tolist() == [True, False, True, False]
    assert "1 row left out: qualities of requests that are not in the log" in read.notes


@pytest.mark.parametrize(
    ("quality", "options", "message"),
    [
        (np.nan, {"source": "judge"}, "quality must be a finite number, got nan"),
        (1.0, {"source": "expert"}, "source must be one of .*'annotation'"),
    ],
)
def test_qualities_that_cannot_be_are_refused(tmp_path, quality, options, message):
    with pytest.raises(ValueError, match=message):
        RequestLog(tmp_path).attach_quality("r1", quality, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"max_bytes": 0}, "max_bytes must be at least 1"), ({"hash_key": b"0" * 65}, "hash_key")],
)
def test_options_that_cannot_be_are_refused(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        RequestLog(tmp_path, **options)
