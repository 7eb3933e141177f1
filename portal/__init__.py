"""The portal: pages for the isp's staff and for each tenant, the REST API, and live events."""
