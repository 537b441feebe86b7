"""Problems with a known truth, routing tables from files, and logs simulated from either.

=====================  =====================================================================
make_routing_problem   queries, feedback and the true expected outcomes behind them
make_gold_preference   few gold and many preference-based labels, and their true bias
load_routing_table     a table of every model's outcomes from .npz, CSV, JSON or Parquet
read_log               a log of LiteLLM, Langfuse and others, as queries and feedback
example_log            a log that comes with the package, to try things on
simulate_log           what a biased deployment would have logged of a full table
=====================  =====================================================================
"""

from .._logs import RoutingLog, read_log
from ._example_log import example_log
from ._files import resolve_features
from ._gold_preference import GoldPreferenceProblem, make_gold_preference
from ._logging import simulate_log
from ._synthetic import RoutingProblem, make_routing_problem
from ._tables import RoutingTable, load_routing_table

__all__ = [
    "GoldPreferenceProblem",
    "RoutingLog",
    "RoutingProblem",
    "RoutingTable",
    "example_log",
    "load_routing_table",
    "make_gold_preference",
    "make_routing_problem",
    "read_log",
    "simulate_log",
]
