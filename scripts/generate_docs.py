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

_METRICS_INTRO = """# Metrics of the exporter

Written by `make docs` from `exporter/metrics.py`; change it there.

Identity is in labels, state in values, and text that people change only in `_info` metrics. A value that was not read
is absent, never 0. Units are Prometheus' base units, but for bandwidth, which is in bits per second, the unit of this
field (`promtool check metrics` objects; it is our one exception). `receive` and `transmit` are as the device sees it,
`download` and `upload` as the tenant does.

A ping family may be on both endpoints, but each of its series is on one: `/metrics` has what the server pings, `/probe`
what the device pings. Besides these, `/metrics` has `backhaul_exporter_*` (the probes by outcome, and how long they
took) and the usual `process_*` and `python_*` of the exporter itself.
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


PAGES: Mapping[str, Callable[[], str]] = {"docs/metrics.md": metrics_page}


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
