"""RouterOS rows to ours: what to ask for each kind, and how to read the answer. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from devices.routeros.reply import Attributes
from devices.routeros.values import parse_bool, parse_count, parse_duration, parse_pair, parse_rate
from devices.session import BadReply, Interface, PppoeSession, Queue, Sensor, System

VENDOR = "MikroTik"

# `.proplist` on everything large: without it RouterOS reads and sends every attribute it knows of a row.
SYSTEM = (
    "/system/resource/print",
    "=.proplist=board-name,version,uptime,cpu-load,free-memory,total-memory",
)
# No `.proplist`: RouterOS 6 answers one row whose attributes differ by board; either way it is small.
SENSORS = ("/system/health/print",)
_COUNTERS = "rx-byte,tx-byte,rx-error,tx-error,rx-drop,tx-drop,tx-queue-drop"
INTERFACES = ("/interface/print", f"=.proplist=.id,name,default-name,comment,running,disabled,{_COUNTERS}")
QUEUES = ("/queue/simple/print", "=.proplist=.id,name,max-limit,bytes,dropped,disabled")
PPPOE_SESSIONS = ("/ppp/active/print", "=.proplist=name,service", "?service=pppoe")


def parse_system(rows: Sequence[Attributes], now: float) -> System:
    """The one row of /system/resource, read at `now` (Unix seconds). Raises BadReply when there is none."""
    if not rows:
        raise BadReply("/system/resource gave no row")
    row = rows[0]
    uptime, load = parse_duration(row.get("uptime")), parse_count(row.get("cpu-load"))
    total, free = parse_count(row.get("total-memory")), parse_count(row.get("free-memory"))
    return System(
        vendor=VENDOR,
        model=row.get("board-name") or None,
        version=row.get("version", "").partition(" ")[0] or None,  # "7.4 (stable)"
        boot_time=None if uptime is None else now - uptime,
        cpu=load / 100 if load is not None and load <= 100 else None,
        memory_used=total - free if total is not None and free is not None and free <= total else None,
        memory_total=total,
    )


def parse_sensors(rows: Sequence[Attributes]) -> list[Sensor]:
    """The temperatures of /system/health: a row per sensor (RouterOS 7), or one row with all (RouterOS 6)."""
    sensors = []
    for row in rows:
        if "value" in row:
            readings = {row.get("name", ""): row["value"]} if row.get("type") == "C" else {}
        else:
            readings = {name: value for name, value in row.items() if "temperature" in name}
        for name, text in readings.items():
            if name and (celsius := _celsius(text)) is not None:
                sensors.append(Sensor(name, celsius))
    return sensors


def parse_interfaces(rows: Sequence[Attributes]) -> list[Interface]:
    """The rows of /interface. A counter this version or type of interface does not have is None."""
    return [_interface(row) for row in rows if ".id" in row]


def _interface(row: Attributes) -> Interface:
    get = row.get
    return Interface(
        key=row[".id"],
        name=get("name"),
        descr=get("default-name"),
        alias=get("comment") or None,
        up=_up(get("running"), get("disabled")),
        receive_bytes=parse_count(get("rx-byte")),
        transmit_bytes=parse_count(get("tx-byte")),
        receive_errors=parse_count(get("rx-error")),
        transmit_errors=parse_count(get("tx-error")),
        receive_drops=parse_count(get("rx-drop")),
        transmit_drops=_transmit_drops(row),
    )


def _up(running: str | None, disabled: str | None) -> bool | None:
    """Running and not disabled: RouterOS 6 left `running` true on some disabled interfaces."""
    if parse_bool(disabled):
        return False
    return parse_bool(running)


def _transmit_drops(row: Attributes) -> int | None:
    """Dropped by the port and by its queue: RouterOS 7 counts them apart, ifOutDiscards means both."""
    counts = [count for name in ("tx-drop", "tx-queue-drop") if (count := parse_count(row.get(name))) is not None]
    return sum(counts) if counts else None


def parse_queues(rows: Sequence[Attributes]) -> list[Queue]:
    """The rows of /queue/simple, whose pairs are upload/download as the target sees them."""
    return [_queue(row) for row in rows if ".id" in row and "name" in row]


def _queue(row: Attributes) -> Queue:
    upload_bytes, download_bytes = parse_pair(row.get("bytes"))
    upload_limit, download_limit = parse_pair(row.get("max-limit"))
    upload_drops, download_drops = parse_pair(row.get("dropped"))
    return Queue(
        key=row[".id"],
        name=row["name"],
        upload_bytes=parse_count(upload_bytes),
        download_bytes=parse_count(download_bytes),
        upload_limit=parse_rate(upload_limit),
        download_limit=parse_rate(download_limit),
        upload_drops=parse_count(upload_drops),
        download_drops=parse_count(download_drops),
        disabled=parse_bool(row.get("disabled")),
    )


def parse_pppoe_sessions(rows: Sequence[Attributes]) -> list[PppoeSession]:
    """The PPPoE rows of /ppp/active, which do not say their interfaces."""
    return [
        PppoeSession(user=row["name"], interface=None)
        for row in rows
        if row.get("service") == "pppoe" and row.get("name")
    ]


def parse_ping(rows: Sequence[Attributes]) -> list[float | None]:
    """Round-trip times in seconds in order of `seq`; None where no echo came back.

    A row with a `status` is no echo, whatever time it shows: "timeout", "TTL exceeded" or "host
    unreachable" (then from another host). Raises BadReply when nothing was sent.
    """
    echoes: dict[int, float | None] = {}
    for row in rows:
        sequence = parse_count(row.get("seq"))
        if sequence is not None:
            echoes[sequence] = None if row.get("status") else parse_duration(row.get("time"))
    if not echoes:
        raise BadReply("the router sent no ping: it gave no row")
    return [echoes[sequence] for sequence in sorted(echoes)]


def _celsius(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:  # "ok", "fail", ""
        return None
    return value if -273.15 <= value <= 1000 else None  # also refuses "nan" and "inf"
