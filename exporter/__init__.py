"""Reads devices when Prometheus asks, pings circuits all the time, and exposes both as metrics."""
