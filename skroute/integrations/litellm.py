"""A saved router behind LiteLLM's Router and proxy. Needs the extra ``litellm``.

===============  ===============================================================================
serve            installs a strategy and the callback that logs, in one line
RoutingStrategy  picks the deployment of every request of a model group
RoutingPlugin    the same as a plugin: leaves one model, of whose deployments LiteLLM picks one
request_logger   writes the log of what was answered
===============  ===============================================================================

All deployments of one model group, such as ``auto``, are candidates. The router knows them by their
``litellm_params.model``, with or without the provider's prefix; those that are down or cooling down
are excluded, and so is, when a request is tried again, what failed before.
"""

from __future__ import annotations

import asyncio
import logging
import random
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .._logs import query_of
from ._decision import Decision
from ._litellm_requests import (
    KEY,
    METADATA,
    as_carried,
    carried_by,
    cost_of,
    failed_before,
    latency_of,
    name_of,
    not_cooling,
    session_of,
    untried,
)
from ._pending import Pending
from ._served_router import ServedRouter

__all__ = ["RoutingPlugin", "RoutingStrategy", "request_logger", "serve"]

_logger = logging.getLogger("skroute")
_N_THREADS = 16
_PROXY = "litellm.proxy.proxy_server"
# One for the process: LiteLLM's proxy may load a module of the user's twice, so that plugin and
# callback are not of one served router.
_pending = Pending()


def serve(
    router: Any,
    served: ServedRouter | str | Path,
    *,
    group: str = "auto",
    timeout: float = 1.0,
    **options: Any,
) -> RoutingStrategy:
    """Let a saved router pick the model of every request of a group, and log the answers.

    Parameters
    ----------
    router : litellm.Router
        With all candidates as deployments of one `group`. It should try again at least once
        (``num_retries``), so that an outage fails no request.
    served : ServedRouter, str or Path
        The router, or its file.
    group : str, default="auto"
        Name of the model group; of other groups a deployment that is up is picked at random.
    timeout : float, default=1.0
        Seconds after which the fallback answers a request for which there is no choice yet.
    **options
        Of `ServedRouter`, where its file is given: ``fallback``, ``log`` and so on.

    Returns
    -------
    strategy : RoutingStrategy
        ``strategy.served`` is the router.

    Raises
    ------
    ImportError
        If litellm is not installed.

    Examples
    --------
    .. code-block:: python

        router = litellm.Router(model_list=[...])  # of which the model_name is "auto"
        serve(router, "router.joblib", fallback="openai/gpt-4o", log="log/")
        answer = await router.acompletion("auto", messages)
        # answer.id is the request id, by which quality is attached
    """
    if not isinstance(served, ServedRouter):
        served = ServedRouter(served, **options)
    elif options:
        raise ValueError(f"options of a router's file, but a ServedRouter was given: {options}")
    strategy = RoutingStrategy(served, router, group=group, timeout=timeout)
    router.register_plugin(strategy)
    _litellm().logging_callback_manager.add_litellm_callback(request_logger())
    return strategy


class _Chooser:
    """Choices for requests that come through LiteLLM.

    A request carries the id of its decision; the rest stays here, out of reach of whoever else
    reads metadata.
    """

    def __init__(self, served: ServedRouter, group: str, timeout: float) -> None:
        self.served, self.group, self.timeout = served, group, timeout
        # Its own: a router that hangs takes no thread from others.
        self._threads = ThreadPoolExecutor(_N_THREADS, thread_name_prefix="skroute")

    def _choose_now(
        self, messages: Any, names: Iterable[str], request: Mapping[str, Any]
    ) -> Decision:
        """Return a decision among models that are up."""
        query, session = query_of(messages) or "", session_of(request)
        return self.served.choose(query, available=names, session=session)

    async def _choose(
        self, messages: Any, names: list[str], request: Mapping[str, Any]
    ) -> Decision:
        """Do the same in a thread, so that other requests go on, within `timeout` seconds."""
        try:
            loop, work = asyncio.get_running_loop(), self._choose_now
            choice = loop.run_in_executor(self._threads, work, messages, names, request)
            return await asyncio.wait_for(choice, self.timeout)
        except TimeoutError:
            known = {"query": query_of(messages) or "", "session": session_of(request)}
            reason = f"no choice within {self.timeout:g} seconds"
            return self.served.not_chosen(reason, names, **known)

    def _carried(self, decision: Decision) -> dict[str, Any]:
        """Return what a request is to carry of a decision, and keep the rest."""
        _pending.put(self.served, decision)
        return as_carried(decision)


class RoutingStrategy(_Chooser):
    """What ``router.register_plugin`` of a `litellm.Router` takes: it picks every deployment.

    Parameters
    ----------
    served : ServedRouter
    router : litellm.Router
    group, timeout
        As in `serve`, which makes one and registers it.
    """

    def __init__(
        self, served: ServedRouter, router: Any, *, group: str = "auto", timeout: float = 1.0
    ) -> None:
        super().__init__(served, group, timeout)
        self.router = router

    async def async_get_available_deployment(
        self,
        model: str,
        messages: Any = None,
        input: Any = None,
        specific_deployment: bool | None = False,
        request_kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Pick a deployment; LiteLLM raises where none is up."""
        request = {} if request_kwargs is None else request_kwargs
        up = await self.router.select(model, request, kind="healthy", messages=messages)
        if not isinstance(up, list):
            return up  # a certain deployment was asked for
        up = untried(up, request)
        if model != self.group:
            return random.choice(up)
        decision = await self._choose(messages or input, list(map(name_of, up)), request)
        return self._pick(up, request, decision)

    def get_available_deployment(
        self,
        model: str,
        messages: Any = None,
        input: Any = None,
        specific_deployment: bool | None = False,
        request_kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Pick a deployment where nobody can wait: for ``router.completion``."""
        request = {} if request_kwargs is None else request_kwargs
        up = untried(not_cooling(self.router, model), request)
        if model != self.group:
            return random.choice(up)
        decision = self._choose_now(messages or input, map(name_of, up), request)
        return self._pick(up, request, decision)

    def _pick(self, up: list[Any], request: dict[str, Any], decision: Decision) -> Any:
        """Return a deployment of the model that was decided for; the request carries the id."""
        name = next((name for name in METADATA if isinstance(request.get(name), dict)), "metadata")
        # Not in the caller's own dict, which may go with other requests.
        request[name] = {**(request.get(name) or {}), KEY: self._carried(decision)}
        return random.choice([each for each in up if name_of(each) == decision.model])


class RoutingPlugin(_Chooser):
    """What ``litellm.Router(plugins=[...])`` and the proxy's ``router_settings.plugins`` take.

    LiteLLM's own strategy picks among the deployments of the model that is chosen. Plugins work for
    asynchronous calls alone.

    Parameters
    ----------
    served : ServedRouter
    group, timeout
        As in `serve`; requests of other groups pass through.
    router : litellm.Router, default=None
        Of which models that cool down are excluded; set it when the router is made. None: the
        proxy's, where there is one.
    """

    def __init__(
        self,
        served: ServedRouter,
        *,
        group: str = "auto",
        timeout: float = 1.0,
        router: Any = None,
    ) -> None:
        super().__init__(served, group, timeout)
        self.router = router

    async def run(self, context: Any) -> Any:
        """Leave one candidate, and say in the signals what was decided."""
        names, request = list(context.candidate_models), {"metadata": context.metadata}
        if context.metadata.get("model_group") != self.group or not names:
            return context
        failed = failed_before(request, "model")
        up = [name for name in self._up(names) if name not in failed] or names
        decision = await self._choose(context.structured_messages, up, request)
        context.candidate_models = [decision.model]
        context.signals[KEY] = self._carried(decision)
        return context

    def _up(self, names: list[str]) -> list[str]:
        """Return candidates of which a deployment is not cooling down; all, if that is none."""
        router = self.router
        if router is None and _PROXY in sys.modules:
            router = getattr(sys.modules[_PROXY], "llm_router", None)
        if router is None:
            return names
        try:
            up = set(map(name_of, not_cooling(router, self.group)))
        except Exception as error:
            _logger.warning("%s: nobody knows which models cool down", error)
            return names
        return [name for name in names if name in up] or names


def request_logger() -> Any:
    """Return a callback that writes a line for each answer whose model a served router chose.

    The line goes to the log of that served router. Answers from a cache are no evidence, and not
    written.

    Returns
    -------
    logger : litellm.integrations.custom_logger.CustomLogger
        For ``litellm.callbacks``, and ``litellm_settings.callbacks`` of the proxy.

    Raises
    ------
    ImportError
        If litellm is not installed.
    """
    _litellm()
    from litellm.integrations.custom_logger import CustomLogger

    class RequestLogger(CustomLogger):
        async def async_log_success_event(
            self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
        ) -> None:
            _write_line(kwargs)

        def log_success_event(
            self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
        ) -> None:
            _write_line(kwargs)

    return RequestLogger()


def _litellm() -> Any:
    try:
        import litellm
    except ImportError as error:
        raise ImportError(
            "serving behind LiteLLM needs litellm. Install it with: "
            "pip install 'scikit-route[litellm]'"
        ) from error
    return litellm


def _write_line(kwargs: Mapping[str, Any]) -> None:
    """Write the line of an answer, of which a callback was told with these keywords."""
    try:
        carried = carried_by(kwargs.get("litellm_params") or {})
        decided = _pending.take(carried["decision"]) if carried else None
        payload = kwargs.get("standard_logging_object") or {}
        if decided is None or payload.get("cache_hit"):
            return
        served, decision = decided
        served.answered(
            decision,
            request_id=payload.get("id"),
            model=payload.get("model"),
            cost=cost_of(payload, kwargs),
            input_tokens=payload.get("prompt_tokens"),
            output_tokens=payload.get("completion_tokens"),
            latency=latency_of(payload),
        )
    except Exception as error:  # of a payload that is not as it was
        _logger.warning("an answer is not in the log (%s: %s)", type(error).__name__, error)
