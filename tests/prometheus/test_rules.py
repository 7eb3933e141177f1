"""The rules: what promtool says of them, and that nothing about an alert is forgotten."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from exporter import metrics
from exporter.exposition import Metric
from tests.harness import ROOT
from tests.prometheus import files

ANNOTATIONS = {"summary", "description", "value", "limit", "unit", "runbook"}
SEVERITIES = {"critical", "warning", "info"}
CONTRACT_ALERTS = {
    *("NttnBandwidthHigh", "NttnVlanMissing", "ResellerUsageYellow", "ResellerUsageRed", "CircuitDown"),
    *("CircuitLatencyHigh", "CircuitLossHigh", "DeviceDown", "RouterLimitDrift", "ExporterDown"),
    *("WebhookDeliveryFailing", "Watchdog"),
}
CONTRACT_SERIES = {
    *("vlan:receive_bits_per_second:rate5m", "vlan:transmit_bits_per_second:rate5m"),
    *("link:bandwidth_bits_per_second:rate5m", "link:vlans_reporting:count"),
    *("circuit:download_bits_per_second:rate5m", "circuit:upload_bits_per_second:rate5m"),
    *("circuit:utilization:ratio_rate5m", "circuit:up:avg5m"),
    *("reseller:bandwidth_bits_per_second:rate5m", "reseller:utilization:ratio_rate5m"),
}
# What Prometheus writes itself, what the alert webhook and the pinger serve, and what Prometheus and Alertmanager say
# of themselves.
FOREIGN = {
    *("up", "ALERTS", "backhaul_webhook_oldest_pending_seconds", "backhaul_webhook_dead_letters_total"),
    *("backhaul_webhook_inventory_reload_success", "backhaul_backup_timestamp_seconds"),
    *("backhaul_pinger_socket_up", "alertmanager_notifications_failed_total"),
    *("prometheus_rule_evaluation_failures_total", "prometheus_rule_group_iterations_missed_total"),
    *("prometheus_tsdb_compactions_failed_total", "prometheus_tsdb_wal_truncations_failed_total"),
    *("prometheus_tsdb_wal_writes_failed_total", "prometheus_remote_storage_queue_highest_sent_timestamp_seconds"),
    *("backhaul_disk_free_bytes", "backhaul_disk_size_bytes"),
}

# A section of the runbooks: its title, and what stands below it.
SECTION = re.compile(r"^## (\w+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def exported_names() -> set[str]:
    """Every metric of the exporter's table, a histogram by the series it gives."""
    table = [metric for metric in vars(metrics).values() if isinstance(metric, Metric)]
    plain = {metric.name for metric in table if metric.type != "histogram"}
    parts = {metric.name + part for metric in table if metric.type == "histogram" for part in ("_sum", "_count")}
    return plain | parts


def named(rule: dict[str, Any]) -> str:
    return f"{rule['alert']}-{rule['labels'].get('reason', '')}".strip("-")


def test_promtool_accepts_the_configuration() -> None:
    """`promtool check config` passes in a fresh clone, rules included."""
    done = files.run("promtool", "check", "config", files.PROMETHEUS_CONFIG)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", files.RULE_TESTS, ids=lambda path: path.stem)
def test_promtool_passes_the_rule_tests(path: Path) -> None:
    """Every case in prometheus/tests holds."""
    done = files.run("promtool", "test", "rules", path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_names_of_the_contract_are_all_there() -> None:
    """Dashboards, messages and reports rely on these names."""
    assert files.alert_names() >= CONTRACT_ALERTS
    assert files.recorded_names() >= CONTRACT_SERIES


@pytest.mark.parametrize("name", sorted(files.alert_names()))
def test_every_alert_is_shown_firing_and_silent(name: str) -> None:
    """Watchdog alone is never silent: that is what it is for."""
    firing = [case for case in files.rule_cases() if case["alertname"] == name and case["exp_alerts"]]
    silent = [case for case in files.rule_cases() if case["alertname"] == name and not case["exp_alerts"]]
    assert firing, f"no case shows {name} firing"
    assert silent or name == "Watchdog", f"no case shows {name} silent"


@pytest.mark.parametrize("rule", files.alerts(), ids=named)
def test_every_alert_tells_what_a_message_needs(rule: dict[str, Any]) -> None:
    """All annotations, a known severity, no label that moves with the scrape, no `for` a restart would begin anew."""
    assert set(rule["annotations"]) == ANNOTATIONS
    assert all(rule["annotations"].values())
    assert rule["labels"]["severity"] in SEVERITIES
    assert not {"job", "instance", "value"} & set(rule["labels"])
    assert "for" not in rule


@pytest.mark.parametrize("rule", files.alerts(), ids=named)
def test_every_runbook_exists(rule: dict[str, Any]) -> None:
    """The annotation's path and anchor lead to a section with all three questions answered."""
    path, _, anchor = rule["annotations"]["runbook"].partition("#")
    text = (ROOT / path).read_text(encoding="utf-8")
    sections = {title.lower(): body for title, body in SECTION.findall(text)}
    assert anchor in sections, f"{path} has no section for #{anchor}"
    for question in ("**What it means.**", "**What to look at.**", "**What to do.**"):
        assert question in sections[anchor], f"{path}#{anchor}: no {question}"


@pytest.mark.parametrize("rule", list(files.rules()), ids=lambda rule: str(rule.get("record") or rule.get("alert")))
def test_every_metric_of_a_rule_exists(rule: dict[str, Any]) -> None:
    """A rule over a misspelt metric is silent for ever; nothing else would notice."""
    known = exported_names() | files.recorded_names() | FOREIGN
    text = rule["expr"] + " ".join(re.findall(r"printf \"(max\(.*?\))\"", str(rule.get("annotations", ""))))
    assert files.metric_names(text) - known == set()


def test_expected_alerts_carry_no_scrape_labels() -> None:
    """A fingerprint must not move when a service moves to another port."""
    for case in files.rule_cases():
        for alert in case["exp_alerts"]:
            assert not {"job", "instance"} & set(alert["exp_labels"])
