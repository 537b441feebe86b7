import numpy as np

from skroute.metrics import _memory
from skroute.metrics._memory import ArrayMemory


def test_it_computes_once_and_by_content():
    calls = []

    def compute():
        calls.append(1)
        return (np.zeros(3),)

    memory = ArrayMemory()
    first = memory.recall(compute, np.arange(5), None)
    assert memory.recall(compute, np.arange(5), None) is first
    assert len(calls) == 1
    memory.recall(compute, np.arange(5.0), None)
    memory.recall(compute, np.arange(5), np.zeros(1))
    assert len(calls) == 3
    memory.clear()
    memory.recall(compute, np.arange(5), None)
    assert len(calls) == 4


def test_results_are_read_only():
    (array,) = ArrayMemory().recall(lambda: (np.zeros(3),), 1)
    assert not array.flags.writeable


def test_the_oldest_are_forgotten(monkeypatch):
    monkeypatch.setattr(_memory, "_MOST_BYTES", 100)
    memory, calls = ArrayMemory(), []

    def ask(name):
        memory.recall(lambda: (calls.append(name) or np.zeros(5),), name)

    for name in "ababcab":
        ask(name)
    # Two of 40 bytes fit; "c" drives out "a", "a" drives out "b".
    assert "".join(calls) == "abcab"
    memory.recall(lambda: (np.zeros(50),), "large")
    ask("b")
    assert "".join(calls) == "abcabb"


def test_it_keeps_64_megabytes():
    memory, calls = ArrayMemory(), []
    half = np.broadcast_to(np.zeros(1), 2**22)  # 32 MB by its count of bytes, 8 in truth
    for name in "abab":
        memory.recall(lambda name=name: (calls.append(name) or half,), name)
    assert "".join(calls) == "ab"
    memory.recall(lambda: (np.zeros(1),), "c")
    memory.recall(lambda: (calls.append("a") or half,), "a")
    assert "".join(calls) == "aba"
