"""What a tenant sees: its circuits, its alerts, and who is told. Nothing of devices, nothing of others."""
