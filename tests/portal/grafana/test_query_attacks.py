"""What a logged-in tenant might post to /grafana/api/ds/query: expressions, headers, bodies, times."""

from __future__ import annotations

import json
import random
import re
import time
from typing import Any

import pytest
import requests

from tests.portal.gateway.mutations import made_up
from tests.portal.grafana.conftest import TOKEN, Stack

EXPRESSIONS = (
    "up",
    '{tenant="sky-r2"}',
    'circuit:download_bits_per_second:rate5m{isp="$isp",tenant="sky-r2",circuit="sky-r2-main"}',
    'circuit:download_bits_per_second:rate5m{isp="$isp",tenant="$tenant",circuit=~".*"}',
    'circuit:upload_bits_per_second:rate5m{isp="$isp",tenant="$tenant",circuit="sky-r1-main"}',
    'sum(circuit:download_bits_per_second:rate5m{isp="$isp",tenant="$tenant"})',
    'circuit:download_bits_per_second:rate5m{isp="$isp",tenant="$tenant",circuit="sky-r1-main"} or up',
    'circuit:download_bits_per_second:rate5m{isp="$isp",tenant="$tenant",circuit="sky-r1-main"}[5m:1m]',
    'circuit:download_bits_per_second:rate5m{isp="$isp",tenant="$tenant",circuit="sky-r1-main"} # x',
    'circuit:download_bits_per_second:rate5m{isp="$isp",tenant="$tenant",circuit="sky-r1-main"}\n',
    "",
    None,
    1,
    ["up"],
    {"expr": "up"},
)


@pytest.mark.parametrize("expr", EXPRESSIONS)
def test_a_panel_asks_its_own_query_alone(stack: Stack, expr: object) -> None:
    """Not another of the catalogue either: the place of each is by dashboard, panel and letter."""
    answer = stack.draw(stack.browser("sky-r1"), "tenant-circuit", "1", change={"expr": expr})
    assert answer.status_code == 403
    assert stack.seen() == []


def test_the_rest_of_the_query_is_ours(stack: Stack) -> None:
    """Data source, kind, step, format and everything that is not known: whatever was sent, Grafana gets what we say."""
    change = {
        "datasource": {"uid": "-- Grafana --", "type": "datasource"},
        "datasourceId": 7,
        "interval": "1ms",
        "intervalMs": 1,
        "maxDataPoints": 10_000_000,
        "range": True,
        "instant": True,
        "exemplar": True,
        "format": "heatmap",
        "legendFormat": "{{__name__}}",
        "queryType": "randomWalk",
        "url": "http://169.254.169.254/",
        "hide": False,
    }
    assert stack.draw(stack.browser("sky-r1"), "tenant-circuit", "1", change=change).status_code == 200
    (asked,) = stack.seen()
    for query in json.loads(asked["body"])["queries"]:
        assert query["datasource"] == {"type": "prometheus", "uid": "backhaul"}
        assert (query["range"], query["instant"], query["exemplar"]) == (True, False, False)
        assert query["intervalMs"] >= 15_000
        assert query["maxDataPoints"] <= 1_000
        assert query["format"] == "time_series"
        assert not set(query) & {"url", "queryType", "datasourceId", "hide"}


@pytest.mark.parametrize(
    "change",
    [
        {"refId": "Z"},
        {"refId": None},
        {"refId": ["A"]},
        {"refId": "A"},  # each of them: twice
    ],
)
def test_letters_are_those_of_the_panel_and_once(stack: Stack, change: dict[str, Any]) -> None:
    """Another, none, or the same again."""
    answer = stack.draw(stack.browser("sky-r1"), "tenant-circuit", "1", change=change)
    assert answer.status_code == 403
    assert stack.seen() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Dashboard-Uid": ""},
        {"X-Dashboard-Uid": "staff-overview"},
        {"X-Dashboard-Uid": "tenant-circuits"},
        {"X-Dashboard-Uid": "tenant-circuit, tenant-circuit"},
        {"X-Panel-Id": ""},
        {"X-Panel-Id": "2"},
        {"X-Panel-Id": "999"},
        {"X-Panel-Id": "01"},
        {"X-Panel-Id": "1, 1"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_headers_that_do_not_fit(stack: Stack, headers: dict[str, str]) -> None:
    """Dashboard and panel are those of the query; another site cannot ask at all."""
    answer = stack.draw(stack.browser("sky-r1"), "tenant-circuit", "1", headers=headers)
    assert answer.status_code == 403
    assert stack.seen() == []


def test_parameters_of_the_address(stack: Stack) -> None:
    """`targetOrgId` outranks the header that says the organisation: it does not go along, nor anything unknown."""
    browser = stack.browser("sky-r1")
    for query in ("targetOrgId=2", "orgId=2", "ds_type=a&ds_type=b", "expression=true", "a", "ds_type=a&TargetOrgId=2"):
        answer = stack.draw(browser, "tenant-circuit", "1", query=query)
        assert answer.status_code == 403, query
    assert stack.seen() == []


def _body(**changed: Any) -> bytes:
    now = int(time.time() * 1000)
    expr = 'circuit:download_bits_per_second:rate5m{isp="$isp",tenant="$tenant",circuit="sky-r1-main"}'
    said = {"queries": [{"refId": "A", "expr": expr}], "from": str(now - 1000), "to": str(now)}
    return json.dumps({**said, **changed}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"1",
        b"\xff\xfe",
        b'{"queries": []}',
        b"[" * 60_000,
        _body(queries=None),
        _body(queries={}),
        _body(queries=["up"]),
        _body(queries=[{"refId": "A", "expr": "up"}] * 50),
        _body()[:-1] + b', "queries": []}',
        _body().replace(b'"refId"', b'"expr": "up", "refId"'),
        _body(**{"from": "now-1h"}),
        _body(**{"from": "-1"}),
        _body(to="1e99"),
        _body(to="9" * 15),
        _body(**{"from": "0"}),
        _body(to="0"),
        _body(**{"from": None}),
        b" " * 70_000 + _body(),
    ],
)
def test_bodies_that_are_none(stack: Stack, body: bytes) -> None:
    """Broken, doubled, too long, or of a time that is not to be had."""
    answer = stack.draw(stack.browser("sky-r1"), "tenant-circuit", "1", body=body)
    assert answer.status_code in {400, 403, 413}, answer.text
    assert stack.seen() == []


LEAK = re.compile(r"sky-(r2|c1)|del-|deltanet")


def test_made_up_expressions_over_http(stack: Stack) -> None:
    """To the running gateway, with Grafana's own token and a tenant's name, and a real Prometheus behind it."""
    random.seed(11)
    session, login, passed = requests.Session(), stack.portal.world.user("sky-r1").id, 0
    session.headers.update({"Authorization": f"Bearer {TOKEN}", "X-Grafana-User": login})
    for _ in range(300):
        expr = made_up()
        answer = session.post(f"{stack.portal.url}/gateway/api/v1/query", data={"query": expr}, timeout=30)
        assert answer.status_code in {200, 403}, expr
        assert LEAK.search(answer.text) is None, expr
        passed += answer.status_code == 200
    assert passed > 0


def test_made_up_expressions_through_the_proxy(stack: Stack) -> None:
    """In place of each query of a panel, as the page would send them."""
    random.seed(12)
    browser = stack.browser("sky-r1")
    for number in range(200):
        uid, panel = random.choice([(uid, panel) for uid, one in stack.table.items() for panel in one.panels])
        change = {"expr": made_up()} if number % 4 else None
        answer = stack.draw(browser, uid, panel, change=change)
        assert answer.status_code in {200, 403}
        assert LEAK.search(answer.text) is None, change
    own = stack.portal.world.user("sky-r1").id
    for asked in stack.seen():
        assert asked["headers"]["X-Webauth-User"] == own
        assert LEAK.search(asked["body"]) is None


def test_a_good_body_is_good(stack: Stack) -> None:
    """Else the refusals above would say nothing."""
    assert stack.draw(stack.browser("sky-r1"), "tenant-circuit", "1", body=_body()).status_code == 200
