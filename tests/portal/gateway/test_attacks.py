"""What somebody who can post anything to the data source would try: nothing but the catalogue passes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from inventory.registry.scope import Scope
from portal.gateway.matching import CATALOGUE_MATCHER, OPEN_PLACES
from portal.gateway.people import Asker, bound
from portal.gateway.refusals import Refused
from portal.queries import CATALOGUE
from portal.services import Services
from tests.portal.conftest import services_on, stock
from tests.portal.gateway.conftest import TOKEN, Gateway, gateway_on
from tests.portal.gateway.mutations import is_own, made_up
from tests.portal.stand_in import StandIn
from tests.portal.world import SKY

DOWNLOAD = CATALOGUE["circuit-download"].expr
OWN = DOWNLOAD.replace("$circuit", "sky-r1-main")


@pytest.fixture(scope="module")
def of_all(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, figures_of_all: StandIn
) -> Iterator[Gateway]:
    """One for all attacks, since none of them leaves a trace."""
    url, world = stock(request, "sqlite", tmp_path_factory.mktemp("attacks"))
    services = services_on(url)
    yield gateway_on(services, world, figures_of_all)
    services.registry.engine.dispose()


@pytest.fixture
def gateway(of_all: Gateway) -> Gateway:
    of_all.asked.clear()
    return of_all


ARBITRARY = (
    "up",
    "1",
    "1+2",
    " 1+1",
    "1+1 ",
    "",
    "{__name__=~'.+'}",
    '{tenant="sky-r2"}',
    "circuit:download_bits_per_second:rate5m",
    'circuit:download_bits_per_second:rate5m{tenant="sky-r2"}',
    "isp_device_info",
    "count({isp!=''}) by (tenant)",
    "label_replace(up, 'tenant', 'sky-r1', '', '')",
)

VARIANTS: dict[str, Callable[[str], str]] = {
    "or": lambda expr: f"{expr} or up",
    "unless": lambda expr: f"up unless {expr}",
    "subquery": lambda expr: f"max_over_time(({expr})[1h:1m])",
    "subquery of another": lambda expr: f'{expr} or max_over_time(up{{tenant="sky-r2"}}[1h:1m])',
    "parentheses": lambda expr: f"({expr})",
    "offset": lambda expr: f"{expr} offset 1d",
    "at": lambda expr: f"{expr} @ 0",
    "aggregation parameter": lambda expr: f"topk(scalar(up), {expr})",
    "quantile parameter": lambda expr: f'quantile(scalar(count({{tenant="sky-r2"}})), {expr})',
    "count_values label": lambda expr: f'count_values("tenant", {expr})',
    "label_replace": lambda expr: f'label_replace({expr}, "a", "$1", "tenant", "(.*)")',
    "comment after": lambda expr: f"{expr} # {OWN}",
    "comment before": lambda expr: f"# harmless\n{expr}",
    "comment that ends a line": lambda expr: f"{expr}#\n or up",
    "newline": lambda expr: f"{expr}\n",
    "leading space": lambda expr: f" {expr}",
    "tab": lambda expr: expr.replace(",", ",\t"),
    "space within": lambda expr: expr.replace("{", "{ "),
    "no-break space": lambda expr: expr.replace(",", ",\u00a0"),
    "zero width": lambda expr: expr.replace("isp", "isp\u200b"),
    "look-alike letter": lambda expr: expr.replace("isp", "\u0456sp"),
    "look-alike quote": lambda expr: expr.replace('"', "\u201d"),
    "full width": lambda expr: expr.replace("{", "\uff5b"),
    "other quotes": lambda expr: expr.replace('"', "'"),
    "backticks": lambda expr: expr.replace('"', "`"),
    "escape": lambda expr: expr.replace("$tenant", "\\x73ky-r2"),
    "upper case": str.upper,
    "regular expression": lambda expr: expr.replace("circuit=", "circuit=~"),
    "negation": lambda expr: expr.replace("tenant=", "tenant!="),
    "another tenant": lambda expr: expr.replace("$tenant", "sky-r2"),
    "its own tenant": lambda expr: expr.replace("$tenant", "sky-r1"),
    "another isp": lambda expr: expr.replace("$isp", "deltanet"),
    "tenant left out": lambda expr: expr.replace(',tenant="$tenant"', ""),
    "trailing comma": lambda expr: expr.replace("}", ",}"),
    "one more matcher": lambda expr: expr.replace("}", ',circuit=~".*"}'),
    "matcher order": lambda expr: expr.replace('isp="$isp",tenant="$tenant"', 'tenant="$tenant",isp="$isp"'),
    "NUL": lambda expr: expr + "\0",
    "carriage return": lambda expr: expr + "\r",
    "twice": lambda expr: expr + expr,
    "byte order mark": lambda expr: "\ufeff" + expr,
    "very long": lambda expr: expr + " " * 5_000,
    "unfilled": lambda expr: expr.replace("sky-r1-main", "$circuit"),
}

IDS = (
    "",
    ".*",
    "sky-r1-main|sky-r2-main",
    'sky-r1-main"} or up{a="',
    "sky-r1-main\n",
    "SKY-R1-MAIN",
    "sky-r1-ma\u0456n",
    "sky-r1-main ",
    "-sky",
    "x" * 64,
    "$tenant",
    "${circuit}",
    "$__all",
    "sky_r1_main",
    "1/**/",
)


@pytest.mark.parametrize("expr", ARBITRARY)
def test_arbitrary_promql_is_refused(gateway: Gateway, expr: str) -> None:
    """However harmless it is; the health check counts to the letter alone."""
    _refused(gateway, expr)


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_variant_of_an_own_query_passes(gateway: Gateway, variant: str) -> None:
    """Also one that would mean the same to Prometheus: what is not compared cannot be misunderstood."""
    assert VARIANTS[variant](OWN) != OWN
    _refused(gateway, VARIANTS[variant](OWN))


@pytest.mark.parametrize("value", IDS)
def test_nothing_but_an_id_stands_in_the_open_place(gateway: Gateway, value: str) -> None:
    """And an id that is written as one has to be the asker's."""
    _refused(gateway, DOWNLOAD.replace("$circuit", value))


def test_two_different_ids_are_not_one(gateway: Gateway) -> None:
    """The first of them would be checked, and the second asked."""
    expr = CATALOGUE["device-memory"].expr.replace("$device", SKY.device, 1).replace("$device", "del-core")
    assert gateway.draw(expr, "engineer").status_code == 403


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("", "query={own}&query=up"),
        ("", "query=up&query={own}"),
        ("", "query={own}&query={own}"),
        ("query=up", "query={own}"),
        ("query={own}", "query={own}"),
        ("query={own}", ""),
        ("time=1", "query={own}"),
        ("", "query={own}&Query=up"),
        ("", "query={own}&query[]=up"),
        ("", "query={own};query=up"),
        ("", "query={own}&match[]=up"),
        ("", "query={own}&limit=1"),
        ("", "query={own}&lookback_delta=1d"),
        ("", "query={own}&stats=all"),
        ("", "query={own}&extra_filters[]={{}}"),
        ("", "query={own}&time=1&time=2"),
        ("", "query={own}&%71uery=up"),
        ("", "query=%ff{own}"),
        ("", "query={own}&a"),
        ("", "&".join(["query={own}", *(f"a{n}=1" for n in range(50))])),
    ],
)
def test_parameters_twice_or_in_two_places(gateway: Gateway, query: str, body: str) -> None:
    """One program reads the first and another the last; so neither is read."""
    own = OWN.replace("{", "%7B").replace("}", "%7D").replace('"', "%22").replace("=", "%3D").replace(",", "%2C")
    answer = gateway.client.post(
        f"/gateway/api/v1/query?{query.format(own=own)}".rstrip("?"),
        data=body.format(own=own),
        content_type="application/x-www-form-urlencoded",
        headers={"Authorization": f"Bearer {TOKEN}", "X-Grafana-User": gateway.login("sky-r1")},
    )
    assert answer.status_code in {400, 403}
    assert gateway.asked == []


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
def test_a_body_of_another_kind(gateway: Gateway, kind: str) -> None:
    """A form, and nothing that might be read as one by somebody else."""
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Grafana-User": gateway.login("sky-r1")}
    answer = gateway.client.post("/gateway/api/v1/query", data=b"query=up", content_type=kind, headers=headers)
    assert answer.status_code == 403


def test_a_get_with_a_body(gateway: Gateway) -> None:
    """Its parameters would be in two places."""
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Grafana-User": gateway.login("sky-r1")}
    url = "/gateway/api/v1/query"
    answer = gateway.client.get(url, query_string={"query": OWN}, data=b"query=up", headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "series?match[]=up",
        "labels",
        "label/tenant/values",
        "label/__name__/values",
        "metadata",
        "query_exemplars?query=up",
        "format_query?query=up",
        "parse_query?query=up",
        "targets",
        "rules",
        "alerts",
        "status/config",
        "status/tsdb",
        "admin/tsdb/snapshot",
        "read",
        "write",
        "../../-/reload",
        "federate",
    ],
)
def test_no_other_endpoint(gateway: Gateway, path: str) -> None:
    """Not one of the rest of Prometheus' interface, by any method."""
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Grafana-User": gateway.login("admin")}
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        answer = gateway.client.open(f"/gateway/api/v1/{path}", method=method, headers=headers)
        assert answer.status_code == 403, method
        assert "sky" not in answer.text
    assert gateway.asked == []


def test_what_is_refused_is_counted_and_logged_on_one_line(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its reason; the text cannot write a line of its own into the log, or colour it."""
    before = _refusals(gateway, "expression")
    gateway.ask('up\n2026-11-29 [info] grafana_setup_done\x1b[31m{a="' + "b" * 1000)
    assert _refusals(gateway, "expression") == before + 1
    said = capsys.readouterr()
    lines = [line for line in (said.out + said.err).splitlines() if "grafana_setup_done" in line]
    assert len(lines) == 1
    assert "grafana_refused" in lines[0]
    assert "\x1b[31m{a" not in lines[0]
    assert len(lines[0]) < 800


def test_a_hundred_thousand_made_up_expressions(services: Services) -> None:
    """What is a hair from the catalogue: whatever passes is an entry to the letter, bound to the asker's own."""
    asker = Asker("tester", "tenant", Scope("tenant", "skylink", "sky-r1"))
    random.seed(20261129)
    passed, leaks = 0, []
    with services.registry.read(asker.scope) as tx:
        for expr in (made_up() for _ in range(100_000)):
            matched = CATALOGUE_MATCHER.match(expr)
            if matched is None:
                continue
            try:
                asked = bound(tx, asker, matched)
            except Refused:
                continue
            passed += 1
            if not is_own(expr, asked):
                leaks.append((expr, asked))
    assert leaks == []
    assert passed > 100, "no entry was met at all: the mutations say nothing"


def test_some_hundred_of_them_over_http(gateway: Gateway) -> None:
    """The same through the whole application: Prometheus hears of the asker's own and of nothing else."""
    random.seed(7)
    for _ in range(400):
        expr = made_up()
        answer = gateway.ask(expr)
        assert answer.status_code in {200, 403}
        if answer.status_code == 200:
            assert is_own(expr, gateway.asked[-1] if gateway.asked else expr)
    for asked in gateway.asked:
        assert 'isp="skylink",tenant="sky-r1"' in asked
        assert "sky-r2" not in asked
        assert "del-" not in asked


def test_every_open_place_is_one_of_the_few() -> None:
    """An entry of the tenants names isp and tenant in every selector, and leaves the circuit open at most."""
    for query in CATALOGUE.values():
        if query.audience != "tenant":
            continue
        assert query.expr.count("{") == query.expr.count('isp="$isp",tenant="$tenant"'), query.name
        assert not any(f"${place}" in query.expr for place in OPEN_PLACES if place != "circuit"), query.name


def _refused(gateway: Gateway, expr: str) -> None:
    for answer in (gateway.ask(expr), gateway.draw(expr)):
        assert answer.status_code == 403, expr
        assert answer.get_json()["status"] == "error"
    assert gateway.asked == []


def _refusals(gateway: Gateway, reason: str) -> float:
    text = gateway.client.get("/metrics").text
    wanted = f'backhaul_portal_grafana_refused_total{{reason="{reason}",where="gateway"}}'
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(wanted))
