"""Answers in the shape of Prometheus' HTTP API, so that Grafana's data source reads them as any other."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from flask import Response

from portal.gateway.refusals import Refused
from portal.prometheus import Sample, Series

_ERROR_TYPES = {400: "bad_data", 403: "forbidden", 413: "bad_data", 503: "unavailable"}


def success(data: Any) -> Response:
    """200 with `data`."""
    return _json({"status": "success", "data": data}, 200)


def vector(samples: Iterable[Sample], when: float) -> Response:
    """What an instant query finds at `when` (Unix seconds)."""
    result = [{"metric": one.labels, "value": [when, _text(one.value)]} for one in samples]
    return success({"resultType": "vector", "result": result})


def vector_of_last(series: Iterable[Series], when: float) -> Response:
    """The same from a range of one moment."""
    return vector([Sample(one.labels, one.points[-1][1]) for one in series if one.points], when)


def matrix(series: Iterable[Series]) -> Response:
    """What a range query finds."""
    result = [{"metric": one.labels, "values": [[when, _text(value)] for when, value in one.points]} for one in series]
    return success({"resultType": "matrix", "result": result})


def scalar(value: float, when: float) -> Response:
    """A number without labels."""
    return success({"resultType": "scalar", "result": [when, _text(value)]})


def refusal(refused: Refused) -> Response:
    """Why not."""
    return error(refused.status, refused.text)


def error(status: int, text: str) -> Response:
    """An error Grafana shows in the panel."""
    return _json({"status": "error", "errorType": _ERROR_TYPES.get(status, "internal"), "error": text}, status)


def _text(value: float | None) -> str:
    return "NaN" if value is None else f"{value:.17g}" if value % 1 else f"{value:.0f}"


def _json(body: Any, status: int) -> Response:
    return Response(json.dumps(body, separators=(",", ":")), status=status, content_type="application/json")
