"""The kinds of panels dashboards are made of. A panel draws entries of the catalogue; units and legends are theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from grafana_foundation_sdk.builders import bargauge, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.common import (
    GraphThresholdsStyleConfig,
    ReduceDataOptions,
    StackingConfig,
    VizLegendOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BarGaugeNamePlacement,
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    DataSourceRef,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    GridPos,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode

from grafana.words import ANSWERS, LEVELS, NOTHING, STATES, UNITS
from portal.queries import CATALOGUE

Kind = Literal["range", "instant"]
Builder = timeseries.Panel | stat.Panel | bargauge.Panel | statetimeline.Panel | table.Panel

LETTERS = "ABCDEFGHIJ"  # of a panel's queries
MOST_POINTS = 720  # of a line: two pixels each on a wide screen, and fewer than the gateway's most


@dataclass(frozen=True, slots=True)
class Made:
    """A panel, its place (24 columns are the whole width), and the entries it draws, in the order of LETTERS."""

    title: str
    builder: Builder
    width: int
    height: int
    queries: Sequence[str]
    kind: Kind

    @property
    def is_table(self) -> bool:
        """Whether its queries are to be answered as tables."""
        return isinstance(self.builder, table.Panel)

    def asked(self) -> dict[str, dict[str, str]]:
        """By letter: the entry of the catalogue, how it is asked, and the form of the answer where it is a table."""
        form = {"format": "table"} if self.is_table else {}
        pairs = zip(LETTERS, self.queries, strict=False)
        return {letter: {"query": query, "kind": self.kind, **form} for letter, query in pairs}

    def placed(self, number: int, x: int, y: int, source: str) -> Builder:
        """The panel as a dashboard holds it, asking the data source with the uid `source`."""
        ref = DataSourceRef(type_val="prometheus", uid=source)
        self.builder.id(number).title(self.title).datasource(ref).no_value(NOTHING)
        self.builder.grid_pos(GridPos(h=self.height, w=self.width, x=x, y=y))
        pairs = zip(LETTERS, self.queries, strict=False)
        self.builder.targets([self._target(letter, query).datasource(ref) for letter, query in pairs])
        return self.builder

    def _target(self, letter: str, query: str) -> Dataquery:
        entry = CATALOGUE[query]
        target = Dataquery().ref_id(letter).expr(entry.expr).legend_format(entry.legend)
        target.editor_mode(QueryEditorMode.CODE)
        if self.kind == "range":
            return target.range()
        return target.instant().format(PromQueryFormat.TABLE if self.is_table else PromQueryFormat.TIME_SERIES)


def lines(  # noqa: PLR0913 - what can be different about one
    title: str,
    what: str,
    *queries: str,
    width: int = 12,
    height: int = 9,
    stacked: bool = False,
    across: Sequence[str] = (),
    most: float | None = None,
    steps: Sequence[tuple[float, str]] = (),
) -> Made:
    """Lines over time. Those of the entries `across` are dashed and never stacked: a plan, a promise, a threshold."""
    unit = CATALOGUE[queries[0]].unit
    panel = timeseries.Panel().description(what).unit(UNITS[unit]).min(0)
    panel.interval("15s").max_data_points(MOST_POINTS).line_width(1).fill_opacity(35 if stacked else 12)
    panel.show_points(VisibilityMode.NEVER)
    legend = VizLegendOptions().display_mode(LegendDisplayMode.TABLE).placement(LegendPlacement.BOTTOM)
    panel.legend(legend.show_legend(show_legend=True).calcs(["lastNotNull", "mean", "max"]))
    panel.tooltip(VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
    if stacked:
        panel.stacking(StackingConfig().mode(StackingMode.NORMAL))
    if most is not None:
        panel.max(most)
    if steps:
        panel.thresholds(_thresholds(steps, "transparent"))
        panel.thresholds_style(GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED))
    for letter, query in zip(LETTERS, [*queries, *across], strict=False):
        if query in across:
            panel.override_by_query(letter, _DASHED)
    return Made(title, panel, width, height, [*queries, *across], "range")


_DASHED = [
    DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [10, 6]}),
    DynamicConfigValue("custom.lineWidth", 2),
    DynamicConfigValue("custom.fillOpacity", 0),
    DynamicConfigValue("custom.stacking", {"mode": "none", "group": "A"}),
    DynamicConfigValue("color", {"mode": "fixed", "fixedColor": "red"}),
]


def figure(title: str, what: str, query: str, *, width: int = 4, steps: Sequence[tuple[float, str]] = ()) -> Made:
    """One number as it is now; `steps` are the values from which it has another colour than green."""
    entry = CATALOGUE[query]
    panel = _stat(what).unit(UNITS[entry.unit]).thresholds(_thresholds(steps, "green" if steps else "text"))
    if entry.unit == "state":
        panel.mappings([_map(STATES)])
    return Made(title, panel, width, 4, [query], "instant")


def numbers(title: str, what: str, *queries: str, width: int = 12, height: int = 4) -> Made:
    """Several numbers beside each other; those whose name is a state or a level have its colour."""
    panel = _stat(what).unit(UNITS[CATALOGUE[queries[0]].unit]).text_mode(BigValueTextMode.VALUE_AND_NAME)
    panel.orientation(VizOrientation.VERTICAL).thresholds(_thresholds((), "text"))
    if CATALOGUE[queries[0]].unit == "state":
        panel.mappings([_map(ANSWERS)])
    for name, (word, colour) in _names_of(queries[0]).items():
        steps = _thresholds([(1, colour)], "text").build()  # none of them is nothing to look at
        panel.override_by_name(name, [DynamicConfigValue("thresholds", steps), DynamicConfigValue("displayName", word)])
    return Made(title, panel, width, height, queries, "instant")


def bars(
    title: str, what: str, *queries: str, width: int = 12, height: int = 9, steps: Sequence[tuple[float, str]] = ()
) -> Made:
    """A bar for each of what is there now, the longest being 100 %."""
    panel = bargauge.Panel().description(what).unit(UNITS[CATALOGUE[queries[0]].unit]).min(0).max(1)
    panel.display_mode(BarGaugeDisplayMode.BASIC).orientation(VizOrientation.HORIZONTAL).show_unfilled(
        show_unfilled=True
    )
    panel.name_placement(BarGaugeNamePlacement.LEFT).thresholds(_thresholds(steps, "green"))
    panel.reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))
    return Made(title, panel, width, height, queries, "instant")


def states(title: str, what: str, query: str, *, height: int = 6, whole: bool = True) -> Made:
    """Bars of colour over time: 0 is no and 1 is yes; unless `whole`, what is between is a share of the time."""
    panel = statetimeline.Panel().description(what).interval("15s").max_data_points(MOST_POINTS)
    panel.color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))  # its own default is a scale from green to red
    panel.show_value(VisibilityMode.NEVER).row_height(0.8).fill_opacity(80).merge_values(merge_values=True)
    panel.legend(VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM))
    panel.tooltip(VizTooltipOptions().mode(TooltipDisplayMode.SINGLE))
    if whole:
        panel.mappings([_map(ANSWERS)])
        panel.thresholds(_thresholds([(1, "green")], "red"))
    else:
        panel.unit(UNITS["ratio"]).thresholds(_thresholds([(0.01, "orange"), (0.999, "green")], "red"))
    return Made(title, panel, 24, height, [query], "range")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: the entry, its heading, and from which value on it has which colour."""

    query: str
    heading: str
    steps: Sequence[tuple[float, str]] = ()


def rows(  # noqa: PLR0913 - what can be different about one
    title: str,
    what: str,
    by: str,
    heading: str,
    columns: Sequence[Column],
    *,
    width: int = 24,
    height: int = 10,
    ascending: bool = False,
) -> Made:
    """A table as it is now, one row for each value of the label `by`, sorted by the first column."""
    panel = table.Panel().description(what)
    panel.with_transformation(DataTransformerConfig("merge", options={}))
    names = {by: heading, **{_value(at, columns): one.heading for at, one in enumerate(columns)}}
    organize = {
        "excludeByName": {"Time": True},
        "renameByName": names,
        "indexByName": {name: at for at, name in enumerate(names)},
    }
    panel.with_transformation(DataTransformerConfig("organize", options=organize))
    panel.with_transformation(
        DataTransformerConfig("sortBy", options={"sort": [{"field": columns[0].heading, "desc": not ascending}]})
    )
    for column in columns:
        panel.override_by_name(column.heading, _cells(column))
    return Made(title, panel, width, height, [one.query for one in columns], "instant")


def _value(at: int, columns: Sequence[Column]) -> str:
    """What Grafana calls the value of a query: by its letter, where there are several."""
    return f"Value #{LETTERS[at]}" if len(columns) > 1 else "Value"


def _cells(column: Column) -> list[DynamicConfigValue]:
    unit = CATALOGUE[column.query].unit
    properties = [DynamicConfigValue("unit", UNITS[unit])]
    if unit == "state":
        properties.append(DynamicConfigValue("mappings", [_map(STATES)]))
    if column.steps or unit == "state":
        properties.append(DynamicConfigValue("custom.cellOptions", {"type": "color-text"}))
        properties.append(DynamicConfigValue("thresholds", _thresholds(column.steps, "green").build()))
    return properties


def _names_of(query: str) -> Mapping[str, tuple[str, str]]:
    """The lines of an entry that counts by state or level: what each is called, and its colour."""
    by = {"{{state}}": STATES, "{{level}}": LEVELS}.get(CATALOGUE[query].legend, {})
    coded = query == "own-states-now"
    return {str(code) if coded else word.lower(): (word, colour) for code, (word, colour) in by.items()}


def _stat(what: str) -> stat.Panel:
    panel = stat.Panel().description(what).graph_mode(BigValueGraphMode.NONE).color_mode(BigValueColorMode.VALUE)
    return panel.reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))


def _thresholds(steps: Sequence[tuple[float, str]], below: str = "green") -> ThresholdsConfig:
    """Colours from these values on; `below` the first of them. JSON has no infinity: Grafana reads null for it."""
    made = [Threshold(value=None, color=below), *(Threshold(value=value, color=colour) for value, colour in steps)]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(made)


def _map(words: Mapping[int, tuple[str, str]]) -> ValueMap:
    options = {
        str(code): ValueMappingResult(text=text, color=colour, index=code) for code, (text, colour) in words.items()
    }
    return ValueMap(options=options)
