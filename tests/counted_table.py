"""A log that tells how often it was read."""

from collections import Counter


class CountedTable:
    """A table that counts how often each of its columns is read."""

    def __init__(self, y):
        self.y, self.columns, self.read = y, list(y.dtype.names), Counter()

    def to_numpy(self):
        raise NotImplementedError

    def __getitem__(self, name):
        self.read[name] += 1
        return self.y[name]
