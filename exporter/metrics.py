"""Every metric the exporter serves, in one table: name, type, labels, and what the value means.

`docs/metrics.md` is written from this table. Identity is in labels, state in values, text that people change
only in `_info` metrics. Base units, but for bandwidth in bits per second, the unit of this field.
"""

from __future__ import annotations

from collections.abc import Mapping

from exporter.exposition import Metric


def _gauge(name: str, labels: tuple[str, ...], text: str) -> Metric:
    return Metric(name, "gauge", labels, text)


def _counter(name: str, labels: tuple[str, ...], text: str) -> Metric:
    return Metric(name, "counter", labels, text)


_DEVICE = ("isp", "device")
_VLAN = ("isp", "link", "vlan", "device")
_LINK = ("isp", "link")
_CIRCUIT = ("isp", "tenant", "circuit")
_CIRCUIT_ON_DEVICE = (*_CIRCUIT, "device")
_CIRCUIT_DIRECTION = (*_CIRCUIT_ON_DEVICE, "direction")
_PING = (*_CIRCUIT, "vantage")

_TOTAL = (
    "Absent while not read, for 5 minutes where they come from another counter than before, and where a 32-bit counter "
    "may have gone round twice. One that went round once is shown beyond its end, then from 0: rate() loses nothing."
)

# Devices -------------------------------------------------------------------------------------------------
DEVICE_UP = _gauge(
    "isp_device_up",
    _DEVICE,
    "1 when this probe reached the device and was logged in, 0 when it did not; always there.",
)
DEVICE_INFO = _gauge(
    "isp_device_info",
    (*_DEVICE, "driver", "vendor", "model", "version"),
    "Always 1; the labels say what the device is, empty where it does not say. Absent while it was not read.",
)
DEVICE_COLLECTOR_SUCCESS = _gauge(
    "isp_device_collector_success",
    (*_DEVICE, "collector"),
    "1 when the collector read all it should, 0 when something is missing (the log says what). "
    "Absent for a collector the device has nothing for.",
)
DEVICE_COLLECTOR_DURATION = _gauge(
    "isp_device_collector_duration_seconds",
    (*_DEVICE, "collector"),
    "Seconds the collector took in this reading, with its share of waiting for the device.",
)
DEVICE_LOGINS = _counter(
    "isp_device_logins_total",
    _DEVICE,
    "Sessions opened to the device, failed tries not counted; flat while a session lives. "
    "Starts anew with the exporter, and when the device's settings change.",
)
DEVICE_BOOT_TIME = _gauge(
    "isp_device_boot_time_seconds",
    _DEVICE,
    "Unix time the device started, from its uptime, so it may move by a second. Absent where it gives no uptime.",
)
DEVICE_CPU = _gauge(
    "isp_device_cpu_ratio",
    _DEVICE,
    "Share of the processors in use, 0 to 1, as the device reports it. Absent where it does not.",
)
DEVICE_MEMORY_USED = _gauge(
    "isp_device_memory_used_bytes",
    _DEVICE,
    "Bytes of main memory in use. Absent where the device has no figure.",
)
DEVICE_MEMORY_TOTAL = _gauge(
    "isp_device_memory_total_bytes", _DEVICE, "Bytes of main memory. Absent where the device has no figure."
)
DEVICE_TEMPERATURE = _gauge(
    "isp_device_temperature_celsius",
    (*_DEVICE, "sensor"),
    "Degrees Celsius of one sensor, under the device's own name for it. Absent where there is none.",
)

# Links and their VLANs -----------------------------------------------------------------------------------
VLAN_RECEIVE_BYTES = _counter(
    "isp_vlan_receive_bytes_total",
    _VLAN,
    "Bytes the device received on the VLAN's interface since it began to count. " + _TOTAL,
)
VLAN_TRANSMIT_BYTES = _counter(
    "isp_vlan_transmit_bytes_total",
    _VLAN,
    "Bytes the device sent on the VLAN's interface since it began to count. " + _TOTAL,
)
VLAN_BANDWIDTH = _gauge(
    "isp_vlan_bandwidth_bits_per_second",
    (*_VLAN, "direction"),
    "Bits per second, receive or transmit as the device sees it, over the time since the last reading. "
    "Absent on the first reading, after a reset or reboot, and where a 32-bit counter may have gone round twice.",
)
VLAN_UP = _gauge(
    "isp_vlan_up",
    _VLAN,
    "1 when the VLAN's interface is operationally up, 0 when it is not. Absent while unknown.",
)
VLAN_CAPACITY = _gauge(
    "isp_vlan_capacity_bits_per_second", _VLAN, "Bits per second bought for the VLAN, from the inventory."
)
LINK_THRESHOLD = _gauge(
    "isp_link_threshold_bits_per_second",
    _LINK,
    "Bits per second from which the link is too full, from the inventory.",
)
LINK_VLANS = _gauge("isp_link_vlans", _LINK, "How many VLANs belong to the link, from the inventory.")
LINK_INFO = _gauge(
    "isp_link_info",
    (*_LINK, "measure", "name"),
    "Always 1; `measure` says what is held against the threshold: max, sum, receive or transmit.",
)
LINK_MAINTENANCE = _gauge(
    "isp_link_maintenance", _LINK, "1 inside an approved maintenance window of the link, else 0; always there."
)

# Tenants and their circuits ------------------------------------------------------------------------------
TENANT_INFO = _gauge("isp_tenant_info", ("isp", "tenant", "kind", "name"), "Always 1, one for each tenant.")
CIRCUIT_INFO = _gauge(
    "isp_circuit_info",
    (*_CIRCUIT_ON_DEVICE, "kind", "name"),
    "Always 1; `device` carries the circuit, `kind` is its tenant's. Absent outside the circuit's active dates, "
    "as every circuit metric is.",
)
CIRCUIT_WATCH_INFO = _gauge(
    "isp_circuit_watch_info",
    (*_CIRCUIT, "attach", "driver", "ping"),
    "Always 1; the labels say how the circuit is watched: `attach` is interface, queue or pppoe, `driver` its "
    "device's, `ping` who pings it (server, device), empty where nobody does.",
)
CIRCUIT_SLA_UPTIME = _gauge(
    "isp_circuit_sla_uptime_ratio",
    _CIRCUIT,
    "Promised share of time up, 0 to 1. Absent where none is promised.",
)
CIRCUIT_SLA_LATENCY = _gauge(
    "isp_circuit_sla_latency_seconds",
    _CIRCUIT,
    "Promised upper bound of the round trip, seconds. Absent where none is promised.",
)
CIRCUIT_SLA_LOSS = _gauge(
    "isp_circuit_sla_loss_ratio",
    _CIRCUIT,
    "Promised upper bound of lost pings, 0 to 1. Absent where none is promised.",
)
CIRCUIT_COMMITTED = _gauge(
    "isp_circuit_committed_bits_per_second",
    (*_CIRCUIT, "direction"),
    "Bits per second the tenant bought, download or upload as the tenant sees it: the plan in force now.",
)
CIRCUIT_MAINTENANCE = _gauge(
    "isp_circuit_maintenance",
    _CIRCUIT,
    "1 inside an approved maintenance window of the circuit, else 0; always there.",
)
CIRCUIT_DOWNLOAD_BYTES = _counter(
    "isp_circuit_download_bytes_total",
    _CIRCUIT_ON_DEVICE,
    "Bytes to the tenant since the device began to count. " + _TOTAL,
)
CIRCUIT_UPLOAD_BYTES = _counter(
    "isp_circuit_upload_bytes_total",
    _CIRCUIT_ON_DEVICE,
    "Bytes from the tenant since the device began to count. " + _TOTAL,
)
CIRCUIT_BANDWIDTH = _gauge(
    "isp_circuit_bandwidth_bits_per_second",
    _CIRCUIT_DIRECTION,
    "Bits per second, download or upload as the tenant sees it, over the time since the last reading. "
    "Absent on the first reading, after a reset or reboot, and where a 32-bit counter may have gone round twice.",
)
CIRCUIT_LIMIT = _gauge(
    "isp_circuit_limit_bits_per_second",
    _CIRCUIT_DIRECTION,
    "Bits per second the device enforces on the circuit's queue, +Inf where the queue has no limit or is disabled. "
    "Absent where there is no queue, or its limit was not read (SNMP shows none).",
)
CIRCUIT_OPER_UP = _gauge(
    "isp_circuit_oper_up",
    _CIRCUIT_ON_DEVICE,
    "1 when the circuit's interface is up or its PPPoE session is there, else 0. "
    "Absent while unknown, and for a queue, which has no such state.",
)
CIRCUIT_ERRORS = _counter(
    "isp_circuit_errors_total",
    _CIRCUIT_DIRECTION,
    "Packets with errors on the circuit's interface. Absent where the device does not count them.",
)
CIRCUIT_DROPS = _counter(
    "isp_circuit_drops_total",
    _CIRCUIT_DIRECTION,
    "Packets dropped by the circuit's interface or queue. Absent where the device does not count them.",
)

# Ping ----------------------------------------------------------------------------------------------------
CIRCUIT_UP = _gauge(
    "isp_circuit_up",
    _CIRCUIT,
    "0 after 3 failed pings in a row, 1 after 3 good ones; without a ping address, the state on the device. "
    "Absent while unknown. On /metrics where the server pings, else on /probe.",
)
CIRCUIT_PING_RTT = Metric(
    "isp_circuit_ping_rtt_seconds",
    "histogram",
    _PING,
    "Round-trip times, seconds; lost pings are not in it. `vantage` says who pings: server or device.",
)
CIRCUIT_PING_LAST_RTT = _gauge(
    "isp_circuit_ping_last_rtt_seconds",
    _PING,
    "Round-trip time of the last answered ping, seconds. Absent when none of the last 60 came back.",
)
CIRCUIT_PING_JITTER = _gauge(
    "isp_circuit_ping_jitter_seconds",
    _PING,
    "Smoothed difference of consecutive round-trip times (RFC 3550), seconds. Absent as the last RTT is.",
)
CIRCUIT_PING_LOSS = _gauge(
    "isp_circuit_ping_loss_ratio",
    _PING,
    "Share lost of the last 60 pings, 0 to 1. Absent before the first one.",
)
CIRCUIT_PING_SENT = _counter("isp_circuit_ping_sent_total", _PING, "Pings sent.")
CIRCUIT_PING_RECEIVED = _counter("isp_circuit_ping_received_total", _PING, "Pings answered in time.")

# The inventory -------------------------------------------------------------------------------------------
RELOAD_SUCCESS = _gauge(
    "isp_inventory_reload_success",
    (),
    "1 when the inventory was good when last read, 0 when an older one is kept.",
)
RELOAD_TIMESTAMP = _gauge("isp_inventory_reload_timestamp_seconds", (), "Unix time the inventory in use was read.")

PING: tuple[Metric, ...] = (
    CIRCUIT_UP,
    CIRCUIT_PING_RTT,
    CIRCUIT_PING_LAST_RTT,
    CIRCUIT_PING_JITTER,
    CIRCUIT_PING_LOSS,
    CIRCUIT_PING_SENT,
    CIRCUIT_PING_RECEIVED,
)
DEVICES: tuple[Metric, ...] = (
    DEVICE_UP,
    DEVICE_INFO,
    DEVICE_COLLECTOR_SUCCESS,
    DEVICE_COLLECTOR_DURATION,
    DEVICE_LOGINS,
    DEVICE_BOOT_TIME,
    DEVICE_CPU,
    DEVICE_MEMORY_USED,
    DEVICE_MEMORY_TOTAL,
    DEVICE_TEMPERATURE,
    VLAN_RECEIVE_BYTES,
    VLAN_TRANSMIT_BYTES,
    VLAN_BANDWIDTH,
    VLAN_UP,
    CIRCUIT_DOWNLOAD_BYTES,
    CIRCUIT_UPLOAD_BYTES,
    CIRCUIT_BANDWIDTH,
    CIRCUIT_LIMIT,
    CIRCUIT_OPER_UP,
    CIRCUIT_ERRORS,
    CIRCUIT_DROPS,
)
INVENTORY: tuple[Metric, ...] = (
    VLAN_CAPACITY,
    LINK_THRESHOLD,
    LINK_VLANS,
    LINK_INFO,
    LINK_MAINTENANCE,
    TENANT_INFO,
    CIRCUIT_INFO,
    CIRCUIT_WATCH_INFO,
    CIRCUIT_SLA_UPTIME,
    CIRCUIT_SLA_LATENCY,
    CIRCUIT_SLA_LOSS,
    CIRCUIT_COMMITTED,
    CIRCUIT_MAINTENANCE,
    RELOAD_SUCCESS,
    RELOAD_TIMESTAMP,
)

# Which endpoint serves which family. A ping family is on both, each series on one: /metrics has what the server
# pings, /probe what the device pings.
ENDPOINTS: Mapping[str, tuple[Metric, ...]] = {"/probe": (*DEVICES, *PING), "/metrics": (*INVENTORY, *PING)}
