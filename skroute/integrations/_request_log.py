"""The log of a router that serves: a line for each answer, and what was thought of it later."""

from __future__ import annotations

import hashlib
import json
import math
import os
import time as clock
from pathlib import Path
from typing import Any

import numpy as np

from .._logs import KIND, QUALITY, REQUEST, encode_embedding
from ._segments import Segments

# Whose word is gold; see "Gold labels, judges and clicks".
_SOURCES = {"annotation": True, "judge": False, "thumbs": False}
_MOST_HASH_KEY = 64


class RequestLog:
    """A folder of JSON lines that a router's choices and their outcomes are appended to.

    Any number of processes and threads may append to one folder at once, and others may read it
    meanwhile with ``skroute.datasets.read_log(folder)``. Each process writes files of its own, so
    there is nothing to lock. When a process is killed its last line may be cut, which readers leave
    out with a note; all lines before it are safe. (Lines are handed to the system at once, not
    forced to the disk: what a power failure takes is the system's to say.)

    Parameters
    ----------
    folder : str or Path
        It is made with the first line.
    max_bytes : int, default=67108864
        A file that would become longer is closed and a new one begun.
    store_text : bool, default=False
        Whether the texts of queries are written. Without it a line has the query's embedding, which
        is what a router learns from, and a hash.
    store_embedding : bool, default=True
        Whether embeddings are written, as float32.
    hash_key : bytes, default=b""
        Secret of the hash, at most 64 bytes. Without one, who guesses a text can check by the hash
        that it was asked.

    See Also
    --------
    skroute.datasets.read_log : Reads the folder.

    Examples
    --------
    >>> import tempfile
    >>> from skroute.datasets import read_log
    >>> from skroute.integrations import RequestLog
    >>> with tempfile.TemporaryDirectory() as folder, RequestLog(folder) as log:
    ...     log.append("r1", "small", propensity=0.95, cost=0.001, embedding=[0.5, 1.0])
    ...     log.append("r2", "large", propensity=0.05, cost=0.02, embedding=[0.0, 2.0])
    ...     log.attach_quality("r2", 0.8, source="annotation")
    ...     read = read_log(folder)
    >>> read.y["model"].tolist(), read.y["quality"].tolist(), read.y["propensity"].tolist()
    (['small', 'large'], [nan, 0.8], [0.95, 0.05])
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        max_bytes: int = 1 << 26,
        store_text: bool = False,
        store_embedding: bool = True,
        hash_key: bytes = b"",
    ) -> None:
        if max_bytes < 1:
            raise ValueError(f"max_bytes must be at least 1, got {max_bytes!r}")
        if not isinstance(hash_key, bytes) or len(hash_key) > _MOST_HASH_KEY:
            raise ValueError(f"hash_key must be at most {_MOST_HASH_KEY} bytes, got another value")
        self.folder = Path(os.path.abspath(folder))
        self.store_text, self.store_embedding = store_text, store_embedding
        self._hash_key = hash_key
        self._requests = Segments(self.folder, "requests", max_bytes)
        self._qualities = Segments(self.folder, "qualities", max_bytes)

    def append(
        self,
        request_id: str,
        model: Any,
        *,
        propensity: float | None = None,
        query: str | None = None,
        embedding: Any = None,
        embedding_version: str | None = None,
        cost: float | None = None,
        input_tokens: float | None = None,
        output_tokens: float | None = None,
        latency: float | None = None,
        session: str | None = None,
        previous: Any = None,
        router_version: str | None = None,
        fallback: str | None = None,
        time: float | None = None,
    ) -> None:
        """Append one answered request.

        Parameters
        ----------
        request_id : str
            By which quality is attached later.
        model : label
            That answered.
        propensity : float, default=None
            Probability with which it was chosen, above 0 and at most 1; None where nobody drew.
        query : str, default=None
            Its text; a hash of it is kept and, with `store_text`, the text.
        embedding : array-like of shape (d,), default=None
            The query as the router's last step sees it.
        embedding_version : str, default=None
            Of the steps that made it: rows of several versions are no one table.
        cost : float, default=None
            Dollars.
        input_tokens, output_tokens : float, default=None
        latency : float, default=None
            Seconds.
        session : str, default=None
            Rows of a session stay together when a router is fitted on them.
        previous : label, default=None
            The session's model before, where the choice depended on it.
        router_version : str, default=None
        fallback : str, default=None
            Why the router did not choose, where it did not.
        time : float, default=None
            Unix seconds; None: now.

        Raises
        ------
        ValueError
            If a number is not what it is said to be, or not finite; nothing is written then.
        OSError
            If the line cannot be written.
        """
        propensity, *numbers = (
            _number(name, value)
            for name, value in (
                ("propensity", propensity),
                ("cost", cost),
                ("input_tokens", input_tokens),
                ("output_tokens", output_tokens),
                ("latency", latency),
            )
        )
        if propensity is not None and not 0 < propensity <= 1:
            raise ValueError(f"propensity must be above 0 and at most 1, got {propensity!r}")
        cost, input_tokens, output_tokens, latency = numbers
        row = None
        if embedding is not None and self.store_embedding:
            row = np.asarray(embedding, dtype=np.float32).ravel()
            if not np.isfinite(row).all():
                raise ValueError("embedding must have finite numbers alone")
        record = {
            "request_id": str(request_id),
            "time": clock.time() if time is None else float(time),
            "model": str(model),
            "propensity": propensity,
            "cost": cost,
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "latency": latency,
            "session": session,
            "previous": None if previous is None else str(previous),
            "router_version": router_version,
            "fallback": fallback,
            "query_hash": None if query is None else self._hash(query),
            "query": query if self.store_text else None,
            "embedding": None if row is None else encode_embedding(row),
            "embedding_version": None if row is None else embedding_version,
        }
        self._requests.append(_line(REQUEST, record))

    def attach_quality(
        self,
        request_id: str,
        quality: float | bool,
        *,
        source: str,
        gold: bool | None = None,
        time: float | None = None,
    ) -> None:
        """Attach what somebody thought of an answer, any time later and from any process.

        Parameters
        ----------
        request_id : str
            Of the request; nobody checks that it is in the log until it is read.
        quality : float or bool
            Finite, [0, 1] expected; a thumb is True or False.
        source : str
            Who says so: "annotation" (gold), "judge" or "thumbs" (not gold), or another name with
            `gold`. A later quality of the same source replaces an earlier one; of several sources
            of one kind the mean is read.
        gold : bool, default=None
            Whether this source's word is gold; None: by `source`.
        time : float, default=None
            Unix seconds; None: now.

        Raises
        ------
        ValueError
            If `quality` is not a finite number, or `source` is another name and `gold` is None;
            nothing is written then.
        OSError
            If the line cannot be written.
        """
        value = float(quality)
        if not math.isfinite(value):
            raise ValueError(f"quality must be a finite number, got {quality!r}")
        if gold is None:
            gold = _SOURCES.get(source)
        if gold is None:
            raise ValueError(
                f"source must be one of {sorted(_SOURCES)}, or gold must say whether its word is "
                f"gold; got source={source!r} alone"
            )
        record = {
            "request_id": str(request_id),
            "time": clock.time() if time is None else float(time),
            "quality": value,
            "gold": bool(gold),
            "source": str(source),
        }
        self._qualities.append(_line(QUALITY, record))

    def close(self) -> None:
        """Close the files of this process; a later line begins new ones."""
        self._requests.close()
        self._qualities.close()

    def __enter__(self) -> RequestLog:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"RequestLog({str(self.folder)!r})"

    def _hash(self, query: str) -> str:
        data = query.encode("utf-8", "replace")
        return hashlib.blake2b(data, digest_size=16, key=self._hash_key).hexdigest()


def _number(name: str, value: float | None) -> float | None:
    """Return a finite number of at least 0, or None for None and NaN."""
    if value is None or math.isnan(value):
        return None
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} must be a finite number of at least 0, got {value!r}")
    return float(value)


def _line(kind: str, record: dict[str, Any]) -> bytes:
    # The kind first: by it a cut line is still known to be of such a log.
    known = {name: value for name, value in record.items() if value is not None}
    text = json.dumps({KIND: kind, **known}, separators=(",", ":"), allow_nan=False)
    return text.encode() + b"\n"
