"""Writes the pages of docs/ that follow from the code; with --check it only says which are not current."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from exporter import metrics  # noqa: E402 - the project need not be installed to document it
from exporter.exposition import Metric  # noqa: E402
from exporter.ping import sender  # noqa: E402
from portal import role_words  # noqa: E402
from portal.queries import CATALOGUE, WINDOWS  # noqa: E402

_METRICS_INTRO = """# Metrics of the exporter

Written by `make docs` from `exporter/metrics.py`; change it there.

Identity is in labels, state in values, and text that people change only in `_info` metrics. A value that was not read
is absent, never 0. Units are Prometheus' base units, but for bandwidth, which is in bits per second, the unit of this
field (`promtool check metrics` objects; it is our one exception). `receive` and `transmit` are as the device sees it,
`download` and `upload` as the tenant does.

A ping family may be on both endpoints, but each of its series is on one: `/metrics` has what the server pings, `/probe`
what the device pings. Besides these, `/metrics` has `backhaul_exporter_*` (the probes by outcome, and how long they
took), `backhaul_disk_free_bytes` and `backhaul_disk_size_bytes` by `path` (`/` and those of `BACKHAUL_DISKS`) and the
usual `process_*` and `python_*` of the exporter itself.
"""


def metrics_page() -> str:
    """docs/metrics.md: a table for each endpoint."""
    endpoints = {**metrics.ENDPOINTS, "/metrics": (*metrics.ENDPOINTS["/metrics"], *sender.METRICS)}
    return "\n".join([_METRICS_INTRO, *(line for name, table in endpoints.items() for line in _table(name, table))])


def _table(endpoint: str, table: tuple[Metric, ...]) -> Iterator[str]:
    yield from (f"## `{endpoint}`", "", "| metric | type | labels | meaning |", "|---|---|---|---|")
    for metric in table:
        labels = ", ".join(metric.labels)
        yield f"| `{metric.name}` | {metric.type} | {labels} | {metric.help.replace('|', chr(92) + '|')} |"
    yield ""


_QUERIES_INTRO = """# Queries of the portal

Written by `make docs` from `portal/queries.py`, `portal/current_queries.py` and `portal/panel_queries/`; change it
there.

Every PromQL expression the portal sends is one of these, by name, and PromQL stands nowhere else in it. `$isp`,
`$tenant` and the like are put in on the server, from who is logged in and what the registry says is theirs; only ids
are taken, several of them as an alternation, which PromQL anchors at both ends. A tenant's entry draws recorded series
([rules.md](rules.md)) and names the isp and the tenant in every selector.

What is drawn over time has three sisters, `NAME-15m`, `NAME-1h` and `NAME-1d`, that take the mean of that long of each
series with `avg_over_time`: the charts of 7 days, of 30 and of a year are drawn from them, since a mean of five minutes
in an hour would miss most of what happened. What a page shows as "now" is at most a minute old. Grafana's dashboards
([dashboards.md](dashboards.md)) hold these very texts and no others.
"""


def queries_page() -> str:
    """docs/queries.md: a table for each audience."""
    sisters = tuple(f"-{window}" for window in WINDOWS)
    lines = [_QUERIES_INTRO]
    for audience, whose in {
        "tenant": "Tenants",
        "staff": "Staff of an isp",
        "platform": "The platform's owner",
    }.items():
        lines += [f"## {whose}", "", "| name | unit | what | expression |", "|---|---|---|---|"]
        for query in CATALOGUE.values():
            if query.audience == audience and not query.name.endswith(sisters):
                text = query.expr.replace("|", chr(92) + "|")
                lines.append(f"| `{query.name}` | {query.unit} | {query.what} | `{text}` |")
        lines.append("")
    return "\n".join(lines)


_ROLES = "## What each role may do\n"


def portal_page() -> str:
    """docs/portal.md as it is, with the table of roles made anew: all between its heading and the next."""
    text = (ROOT / "docs/portal.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(_ROLES)
    _, _, after = rest.partition("\n## ")
    return "".join([before, _ROLES, "\n".join(_roles()), "\n## ", after])


def _roles() -> Iterator[str]:
    roles = role_words.columns()
    yield ""
    yield "This section is written by `make docs` from `portal/roles.py`; change it there."
    yield ""
    yield from (f"- **{role}**: {role_words.SUMMARIES[role]}" for role in roles)
    yield ""
    yield f"| may | {' | '.join(roles)} |"
    yield "|---|" + ":-:|" * len(roles)
    for row in role_words.table():
        yield f"| {row.meaning} | {' | '.join('yes' if role in row.roles else '' for role in roles)} |"
    yield ""


PAGES: Mapping[str, Callable[[], str]] = {
    "docs/metrics.md": metrics_page,
    "docs/queries.md": queries_page,
    "docs/portal.md": portal_page,
}


def main(arguments: list[str]) -> int:
    """Write all pages, or with --check list those that differ; returns the exit code."""
    stale = []
    for name, page in PAGES.items():
        path, text = ROOT / name, page()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if "--check" in arguments:
            stale.append(name)
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    if stale:
        print(f"not current: {', '.join(stale)}; run `make docs` and commit what it writes")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
