"""A panel's query is made anew: by dashboard, panel and letter from the table, and of what was sent only the ids."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inventory.registry.scope import Registry
from portal.gateway.asked import MAX_RANGE
from portal.gateway.matching import Matched, Matcher, written
from portal.gateway.people import Asker, checked, may_ask
from portal.gateway.refusals import Refused
from portal.grafana.panels import SOURCES, Dashboard, Kind, Table, Target

MAX_BODY = 65_536  # bytes
_POINTS = 800  # of one line: Grafana aligns both ends to the step, which makes a few more
_RECORDED = 15  # seconds from point to point
_LATEST = 86_400.0  # seconds past now
_MILLISECONDS = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Asked:
    """One query: the entry with the ids that were sent, how it is asked, and whether the panel is a table."""

    matched: Matched
    kind: Kind
    as_table: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a request for data is believed: which queries of the panel, by their letters, and from when to when."""

    asked: Mapping[str, Asked]
    source: str
    start: int  # milliseconds, as Grafana has them
    end: int


def read(table: Table, asker: Asker, place: tuple[str, str], body: bytes, now: float) -> Wanted:
    """What the request of `place` (dashboard, panel) asks for. Raises Refused for what no dashboard of ours asks."""
    uid, panel = place
    said = _json(body)
    targets = _targets(table.get(uid), asker, uid, panel)
    start, end = _span(said, now)
    asked: dict[str, Asked] = {}
    for query in _queries(said, len(targets)):
        ref = query.get("refId")
        if not isinstance(ref, str) or ref not in targets or ref in asked:
            raise Refused("panel", "this panel has no such query, or not twice", about=f"{uid} {panel} {ref}")
        matched = _match(targets[ref], query, asker)
        asked[ref] = Asked(matched, targets[ref].kind, query.get("format") == "table")
    return Wanted(asked, SOURCES[asker.audience], start, end)


def check_places(registry: Registry, asker: Asker, wanted: Wanted) -> None:
    """Raise Refused for a circuit, link or device that is not the asker's."""
    different = {tuple(sorted(one.matched.places.items())): one.matched for one in wanted.asked.values()}
    if not any(different):
        return
    with registry.read(asker.scope) as tx:
        for matched in different.values():
            checked(tx, asker, matched)


def body_of(wanted: Wanted) -> bytes:
    """The request as Grafana gets it: every word of it ours."""
    step = step_of((wanted.end - wanted.start) / 1000)
    queries = [{"refId": ref, **_query(wanted, asked, step)} for ref, asked in wanted.asked.items()]
    return json.dumps({"queries": queries, "from": str(wanted.start), "to": str(wanted.end)}).encode()


def step_of(seconds: float) -> int:
    """Seconds from point to point, so that a range of `seconds` has at most as many points as are let through."""
    return max(1, math.ceil(seconds / _POINTS / _RECORDED)) * _RECORDED


def _query(wanted: Wanted, asked: Asked, step: int) -> Mapping[str, Any]:
    return {
        "datasource": {"type": "prometheus", "uid": wanted.source},
        "expr": written(asked.matched),
        "range": asked.kind == "range",
        "instant": asked.kind == "instant",
        "exemplar": False,
        "format": "table" if asked.as_table else "time_series",
        "legendFormat": asked.matched.query.legend,
        "editorMode": "code",
        "interval": f"{step}s",
        "intervalMs": step * 1000,
        "maxDataPoints": _POINTS,
        "utcOffsetSec": 0,
    }


def _targets(dashboard: Dashboard | None, asker: Asker, uid: str, panel: str) -> Mapping[str, Target]:
    if dashboard is None or dashboard.audience != asker.audience:
        raise Refused("dashboard", "there is no such dashboard", about=uid)
    if panel not in dashboard.panels:
        raise Refused("panel", "there is no such panel", about=f"{uid} {panel}")
    return dashboard.panels[panel]


def _match(target: Target, query: Mapping[str, Any], asker: Asker) -> Matched:
    """What was sent must be what the panel holds, but for the ids."""
    text = query.get("expr")
    matched = Matcher([target.query]).match(text) if isinstance(text, str) else None
    if matched is None:
        raise Refused("expression", "this is not what the panel asks", about=str(text))
    may_ask(asker.audience, matched)
    return matched


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise Refused("body", "expected JSON as Grafana's panels send it") from None
    if not isinstance(said, dict):
        raise Refused("body", "expected an object")
    return said


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Of a name that is there twice one program reads the first and another the last."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refused("parameters", "a name is there twice")
    return found


def _queries(said: Mapping[str, Any], at_most: int) -> Sequence[Mapping[str, Any]]:
    queries = said.get("queries")
    if not isinstance(queries, list) or not 1 <= len(queries) <= at_most:
        raise Refused("body", f"expected 1 to {at_most} queries")
    if not all(isinstance(query, dict) for query in queries):
        raise Refused("body", "a query is an object")
    return queries


def _span(said: Mapping[str, Any], now: float) -> tuple[int, int]:
    """Milliseconds, as text or as numbers. Relative times ("now-1h") are resolved by the browser."""
    texts = [str(said.get(name)) for name in ("from", "to")]
    if not all(_MILLISECONDS.fullmatch(text) for text in texts):
        raise Refused("bounds", "from and to: expected milliseconds since 1970", about=" ".join(texts), status=400)
    start, end = (int(text) for text in texts)
    if not 0 < end - start <= MAX_RANGE * 1000 or end > (now + _LATEST) * 1000:
        raise Refused("bounds", f"expected a range of at most {MAX_RANGE:g} s, up to a day from now", status=400)
    return start, end
