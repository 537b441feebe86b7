"""One page that says what a router would change, what that is worth and how sure that is."""

from ._notes import Notes
from ._report import RoutingReport, report

__all__ = ["RoutingReport", "report"]
