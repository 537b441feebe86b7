"""Work on numbered parts, shared out to a few threads that are kept between calls."""

import os
from collections import deque
from collections.abc import Callable
from threading import Lock, Thread


def share_out(work: Callable[[int, int], bool], n_parts: int, n_threads: int) -> bool:
    """Call ``work(first, last)`` until all parts are done; return whether it was always true.

    The calling thread works as well. Threads take the next few parts whenever they are done, and a
    helper that had no chance to start is not waited for: a busy machine costs speed-up, not time.
    """
    n_threads = min(n_threads, n_parts)
    if n_threads == 1:
        return work(0, n_parts)
    share = max(1, n_parts // (8 * n_threads))
    todo = deque(range(0, n_parts, share))

    def take() -> bool:
        good = True
        while True:
            try:
                first = todo.popleft()
            except IndexError:
                return good
            good &= work(first, min(first + share, n_parts))

    helpers = [_hire() for _ in range(n_threads - 1)]
    for helper in helpers:
        helper.begin(take)
    good = take()
    for helper in helpers:
        good &= helper.finish()
    _idle.extend(helpers)
    return good


class _Helper(Thread):
    """A thread that waits for work; starting one anew, or a Future, would take longer."""

    def __init__(self) -> None:
        super().__init__(name="skroute", daemon=True)
        self.begun, self.done = Lock(), Lock()
        self.begun.acquire()
        self.done.acquire()
        self.start()

    def run(self) -> None:
        while True:
            self.begun.acquire()
            try:
                self.result = self.work()
            finally:
                self.done.release()

    def begin(self, work: Callable[[], bool]) -> None:
        self.work, self.result = work, False
        self.begun.release()

    def finish(self) -> bool:
        """Return the result; True if the thread has not started, and now need not."""
        started = not self.begun.acquire(blocking=False)
        if started:
            self.done.acquire()
        del self.work  # and with it the arrays
        return not started or self.result


# Helpers that no call is using.
_idle: list[_Helper] = []


def _hire() -> _Helper:
    try:
        return _idle.pop()
    except IndexError:
        return _Helper()


if hasattr(os, "register_at_fork"):
    # Threads do not survive a fork: the child starts its own.
    os.register_at_fork(after_in_child=_idle.clear)
