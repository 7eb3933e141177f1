"""What a Grafana keeps: organisations, people and their roles, data sources, dashboards; here in memory."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

MAIN = 1  # the organisation that is there from the start


@dataclass
class Organisation:
    """`members` are logins with their roles; what has a uid is kept by it."""

    id: int
    name: str
    members: dict[str, str] = field(default_factory=dict)
    datasources: dict[str, dict[str, Any]] = field(default_factory=dict)
    dashboards: dict[str, dict[str, Any]] = field(default_factory=dict)
    provisioned: set[str] = field(default_factory=set)  # uids of dashboards


@dataclass
class Store:
    """To be changed under `lock`."""

    admin: str
    organisations: dict[int, Organisation] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)  # login -> name
    lock: threading.RLock = field(default_factory=threading.RLock)
    _next: int = MAIN

    def __post_init__(self) -> None:
        """The main organisation, with the admin in it."""
        self.users[self.admin] = self.admin
        self.make_organisation("Main Org.")

    def make_organisation(self, name: str) -> Organisation:
        """Numbers go up and are never used twice; whoever makes one is its admin."""
        made = Organisation(self._next, name, {self.admin: "Admin"})
        self._next += 1
        self.organisations[made.id] = made
        return made

    def sign_up(self, login: str) -> None:
        """A new user comes into the main organisation and no other."""
        with self.lock:
            if login not in self.users:
                self.users[login] = login
                self.organisations[MAIN].members[login] = "Viewer"
