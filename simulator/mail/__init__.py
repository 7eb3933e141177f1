"""A simulated mail server: takes every mail, keeps the newest, and shows them as a page."""
