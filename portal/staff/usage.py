"""How much of what they bought tenants use: resellers by the recorded sum of theirs, clients by their circuits."""

from __future__ import annotations

from collections.abc import Collection

from inventory.models import TenantKind
from portal.figures import Figures, Now, page
from portal.prometheus import Prometheus, PrometheusAway
from portal.queries import CATALOGUE, bind
from portal.states import ResellerNow, level_of, resellers_now


def tenants_now(prometheus: Prometheus, isp: str, kind: TenantKind, ids: Collection[str]) -> Now[ResellerNow]:
    """The tenants of a page, all of one kind: one query."""
    if kind == "reseller":
        return resellers_now(prometheus, isp, ids)
    return page(prometheus, "clients-now", "tenant", ids, _client, isp=isp, tenants=ids)


def fullness(prometheus: Prometheus, isp: str, kind: TenantKind) -> Now[float]:
    """The utilization of every tenant of a kind that is known: one figure each, from what was recorded."""
    try:
        samples = prometheus.instant(bind(CATALOGUE[f"{kind}s-use"], isp=isp))
    except PrometheusAway as away:
        return Now({}, str(away))
    return Now({sample.labels["tenant"]: sample.value for sample in samples if sample.value is not None})


def _client(figures: Figures) -> ResellerNow:
    """A client is as full as the fullest of its circuits: a free line does not help a full one."""
    used = [sample.value for sample in figures.all("circuit:utilization:ratio_rate5m") if sample.value is not None]
    utilization = max(used, default=None)
    complete = all(_is_known(circuit) for circuit in figures.by("circuit").values())
    return ResellerNow(
        level=level_of(utilization, complete=complete),
        utilization=utilization,
        download_bps=_sum(figures, "circuit:download_bits_per_second:rate5m"),
        upload_bps=_sum(figures, "circuit:upload_bits_per_second:rate5m"),
        complete=complete,
    )


def _is_known(circuit: Figures) -> bool:
    """Whether what it carries is known: a session that is not there carries nothing."""
    ways = (circuit.value(f"circuit:{way}_bits_per_second:rate5m") for way in ("download", "upload"))
    return circuit.value("isp_circuit_oper_up") == 0 or all(way is not None for way in ways)


def _sum(figures: Figures, name: str) -> float | None:
    values = [sample.value for sample in figures.all(name) if sample.value is not None]
    return sum(values) if values else None
