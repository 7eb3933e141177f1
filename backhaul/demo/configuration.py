"""The shipped Prometheus and Alertmanager configuration, with this run's addresses in place of the standard ones.

Neither program reads its addresses from the environment, so they are replaced as text: everything else is the
file that is shipped, to the letter.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


class MissingAddressError(Exception):
    """The shipped file does not hold the address that was to be replaced."""


def write_prometheus(target: Path, addresses: Mapping[str, str]) -> Path:
    """Put prometheus.yml and its rules below `target`; returns the configuration file.

    `addresses` maps each standard `host:port` to this run's. Raises MissingAddressError.
    """
    shutil.rmtree(target, ignore_errors=True)
    (target / "rules").mkdir(parents=True)
    for rules in sorted((ROOT / "prometheus" / "rules").glob("*.yml")):
        shutil.copy(rules, target / "rules" / rules.name)
    return replaced(ROOT / "prometheus" / "prometheus.yml", target / "prometheus.yml", addresses)


def write_alertmanager(target: Path, addresses: Mapping[str, str], token: str) -> Path:
    """Put alertmanager.yml and the webhook's token below `target`; returns the configuration file."""
    target.mkdir(parents=True, exist_ok=True)
    secret = target / "webhook-token"
    secret.touch(mode=0o600)
    secret.write_text(token, encoding="utf-8")
    return replaced(ROOT / "alertmanager" / "alertmanager.yml", target / "alertmanager.yml", addresses)


def replaced(source: Path, target: Path, addresses: Mapping[str, str]) -> Path:
    """Write `source` to `target` with each text of `addresses` replaced. Raises MissingAddressError."""
    text = source.read_text(encoding="utf-8")
    for standard in addresses:
        if standard not in text:
            raise MissingAddressError(f"{source} does not name {standard}")
    # In one pass, so that an address that was put in is not taken for one to replace.
    standards = re.compile("|".join(re.escape(standard) for standard in sorted(addresses, key=len, reverse=True)))
    target.write_text(standards.sub(lambda found: addresses[found[0]], text), encoding="utf-8")
    return target
