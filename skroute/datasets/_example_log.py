"""The log that comes with the package."""

from __future__ import annotations

from pathlib import Path


def example_log() -> Path:
    """Return the path of a log that comes with the package, to try things on.

    A CSV file of 1,200 made-up answers of four models to the prompts of a support desk, with time,
    session, thumbs for most of them, tokens, cost in dollars and latency in seconds. As in a real
    deployment the strong model got most of the hard prompts.

    Returns
    -------
    path : Path

    Examples
    --------
    >>> from skroute.datasets import example_log, read_log
    >>> read_log(example_log()).queries[0]
    'Where do I find my invoice?'
    """
    return Path(__file__).parent / "data" / "example_log.csv"
