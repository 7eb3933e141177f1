"""More than one of each: exporters' series in a store, webhooks, Alertmanagers and portals that share a database."""
