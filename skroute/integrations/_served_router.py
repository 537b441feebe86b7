"""A saved router that answers queries one by one, never fails, and writes down what it did."""

from __future__ import annotations

import logging
import math
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from random import SystemRandom
from typing import Any

import numpy as np

from .._utils import ShortRepr
from ._decision import Decision, label_of
from ._request_log import RequestLog
from ._router_file import LoadedRouter, RouterFile

_logger = logging.getLogger("skroute")
_MOST_SESSIONS = 100_000
_LONGEST_REASON = 200
_OPTIONS = {
    *("exploration", "floor", "max_regret", "max_cost", "switching_cost", "cost_sensitivity"),
    "include",
}
_seeds = SystemRandom()


class ServedRouter(ShortRepr):
    """A saved router that chooses a model for one query at a time, and logs what came of it.

    It explores, keeps a session with its model, reads the file again when it is replaced, and may
    be used by any number of threads at once. Whatever goes wrong in the router, a query gets a
    model: the `fallback`, and the log says why.

    Parameters
    ----------
    path : str or Path
        Of a router, or of a pipeline or search that ends in one, saved by joblib. Loading runs code
        that is in the file: take files that you trust. Replace it by renaming another onto it.
    fallback : label
        The model that answers where the router cannot choose.
    log : RequestLog, str or Path, default=None
        Where to write; None: nowhere.
    make_input : callable, default=None
        ``make_input(query)`` returns X of one row, as the pipeline takes it. None: a list of the
        text; of a query that is no text, its numbers.
    check_seconds : float, default=1.0
        How often to look whether the file was replaced.
    random_state : int, default=None
        Seed of what is drawn, for tests; None: as the system draws.
    **options
        Of `sample`: ``exploration``, ``floor``, ``max_regret``, ``max_cost``, ``switching_cost``,
        ``cost_sensitivity``, ``include``.

    Raises
    ------
    FileNotFoundError, TypeError, ValueError
        If the file holds no router, an option is none of `sample`, or the router does not know
        `fallback`.

    See Also
    --------
    skroute.integrations.litellm : The same behind LiteLLM.

    Examples
    --------
    >>> import pathlib, tempfile, joblib
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skroute import CausalRouter
    >>> from skroute.datasets import make_routing_problem, read_log
    >>> from skroute.integrations import ServedRouter
    >>> problem = make_routing_problem(500, n_models=2, random_state=0)
    >>> pipeline = make_pipeline(StandardScaler(), CausalRouter(random_state=0))
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name) / "router.joblib"
    >>> _ = joblib.dump(pipeline.fit(problem.X, problem.y), path)
    >>> with ServedRouter(path, fallback="model_1", log=path.with_name("log")) as served:
    ...     decision = served.choose(problem.X[0], session="s1")
    ...     # ... the model answers ...
    ...     _ = served.answered(decision, request_id="r1", cost=0.002, latency=0.8)
    ...     served.log.attach_quality("r1", 1.0, source="annotation")
    >>> read_log(path.with_name("log"))
    RoutingLog(1 row, 1 model, 1 judged, 1 gold, format 'skroute', 1 note)
    >>> folder.cleanup()
    """

    def __init__(
        self,
        path: str | Path,
        *,
        fallback: Any,
        log: RequestLog | str | Path | None = None,
        make_input: Callable[[Any], Any] | None = None,
        check_seconds: float = 1.0,
        random_state: int | None = None,
        **options: Any,
    ) -> None:
        # Else nothing but the log would say that no choice was ever made.
        unknown = options.keys() - _OPTIONS
        if unknown:
            raise TypeError(f"options are {sorted(_OPTIONS)}, got {sorted(unknown)}")
        self.path = Path(os.path.abspath(path))
        self.fallback = fallback
        self.log = RequestLog(log) if isinstance(log, str | Path) else log
        self.make_input, self.check_seconds = make_input, check_seconds
        self.random_state, self.options = random_state, options
        self._file = RouterFile(self.path, check_seconds)
        labels = self._file.current().router.classes_.tolist()
        if label_of(fallback, labels) is None:
            raise ValueError(f"fallback must be one of {labels}, got {fallback!r}")
        self._rng = None if random_state is None else np.random.default_rng(random_state)
        self._lock, self._own = threading.Lock(), threading.local()
        self._sessions: OrderedDict[str, Any] = OrderedDict()

    def choose(
        self,
        query: Any,
        *,
        available: Iterable[Any] | None = None,
        session: str | None = None,
        previous: Any = None,
    ) -> Decision:
        """Choose the model that is to answer a query; never raises for what the router does.

        Parameters
        ----------
        query : str or array-like of shape (d,)
            As `make_input` takes it.
        available : iterable of labels, default=None
            Models that are up, by the router's names or with or without a provider's prefix; all
            others are excluded. None: all models.
        session : str, default=None
            Conversation that the query belongs to: its last model stays unless the gain exceeds
            ``switching_cost``.
        previous : label, default=None
            That last model, where the caller knows it; None: the one that this process saw answer.

        Returns
        -------
        decision : Decision
            ``decision.model`` is to answer, then `answered` is told.

        Raises
        ------
        ValueError
            If `available` is empty.
        """
        names = None if available is None else list(available)
        if names is not None and not names:
            raise ValueError("available must name a model at least, got none")
        loaded = self._file.current()
        known: dict[str, Any] = {
            "query": query if isinstance(query, str) else None,
            "session": session,
            "router_version": loaded.version,
        }
        try:
            return self._drawn(loaded, query, names, previous, known)
        except Exception as error:
            said = str(error).partition("\n")[0]
            reason = f"{type(error).__name__}: {said}"
            _logger.warning("%s: the router cannot choose, %s answers", reason, self.fallback)
            return self.not_chosen(reason, names, **known)

    def not_chosen(
        self, reason: str, available: Iterable[Any] | None = None, **known: Any
    ) -> Decision:
        """Return the decision for the fallback, or what is there in its place."""
        names = [self.fallback] if available is None else list(available)
        fallbacks = (name for name in names if label_of(name, [self.fallback]) is not None)
        model = next(fallbacks, names[0])
        label = label_of(model, self._file.current().router.classes_.tolist())
        label = model if label is None else label
        return Decision(model, label, fallback=reason[:_LONGEST_REASON], **known)

    def answered(
        self,
        decision: Decision,
        *,
        request_id: str | None = None,
        model: Any = None,
        cost: float | None = None,
        input_tokens: float | None = None,
        output_tokens: float | None = None,
        latency: float | None = None,
    ) -> str:
        """Write the line of an answer, and remember its model for the session; never raises.

        Parameters
        ----------
        decision : Decision
        request_id : str, default=None
            By which quality is attached later; None: the decision's.
        model : label, default=None
            That answered, where it may be another one than was chosen.
        cost, input_tokens, output_tokens, latency : float, default=None
            Dollars, counts and seconds.

        Returns
        -------
        request_id : str
        """
        request_id = decision.id if request_id is None else request_id
        label, propensity, fallback = decision.label, decision.propensity, decision.fallback
        if model is not None and label_of(model, [decision.model, label]) is None:
            known = label_of(model, self._file.current().router.classes_.tolist())
            label, propensity = model if known is None else known, math.nan
            fallback = fallback or f"{model} answered in the place of {decision.model}"
        if decision.session is not None:
            self._remember(decision.session, label)
        if self.log is not None:
            try:
                self.log.append(
                    request_id,
                    label,
                    propensity=propensity,
                    query=decision.query,
                    embedding=decision.embedding,
                    embedding_version=decision.embedding_version,
                    cost=cost,
                    input_tokens=input_tokens,
                    output_tokens=output_tokens,
                    latency=latency,
                    session=decision.session,
                    previous=decision.previous,
                    router_version=decision.router_version,
                    fallback=fallback,
                    time=decision.time,
                )
            except Exception as error:
                _logger.warning("%s: request %s is not in the log", error, request_id)
        return request_id

    def close(self) -> None:
        """Close the files of the log."""
        if self.log is not None:
            self.log.close()

    def __enter__(self) -> ServedRouter:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _drawn(
        self,
        loaded: LoadedRouter,
        query: Any,
        names: list[Any] | None,
        previous: Any,
        known: dict[str, Any],
    ) -> Decision:
        X = self._input(query)
        for step in loaded.steps:
            X = step.transform(X)
        embedding = _as_embedding(X)
        if embedding is not None:
            # For the log even where the router fails from here on.
            known["embedding"], known["embedding_version"] = embedding, loaded.embedding_version
        classes = loaded.router.classes_.tolist()
        up = {label: label for label in classes}
        if names is not None:
            up = {label_of(name, classes): name for name in names}
            up.pop(None, None)
            if not up:
                raise ValueError(f"none of the models that are up is known: {names}")
        if previous is None and known["session"] is not None:
            previous = self._sessions.get(known["session"])
        previous = None if previous is None else label_of(previous, classes)
        drawn = loaded.router.sample(
            X,
            exclude=[label for label in classes if label not in up] or None,
            previous=None if previous is None else [previous],
            random_state=self._random_state(),
            **self.options,
        )
        label = drawn.label.tolist()[0]
        propensity = float(drawn.propensity[0])
        return Decision(up[label], label, propensity, previous=previous, **known)

    def _input(self, query: Any) -> Any:
        if self.make_input is not None:
            return self.make_input(query)
        return [query] if isinstance(query, str) else np.asarray(query).reshape(1, -1)

    def _random_state(self) -> int | np.random.RandomState:
        if self._rng is not None:
            with self._lock:
                return int(self._rng.integers(2**32))
        # To make one takes longer than to choose; each thread has its own, also after a fork.
        own = self._own
        if getattr(own, "process", None) != os.getpid():
            own.process, own.state = os.getpid(), np.random.RandomState(_seeds.getrandbits(32))
        return own.state

    def _remember(self, session: str, label: Any) -> None:
        with self._lock:
            self._sessions[session] = label
            self._sessions.move_to_end(session)
            if len(self._sessions) > _MOST_SESSIONS:
                self._sessions.popitem(last=False)


def _as_embedding(X: Any) -> np.ndarray | None:
    """Return what the last step sees of one query as numbers, None where that is something else."""
    try:
        row = np.asarray(X, dtype=np.float32).ravel()
    except (TypeError, ValueError):
        return None
    return row if np.isfinite(row).all() else None
