"""Asks Prometheus: pooled connections, one deadline, and answers shared for a few seconds by all who ask the same.

The expressions come from the catalogue (`queries.py`) alone.
"""

from __future__ import annotations

import json
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import urlencode

import structlog
import urllib3

T = TypeVar("T")
log = structlog.get_logger(__name__)

MAX_POINTS = 1_000  # of one series; more than a screen has columns for
MAX_BYTES = 32_000_000  # of one answer: 100,000 series of an instant are about 20 MB
SHARED_SECONDS = 3.0  # rules are evaluated every 5 s, so nobody sees older figures than without it by much
AWAY_SECONDS = 2.0  # for so long nobody waits for one that is away
# So many answers in a row that do not come in time are no slow queries any more: it hangs. More than one person may
# have under way at once (portal/turns.py), so that his alone keep nobody else from asking. It hangs as well where one
# was asked after another had been given up, and none was answered since: a page of eight queries waits for two of them.
HANGS_AFTER = 6
_CHUNK = 262_144
_KEPT = 512  # answers


class PrometheusAway(Exception):
    """Prometheus did not answer, or not with what was asked for. The text is a sentence for people, tenants too."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One series at one moment. `value` is None where the series is there without a figure (NaN, infinity)."""

    labels: Mapping[str, str]
    value: float | None


@dataclass(frozen=True, slots=True)
class Series:
    """One series over time: (Unix seconds, value) in their order; None as in Sample. A gap has no point at all."""

    labels: Mapping[str, str]
    points: Sequence[tuple[float, float | None]]


class Prometheus:
    """The HTTP API of one Prometheus, or of what speaks like one. May be used from any thread."""

    def __init__(self, url: str, timeout: float = 5.0, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url.rstrip("/")
        self._timeout = timeout
        self._clock = clock
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=16, retries=False)
        self._answers = _Shared(clock)
        self._away_until = -math.inf
        self._away = ""
        self._late = 0  # answers in a row
        self._given_up = math.inf  # when the first of them was

    def instant(self, expr: str) -> list[Sample]:
        """What `expr` is now, by Prometheus' own clock. Raises PrometheusAway."""
        return self._answers.get(("instant", expr), lambda: self._instant(expr))

    def range(self, expr: str, start: float, end: float, step: float) -> list[Series]:
        """What `expr` was at start, start + step, ... up to end (Unix seconds).

        Raises PrometheusAway, and ValueError for a range of no or of more than MAX_POINTS points.
        """
        count_points(start, end, step)
        form = {"query": expr, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:.3f}"}
        return self._answers.get(("range", *form.values()), lambda: self._range(form))

    def _instant(self, expr: str) -> list[Sample]:
        result = self._post("/api/v1/query", {"query": expr}, "vector")
        return [Sample(one["metric"], _figure(one["value"][1])) for one in result]

    def _range(self, form: Mapping[str, str]) -> list[Series]:
        result = self._post("/api/v1/query_range", form, "matrix")
        return [Series(one["metric"], [(float(when), _figure(text)) for when, text in one["values"]]) for one in result]

    def _post(self, path: str, form: Mapping[str, str], kind: str) -> Any:
        """The result of one query. A form in the body has no limit of length, as an address has."""
        if self._clock() < self._away_until:
            raise PrometheusAway(self._away)
        asked = self._clock()
        try:
            status, body = self._read(path, {**form, "timeout": f"{self._timeout:g}s"})
        except urllib3.exceptions.HTTPError as error:
            raise self._failed(error, asked) from error
        self._late, self._given_up = 0, math.inf
        return self._result(status, body, kind)

    def _failed(self, error: urllib3.exceptions.HTTPError, asked: float) -> PrometheusAway:
        """What to raise. One slow query says nothing of the next one; no connection does."""
        nobody = isinstance(error, urllib3.exceptions.ConnectTimeoutError)  # a refused connection is one, too
        late = isinstance(error, urllib3.exceptions.TimeoutError) and not nobody
        self._late = self._late + 1 if late else 0
        log.warning("prometheus_away", url=self._url, error=type(error).__name__, late=self._late)
        what = "did not answer in time" if late else "cannot be reached"
        away = f"Prometheus {what}; figures are unknown until it is back"
        after_another = late and asked >= self._given_up
        self._given_up = min(self._given_up, self._clock()) if late else math.inf
        if not late or after_another or self._late >= HANGS_AFTER:
            self._away, self._away_until = away, self._clock() + AWAY_SECONDS
        return PrometheusAway(away)

    def _read(self, path: str, form: Mapping[str, str]) -> tuple[int, bytes]:
        """Status and body. A timeout of urllib3 is per read, so the whole is held against the clock here."""
        deadline = self._clock() + self._timeout
        response = self._pool.request(
            "POST",
            self._url + path,
            body=urlencode(form),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            timeout=self._timeout,
            preload_content=False,
            redirect=False,
        )
        try:
            body = self._whole(response, deadline)
        except BaseException:
            response.close()  # what is still to come belongs to no other answer
            raise
        response.release_conn()
        return response.status, body

    def _whole(self, response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
        whole = bytearray()
        while part := response.read1(_CHUNK):  # what has come by now: read() would wait for all of it
            whole += part
            if len(whole) > MAX_BYTES:
                raise PrometheusAway(f"The answer of Prometheus is larger than {MAX_BYTES:,} bytes; ask for less")
            if self._clock() > deadline:
                raise urllib3.exceptions.TimeoutError
        return bytes(whole)

    def _result(self, status: int, body: bytes, kind: str) -> Any:
        try:
            answer = json.loads(body)
            if answer["status"] == "success" and answer["data"]["resultType"] == kind:
                return answer["data"]["result"]
            said = str(answer.get("error") or f"a {answer['data']['resultType']} in place of a {kind}")
        except (ValueError, KeyError, TypeError, AttributeError):
            said = "something that is not the answer of a Prometheus"
        log.error("prometheus_refused", url=self._url, status=status, said=said[:500])
        raise PrometheusAway("Prometheus did not understand what it was asked, or answered with something else")


def count_points(start: float, end: float, step: float) -> int:
    """How many points a range has. Raises ValueError for none and for more than MAX_POINTS."""
    points = int((end - start) // step) + 1 if step > 0 else 0
    if not 1 <= points <= MAX_POINTS:
        raise ValueError(f"{points} points from {start:g} to {end:g} every {step:g} s; expected 1 to {MAX_POINTS}")
    return points


class _Shared:
    """Answers of the last few seconds; whoever asks what is being asked waits for that answer."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = Lock()
        self._kept: OrderedDict[tuple[str, ...], tuple[float, Future[Any]]] = OrderedDict()

    def get(self, key: tuple[str, ...], ask: Callable[[], T]) -> T:
        future: Future[T]
        with self._lock:
            until, future = self._kept.get(key, (-math.inf, Future()))
            ours = not until > self._clock()
            if ours:
                future = Future()
                self._keep(key, math.inf, future)
        if ours:
            self._settle(key, future, ask)
        return future.result()

    def _settle(self, key: tuple[str, ...], future: Future[T], ask: Callable[[], T]) -> None:
        """Put the answer, or the error, in; an error is shared by those who wait for it, and kept for nobody else."""
        try:
            answer = ask()
        except BaseException as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            with self._lock:
                self._kept.pop(key, None)
            future.set_exception(error)
        else:
            with self._lock:
                self._keep(key, self._clock() + SHARED_SECONDS, future)
            future.set_result(answer)

    def _keep(self, key: tuple[str, ...], until: float, future: Future[Any]) -> None:
        self._kept[key] = (until, future)
        self._kept.move_to_end(key)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)


def _figure(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None
