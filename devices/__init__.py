"""How to talk to a router: one package per protocol behind one narrow Session."""

from devices.drivers import DRIVERS as DRIVERS
from devices.drivers import open_session as open_session
