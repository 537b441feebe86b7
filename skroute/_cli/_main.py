"""``skroute``, or ``python -m skroute``: learn to route from logs, and show what it saves."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence

from threadpoolctl import threadpool_limits

from .._utils import printable
from ._explain import explain
from ._fit import fit
from ._monitor import watch
from ._options import parse
from ._progress import Progress
from ._refit import refit


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    progress = Progress()
    # Small matrices: one BLAS thread is as fast as many, and does not stall on a busy machine.
    with warnings.catch_warnings(), threadpool_limits(1, user_api="blas"):
        warnings.simplefilter("default", UserWarning)
        warnings.showwarning = progress.note
        try:
            if options.command == "explain":
                explain(options)
            elif options.command == "refit":
                refit(options, progress)
            elif options.command == "monitor":
                watch(options, progress)
            else:
                fit(options, progress)
        except (ValueError, OSError, ImportError) as error:
            words = printable(" ".join(str(error).split()))
            print(f"skroute: error: {words}", file=sys.stderr)
            return 2
    return 0
