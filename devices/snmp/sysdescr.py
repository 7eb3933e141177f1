"""What sysDescr and sysObjectID certainly tell of a device: vendor, model, version. Pure, never raises."""

from __future__ import annotations

import re

MIKROTIK, CISCO, JUNIPER, HUAWEI = 14988, 9, 2636, 2011

# IANA's private enterprise numbers (https://www.iana.org/assignments/enterprise-numbers). 10002 is
# registered to Frogfoot, whose agent Ubiquiti's airOS carries.
_VENDORS = {
    CISCO: "Cisco",
    11: "Hewlett-Packard",
    171: "D-Link",
    890: "Zyxel",
    1916: "Extreme Networks",
    HUAWEI: "Huawei",
    JUNIPER: "Juniper",
    3902: "ZTE",
    4526: "Netgear",
    6527: "Nokia",
    10002: "Ubiquiti",
    11863: "TP-Link",
    12356: "Fortinet",
    MIKROTIK: "MikroTik",
    14823: "Aruba",
    25506: "H3C",
    30065: "Arista",
    41112: "Ubiquiti",
}

# The model where it is certain, then the version; each may match by itself.
_MODELS = {
    MIKROTIK: re.compile(r"\ARouterOS (\S+)"),
    CISCO: re.compile(r", ([A-Z]+-?\d[\w-]*) Software \("),  # "ASR920"; not "Catalyst L3 Switch"
    JUNIPER: re.compile(r"Juniper Networks, Inc\. (\S+) .*?kernel JUNOS", re.DOTALL),
    HUAWEI: re.compile(r"Quidway ([A-Z]\w+)|\(([A-Z]\w*[\w-]*) V\d+R\d+"),
}
_VERSIONS = {
    CISCO: re.compile(r"\bVersion ([\w.()]+)"),
    JUNIPER: re.compile(r"kernel JUNOS ([\w.-]+)"),
    HUAWEI: re.compile(r"[Ss]oftware,?\s*Version (\d+(?:\.\d+)*)"),
}
_ENTERPRISE = re.compile(r"1\.3\.6\.1\.4\.1\.(\d{1,10})(?:\.|\Z)", re.ASCII)


def enterprise_of(sys_object_id: object) -> int | None:
    """The private enterprise number of a sysObjectID, None where it is not one."""
    match = _ENTERPRISE.match(sys_object_id) if isinstance(sys_object_id, str) else None
    return int(match[1]) if match else None


def vendor_of(enterprise: int | None) -> str | None:
    """The vendor's name, None for one we do not know."""
    return None if enterprise is None else _VENDORS.get(enterprise)


def model_of(enterprise: int | None, description: str) -> str | None:
    """The model, None where this vendor's sysDescr does not certainly hold it."""
    return _first(_MODELS.get(enterprise or 0), description)


def version_of(enterprise: int | None, description: str) -> str | None:
    """The software's version, None where this vendor's sysDescr does not certainly hold it."""
    return _first(_VERSIONS.get(enterprise or 0), description)


def _first(pattern: re.Pattern[str] | None, description: str) -> str | None:
    match = pattern.search(description) if pattern else None
    return next((group for group in match.groups() if group), None) if match else None
