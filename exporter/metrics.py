"""Every metric the exporter serves, in one table: name, type, labels, and what the value means.

`docs/metrics.md` is written from this table. Identity is in labels, state in values, text that people change
only in `_info` metrics. Base units, but for bandwidth in bits per second, the unit of this field.
"""

from __future__ import annotations

from collections.abc import Mapping

from exporter.exposition import Metric

_DEVICE = ("isp", "device")
_VLAN = ("isp", "link", "vlan", "device")
_LINK = ("isp", "link")
_CIRCUIT = ("isp", "tenant", "circuit")
_CIRCUIT_ON_DEVICE = (*_CIRCUIT, "device")
_CIRCUIT_DIRECTION = (*_CIRCUIT_ON_DEVICE, "direction")
_PING = (*_CIRCUIT, "vantage")

# Devices -------------------------------------------------------------------------------------------------
DEVICE_UP = Metric(
    "isp_device_up",
    "gauge",
    _DEVICE,
    "1 when this probe reached the device and was logged in, 0 when it did not; always there.",
)
DEVICE_INFO = Metric(
    "isp_device_info",
    "gauge",
    (*_DEVICE, "driver", "vendor", "model", "version"),
    "Always 1; the labels say what the device is, empty where it does not say. Absent while it was not read.",
)
DEVICE_COLLECTOR_SUCCESS = Metric(
    "isp_device_collector_success",
    "gauge",
    (*_DEVICE, "collector"),
    "1 when the collector read all it should, 0 when something is missing (the log says what). "
    "Absent for a collector the device has nothing for.",
)
DEVICE_COLLECTOR_DURATION = Metric(
    "isp_device_collector_duration_seconds",
    "gauge",
    (*_DEVICE, "collector"),
    "Seconds the collector took in this reading, with its share of waiting for the device.",
)
DEVICE_LOGINS = Metric(
    "isp_device_logins_total",
    "counter",
    _DEVICE,
    "Sessions opened to the device since the exporter started, failed tries not counted; flat while a session lives.",
)
DEVICE_BOOT_TIME = Metric(
    "isp_device_boot_time_seconds",
    "gauge",
    _DEVICE,
    "Unix time the device started, from its uptime, so it may move by a second. Absent where it gives no uptime.",
)
DEVICE_CPU = Metric(
    "isp_device_cpu_ratio",
    "gauge",
    _DEVICE,
    "Share of the processors in use, 0 to 1, as the device reports it. Absent where it does not.",
)
DEVICE_MEMORY_USED = Metric(
    "isp_device_memory_used_bytes",
    "gauge",
    _DEVICE,
    "Bytes of main memory in use. Absent where the device has no figure.",
)
DEVICE_MEMORY_TOTAL = Metric(
    "isp_device_memory_total_bytes", "gauge", _DEVICE, "Bytes of main memory. Absent where the device has no figure."
)
DEVICE_TEMPERATURE = Metric(
    "isp_device_temperature_celsius",
    "gauge",
    (*_DEVICE, "sensor"),
    "Degrees Celsius of one sensor, under the device's own name for it. Absent where there is none.",
)

# Links and their VLANs -----------------------------------------------------------------------------------
VLAN_RECEIVE_BYTES = Metric(
    "isp_vlan_receive_bytes_total",
    "counter",
    _VLAN,
    "Bytes the device received on the VLAN's interface since it began to count. Absent while not read.",
)
VLAN_TRANSMIT_BYTES = Metric(
    "isp_vlan_transmit_bytes_total",
    "counter",
    _VLAN,
    "Bytes the device sent on the VLAN's interface since it began to count. Absent while not read.",
)
VLAN_BANDWIDTH = Metric(
    "isp_vlan_bandwidth_bits_per_second",
    "gauge",
    (*_VLAN, "direction"),
    "Bits per second, receive or transmit as the device sees it, over the time since the last reading. "
    "Absent on the first reading and after a reset or reboot.",
)
VLAN_UP = Metric(
    "isp_vlan_up",
    "gauge",
    _VLAN,
    "1 when the VLAN's interface is operationally up, 0 when it is not. Absent while not read or unknown to the device.",
)
VLAN_CAPACITY = Metric(
    "isp_vlan_capacity_bits_per_second", "gauge", _VLAN, "Bits per second bought for the VLAN, from the inventory."
)
LINK_THRESHOLD = Metric(
    "isp_link_threshold_bits_per_second",
    "gauge",
    _LINK,
    "Bits per second from which the link is too full, from the inventory.",
)
LINK_VLANS = Metric("isp_link_vlans", "gauge", _LINK, "How many VLANs belong to the link, from the inventory.")
LINK_INFO = Metric(
    "isp_link_info",
    "gauge",
    (*_LINK, "measure", "name"),
    "Always 1; `measure` says what is held against the threshold: max, sum, receive or transmit.",
)
LINK_MAINTENANCE = Metric(
    "isp_link_maintenance", "gauge", _LINK, "1 inside an approved maintenance window of the link, else 0; always there."
)

# Tenants and their circuits ------------------------------------------------------------------------------
TENANT_INFO = Metric("isp_tenant_info", "gauge", ("isp", "tenant", "kind", "name"), "Always 1, one for each tenant.")
CIRCUIT_INFO = Metric(
    "isp_circuit_info",
    "gauge",
    (*_CIRCUIT_ON_DEVICE, "kind", "name"),
    "Always 1; `device` carries the circuit, `kind` is its tenant's. Absent outside the circuit's active dates, "
    "as every circuit metric is.",
)
CIRCUIT_SLA_UPTIME = Metric(
    "isp_circuit_sla_uptime_ratio",
    "gauge",
    _CIRCUIT,
    "Promised share of time up, 0 to 1. Absent where none is promised.",
)
CIRCUIT_SLA_LATENCY = Metric(
    "isp_circuit_sla_latency_seconds",
    "gauge",
    _CIRCUIT,
    "Promised upper bound of the round trip, seconds. Absent where none is promised.",
)
CIRCUIT_SLA_LOSS = Metric(
    "isp_circuit_sla_loss_ratio",
    "gauge",
    _CIRCUIT,
    "Promised upper bound of lost pings, 0 to 1. Absent where none is promised.",
)
CIRCUIT_COMMITTED = Metric(
    "isp_circuit_committed_bits_per_second",
    "gauge",
    (*_CIRCUIT, "direction"),
    "Bits per second the tenant bought, download or upload as the tenant sees it: the plan in force now.",
)
CIRCUIT_MAINTENANCE = Metric(
    "isp_circuit_maintenance",
    "gauge",
    _CIRCUIT,
    "1 inside an approved maintenance window of the circuit, else 0; always there.",
)
CIRCUIT_DOWNLOAD_BYTES = Metric(
    "isp_circuit_download_bytes_total",
    "counter",
    _CIRCUIT_ON_DEVICE,
    "Bytes to the tenant since the device began to count. Absent while not read.",
)
CIRCUIT_UPLOAD_BYTES = Metric(
    "isp_circuit_upload_bytes_total",
    "counter",
    _CIRCUIT_ON_DEVICE,
    "Bytes from the tenant since the device began to count. Absent while not read.",
)
CIRCUIT_BANDWIDTH = Metric(
    "isp_circuit_bandwidth_bits_per_second",
    "gauge",
    _CIRCUIT_DIRECTION,
    "Bits per second, download or upload as the tenant sees it, over the time since the last reading. "
    "Absent on the first reading and after a reset or reboot.",
)
CIRCUIT_LIMIT = Metric(
    "isp_circuit_limit_bits_per_second",
    "gauge",
    _CIRCUIT_DIRECTION,
    "Bits per second the device enforces on the circuit's queue. Absent where there is no queue or no limit.",
)
CIRCUIT_OPER_UP = Metric(
    "isp_circuit_oper_up",
    "gauge",
    _CIRCUIT_ON_DEVICE,
    "1 when the circuit's interface is up, its PPPoE session is there or its queue is enabled, else 0. "
    "Absent while not read.",
)
CIRCUIT_ERRORS = Metric(
    "isp_circuit_errors_total",
    "counter",
    _CIRCUIT_DIRECTION,
    "Packets with errors on the circuit's interface. Absent where the device does not count them.",
)
CIRCUIT_DROPS = Metric(
    "isp_circuit_drops_total",
    "counter",
    _CIRCUIT_DIRECTION,
    "Packets dropped by the circuit's interface or queue. Absent where the device does not count them.",
)

# Ping ----------------------------------------------------------------------------------------------------
CIRCUIT_UP = Metric(
    "isp_circuit_up",
    "gauge",
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
CIRCUIT_PING_LAST_RTT = Metric(
    "isp_circuit_ping_last_rtt_seconds",
    "gauge",
    _PING,
    "Round-trip time of the last ping, seconds. Absent while the last pings came to nothing.",
)
CIRCUIT_PING_JITTER = Metric(
    "isp_circuit_ping_jitter_seconds",
    "gauge",
    _PING,
    "Mean difference between consecutive round-trip times, seconds. Absent while the last pings came to nothing.",
)
CIRCUIT_PING_LOSS = Metric(
    "isp_circuit_ping_loss_ratio",
    "gauge",
    _PING,
    "Share lost of the last 60 pings, 0 to 1. Absent before the first one.",
)
CIRCUIT_PING_SENT = Metric("isp_circuit_ping_sent_total", "counter", _PING, "Pings sent.")
CIRCUIT_PING_RECEIVED = Metric("isp_circuit_ping_received_total", "counter", _PING, "Pings answered in time.")

# The inventory -------------------------------------------------------------------------------------------
RELOAD_SUCCESS = Metric(
    "isp_inventory_reload_success",
    "gauge",
    (),
    "1 when the inventory was good when last read, 0 when an older one is kept.",
)
RELOAD_TIMESTAMP = Metric(
    "isp_inventory_reload_timestamp_seconds", "gauge", (), "Unix time the inventory in use was read."
)

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
