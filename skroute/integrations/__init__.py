"""Routers that serve, and the log of what they chose.

============  ==================================================================================
ServedRouter  a saved router that chooses for one query at a time, explores, and never fails
Decision      what it decides
RequestLog    a folder of JSON lines: every answer, its propensity, and what was thought of it
============  ==================================================================================

`skroute.integrations.litellm` serves the same behind LiteLLM (the extra ``litellm``).
"""

from ._decision import Decision
from ._request_log import RequestLog
from ._served_router import ServedRouter

__all__ = ["Decision", "RequestLog", "ServedRouter"]
