"""What circuits and tenants use of what was bought: for a tenant's own pages, the staff's and the API.

A tenant's use is one figure everywhere, recorded by the rules: the greater direction of what its circuits carry
together over what they bought. Only circuits that are in service today are bought.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import get_args

from inventory.models import BitsPerSecond, Circuit, Committed, TenantKind
from portal.figures import Figures, Now, page
from portal.prometheus import Prometheus, PrometheusAway
from portal.queries import CATALOGUE, bind
from portal.states import CircuitNow, Level, level_of


@dataclass(frozen=True, slots=True)
class Direction:
    """One direction: bits per second used (None: not measured) and bought, and the share."""

    name: str
    used: float | None
    bought: float

    @property
    def ratio(self) -> float | None:
        """Used of bought; None while it is not measured."""
        return self.used / self.bought if self.used is not None and self.bought else None


@dataclass(frozen=True, slots=True)
class TenantNow:
    """How much of what it bought a tenant uses, over all its circuits; unless `complete` it is "at least"."""

    level: Level = "unknown"
    utilization: float | None = None
    download_bps: float | None = None
    upload_bps: float | None = None
    complete: bool = False

    def against(self, bought: Committed) -> tuple[Direction, Direction]:
        """Download and upload of what was bought."""
        return (
            Direction("Download", self.download_bps, bought.download),
            Direction("Upload", self.upload_bps, bought.upload),
        )


def of_circuit(circuit: Circuit, now: CircuitNow) -> tuple[Direction, Direction]:
    """Download and upload of one circuit."""
    return (
        Direction("Download", now.download_bps, circuit.committed.download),
        Direction("Upload", now.upload_bps, circuit.committed.upload),
    )


def in_service(circuits: Iterable[Circuit], today: date) -> list[Circuit]:
    """Those within their active dates; the others are not measured, and nothing of them is bought."""
    return [circuit for circuit in circuits if circuit.active.contains(today)]


def bought(circuits: Iterable[Circuit]) -> Committed:
    """What they were sold as, together."""
    plans = [circuit.committed for circuit in circuits]
    return Committed(
        BitsPerSecond(sum(plan.download for plan in plans)), BitsPerSecond(sum(plan.upload for plan in plans))
    )


def tenant_now(prometheus: Prometheus, isp: str, tenant: str) -> Now[TenantNow]:
    """One tenant, from its own audience's query."""
    return page(prometheus, "tenant-now", "tenant", [tenant], _tenant, isp=isp, tenant=tenant)


def tenants_now(prometheus: Prometheus, isp: str, ids: Collection[str]) -> Now[TenantNow]:
    """The tenants of a page: one query."""
    return page(prometheus, "tenants-now", "tenant", ids, _tenant, isp=isp, tenants=ids)


def fullness(prometheus: Prometheus, isp: str, kind: TenantKind) -> Now[float]:
    """The utilization of every tenant of a kind whose level is known: one figure each."""
    try:
        samples = prometheus.instant(bind(CATALOGUE[f"{kind}s-use"], isp=isp))
    except PrometheusAway as away:
        return Now({}, str(away))
    return Now({sample.labels["tenant"]: sample.value for sample in samples if sample.value is not None})


def _tenant(figures: Figures) -> TenantNow:
    utilization = _recorded(figures, "utilization:ratio_rate5m")
    complete = _recorded(figures, "measured:bool") == 1
    return TenantNow(
        level=level_of(utilization, complete=complete),
        utilization=utilization,
        download_bps=_recorded(figures, "bandwidth_bits_per_second:rate5m", direction="download"),
        upload_bps=_recorded(figures, "bandwidth_bits_per_second:rate5m", direction="upload"),
        complete=complete,
    )


def _recorded(figures: Figures, what: str, **labels: str) -> float | None:
    """The figure by whichever kind the tenant is of."""
    found = (figures.value(f"{kind}:{what}", **labels) for kind in get_args(TenantKind))
    return next((value for value in found if value is not None), None)
