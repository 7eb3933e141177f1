"""The catalogue against a real Prometheus: every entry answers, and nothing but ids gets in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

import pytest

from portal.binding import Query
from portal.chart_table import CHARTS
from portal.prometheus import Prometheus
from portal.queries import CATALOGUE, WINDOWS, bind, mean_name
from tests.harness import ROOT
from tests.portal.prometheus import Measured
from tests.portal.world import SKY
from tests.prometheus import files

HOSTILE = (
    *("", "A", "-a", "a" * 64, "a b", 'a"', "a\\", "a|b", "a.*", "a{", 'x"} or up{job="', "$isp", "a\n", "ünicode"),
    *('",tenant=~".+', "a\x00", "৩", "a}", "a,b"),
)
KNOWN: dict[str, str | list[str]] = {
    "isp": SKY.id,
    "tenant": SKY.resellers[0],
    "circuit": SKY.circuit(SKY.resellers[0]),
    "link": SKY.link,
    "device": SKY.device,
    "tenants": list(SKY.resellers),
    "circuits": [SKY.circuit(one) for one in SKY.tenants],
    "links": [SKY.link],
    "devices": [SKY.device],
}
SELECTOR = re.compile(r"\{([^{}]*)\}")
PROMQL = re.compile(
    r"_over_time\(|\b(rate|increase|histogram_quantile|label_replace|topk)\(|\b(sum|max|count) by \(|\[\d+[smhd]\]"
)
TENANTS = [query for query in CATALOGUE.values() if query.audience == "tenant"]


def places(query: Query) -> set[str]:
    return set(re.findall(r"\$([a-z]+)", query.expr))


def bound(query: Query) -> str:
    return bind(query, **{name: value for name, value in KNOWN.items() if name in places(query)})  # type: ignore[arg-type]


def named(queries: Iterable[Query]) -> list[str]:
    return [query.name for query in queries]


@pytest.mark.parametrize("query", CATALOGUE.values(), ids=named(CATALOGUE.values()))
def test_every_entry_is_answered(query: Query, filled_prometheus: Measured) -> None:
    """With series, except for what nothing is to be told of."""
    found = Prometheus(filled_prometheus.url).instant(bound(query))
    assert found, f"{query.name} gave nothing: {bound(query)}"
    assert query.what.endswith(".")


@pytest.mark.parametrize("query", TENANTS, ids=named(TENANTS))
def test_a_tenants_entry_names_isp_and_tenant_in_every_selector(query: Query) -> None:
    """To the letter, on recorded series alone, without anything of Grafana's: the gateway compares the text."""
    selectors = SELECTOR.findall(query.expr)
    assert selectors
    for selector in selectors:
        assert 'isp="$isp"' in selector
        assert 'tenant="$tenant"' in selector
    assert places(query) <= {"isp", "tenant", "circuit", "circuits"}
    recorded = files.recorded_names()
    names = re.findall(r'([a-z_:0-9]+)(?=\{)|__name__=~"([^"]+)"', query.expr)
    for plain, pattern in names:
        matching = {name for name in recorded if re.fullmatch(pattern, name)} if pattern else {plain} & recorded
        assert matching, f"{plain or pattern} is not recorded"
        assert not plain.startswith("isp_")
        assert "isp_" not in pattern


@pytest.mark.parametrize("query", CATALOGUE.values(), ids=named(CATALOGUE.values()))
def test_only_the_platforms_own_entries_go_without_an_isp(query: Query) -> None:
    """Every entry of the staff binds their isp."""
    assert ("isp" in places(query)) == (query.audience != "platform")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_but_an_id_gets_in(hostile: str) -> None:
    """Neither as one nor among several."""
    with pytest.raises(ValueError, match="is not an id"):
        bind(CATALOGUE["circuit-download"], isp=SKY.id, tenant=hostile, circuit="c")
    with pytest.raises(ValueError, match="is not an id"):
        bind(CATALOGUE["circuits-now"], isp=SKY.id, circuits=["c", hostile])


def test_what_is_missing_or_too_much_is_refused() -> None:
    """A query that binds less than its caller thinks would show too much."""
    with pytest.raises(ValueError, match="takes"):
        bind(CATALOGUE["circuit-download"], isp=SKY.id, circuit="c")
    with pytest.raises(ValueError, match="takes"):
        bind(CATALOGUE["counts-now"], isp=SKY.id, tenant="t")
    for none_or_many in ([], [f"c{number}" for number in range(1001)]):
        with pytest.raises(ValueError, match="expected 1 to 1000"):
            bind(CATALOGUE["circuits-now"], isp=SKY.id, circuits=none_or_many)


def test_several_ids_match_whole_or_not_at_all(filled_prometheus: Measured) -> None:
    """A regular expression of PromQL is anchored: `sky` finds nothing of `sky-r1-main`."""
    prometheus = Prometheus(filled_prometheus.url)
    assert not prometheus.instant(bind(CATALOGUE["circuits-now"], isp=SKY.id, circuits=["sky", "main", "sky-r1"]))


def test_every_chart_is_drawn_from_the_catalogue() -> None:
    """With its sisters for longer ranges; a tenant's chart of a tenant's entries."""
    for name, chart in CHARTS.items():
        for query in chart.queries(None):
            for entry in (query, *(mean_name(query, window) for window in WINDOWS)):
                assert entry in CATALOGUE, f"{name}: no entry {entry}"
                audience = "tenant" if chart.subject in {"circuit", "tenant"} else "staff"
                assert CATALOGUE[entry].audience == audience
                assert CATALOGUE[entry].unit == chart.unit
        for plan in chart.plans:
            assert (CATALOGUE[plan].audience, CATALOGUE[plan].unit) == ("tenant", chart.unit)


def test_promql_stands_nowhere_else_in_the_portal() -> None:
    """No file but the catalogue has a function or a range of PromQL in it; `figures` name series only to read them."""
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted((ROOT / "portal").rglob("*"))
        if path.suffix in {".py", ".html", ".js"}
        and path.name not in {"queries.py", "current_queries.py"}
        and not {"panel_queries", "vendor"} & set(path.parts)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if PROMQL.search(line) or re.search(r"[a-z0-9]\{[a-z]+=~?[\"']", line)
    ]
    assert found == []


def test_the_catalogue_is_plain_text() -> None:
    """An entry can be handed on as JSON: what the gateway and the dashboards will do."""
    for query in CATALOGUE.values():
        assert json.loads(json.dumps(query.expr)) == query.expr
