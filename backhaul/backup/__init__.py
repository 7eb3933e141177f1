"""Backups of an installation: what has to be kept, in files that say whether they are whole, and the way back."""
