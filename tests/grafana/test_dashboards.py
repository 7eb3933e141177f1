"""The committed dashboards: what the code writes, drawn from the catalogue to the letter, and fit for people."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from grafana import dashboards
from grafana.words import UNITS
from portal.grafana.panels import ORGANISATIONS, SOURCES, load_panels
from portal.queries import CATALOGUE
from tests.harness import ROOT

AUDIENCES = {
    "tenant-circuit": "tenant",
    "tenant-circuits": "tenant",
    "staff-overview": "staff",
    "staff-link": "staff",
    "staff-resellers": "staff",
    "staff-circuit": "staff",
    "staff-device": "staff",
    "platform-health": "platform",
}
VARIABLES = {"tenant-circuit": "circuit", "staff-circuit": "circuit", "staff-link": "link", "staff-device": "device"}
PLACES = re.compile(r"\$\{?([a-z_]+)")
# Every kind of panel the dashboards may be made of: those Grafana brings with it, that run nothing and load nothing.
KINDS = {"timeseries", "stat", "bargauge", "state-timeline", "table"}


def read(uid: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (dashboards.GENERATED / AUDIENCES[uid] / f"{uid}.json").read_text(encoding="utf-8")
    )
    return found


def panels(uid: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read(uid)["panels"]
    return found


def targets(uid: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for panel in panels(uid):
        for target in panel["targets"]:
            yield panel, target


every_dashboard = pytest.mark.parametrize("uid", AUDIENCES)


def test_the_committed_files_are_what_the_code_writes() -> None:
    """All of them, and no others."""
    assert dashboards.main(["--check"]) == 0
    assert {path.stem for path in dashboards.GENERATED.rglob("*")} == {*AUDIENCES, "tenant", "staff", "platform"}


def test_a_stale_or_stray_file_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the check, which says what to do; writing anew puts both right."""
    monkeypatch.setattr(dashboards, "ROOT", tmp_path)
    monkeypatch.setattr(dashboards, "GENERATED", tmp_path / "generated")
    monkeypatch.setattr(dashboards, "PANELS", tmp_path / "panels.json")
    assert dashboards.main([]) == 0
    assert dashboards.main(["--check"]) == 0
    changed, stray = tmp_path / "generated/staff/staff-link.json", tmp_path / "generated/staff/stray.json"
    changed.write_text("{}", encoding="utf-8")
    stray.write_text("{}", encoding="utf-8")
    assert dashboards.main(["--check"]) == 1
    said = capsys.readouterr().err
    assert "generated/staff/staff-link.json is not what the code writes: run make dashboards" in said
    assert "stray.json" in said
    assert dashboards.main([]) == 0
    assert dashboards.main(["--check"]) == 0
    assert not stray.exists()


def test_every_dashboard_has_its_audience() -> None:
    """Which the proxy goes by; the folder is that of the organisation it is put into."""
    table = load_panels()
    assert {uid: dashboard.audience for uid, dashboard in table.items()} == AUDIENCES
    assert set(dashboards.DASHBOARDS) == set(AUDIENCES)


@every_dashboard
def test_every_query_is_of_the_catalogue_to_the_letter(uid: str) -> None:
    """For that audience; the staff may also draw what their tenants see. Nothing of Grafana's is in it."""
    texts = {query.expr: query for query in CATALOGUE.values()}
    allowed = {"tenant": {"tenant"}, "staff": {"tenant", "staff"}, "platform": {"platform"}}[AUDIENCES[uid]]
    for panel, target in targets(uid):
        assert target["expr"] in texts, f"{panel['title']}: {target['expr']}"
        query = texts[target["expr"]]
        assert query.audience in allowed
        assert target["legendFormat"] == query.legend
        assert "$__" not in json.dumps(target)
        assert target["datasource"] == {"type": "prometheus", "uid": SOURCES[query.audience]}


@every_dashboard
def test_the_table_of_panels_agrees_with_the_dashboards(uid: str) -> None:
    """The proxy replaces a query by (dashboard, panel, letter): both must mean the same."""
    table = json.loads(dashboards.PANELS.read_text(encoding="utf-8"))[uid]
    in_dashboard = {
        (str(panel["id"]), target["refId"]): (
            target["expr"],
            "instant" if target.get("instant") else "range",
            target.get("format", "time_series") == "table",
        )
        for panel, target in targets(uid)
    }
    in_table = {
        (panel, letter): (CATALOGUE[said["query"]].expr, said["kind"], said.get("format") == "table")
        for panel, asked in table["panels"].items()
        for letter, said in asked.items()
    }
    assert in_table == in_dashboard
    assert table["organisation"] == ORGANISATIONS[table["audience"]]
    assert table["variables"] == [one["name"] for one in read(uid).get("templating", {}).get("list", [])]


@every_dashboard
def test_there_is_at_most_the_one_textbox(uid: str) -> None:
    """No query, data source or interval variable: those would ask Prometheus what nobody wrote down."""
    variables = read(uid).get("templating", {}).get("list", [])
    wanted = VARIABLES.get(uid)
    assert [(one["type"], one["name"]) for one in variables] == ([("textbox", wanted)] if wanted else [])
    places = {place for _, target in targets(uid) for place in PLACES.findall(target["expr"])}
    assert places - {"isp", "tenant"} <= {wanted}
    for panel in panels(uid):
        assert not panel.get("repeat")
        assert not panel.get("links")
        assert not PLACES.search(panel["title"] + panel["description"])


@every_dashboard
def test_every_panel_is_understood(uid: str) -> None:
    """A title, a sentence, a unit, a word where nothing is known, and a form Grafana itself brings."""
    titles = [panel["title"] for panel in panels(uid)]
    assert len(set(titles)) == len(titles)
    for panel in panels(uid):
        assert panel["type"] in KINDS
        assert re.search(r"[a-z0-9)%]\.$", panel["description"]), panel["description"]
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["noValue"] == "not known"
        units = {UNITS[_query(target).unit] for target in panel["targets"]}
        if panel["type"] == "table":
            said = {
                one["value"]
                for each in panel["fieldConfig"]["overrides"]
                for one in each["properties"]
                if one["id"] == "unit"
            }
            assert said == units
        elif panel["type"] != "state-timeline":
            assert {defaults["unit"]} == units


@every_dashboard
def test_panels_stand_beside_each_other_and_not_over_each_other(uid: str) -> None:
    """Within the 24 columns. On a phone Grafana puts them below each other, in the order they are in."""
    places = [panel["gridPos"] for panel in panels(uid)]
    for one in places:
        assert 0 <= one["x"] < one["x"] + one["w"] <= 24
        assert one["w"] >= 4
        assert one["h"] >= 4
    for one, other in combinations(places, 2):
        apart = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart or above
    assert [(one["y"], one["x"]) for one in places] == sorted((one["y"], one["x"]) for one in places)


@every_dashboard
def test_a_dashboard_asks_for_nothing_else(uid: str) -> None:
    """No annotations, no links to elsewhere, nothing to change, and no more often than each half minute."""
    found = read(uid)
    assert all(not one["enable"] for one in found["annotations"]["list"])
    assert found["editable"] is False
    assert not found.get("links")
    assert found["refresh"] == "1m"
    assert len(json.dumps(found)) < 100_000


def test_colours_fit_the_light_and_the_dark_theme() -> None:
    """Names of Grafana's palette, which it draws for each; the one grey is readable on both."""
    for uid in AUDIENCES:
        named = set(re.findall(r'"(?:color|fixedColor)": "([^"]+)"', json.dumps(read(uid))))
        assert named <= {
            *("green", "yellow", "orange", "red", "blue", "purple", "text", "transparent", "#8e8e8e"),
        }


def test_numbers_that_pages_embed_stay() -> None:
    """The portal's pages name panels by number: traffic, latency, loss; and all circuits' traffic."""
    circuit = {panel["id"]: panel["title"] for panel in panels("tenant-circuit")}
    assert [circuit[number] for number in (1, 2, 3)] == ["Traffic", "Latency", "Loss"]
    assert {panel["id"]: panel["title"] for panel in panels("tenant-circuits")}[2] == "Traffic of all circuits"


def test_every_dashboard_is_described() -> None:
    """With the one thing it is about."""
    page = (ROOT / "docs/dashboards.md").read_text(encoding="utf-8")
    for uid, audience in AUDIENCES.items():
        (line,) = re.findall(rf"(?m)^\| `{uid}` \| (.*)$", page)
        assert {"tenant": "tenants", "staff": "staff", "platform": "the platform's owner"}[audience] in line
        assert uid not in VARIABLES or f"(`{VARIABLES[uid]}`)" in line


def test_the_check_is_a_step_of_make_check() -> None:
    """A dashboard changed by hand does not pass."""
    assert "python -m grafana.dashboards --check" in (ROOT / "scripts/check.sh").read_text(encoding="utf-8")


def _query(target: dict[str, Any]) -> Any:
    return next(query for query in CATALOGUE.values() if query.expr == target["expr"])
