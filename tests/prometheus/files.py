"""The shipped Prometheus and Alertmanager files, read once for the tests of this room."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.harness import ROOT, program

PROMETHEUS = ROOT / "prometheus"
PROMETHEUS_CONFIG = PROMETHEUS / "prometheus.yml"
RULES = sorted((PROMETHEUS / "rules").glob("*.yml"))
RULE_TESTS = sorted((PROMETHEUS / "tests").glob("*.yml"))
ALERTMANAGER_CONFIG = ROOT / "alertmanager" / "alertmanager.yml"

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def run(tool: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`tool` with `arguments`, its output captured."""
    return subprocess.run(
        [program(tool), *map(str, arguments)], capture_output=True, text=True, check=False, timeout=120
    )


def rules() -> Iterator[dict[str, Any]]:
    """Every rule of every group, in the order of evaluation."""
    for path in RULES:
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            yield from group["rules"]


def alerts() -> list[dict[str, Any]]:
    """The alerting rules."""
    return [rule for rule in rules() if "alert" in rule]


def alert_names() -> set[str]:
    """The names of all alerts."""
    return {rule["alert"] for rule in alerts()}


def recorded_names() -> set[str]:
    """The names of all recorded series."""
    return {rule["record"] for rule in rules() if "record" in rule}


def rule_cases() -> Iterator[dict[str, Any]]:
    """Every case of `promtool test rules` that names an alert and what is expected of it."""
    for path in RULE_TESTS:
        for test in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]:
            yield from test.get("alert_rule_test", ())


def metric_names(expression: str) -> set[str]:
    """The metric names in a PromQL expression: what is left without strings, matchers, groupings and functions."""
    text = re.sub(r'"[^"]*"', "", expression)
    text = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", text)
    text = re.sub(r"\b(by|on|group_left|group_right|without|ignoring)\s*\([^)]*\)", " ", text)
    text = re.sub(r"[a-z_0-9]+\s*\(", "(", text)
    words = set(_NAME.findall(text)) - {"and", "or", "unless", "bool", "offset", "NaN", "count", "sum", "max", "min"}
    return {word for word in words if not re.fullmatch(r"[0-9smh]+", word)}
