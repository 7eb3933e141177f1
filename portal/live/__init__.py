"""Live events: what changes among the alerts reaches open pages within seconds, without a thread for each of them."""
