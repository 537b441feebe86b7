"""Routers that serve, and the log of what they chose.

==========  ===================================================================================
RequestLog  a folder of JSON lines: every answer, its propensity, and what was thought of it
==========  ===================================================================================
"""

from ._request_log import RequestLog

__all__ = ["RequestLog"]
