"""Prometheus' query API for Grafana's data source: it answers the catalogue, to the letter, and nothing else."""
