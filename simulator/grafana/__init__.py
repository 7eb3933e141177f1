"""A stand-in for Grafana that keeps the parts of its contract the portal relies on; README.md names them."""
