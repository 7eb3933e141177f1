"""Grafana's dashboards, written by code from the catalogue of queries, and the files Grafana is set up with."""
