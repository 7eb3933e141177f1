"""Asks the exporter to read a device now, and says in words what came of it: the connection test of the device page."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from inventory.shards import shard_of

# What the exporter is told the scrape may take; it answers half a second earlier, whatever the device does.
DEVICE_SECONDS = 8.0
# Reading the exporter's answer: it is on the same network, and never silent for longer than the device's time.
_EXPORTER_SECONDS = (2.0, DEVICE_SECONDS + 2)
_MOST_BYTES = 64 * 1024 * 1024

_SAMPLE = re.compile(r"(\w+)\{([^\n]*)\} (\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_COLLECTOR = re.compile(r"(\w+): (success|failed|no data) after ([0-9.]+) s(?:: (.*))?", re.DOTALL)
_FAILED = re.compile(r"failed after [0-9.]+ s: (.*)", re.DOTALL)

# By the names of the errors in devices/session.py, as the log of a probe writes them.
ADVICE: Mapping[str, str] = {
    "Unreachable": "There is no way to it: check its address and port, its service and firewall, and its certificate.",
    "LoginFailed": "It is there and refuses us: check the user, password, community or keys.",
    "DeviceTimeout": "It gave no whole answer in time: check its address, its load and the path to it.",
    "ConnectionLost": "It closed the connection: check that the port is the one of this driver, and its log.",
    "BadReply": "It answered something that was not expected: check that the driver fits the device.",
}


@dataclass(frozen=True, slots=True)
class Part:
    """What became of one collector. `ok` is None where the device has nothing of that kind, which is no failure."""

    name: str
    ok: bool | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a test found. `up` is None where the device was not asked at all; `reason` then says why."""

    up: bool | None
    reason: str = ""
    advice: str = ""
    logins: int | None = None
    parts: tuple[Part, ...] = ()

    @property
    def failed(self) -> tuple[Part, ...]:
        """The collectors that are missing something."""
        return tuple(part for part in self.parts if part.ok is False)


def try_device(exporter_urls: Sequence[str], device: str) -> Outcome:
    """Let the exporter that reads `device`, of all shards in their order, read it once.

    Takes some ten seconds at most, and raises nothing.
    """
    exporter_url = exporter_urls[shard_of(device, len(exporter_urls))]
    try:
        text = _probe(exporter_url, device, debug=_on_loopback(exporter_url))
    except _Refused as refused:
        return Outcome(None, str(refused))
    except requests.RequestException as error:
        reason = f"The exporter does not answer ({type(error).__name__}), so the device was not asked."
        return Outcome(None, reason, "Check that it runs, and that EXPORTER_URL names it.")
    return _outcome(text, device)


class _Refused(Exception):
    """The exporter answered, and did not ask the device; the text says why."""


def _probe(exporter_url: str, device: str, *, debug: bool) -> str:
    query = {"target": device} | ({"debug": "true"} if debug else {})
    with requests.get(
        f"{exporter_url.rstrip('/')}/probe",
        params=query,
        headers={"X-Prometheus-Scrape-Timeout-Seconds": str(DEVICE_SECONDS)},
        timeout=_EXPORTER_SECONDS,
        allow_redirects=False,
        stream=True,
    ) as response:
        if response.status_code == 403 and debug:  # its idea of loopback is not ours, as between containers
            return _probe(exporter_url, device, debug=False)
        if response.status_code == 404:
            said = _text(response)
            if "shard" in said:
                raise _Refused(f"EXPORTER_URL does not name all exporters in the order of their shards. {said.strip()}")
            raise _Refused(
                "The exporter does not know this device yet. It takes up a change within one scrape: try again shortly."
            )
        if response.status_code != 200:
            raise _Refused(f"The exporter answered with HTTP {response.status_code}; its log says why.")
        return _text(response)


def _text(response: requests.Response) -> str:
    body = bytearray()
    for chunk in response.iter_content(1 << 16):
        body += chunk
        if len(body) > _MOST_BYTES:
            raise _Refused("The exporter's answer is far too long to be one.")
    return body.decode("utf-8", "replace")


def _on_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _outcome(text: str, device: str) -> Outcome:
    head, _, body = text.partition("\n\n") if text.startswith("reading begun") else ("", "", text)
    told = head.splitlines()[1:]
    samples = [(name, labels, value) for name, labels, value in _samples(body) if labels.get("device") == device]
    up = _value(samples, "isp_device_up")
    logins = _value(samples, "isp_device_logins_total")
    reason = next((found[1] for line in told if (found := _FAILED.fullmatch(line))), "")
    return Outcome(
        up=None if up is None else up == 1,
        reason=reason if up is not None else "The exporter's answer says nothing of this device.",
        advice=ADVICE.get(reason.partition(":")[0], "") if reason else "",
        logins=None if logins is None else int(logins),
        parts=tuple(_told_parts(told)) or tuple(_measured_parts(samples)),
    )


_Samples = Sequence[tuple[str, Mapping[str, str], float]]


def _told_parts(lines: Sequence[str]) -> Iterator[Part]:
    """From the log, which has the reasons."""
    for line in lines:
        if found := _COLLECTOR.fullmatch(line):
            yield Part(found[1], {"success": True, "failed": False}.get(found[2]), found[4] or "")


def _measured_parts(samples: _Samples) -> Iterator[Part]:
    """From the metrics, where the log is not ours to see."""
    for name, labels, value in samples:
        if name == "isp_device_collector_success":
            yield Part(labels.get("collector", ""), value == 1)


def _value(samples: _Samples, wanted: str) -> float | None:
    return next((value for name, _, value in samples if name == wanted and math.isfinite(value)), None)


def _samples(body: str) -> Iterator[tuple[str, Mapping[str, str], float]]:
    for line in body.splitlines():
        if line.startswith("isp_device_") and (found := _SAMPLE.fullmatch(line)):
            try:
                yield found[1], dict(_LABEL.findall(found[2])), float(found[3])
            except ValueError:
                continue
