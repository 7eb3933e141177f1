"""What a router enforces, held against what was bought."""

from __future__ import annotations

from collections.abc import Mapping

from inventory.models import Committed

# From here on RouterLimitDrift fires (prometheus/rules/backhaul.yml).
DRIFT_RATIO = 0.01


def drifts(limit: Mapping[str, float | None], committed: Committed) -> bool:
    """Whether the limit of either direction is another than the commitment; one that was not seen proves nothing.

    Infinity is a queue that limits nothing, which no commitment is.
    """
    wanted = {"download": committed.download, "upload": committed.upload}
    found = [(value, wanted[way]) for way, value in limit.items() if value is not None]
    return any(abs(value / bought - 1) > DRIFT_RATIO for value, bought in found)
