"""POST /api/ds/query: asks the data source as Grafana's Prometheus plugin does, and answers in Grafana's frames."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import urllib3

from simulator.grafana.store import Organisation

_POOL = urllib3.PoolManager(num_pools=4, maxsize=32, retries=False)
_TIMEOUT = 20.0

# What goes along from the browser's request (clientmiddleware/tracing_header_middleware.go).
TRACING = ("X-Query-Group-Id", "X-Panel-Id", "X-Dashboard-Uid", "X-Datasource-Uid", "X-Grafana-Org-Id")


class BadQuery(ValueError):
    """Not a query Grafana understands."""


def answer(organisation: Organisation, said: Any, headers: Mapping[str, str]) -> tuple[dict[str, Any], int]:
    """The results by letter, and the status. Raises BadQuery, and KeyError for a data source that is not there."""
    if not isinstance(said, dict) or not isinstance(said.get("queries"), list) or not said["queries"]:
        raise BadQuery("no queries found")
    start, end = (_milliseconds(said.get(name)) for name in ("from", "to"))
    results = {}
    for query in said["queries"]:
        source = organisation.datasources[query["datasource"]["uid"]]
        results[query["refId"]] = _one(source, query, (start, end), headers)
    return {"results": results}, 400 if any("error" in one for one in results.values()) else 200


def custom_headers(source: Mapping[str, Any]) -> dict[str, str]:
    """httpHeaderName1.. of jsonData with httpHeaderValue1.. of secureJsonData."""
    names, values = source.get("jsonData") or {}, source.get("secureJsonData") or {}
    return {
        names[key]: values[key.replace("Name", "Value")]
        for key in names
        if key.startswith("httpHeaderName") and key.replace("Name", "Value") in values
    }


def _one(
    source: Mapping[str, Any], query: Mapping[str, Any], span: tuple[int, int], headers: Mapping[str, str]
) -> dict[str, Any]:
    """An instant query's moment is the end of the range; a range's ends are aligned to the step."""
    start, end = span
    if query.get("instant"):
        path, form = "api/v1/query", {"query": query["expr"], "time": f"{end / 1000:.3f}"}
    else:
        points = max(1, int(query.get("maxDataPoints") or 100))
        step = max(int(query.get("intervalMs") or 1000) // 1000, -(-(end - start) // 1000 // points), 1)
        first, last = (when // 1000 // step * step for when in span)
        path, form = "api/v1/query_range", {"query": query["expr"], "start": first, "end": last, "step": step}
    try:
        response = _POOL.request(
            "POST",
            f"{str(source['url']).rstrip('/')}/{path}",
            body=urlencode(form),
            headers={**headers, **custom_headers(source), "Content-Type": "application/x-www-form-urlencoded"},
            timeout=_TIMEOUT,
        )
        said = json.loads(response.data)
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        return {"error": type(error).__name__, "status": 500, "frames": []}
    if response.status != 200:
        return {"error": str(said.get("error")), "status": response.status, "frames": []}
    return {"status": 200, "frames": [_frame(query, one) for one in said["data"]["result"]]}


def _frame(query: Mapping[str, Any], series: Mapping[str, Any]) -> dict[str, Any]:
    """A frame of the type timeseries-multi: a field of milliseconds and one of values with its labels."""
    points = series["values"] if "values" in series else [series["value"]]
    values = [float(text) for _, text in points]
    field = {"name": "Value", "type": "number", "labels": series["metric"]}
    fields = [{"name": "Time", "type": "time"}, field]
    times = [int(float(when) * 1000) for when, _ in points]
    return {
        "schema": {"refId": query["refId"], "meta": {"type": "timeseries-multi"}, "fields": fields},
        "data": {"values": [times, [value if value == value else None for value in values]]},  # noqa: PLR0124 - NaN
    }


def _milliseconds(value: object) -> int:
    text = str(value)
    if not text.isascii() or not text.isdigit():
        raise BadQuery(f"cannot parse time {text!r}")
    return int(text)
