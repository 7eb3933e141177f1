"""Entries of the catalogue that Grafana's dashboards draw beyond those of the pages; `portal/queries.py` takes them in.

`PANELS` are whole. `DRAWN_PANELS` are written as the drawn entries of the pages: `<...>` is what a longer range takes
the mean of.
"""

from __future__ import annotations

from portal.binding import Query
from portal.panel_queries import platform, staff, tenants

PANELS: tuple[Query, ...] = (*tenants.PANELS, *staff.PANELS, *platform.PANELS)
DRAWN_PANELS: tuple[Query, ...] = (*tenants.DRAWN, *staff.DRAWN)
