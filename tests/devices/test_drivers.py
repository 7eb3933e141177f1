"""The table of drivers."""

from devices import DRIVERS
from inventory.models import DRIVER_NAMES


def test_every_driver_an_inventory_may_name_has_code() -> None:
    """The inventory's names and the table are the same, in the same order."""
    assert tuple(DRIVERS) == DRIVER_NAMES
