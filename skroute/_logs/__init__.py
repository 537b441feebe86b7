"""Logs of deployments, in the formats that gateways and tracers write."""
