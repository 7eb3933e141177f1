"""Logging in: password, link by mail, second factor, and the session that comes of it."""
