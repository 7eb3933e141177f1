"""Pings every circuit that wants it from this server, once a second, without lying about what it does not know."""
