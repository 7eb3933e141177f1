"""An alert as its tenant reads it: a sentence about a circuit, without anything of the network behind it."""

from __future__ import annotations

from collections.abc import Mapping

from inventory.registry.alerts import AlertRow
from portal.alert_words import figures

__all__ = ["circuit_of", "figures", "sentence"]  # what the templates need

# By the alert's name: the sentence while it fires and after it ended.
_SENTENCES: Mapping[str, tuple[str, str]] = {
    "CircuitDown": ("{circuit} is down", "{circuit} was down"),
    "CircuitLatencyHigh": ("{circuit} answers more slowly than promised", "{circuit} answered too slowly"),
    "CircuitLossHigh": ("{circuit} loses more packets than promised", "{circuit} lost too many packets"),
    "ResellerUsageYellow": (
        "Your circuits together use more than 80 % of your bandwidth",
        "Your circuits together used more than 80 % of your bandwidth",
    ),
    "ResellerUsageRed": ("Your circuits together use all of your bandwidth", "Your circuits used all your bandwidth"),
    "RouterLimitDrift": ("The limit set for {circuit} is not that of your plan", "The limit set for {circuit} was off"),
    "SlaBreached": ("{circuit} is below its promised availability", "{circuit} was below its promised availability"),
}


def sentence(alert: AlertRow, names: Mapping[str, str]) -> str:
    """What happened, by the name of the circuit; `names` are those of the tenant's circuits by id."""
    circuit = circuit_of(alert, names)
    firing, ended = _SENTENCES.get(alert.alertname, ("", ""))
    pattern = firing if alert.is_open else ended
    if pattern and (circuit or "{circuit}" not in pattern):
        return pattern.replace("{circuit}", circuit)
    return f"{alert.summary}: {circuit}" if circuit else alert.summary


def circuit_of(alert: AlertRow, names: Mapping[str, str]) -> str:
    """The name of the circuit it is about, its id where that is not there any more, else nothing."""
    circuit = alert.labels.get("circuit", "")
    return names.get(circuit, circuit)
