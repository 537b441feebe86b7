"""What a choice and its line in the log need of requests and deployments of LiteLLM.

Nothing of LiteLLM is imported here: these are its dicts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._decision import Decision

# What a decision is called in the metadata of its request, and where metadata are.
KEY, _SIGNALS = "skroute", "routing_plugin_signals"
METADATA = ("litellm_metadata", "metadata")
_SESSIONS = ("session_id", "litellm_session_id")
# Filled where LiteLLM has no price for what it served: a cost of 0 is none then.
_NO_PRICE = ("response_cost_failure_debug_info", "zero_cost_diagnostic")


def as_carried(decision: Decision) -> dict[str, Any]:
    return {
        "decision": decision.id,
        "propensity": None if decision.fallback else decision.propensity,
        "router_version": decision.router_version,
        "fallback": decision.fallback,
    }


def carried_by(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a request carries of the decision that was made last for it."""
    for metadata in _metadata(request):
        for place in (metadata, metadata.get(_SIGNALS)):
            if isinstance(place, Mapping) and isinstance(place.get(KEY), Mapping):
                return place[KEY]
    return {}


def untried(deployments: list[Any], request: Mapping[str, Any]) -> list[Any]:
    """Return the deployments that did not fail for a request yet; all, if that is none."""
    failed = failed_before(request, "deployment_id")
    return [each for each in deployments if id_of(each) not in failed] or deployments


def failed_before(request: Mapping[str, Any], what: str) -> set[str]:
    """Return what LiteLLM notes of the attempts of a request before this one."""
    attempts = [
        each
        for metadata in _metadata(request)
        for each in metadata.get("previous_models") or ()
        if isinstance(each, Mapping)
    ]
    return {str(each.get(what)) for each in attempts}


def session_of(request: Mapping[str, Any]) -> str | None:
    for place in (*_metadata(request), request):
        for name in _SESSIONS:
            if place.get(name):
                return str(place[name])
    return None


def _metadata(request: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [request[name] for name in METADATA if isinstance(request.get(name), Mapping)]


def name_of(deployment: Any) -> str:
    return str(deployment["litellm_params"]["model"])


def id_of(deployment: Any) -> str:
    return str(deployment["model_info"]["id"])


def not_cooling(router: Any, group: str) -> list[Any]:
    """Return the deployments of a group that do not cool down after failures; all, if none is."""
    known = router.registry().deployments(group) or []
    ids = [id_of(each) for each in known]
    cooling = {name for name, _ in router.health().cooldowns.get_active_cooldowns(ids, None)}
    return [each for each in known if id_of(each) not in cooling] or known


def cost_of(payload: Mapping[str, Any], kwargs: Mapping[str, Any]) -> float | None:
    cost = payload.get("response_cost")
    unknown = any(payload.get(name) or kwargs.get(name) for name in _NO_PRICE)
    return None if not cost and unknown else cost


def latency_of(payload: Mapping[str, Any]) -> float | None:
    started, ended = payload.get("startTime"), payload.get("endTime")
    return None if started is None or ended is None else max(ended - started, 0.0)
