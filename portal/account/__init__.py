"""What everybody does with their own account, and the platform's owner with the isps."""
