"""An SNMP agent (versions 1, 2c and 3) for a simulated switch."""
