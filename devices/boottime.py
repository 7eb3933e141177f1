"""A boot time that does not jitter: uptimes come in whole seconds and travel for a while."""

from __future__ import annotations

# No router is back within this, so a smaller move is measuring noise, a larger one a reboot (or a clock
# that has drifted this far from ours, which is then followed).
TOLERANCE_SECONDS = 5.0


class SteadyBootTime:
    """The boot time of one device over its readings: moves only when it moved by more than the noise."""

    def __init__(self) -> None:
        self._last: float | None = None

    def settle(self, measured: float) -> float:
        """The boot time to report for `measured` (Unix seconds): the last one while they agree, whole seconds."""
        if self._last is None or abs(measured - self._last) > TOLERANCE_SECONDS:
            self._last = float(round(measured))
        return self._last
