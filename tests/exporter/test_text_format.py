"""The exposition as Prometheus' own tools read it, and the table it comes from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from exporter import metrics
from exporter.exposition import Exposition, Metric
from tests.exporter.routers import router
from tests.exporter.served import circuit, exporter, link, parse, routeros, tenant
from tests.harness import ROOT, program

# Bandwidth is in bits per second, the unit of this field; promtool wants base units.
_OUR_EXCEPTION = 'use base unit "bytes"'


def test_promtool_accepts_both_endpoints(tmp_path: Path) -> None:
    """The linter of Prometheus finds nothing but our one exception, and every family is in the table."""
    circuits = [
        circuit("c1", "core-1", {"queue": "q"}, ping="127.0.0.1"),
        circuit("c2", "core-1", {"interface": "vlan10"}, ping="192.0.2.9", ping_from="device"),
        circuit("c3", "core-1", {"interface": "vlan10"}),
    ]
    sections = {"links": [link("nttn", (10, "core-1", "vlan10"))], "tenants": [tenant("t1", *circuits)]}
    with router() as device:
        device.interface(1, "vlan10", 1, 2, rx_error="1")
        device.queue(2, "q", 1, 2)
        with exporter(tmp_path, devices=[routeros("core-1", device.port)], **sections) as served:
            served.probe("core-1")
            served.reload()
            texts = {path: served.get(path).text for path in ("/probe?target=core-1", "/metrics")}
    for path, text in texts.items():
        lint = subprocess.run(
            [program("promtool"), "check", "metrics"], check=False, input=text, capture_output=True, text=True
        )
        complaints = [line for line in (lint.stdout + lint.stderr).splitlines() if _OUR_EXCEPTION not in line]
        assert not complaints, f"{path}: {complaints}"
        documented = {metric.name for metric in metrics.ENDPOINTS[path.partition("?")[0]]}
        exposed = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE isp_")}
        assert exposed <= documented
    assert not set(parse(texts["/metrics"])) & set(parse(texts["/probe?target=core-1"])), "a series on both endpoints"


def test_every_metric_is_named_once_and_explained() -> None:
    """No two rows of the table share a name; every help says something the name does not."""
    table = (*metrics.DEVICES, *metrics.INVENTORY, *metrics.PING)
    assert len({metric.name for metric in table}) == len(table)
    for metric in table:
        assert metric.name.startswith("isp_")
        assert metric.help.endswith(".")
        assert (metric.type == "counter") == metric.name.endswith("_total")


@given(st.lists(st.text(st.characters(codec=None)), min_size=2, max_size=2, unique=True), st.floats(allow_nan=False))
def test_any_text_survives_as_a_label(texts: list[str], number: float) -> None:
    """Whatever characters a label holds, the parser of prometheus_client reads them back."""
    metric = Metric("isp_text", "gauge", ("first", "second"), 'A "help" with \\ and\nlines.')
    out = Exposition()
    out.add(metric, metric.series(*texts), number)
    ((_, labels),) = (samples := parse(out.render().decode()))
    whole = [text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in texts]
    assert dict(labels) == {"first": whole[0], "second": whole[1]}
    assert list(samples.values()) == [number]


def test_the_page_of_metrics_is_current() -> None:
    """docs/metrics.md is what the table says."""
    check = subprocess.run(
        [sys.executable, ROOT / "scripts" / "generate_docs.py", "--check"], check=False, capture_output=True, text=True
    )
    assert check.returncode == 0, check.stdout
