"""One page that says what a router would change, what that is worth and how sure that is."""

from ._facts import share_clipped
from ._floor import QualityFloor
from ._gather import BASELINE, why_doubtful
from ._monitor import RoutingMonitor, monitor
from ._notes import Notes
from ._report import RoutingReport, report
from ._verdict import Verdict

__all__ = ["RoutingMonitor", "RoutingReport", "monitor", "report"]
