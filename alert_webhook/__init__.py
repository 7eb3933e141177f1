"""Takes alerts from Alertmanager, keeps them in a durable outbox, and delivers them to people."""
