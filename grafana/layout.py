"""What a dashboard is made of, and how it becomes the JSON Grafana reads and the table the portal's proxy reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import Dashboard, DashboardCursorSync, VariableOption

from grafana.panels import Made
from portal.binding import Audience
from portal.grafana.panels import ORGANISATIONS, SOURCES

COLUMNS = 24


@dataclass(frozen=True, slots=True)
class Layout:
    """One dashboard. `panels` stand in this order, each under its number for ever: pages embed it by that.

    `variable` is the name, label and description of the one textbox.
    """

    uid: str
    title: str
    what: str
    audience: Audience
    panels: Mapping[int, Made]
    variable: tuple[str, str, str] | None = None

    def dashboard(self) -> Dashboard:
        """The dashboard as Grafana's JSON has it."""
        made = dashboard.Dashboard(self.title).uid(self.uid).description(self.what).readonly()
        made.tags(["backhaul", self.audience]).timezone("browser").time("now-24h", "now").refresh("1m")
        made.tooltip(DashboardCursorSync.CROSSHAIR).annotation(_no_annotations())
        if self.variable is not None:
            name, label, what = self.variable
            box = dashboard.TextBoxVariable(name).label(label).description(what).default_value("")
            made.with_variable(box.current(VariableOption(text="", value="")))
        for number, x, y in _places(self.panels):
            made.with_panel(self.panels[number].placed(number, x, y, SOURCES[self.audience]))
        return made.build()

    def table(self) -> dict[str, Any]:
        """For the proxy: which entry of the catalogue each panel's queries are."""
        return {
            "audience": self.audience,
            "organisation": ORGANISATIONS[self.audience],
            "variables": [] if self.variable is None else [self.variable[0]],
            "panels": {str(number): made.asked() for number, made in sorted(self.panels.items())},
        }


def _places(panels: Mapping[int, Made]) -> Iterator[tuple[int, int, int]]:
    """Number, x and y of each: from left to right, and below where it does not fit any more."""
    x = y = height = 0
    for number, made in panels.items():
        if x + made.width > COLUMNS:
            x, y, height = 0, y + height, 0
        yield number, x, y
        x, height = x + made.width, max(height, made.height)


def _no_annotations() -> dashboard.AnnotationQuery:
    """Grafana adds its own where there is none, and asks for it with every load."""
    grafana = DataSourceRef(type_val="grafana", uid="-- Grafana --")
    query = dashboard.AnnotationQuery().name("Annotations & Alerts").datasource(grafana).type("dashboard").built_in(1)
    return query.enable(enable=False).hide(hide=True).icon_color("blue")
