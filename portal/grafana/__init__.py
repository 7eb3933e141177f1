"""The way of a logged-in browser to Grafana: few paths pass, and no query but those of our dashboards."""
