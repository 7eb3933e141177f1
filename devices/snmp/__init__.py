"""The `snmp` driver: versions 1, 2c and 3, on gufo-snmp or pysnmp."""

from devices.snmp.session import open_snmp as open_snmp
