"""Holds Backhaul's limits against peers installed from their packages, and measures what design choices rest on."""
