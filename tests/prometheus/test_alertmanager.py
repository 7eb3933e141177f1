"""Alertmanager's configuration: accepted, and every alert goes where it should."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.prometheus import files

ALSO_BY_MAIL = {
    *("Watchdog", "ExporterDown", "WebhookDeliveryFailing"),
    *("NotificationsFailing", "RuleEvaluationFailing", "StorageFailing"),
}


def config() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(files.ALERTMANAGER_CONFIG.read_text(encoding="utf-8"))
    return loaded


def label_sets() -> list[dict[str, str]]:
    """The labels of each alert as the rule tests show them, each once."""
    found = {
        tuple(sorted({"alertname": case["alertname"], **alert["exp_labels"]}.items()))
        for case in files.rule_cases()
        for alert in case["exp_alerts"]
    }
    return [dict(labels) for labels in sorted(found)]


def test_amtool_accepts_the_configuration() -> None:
    """`amtool check-config` passes in a fresh clone, where there is no token file yet."""
    done = files.run("amtool", "check-config", files.ALERTMANAGER_CONFIG)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("labels", label_sets(), ids=lambda labels: labels["alertname"])
def test_every_alert_reaches_the_webhook(labels: dict[str, str]) -> None:
    """Each label set a rule can produce; those about our own death leave by mail as well."""
    wanted = "mail,backhaul-webhook" if labels["alertname"] in ALSO_BY_MAIL else "backhaul-webhook"
    pairs = [f"{name}={value}" for name, value in labels.items()]
    config_file = f"--config.file={files.ALERTMANAGER_CONFIG}"
    done = files.run("amtool", "config", "routes", "test", config_file, f"--verify.receivers={wanted}", *pairs)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_first_message_waits_for_next_to_nothing() -> None:
    """Of the 30 seconds from a value to the phone, Alertmanager takes 1, and 5 where a group is already told."""
    route = config()["route"]
    assert route["group_wait"] == "1s"
    assert route["group_interval"] == "5s"


def test_a_storm_is_few_posts() -> None:
    """Grouped by alert and device, never by tenant or circuit, and no alert is cut off."""
    assert set(config()["route"]["group_by"]) == {"alertname", "isp", "device"}
    webhook = next(entry for entry in config()["receivers"] if entry["name"] == "backhaul-webhook")
    assert webhook["webhook_configs"][0]["max_alerts"] == 0
    assert webhook["webhook_configs"][0]["send_resolved"] is True


def test_red_hides_yellow_and_nothing_else_is_hidden() -> None:
    """A tenant always hears of its own circuit, whatever else is down."""
    (rule,) = config()["inhibit_rules"]
    assert rule["source_matchers"] == ['alertname = "ResellerUsageRed"']
    assert rule["target_matchers"] == ['alertname = "ResellerUsageYellow"']
    assert rule["equal"] == ["isp", "tenant"]
