"""Answers put together into a log, without a file."""

from skroute._logs._answer import LeftOut
from skroute._logs._assemble import assemble
from skroute._logs._gather import Counted, gather


def gathered(answers, left_out=None):
    records = Counted(answers)
    return gather(iter(records), records, LeftOut() if left_out is None else left_out)


def log_of(answers, *, full=False, left_out=None, **options):
    left_out = LeftOut() if left_out is None else left_out
    defaults = {"columns": {}, "prices": None, "aliases": None, "score": None}
    return assemble(
        gathered(answers, left_out),
        left_out,
        format="fake",
        full=full,
        **{**defaults, "price_per_second": 0.0, **options},
    )
