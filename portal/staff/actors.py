"""Who acts, as the audit writes it down."""

from __future__ import annotations

from flask import request

from inventory.registry.audit import Actor
from portal.tenancy import identity


def actor() -> Actor:
    """Whoever asks, and where from."""
    return Actor(identity().email, request.remote_addr)
