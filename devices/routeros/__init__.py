"""The `routeros` driver: MikroTik's API, over TLS unless the inventory says otherwise."""

from devices.routeros.session import open_routeros as open_routeros
